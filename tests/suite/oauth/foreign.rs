//! Apps that were made in one org and are used at another.

use orgwire::simulator::{Nature, Neighbours};

use super::*;

/// The org that has the app, and one that has not.
fn two(config: &str, at_home: Nature) -> (Scene, Scene) {
    let neighbours = Neighbours::default();
    let options =
        |nature| Options { nature: Some(nature), neighbours: neighbours.clone(), ..Options::default() };
    let home = Scene::with(options(at_home), &app(config));
    (home, Scene { org: Org::start(options(Nature::default())) })
}

/// With the administrator's password, which is everybody's here.
fn as_analyst(scene: &Scene) -> Answer {
    let (analyst, password) = (scene.org.other("analyst"), scene.org.password());
    scene.consent("allow", &[("username", &analyst), ("password", &password)])
}

const NOT_INSTALLED: (&str, &str) = ("invalid_client", "app must be installed into org");

#[test]
fn an_app_that_is_not_installed_is_for_those_who_may_approve_it() {
    let (_home, away) = two("", Nature::default());
    // The administrator may do everything.
    let told = away.enter();
    assert!(away.lets_in(text(&told["access_token"])));
    assert_eq!(away.refresh(text(&told["refresh_token"])).status, 200);
    assert_eq!(away.rows("SELECT AppName FROM OauthToken")[0]["AppName"], "Orders");
    let page = as_analyst(&away);
    assert_eq!(page.status, 400);
    assert!(page.body.contains("error=OAUTH_APPROVAL_ERROR_GENERIC"), "{}", page.body);
    assert!(page.body.contains("An unexpected error has occurred during authentication."), "{}", page.body);
    let may = "<label>May</label><userPermissions><enabled>true</enabled>\
               <name>CanApproveUninstalledApps</name></userPermissions>";
    away.save("PermissionSet", "May", may);
    away.org.assign("May", &away.org.other("analyst"));
    assert!(as_analyst(&away).sent_back("code").is_some());
}

#[test]
fn an_app_of_another_org_is_for_everybody_once_it_is_installed() {
    let key = Key::new();
    let certificate = format!("<certificate>{}</certificate>", key.certificate(3));
    let (home, away) = two(&certificate, Nature::default());
    let analyst = claims(&away.org.other("analyst"), "https://login.salesforce.com");
    assert_eq!(away.bearer(&analyst, &key).pair(), pair(NOT_INSTALLED.0, NOT_INSTALLED.1));
    away.org.control("POST", "setup", &json!({ "do": "install-app", "consumer-key": KEY }).to_string());
    assert_eq!(
        away.bearer(&analyst, &key).pair(),
        pair("invalid_grant", "user hasn't approved this consumer")
    );
    let code = as_analyst(&away).sent_back("code").unwrap();
    let grant = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK)];
    let session = away.token(&grant).json();
    let told = away.bearer(&analyst, &key).json();
    assert!(away.lets_in(text(&told["access_token"])), "{told}");
    assert!(!home.lets_in(text(&told["access_token"])), "a session is of one org");
    away.org.control("POST", "setup", &json!({ "do": "uninstall-app", "consumer-key": KEY }).to_string());
    assert!(!away.lets_in(text(&told["access_token"])));
    let refreshed = away.refresh(text(&session["refresh_token"]));
    assert_eq!(refreshed.pair(), pair(NOT_INSTALLED.0, NOT_INSTALLED.1));
}

#[test]
fn an_app_of_a_sandbox_is_installed_in_sandboxes_only() {
    let (_home, away) = two("", Nature { sandbox: true, ..Nature::default() });
    let authorization = format!("Bearer {}", away.org.token());
    let install = |key: &str| {
        let step = json!({ "do": "install-app", "consumer-key": key }).to_string();
        let headers = [("authorization", authorization.as_str())];
        let answer = away.send("POST", "/simulator/setup", &headers, &step);
        assert_eq!(answer.status, 400, "{}", answer.body);
        text(&answer.json()["error"]).to_owned()
    };
    assert_eq!(install(KEY), "You cannot install a sandbox app outside a non-sandbox organization.");
    assert_eq!(install("Nope"), "no other org has an app `Nope`");
}

#[test]
fn external_client_apps_stay_in_their_org() {
    let neighbours = Neighbours::default();
    let options = || Options { neighbours: neighbours.clone(), ..Options::default() };
    let (home, away) = (Scene { org: Org::start(options()) }, Scene { org: Org::start(options()) });
    let header = |state: &str| {
        let header = format!(
            "<contactEmail>a@b.example</contactEmail><distributionState>{state}</distributionState>\
             <label>Orders</label>"
        );
        home.save("ExternalClientApplication", "Orders", &header);
    };
    header("Local");
    let global = format!(
        "<callbackUrl>{CALLBACK}</callbackUrl><consumerKey>{KEY}</consumerKey><consumerSecret>{SECRET}</consumerSecret>\
         <externalClientApplication>Orders</externalClientApplication><label>G</label>"
    );
    home.save("ExtlClntAppGlobalOauthSettings", "G", &global);
    let asked = || away.refresh("5Aep861").pair();
    let local = "Cross-org OAuth flows are not supported for this external client app";
    assert_eq!(asked(), pair("invalid_client", local));
    header("Packaged");
    let packaged = "External client app is not installed in this org";
    assert_eq!(asked(), pair("OAUTH_EC_APP_NOT_FOUND", packaged));
    let page = away.consent("allow", &[]);
    assert_eq!(page.status, 400);
    assert!(page.body.contains("error=OAUTH_EC_APP_NOT_FOUND"), "{}", page.body);
}
