//! What a session may change and see, and from where.

use super::*;

/// The integration user's token, as client credentials give it.
fn integration(scene: &Scene) -> String {
    let told = scene.token(&[("grant_type", "client_credentials")]).json();
    text(&told["access_token"]).to_owned()
}

fn with_integration() -> Scene {
    let scene = Scene { org: Org::start(Options::default()) };
    scene.save("ConnectedApp", "Orders", &app_of(&run_as(&scene.org), &["Api"], ""));
    scene
}

/// Gives the integration user these permissions and no others.
fn permit(scene: &Scene, permissions: &[&str]) {
    let listed: String = permissions
        .iter()
        .map(|name| format!("<userPermissions><enabled>true</enabled><name>{name}</name></userPermissions>"))
        .collect();
    scene.save("PermissionSet", "Mine", &format!("<label>Mine</label>{listed}"));
    scene.org.assign("Mine", &scene.org.other("integration"));
}

/// What a call of the Metadata API says that changes something.
fn call(scene: &Scene, token: &str, inside: &str) -> String {
    let body = format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><e:Body \
         xmlns=\"http://soap.sforce.com/2006/04/metadata\">{inside}</e:Body></e:Envelope>"
    );
    let bearer = format!("Bearer {token}");
    let headers = [("content-type", "text/xml"), ("authorization", bearer.as_str())];
    scene.send("POST", "/services/Soap/m/62.0", &headers, &body).body
}

const SAVE: &str = "<upsertMetadata><metadata xsi:type=\"NamedCredential\"><fullName>N</fullName>\
                    <endpoint>https://a.example</endpoint><label>N</label></metadata></upsertMetadata>";
const DELETE: &str = "<deleteMetadata><type>NamedCredential</type><fullNames>N</fullNames></deleteMetadata>";

#[test]
fn whoever_may_use_the_metadata_api_needs_the_right_to_the_feature_as_well() {
    let scene = with_integration();
    permit(&scene, &["ModifyMetadata"]);
    let token = integration(&scene);
    let refused = call(&scene, &token, SAVE);
    assert!(refused.contains("insufficient access rights on cross-reference id"), "{refused}");
    assert!(refused.contains("<statusCode>INSUFFICIENT_ACCESS</statusCode>"), "{refused}");
    scene.save("NamedCredential", "N", "<endpoint>https://b.example</endpoint><label>N</label>");
    let refused = call(&scene, &token, DELETE);
    assert!(refused.contains("<statusCode>INSUFFICIENT_ACCESS</statusCode>"), "{refused}");
    permit(&scene, &["ModifyMetadata", "ManageNamedCredentials"]);
    for inside in [SAVE, DELETE] {
        let told = call(&scene, &token, inside);
        assert!(told.contains("<success>true</success>"), "{told}");
    }
}

#[test]
fn providers_and_credentials_are_seen_by_those_who_may() {
    let scene = with_integration();
    scene.save("NamedCredential", "N", "<endpoint>https://b.example</endpoint><label>N</label>");
    let token = integration(&scene);
    let rows = |object: &str| {
        let query = format!("SELECT DeveloperName FROM {object}");
        let answer = scene.get(&format!("/services/data/v62.0/query?{}", encoded(&[("q", &query)])), &token);
        match answer.status {
            200 => answer.json()["totalSize"].to_string(),
            _ => text(&answer.json()[0]["errorCode"]).to_owned(),
        }
    };
    assert_eq!(
        (rows("AuthProvider"), rows("NamedCredential")),
        ("INVALID_TYPE".into(), "INVALID_TYPE".into())
    );
    permit(&scene, &["ViewSetup", "CustomizeApplication", "ManageAuthProviders"]);
    assert_eq!((rows("AuthProvider"), rows("NamedCredential")), ("0".into(), "1".into()));
}

#[test]
fn login_ranges_count_for_each_request_where_the_org_says_so() {
    let scene = Scene::new(&app(""));
    let token = scene.org.login();
    let ranges = "<loginIpRanges><endAddress>127.0.0.1</endAddress><startAddress>127.0.0.1</startAddress></loginIpRanges>";
    scene.save("Profile", "Admin", ranges);
    assert_eq!(scene.org.status_from([127, 0, 0, 2], &token), 200);
    let enforce =
        "<sessionSettings><enforceIpRangesEveryRequest>true</enforceIpRangesEveryRequest></sessionSettings>";
    scene.save("SecuritySettings", "Security", enforce);
    assert_eq!(scene.org.status_from([127, 0, 0, 2], &token), 401);
    assert_eq!(scene.org.status_from([127, 0, 0, 1], &token), 200);
}

/// A package with one named credential.
fn package() -> String {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let files = [
        (
            "package.xml",
            "<Package xmlns=\"http://soap.sforce.com/2006/04/metadata\"><types><members>N</members>\
             <name>NamedCredential</name></types><version>62.0</version></Package>",
        ),
        (
            "namedCredentials/N.namedCredential",
            "<NamedCredential xmlns=\"http://soap.sforce.com/2006/04/metadata\">\
             <endpoint>https://a.example</endpoint><label>N</label></NamedCredential>",
        ),
    ];
    for (path, text) in files {
        zip.start_file(path, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    STANDARD.encode(zip.finish().unwrap().into_inner())
}

#[test]
fn a_deployment_has_the_rights_of_who_sent_it() {
    let scene = with_integration();
    permit(&scene, &["ModifyMetadata"]);
    let token = integration(&scene);
    let options = "<DeployOptions><singlePackage>true</singlePackage><rollbackOnError>true</rollbackOnError></DeployOptions>";
    let deploy = format!("<deploy><ZipFile>{}</ZipFile>{options}</deploy>", package());
    let deployed = || {
        let sent = call(&scene, &token, &deploy);
        let (_, rest) = sent.split_once("<id>").unwrap();
        let path = format!(
            "/services/data/v62.0/metadata/deployRequest/{}?includeDetails=true",
            rest.split_once('<').unwrap().0
        );
        loop {
            let result = scene.get(&path, &token).json()["deployResult"].take();
            if result["done"] == true {
                return result;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    let refused = deployed();
    let problem = &refused["details"]["componentFailures"][0]["problem"];
    assert_eq!(problem, "insufficient access rights on cross-reference id", "{refused}");
    permit(&scene, &["ModifyMetadata", "CustomizeApplication"]);
    assert_eq!(deployed()["status"], "Succeeded");
}
