//! Keys and secrets of external client apps over REST.

use super::*;

#[test]
fn keys_and_secrets_of_external_client_apps_are_read_where_the_org_allows_it() {
    let scene = Scene { org: Org::start(Options::default()) };
    let header = "<contactEmail>a@b.example</contactEmail><label>Orders app</label>";
    scene.save("ExternalClientApplication", "Orders", header);
    scene.save("ExternalClientApplication", "Bare", header);
    let global = format!(
        "<callbackUrl>{CALLBACK}</callbackUrl><externalClientApplication>Orders</externalClientApplication>\
         <label>G</label>"
    );
    scene.save("ExtlClntAppGlobalOauthSettings", "G", &global);
    let get = |path: &str| scene.get(&format!("/services/data/v62.0/apps/oauth/{path}"), scene.org.token());
    let refused = get("usage");
    assert_eq!((refused.status, &refused.json()[0]["errorCode"]), (403, &json!("FUNCTIONALITY_NOT_ENABLED")));
    let allow = "<enableClientSecretInRestApiAccess>true</enableClientSecretInRestApiAccess>";
    scene.save("ExternalClientAppSettings", "ExternalClientApp", allow);
    let apps = get("usage").json()["apps"].take();
    let app = text(&apps[0]["identifier"]).to_owned();
    assert_eq!(apps, json!([{ "developerName": "Orders", "identifier": app, "label": "Orders app" }]));
    let held = |element: &str| scene.org.text("ExtlClntAppGlobalOauthSettings", "G", element);
    let (key, secret) = (held("consumerKey"), held("consumerSecret"));
    let consumers = get(&format!("credentials/{app}")).json()["consumers"].take();
    let consumer = text(&consumers[0]["id"]).to_owned();
    assert!(consumer.starts_with("888"), "{consumer}");
    assert_eq!(consumers, json!([{ "id": consumer, "key": key, "name": "Orders" }]));
    let part = |part: &str| get(&format!("credentials/{app}/{consumer}?part={part}")).json();
    assert_eq!(part("keyandsecret"), json!({ "key": key, "secret": secret }));
    assert_eq!(part("key"), json!({ "key": key }));
    assert_eq!(get(&format!("credentials/{app}/888000000000000")).status, 404);
    assert_eq!(get("credentials/0xI000000000000").status, 404);
}
