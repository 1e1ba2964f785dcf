//! The org over real HTTP, as a client sees it.

mod calls;

use std::net::Ipv4Addr;
use std::time::Duration;

use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::package::tests::zip;
use super::*;
use crate::component::{self, Fields, Scalar, Tree};

const APP: &str = "<ConnectedApp xmlns=\"http://soap.sforce.com/2006/04/metadata\">\
    <contactEmail>a@b.example</contactEmail><label>A</label></ConnectedApp>";
const MANIFEST: &str = "<Package xmlns=\"http://soap.sforce.com/2006/04/metadata\"><types><members>*</members>\
    <name>ConnectedApp</name></types><version>62.0</version></Package>";
const DEPLOY: &str = "/services/data/v62.0/metadata/deployRequest";

/// A client of a running org.
struct Session {
    simulator: Simulator,
    client: Client,
}

impl Session {
    async fn start(options: Options) -> Session {
        // another test may have installed it
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
        Session { simulator: Simulator::start(options).await.unwrap(), client }
    }

    async fn new() -> Session {
        Session::start(Options { pace: swift(), ..Options::default() }).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let ready = self.simulator.ready();
        self.client.request(method, format!("{}{path}", ready.instance_url)).bearer_auth(&ready.access_token)
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        let response = self.request(Method::GET, path).send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    async fn deploy(&self, options: Value) -> String {
        let options =
            Part::text(json!({ "deployOptions": options }).to_string()).mime_str("application/json");
        let zip = zip(&[("connectedApps/A.connectedApp", APP), ("package.xml", MANIFEST)]);
        let zip = Part::bytes(zip).file_name("package.xml").mime_str("application/zip");
        let form = Form::new().part("file", zip.unwrap()).part("entity_content", options.unwrap());
        let response = self.request(Method::POST, DEPLOY).multipart(form).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer["deployResult"]["status"], "Pending");
        answer["id"].as_str().unwrap().to_owned()
    }

    async fn result(&self, id: &str) -> Value {
        let (status, mut answer) = self.get(&format!("{DEPLOY}/{id}?includeDetails=true")).await;
        assert_eq!(status, StatusCode::OK);
        answer["deployResult"].take()
    }

    async fn finished(&self, id: &str) -> Value {
        loop {
            let result = self.result(id).await;
            if result["done"] == true {
                return result;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn soap(&self, call: &str) -> (StatusCode, String) {
        let ready = self.simulator.ready();
        let envelope = format!(
            "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" \
             xmlns=\"http://soap.sforce.com/2006/04/metadata\"><e:Header><SessionHeader><sessionId>{}</sessionId>\
             </SessionHeader></e:Header><e:Body>{call}</e:Body></e:Envelope>",
            ready.access_token
        );
        let url = format!("{}/services/Soap/m/62.0/", ready.instance_url);
        let response =
            self.client.post(url).header("content-type", "text/xml").body(envelope).send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    }
}

fn swift() -> Pace {
    Pace { pending: Duration::ZERO, in_progress: Duration::ZERO }
}

fn single() -> Value {
    json!({ "singlePackage": true, "rollbackOnError": "true" })
}

#[tokio::test]
async fn versions_need_no_login_and_everything_else_does() {
    let session = Session::new().await;
    let url = &session.simulator.ready().instance_url;
    let versions: Value =
        session.client.get(format!("{url}//services/data")).send().await.unwrap().json().await.unwrap();
    assert_eq!(
        versions[35],
        json!({ "label": "Spring '26", "url": "/services/data/v66.0", "version": "66.0" })
    );
    let response = session.client.get(format!("{url}/services/data/v62.0/limits")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(response.headers()["sforce-limit-info"].to_str().unwrap().starts_with("api-usage="));
    let body: Value = response.json().await.unwrap();
    assert_eq!(body, json!([{ "message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID" }]));
    let response =
        session.client.get(format!("{url}/services/data/v62.0")).header("authorization", "Basic x").send();
    assert_eq!(response.await.unwrap().json::<Value>().await.unwrap()[0]["errorCode"], "INVALID_AUTH_HEADER");
}

#[tokio::test]
async fn unknown_resources_methods_and_types_are_told_as_the_platform_tells_them() {
    let session = Session::new().await;
    for path in [
        "/services/data/v62.0/tooling/sobjects/SourceMember/describe",
        "/services/data/v99.0/limits",
        "/services/data/v62/limits",
        "/nowhere",
    ] {
        let (status, body) = session.get(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(
            body,
            json!([{ "message": "The requested resource does not exist", "errorCode": "NOT_FOUND" }])
        );
    }
    let response = session.request(Method::DELETE, "/services/data/v62.0/limits").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    let response = session.request(Method::POST, DEPLOY).body("x").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn a_deployment_goes_through_and_can_be_queried_and_read() {
    let session = Session::new().await;
    let id = session.deploy(single()).await;
    let result = session.finished(&id).await;
    assert_eq!((&result["status"], &result["numberComponentsDeployed"]), (&json!("Succeeded"), &json!(1)));
    let row = &result["details"]["componentSuccesses"][0];
    assert_eq!((&row["fileName"], &row["created"]), (&json!("connectedApps/A.connectedApp"), &json!(true)));
    assert_eq!(result["details"]["componentSuccesses"][1]["componentType"], "");

    let (_, answer) =
        session.get("/services/data/v62.0/query/?q=SELECT+Id,Name+FROM+ConnectedApplication").await;
    assert_eq!((&answer["totalSize"], &answer["records"][0]["Id"]), (&json!(1), &row["id"]));
    let (_, answer) =
        session.get("/services/data/v62.0/query?columns=true&q=SELECT+Name+FROM+ConnectedApplication").await;
    assert_eq!(answer["columnMetadata"][0]["columnName"], "Name");

    let (status, text) =
        session.soap("<readMetadata><type>ConnectedApp</type><fullNames>A</fullNames><fullNames>B</fullNames></readMetadata>").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        text.contains("<records xsi:type=\"ConnectedApp\"><fullName>A</fullName><contactEmail>"),
        "{text}"
    );
    assert!(text.contains("<records xsi:nil=\"true\"/>"));
    session.simulator.stop().await;
}

#[tokio::test]
async fn a_failure_rolls_everything_back() {
    let session = Session::new().await;
    session
        .simulator
        .inject(Fault::Reject { component: "connected-app.A".to_owned(), problem: "No".to_owned() });
    let result = session.finished(&session.deploy(single()).await).await;
    assert_eq!((&result["status"], &result["numberComponentErrors"]), (&json!("Failed"), &json!(1)));
    assert_eq!(result["details"]["componentFailures"][0]["problem"], "No");
    assert_eq!(session.simulator.component("ConnectedApp", "A"), None);
}

#[tokio::test]
async fn a_validation_saves_nothing_and_can_be_deployed_once_it_ran_tests() {
    let session = Session::new().await;
    let options = json!({ "singlePackage": true, "checkOnly": true, "testLevel": "RunLocalTests" });
    let id = session.deploy(options).await;
    assert_eq!(session.finished(&id).await["status"], "Succeeded");
    assert_eq!(session.simulator.component("ConnectedApp", "A"), None);
    let quick = |id: String| {
        session.request(Method::POST, DEPLOY).json(&json!({ "validatedDeployRequestId": id })).send()
    };
    let answer = quick(id.clone()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["validatedDeployRequestId"], id);
    session.finished(answer["id"].as_str().unwrap()).await;
    assert!(session.simulator.component("ConnectedApp", "A").is_some());
    // the deploy voided the validation
    assert_eq!(quick(id).await.unwrap().status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_validation_counts_for_ten_days_by_the_orgs_clock() {
    let session = Session::new().await;
    session.simulator.advance(Duration::from_secs(30 * 86_400));
    let options = json!({ "singlePackage": true, "checkOnly": true, "testLevel": "RunLocalTests" });
    for (days, status) in [(9, StatusCode::CREATED), (10, StatusCode::NOT_FOUND)] {
        let id = session.deploy(options.clone()).await;
        assert_eq!(session.finished(&id).await["status"], "Succeeded");
        session.simulator.advance(Duration::from_secs(days * 86_400));
        let quick = json!({ "validatedDeployRequestId": id });
        let answer = session.request(Method::POST, DEPLOY).json(&quick).send().await.unwrap();
        assert_eq!(answer.status(), status, "{days} days");
        if status == StatusCode::CREATED {
            let answer: Value = answer.json().await.unwrap();
            session.finished(answer["id"].as_str().unwrap()).await;
        }
    }
}

#[tokio::test]
async fn a_held_deployment_is_in_progress_until_it_is_cancelled() {
    let faults = Script::from(Fault::Hold);
    let session = Session::start(Options { faults, pace: swift(), ..Options::default() }).await;
    let (held, waiting) = (session.deploy(single()).await, session.deploy(single()).await);
    while session.result(&held).await["status"] != "InProgress" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(session.result(&waiting).await["status"], "Pending", "one at a time");
    assert_eq!(
        session.result(&held).await["details"]["componentSuccesses"],
        json!([]),
        "failures only, while it runs"
    );
    let cancel = |id: &str| {
        let body = json!({ "deployResult": { "status": "Canceling" } });
        session.request(Method::PATCH, &format!("{DEPLOY}/{id}")).json(&body).send()
    };
    let answer = cancel(&waiting).await.unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    assert_eq!(answer.json::<Value>().await.unwrap()["deployResult"]["status"], "Canceled");
    assert_eq!(cancel(&held).await.unwrap().status(), StatusCode::ACCEPTED);
    assert_eq!(session.finished(&held).await["status"], "Canceled");
    let answer = cancel(&held).await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(
        answer.json::<Value>().await.unwrap(),
        json!([{ "message": "Deployment already completed", "errorCode": "INVALID_ID_FIELD" }])
    );
    assert_eq!(session.simulator.component("ConnectedApp", "A"), None);
}

#[tokio::test]
async fn faults_answer_and_drop_as_often_as_asked() {
    let session = Session::new().await;
    let limits = "/services/data/v62.0/limits";
    session.simulator.inject(OnRequest::to(limits, Act::Answer(Moment::Request, Canned::new(503, "<html>"))));
    session.simulator.inject(OnRequest::to(limits, Act::Drop(Moment::Request)).skipping(1));
    assert_eq!(
        session.request(Method::GET, limits).send().await.unwrap().status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert!(session.request(Method::GET, limits).send().await.is_err());
    assert_eq!(session.get(limits).await.0, StatusCode::OK);
}

#[tokio::test]
async fn soap_retrieves_in_the_background_and_faults_as_clients_expect() {
    let session = Session::new().await;
    session.finished(&session.deploy(single()).await).await;
    let (_, text) = session
        .soap("<retrieve><request><singlePackage>true</singlePackage><unpackaged><types xmlns=\"\"><members>*</members>\
               <name>ConnectedApp</name></types></unpackaged></request></retrieve>")
        .await;
    let id = text.split("<id>").nth(1).unwrap().split('<').next().unwrap();
    let check = format!("<checkRetrieveStatus><id>{id}</id></checkRetrieveStatus>");
    let done = loop {
        let (_, text) = session.soap(&check).await;
        if text.contains("<done>true</done>") {
            break text;
        }
    };
    assert!(done.contains("<fileName>unpackaged/connectedApps/A.connectedApp</fileName>"), "{done}");
    assert!(done.contains("<status>Succeeded</status><success>true</success><zipFile>UEsDB"), "{done}");
    assert!(session.soap(&check).await.1.contains("<faultcode>sf:INVALID_LOCATOR</faultcode>"));

    let (status, text) =
        session.soap("<listMetadata><queries><type>Nope</type></queries></listMetadata>").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(text.contains(
        "<faultcode>sf:INVALID_TYPE</faultcode><faultstring>INVALID_TYPE: Unknown type:Nope</faultstring>"
    ));
    let (_, text) = session.soap("<nothing/>").await;
    assert!(
        text.contains(
            "<faultcode>soapenv:Client</faultcode><faultstring>No operation available for request {"
        )
    );
}

#[tokio::test]
async fn settings_are_one_type_to_whoever_lists_and_many_to_whoever_reads() {
    let session = Session::new().await;
    let (_, text) =
        session.soap("<describeMetadata><asOfVersion>66.0</asOfVersion></describeMetadata>").await;
    assert_eq!(text.matches("<xmlName>Settings</xmlName>").count(), 1);
    let settings = "<metadataObjects><directoryName>settings</directoryName><inFolder>false</inFolder>\
                    <metaFile>false</metaFile><suffix>settings</suffix><xmlName>Settings</xmlName>";
    assert!(text.contains(settings), "{text}");
    assert!(text.contains("<metaFile>true</metaFile><suffix>crt</suffix><xmlName>Certificate</xmlName>"));
    let (_, text) =
        session.soap("<listMetadata><queries><type>Settings</type></queries></listMetadata>").await;
    assert!(text.contains("<fileName>settings/Security.settings</fileName><fullName>Security</fullName>"));
    assert_eq!(text.matches("<type>Settings</type>").count(), text.matches("<result>").count());
    let (_, text) = session
        .soap("<readMetadata><type>SecuritySettings</type><fullNames>Security</fullNames></readMetadata>")
        .await;
    assert!(text.contains("<records xsi:type=\"SecuritySettings\"><fullName>Security</fullName>"), "{text}");
    let (_, text) = session
        .soap("<deleteMetadata><type>SecuritySettings</type><fullNames>Security</fullNames></deleteMetadata>")
        .await;
    assert!(text.contains("<statusCode>DELETE_FAILED</statusCode>"), "{text}");
}

#[tokio::test]
async fn calls_write_certificates_and_external_client_apps_as_packages_do() {
    let session = Session::new().await;
    let create = |type_name: &str, inside: &str| {
        format!(
            "<createMetadata><metadata xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"{type_name}\">\
             {inside}</metadata></createMetadata>"
        )
    };
    // -----BEGIN CERTIFICATE----- and no more, in base64
    let content = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t";
    let certificate = format!(
        "<fullName>Orders</fullName><content>{content}</content><caSigned>false</caSigned><masterLabel>O</masterLabel>"
    );
    let (_, text) = session.soap(&create("Certificate", &certificate)).await;
    assert!(text.contains("<success>true</success>"), "{text}");
    let (_, text) = session
        .soap("<readMetadata><type>Certificate</type><fullNames>Orders</fullNames></readMetadata>")
        .await;
    assert!(text.contains(&format!("<fullName>Orders</fullName><content>{content}</content>")), "{text}");

    let header = "<fullName>Orders</fullName><contactEmail>ops@orders.example</contactEmail>";
    session.soap(&create("ExternalClientApplication", header)).await;
    let global = "<fullName>G</fullName><externalClientApplication>Orders</externalClientApplication>";
    let (_, text) = session.soap(&create("ExtlClntAppGlobalOauthSettings", global)).await;
    assert!(text.contains("<success>true</success>"), "{text}");
    let policies = "ExtlClntAppOauthConfigurablePolicies";
    assert!(session.simulator.component(policies, "Orders_defaultPolicy").is_some());
    let (_, answer) =
        session.get("/services/data/v66.0/query?q=SELECT+DeveloperName+FROM+ExternalClientApplication").await;
    assert_eq!(answer["records"][0]["DeveloperName"], "Orders");
}

#[tokio::test]
async fn calls_answer_with_names_as_they_were_asked() {
    let session = Session::new().await;
    let upsert = "<upsertMetadata><metadata xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
                  xsi:type=\"Profile\"><fullName>Sales%3A EMEA</fullName><userLicense>Salesforce</userLicense>\
                  </metadata></upsertMetadata>";
    for created in ["true", "false"] {
        let (_, text) = session.soap(upsert).await;
        let told = format!("<created>{created}</created><fullName>Sales%3A EMEA</fullName>");
        assert!(text.contains(&told), "{text}");
    }
    assert!(session.simulator.component("Profile", "Sales: EMEA").is_some());
}

#[tokio::test]
async fn what_is_edited_behind_everybodys_back_is_seen_by_all() {
    let session = Session::new().await;
    session.finished(&session.deploy(single()).await).await;
    let label = Tree::Leaf(Scalar::Text("Other".to_owned()));
    session.simulator.edit("ConnectedApp", "A", "label", Some(label)).unwrap();
    let (_, answer) = session.get("/services/data/v62.0/query?q=SELECT+Name+FROM+ConnectedApplication").await;
    assert_eq!(answer["records"][0]["Name"], "Other");
    session.simulator.remove("ConnectedApp", "A").unwrap();
    assert!(matches!(session.simulator.remove("ConnectedApp", "A"), Err(Error::NoComponent(_))));
}

#[tokio::test]
async fn the_user_is_told_to_whoever_has_the_token() {
    let session = Session::new().await;
    let (status, info) = session.get("/services/oauth2/userinfo").await;
    assert_eq!(
        (status, &info["organization_id"]),
        (StatusCode::OK, &json!(session.simulator.ready().organization_id))
    );
    let user = format!("/services/data/v51.0/sobjects/User/{}", info["user_id"].as_str().unwrap());
    assert_eq!(session.get(&user).await.1["Username"], json!(session.simulator.ready().username));
    let url = format!("{}/services/oauth2/userinfo", session.simulator.ready().instance_url);
    let response = session.client.get(url).bearer_auth("wrong").send().await.unwrap();
    assert_eq!(
        (response.status(), response.text().await.unwrap().as_str()),
        (StatusCode::FORBIDDEN, "Bad_OAuth_Token")
    );
}

/// A folder for one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("orgwire-simulator-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Folder(path)
    }

    fn options(&self) -> Options {
        Options { folder: Some(self.0.join(".orgwire/local")), pace: swift(), ..Options::default() }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn an_org_comes_back_as_it_was() {
    let folder = Folder::new("back");
    let path = folder.options().folder.unwrap();
    let session = Session::start(folder.options()).await;
    let id = session.deploy(single()).await;
    session.finished(&id).await;
    let held = session.simulator.component("ConnectedApp", "A");
    let ready = session.simulator.ready().clone();
    assert_eq!(running(&path), Some(ready.clone()));
    assert!(matches!(Simulator::start(folder.options()).await, Err(Error::AlreadyRunning { .. })));
    session.simulator.stop().await;
    assert_eq!(running(&path), None);

    let session = Session::start(folder.options()).await;
    assert_eq!(session.simulator.ready(), &ready);
    assert_eq!(session.simulator.component("ConnectedApp", "A"), held);
    assert_eq!(session.result(&id).await["status"], "Succeeded");
    session.simulator.stop().await;
    assert_eq!(std::fs::read_to_string(folder.0.join(".orgwire/.gitignore")).unwrap(), "*\n");
}

#[cfg(unix)]
#[tokio::test]
async fn the_folder_is_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("modes");
    let path = folder.options().folder.unwrap();
    let simulator = Simulator::start(folder.options()).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    for name in ["org.json", "lock", "running.json"] {
        assert_eq!(mode(&path.join(name)), 0o600, "{name}");
    }
    simulator.stop().await;
}

#[tokio::test]
async fn a_taken_port_is_told_with_the_way_out_and_another_port_moves_the_org() {
    let folder = Folder::new("port");
    let simulator = Simulator::start(folder.options()).await.unwrap();
    let before = simulator.ready().clone();
    simulator.stop().await;
    let port: u16 = before.instance_url.rsplit(':').next().unwrap().parse().unwrap();
    let stranger = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let error = Simulator::start(folder.options()).await.err().unwrap();
    assert!(
        error.to_string().starts_with(&format!("port {port}, where the local org is to answer, is taken"))
    );
    assert!(error.help().is_some_and(|help| help.contains("simulate --port")));
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let other = free.local_addr().unwrap().port();
    drop(free);
    let simulator = Simulator::start(Options { port: Some(other), ..folder.options() }).await.unwrap();
    assert_eq!(simulator.ready().instance_url, format!("http://127.0.0.1:{other}"));
    assert_eq!(simulator.ready().organization_id, before.organization_id);
    simulator.stop().await;
    drop(stranger);
    let simulator = Simulator::start(folder.options()).await.unwrap();
    assert_eq!(simulator.ready().instance_url, format!("http://127.0.0.1:{other}"), "the new port is kept");
    simulator.stop().await;
}

#[tokio::test]
async fn a_broken_file_is_told_with_the_way_out_and_without_its_contents() {
    let folder = Folder::new("corrupt");
    let path = folder.options().folder.unwrap();
    std::fs::create_dir_all(&path).unwrap();
    std::fs::write(path.join("org.json"), "{\"format\": \"hush\"").unwrap();
    let error = Simulator::start(folder.options()).await.err().unwrap();
    assert!(error.help().is_some_and(|help| help.contains("to start afresh")), "{error}");
    assert!(!error.to_string().contains("hush"), "{error}");
}

#[tokio::test]
async fn an_unwritable_place_is_told_with_what_was_attempted() {
    let folder = Folder::new("file");
    std::fs::create_dir_all(&folder.0).unwrap();
    std::fs::write(folder.0.join(".orgwire"), "a file").unwrap();
    let error = Simulator::start(folder.options()).await.err().unwrap().to_string();
    assert!(
        error.starts_with("cannot create `") && error.ends_with("`, where the local org is kept"),
        "{error}"
    );
}

#[tokio::test]
async fn a_deployment_that_cannot_be_saved_is_refused_and_changes_nothing() {
    let folder = Folder::new("gone");
    let session = Session::start(folder.options()).await;
    std::fs::remove_dir_all(&folder.0).unwrap();
    let options =
        Part::text(json!({ "deployOptions": single() }).to_string()).mime_str("application/json").unwrap();
    let zip = zip(&[("connectedApps/A.connectedApp", APP), ("package.xml", MANIFEST)]);
    let zip = Part::bytes(zip).mime_str("application/zip").unwrap();
    let form = Form::new().part("json", options).part("file", zip);
    let response = session.request(Method::POST, DEPLOY).multipart(form).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let answer: Value = response.json().await.unwrap();
    let message = answer[0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("cannot write `") && message.contains("where the local org is kept: "),
        "{message}"
    );
    assert_eq!(session.simulator.component("ConnectedApp", "A"), None);
}

#[tokio::test]
async fn more_than_two_thousand_rows_come_in_pages() {
    let session = Session::new().await;
    let many = |state: &mut state::State| {
        for number in 0..2001 {
            state.holdings.put("ConnectedApp", &format!("App{number}"), Fields::new());
        }
    };
    session.simulator.org.store.change(many).unwrap();
    let (_, first) = session.get("/services/data/v62.0/query?q=SELECT+Id+FROM+ConnectedApplication").await;
    assert_eq!((&first["totalSize"], &first["done"]), (&json!(2001), &json!(false)));
    assert_eq!(first["records"].as_array().unwrap().len(), 2000);
    let (_, rest) = session.get(first["nextRecordsUrl"].as_str().unwrap()).await;
    assert_eq!((&rest["done"], rest["records"].as_array().unwrap().len()), (&json!(true), 1));
    let (status, _) = session.get("/services/data/v62.0/query/01g000000000000AAA-2000").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn queries_that_are_wrong_are_told_why() {
    let session = Session::new().await;
    for (query, code, message) in [
        ("SELECT FROM", "MALFORMED_QUERY", "unexpected token: 'FROM'"),
        (
            "SELECT Id FROM ScratchOrgInfo limit 1",
            "INVALID_TYPE",
            "sObject type 'ScratchOrgInfo' is not supported. If",
        ),
        ("SELECT Nope FROM User", "INVALID_FIELD", "No such column 'Nope' on entity 'User'. If"),
    ] {
        let path = format!("/services/data/v62.0/query?q={}", query.replace(' ', "+"));
        let (status, answer) = session.get(&path).await;
        assert_eq!((status, &answer[0]["errorCode"]), (StatusCode::BAD_REQUEST, &json!(code)));
        assert!(answer[0]["message"].as_str().unwrap().contains(message), "{answer}");
    }
}

#[tokio::test]
async fn single_components_are_written_over_soap() {
    let session = Session::new().await;
    let app = |label: &str| {
        format!(
            "<metadata xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:type=\"ConnectedApp\">\
             <fullName>A</fullName><contactEmail>a@b.example</contactEmail><label>{label}</label></metadata>"
        )
    };
    let call = |name: &str, label: &str| format!("<{name}>{}</{name}>", app(label));
    let (_, text) = session.soap(&call("updateMetadata", "L")).await;
    assert!(text.contains(
        "<message>no ConnectedApp named A found</message><statusCode>INVALID_CROSS_REFERENCE_KEY<"
    ));
    let (_, text) = session.soap(&call("createMetadata", "L")).await;
    assert!(text.contains("<result><fullName>A</fullName><success>true</success></result>"), "{text}");
    let (_, text) = session.soap(&call("createMetadata", "L")).await;
    assert!(text.contains("duplicate value found") && text.contains("<success>false</success>"));
    let (_, text) = session.soap(&call("upsertMetadata", "")).await;
    assert!(
        text.contains("<created>false</created><errors><message>Required field is missing: label</message>"),
        "{text}"
    );
    let (_, text) = session
        .soap("<deleteMetadata><type>ConnectedApp</type><fullNames>A</fullNames></deleteMetadata>")
        .await;
    assert!(text.contains("<success>true</success>"));
    assert_eq!(session.simulator.component("ConnectedApp", "A"), None);
}

#[tokio::test]
async fn other_clients_log_in_over_soap_below_version_65() {
    let session = Session::new().await;
    let ready = session.simulator.ready();
    let call = |version: &str, username: &str, password: &str| {
        let envelope = format!(
            "<se:Envelope xmlns:se=\"http://schemas.xmlsoap.org/soap/envelope/\"><se:Header/><se:Body><login \
             xmlns=\"urn:partner.soap.sforce.com\"><username>{}</username><password>{password}</password></login>\
             </se:Body></se:Envelope>",
            username
        );
        session.client.post(format!("{}/services/Soap/u/{version}", ready.instance_url)).body(envelope).send()
    };
    let login = |version: &str, password: &str| call(version, &ready.username, password);
    let text = login("62.0", &ready.password).await.unwrap().text().await.unwrap();
    let between = |text: &str, element: &str| {
        let (_, rest) = text.split_once(&format!("<{element}>")).unwrap();
        rest.split_once('<').unwrap().0.to_owned()
    };
    let token = between(&text, "sessionId");
    assert_ne!(token, ready.access_token, "a session of its own");
    assert!(!text.contains(&ready.password));
    assert!(text.contains(&format!("<organizationId>{}</organizationId>", ready.organization_id)));
    let answer = login("62.0", "wrong").await.unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let text = answer.text().await.unwrap();
    assert!(
        text.contains("<faultcode>sf:INVALID_LOGIN</faultcode><faultstring>INVALID_LOGIN: Invalid username,")
    );
    assert!(text.contains("<sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>"));
    // Everybody has a password, and a session is about whoever opened it.
    let analyst = ready.username.replace("admin@", "analyst@");
    let password = session.simulator.password(&analyst).unwrap();
    assert_ne!(password, ready.password);
    let text = call("62.0", &analyst, &password).await.unwrap().text().await.unwrap();
    let theirs = between(&text, "sessionId");
    assert_eq!(between(&text, "userName"), analyst);
    let info = |token: String| {
        let url = format!("{}/services/oauth2/userinfo", ready.instance_url);
        session.client.get(url).bearer_auth(token).send()
    };
    let told: Value = info(theirs.clone()).await.unwrap().json().await.unwrap();
    assert_eq!(told["preferred_username"], json!(analyst));
    // Logging out ends one session.
    let logout = format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns=\"urn:partner.soap.sforce.com\"><e:Header>\
         <SessionHeader><sessionId>{theirs}</sessionId></SessionHeader></e:Header><e:Body><logout/></e:Body></e:Envelope>"
    );
    let url = format!("{}/services/Soap/u/62.0", ready.instance_url);
    let answer = session.client.post(url).body(logout).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(info(theirs).await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(info(token.clone()).await.unwrap().status(), StatusCode::OK);
    // Two hours without use are too long (OA-11).
    session.simulator.advance(Duration::from_secs(2 * 3600));
    assert_eq!(info(token).await.unwrap().status(), StatusCode::FORBIDDEN);
    let text = login("65.0", &ready.password).await.unwrap().text().await.unwrap();
    assert!(text.contains("<faultcode>sf:UNSUPPORTED_API_VERSION</faultcode>"));
}

#[tokio::test]
async fn a_blocked_org_creates_no_apps() {
    let session =
        Session::start(Options { spring_26_block: true, pace: swift(), ..Options::default() }).await;
    let result = session.finished(&session.deploy(single()).await).await;
    assert_eq!(result["status"], "Failed");
    let problem = result["details"]["componentFailures"][0]["problem"].as_str().unwrap();
    assert!(problem.ends_with("(rehearsal wording, CA-73)"), "{problem}");
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    /// The same bytes with a few replaced, removed or doubled.
    fn mangle(&mut self, bytes: &[u8]) -> Vec<u8> {
        const ODD: &[u8] = b"<>&;\"'=/!?[]%\\(), \0\x80\xc3\xff0aZ\n";
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            match self.below(3) {
                0 => bytes[at] = ODD[self.below(ODD.len())],
                1 if bytes.len() > 1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, bytes[at]),
            }
        }
        bytes
    }
}

#[test]
fn mangled_input_never_panics() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let query = "SELECT Id, Profile.Name FROM User WHERE (A = 'it\\'s' OR NOT B IN (1, -2.5)) ORDER BY A DESC LIMIT 1";
    let zipped = zip(&[("connectedApps/A.connectedApp", APP), ("package.xml", MANIFEST)]);
    let kind = component::type_named("ConnectedApp").unwrap();
    for _ in 0..3000 {
        let _ = soql::parse(&String::from_utf8_lossy(&dice.mangle(query.as_bytes())));
        let _ = schema::read_file(kind, &dice.mangle(APP.as_bytes()), 62);
        let _ = package::Manifest::read(&dice.mangle(MANIFEST.as_bytes()));
        let _ = package::unpack(&dice.mangle(&zipped), true);
    }
}
