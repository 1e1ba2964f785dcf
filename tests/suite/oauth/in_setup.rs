//! What administrators do in Setup, and what clients notice of it.

use super::*;

/// An app for JWT bearer, for users that an administrator approved.
fn signed(key: &Key) -> String {
    let config =
        format!("<certificate>{}</certificate><isAdminApproved>true</isAdminApproved>", key.certificate(3));
    let profiles = ["System Administrator", "Standard User"];
    let profiles: String = profiles.iter().map(|name| format!("<profileName>{name}</profileName>")).collect();
    app_of(&config, &["Api", "RefreshToken"], &profiles)
}

fn done(scene: &Scene, step: &Value) -> Value {
    scene.org.control("POST", "setup", &step.to_string())
}

const LOGIN: &str = "https://login.salesforce.com";

#[test]
fn a_user_who_is_deactivated_loses_all_sessions_and_gets_none() {
    let key = Key::new();
    let scene = Scene::new(&signed(&key));
    let (admin, analyst) = (scene.org.password(), scene.org.other("analyst"));
    let as_analyst = [("username", analyst.as_str()), ("password", admin.as_str())];
    let code = scene.consent("allow", &as_analyst).sent_back("code").unwrap();
    let grant = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK)];
    let told = scene.token(&grant).json();
    let token = text(&told["access_token"]);
    assert!(scene.lets_in(token));
    let step = json!({ "do": "deactivate-user", "username": analyst });
    assert_eq!(
        done(&scene, &step),
        json!({
            "inactive-users": [analyst], "blocked-apps": [], "installed-apps": [], "locked": false,
            "my-domain": { "canOnlyLoginWithMyDomainUrl": false, "doesApiLoginRequireOrgDomain": false },
        })
    );
    assert!(!scene.lets_in(token));
    let expired = pair("invalid_grant", "expired access/refresh token");
    assert_eq!(scene.refresh(text(&told["refresh_token"])).pair(), expired);
    let inactive = pair("inactive_user", "user is inactive");
    assert_eq!(scene.bearer(&claims(&analyst, LOGIN), &key).pair(), inactive);
    let page = scene.consent("allow", &as_analyst);
    assert!(page.status == 200 && page.body.contains("not right"), "{}", page.body);
    let rows = scene.rows("SELECT Username FROM User WHERE IsActive = false");
    assert_eq!(rows.as_array().unwrap().len(), 1);
    assert_eq!(rows[0]["Username"], analyst.as_str());
    done(&scene, &json!({ "do": "activate-user", "username": analyst }));
    assert_eq!(scene.bearer(&claims(&analyst, LOGIN), &key).status, 200);
}

#[test]
fn an_inactive_run_as_user_gets_no_session() {
    let org = Org::start(Options::default());
    let (config, user) = (run_as(&org), org.other("integration"));
    let scene = Scene { org };
    scene.save("ConnectedApp", "Orders", &app_of(&config, &["Api"], ""));
    let grant = || scene.token(&[("grant_type", "client_credentials")]);
    assert_eq!(grant().status, 200);
    done(&scene, &json!({ "do": "deactivate-user", "username": user }));
    assert_eq!(grant().pair(), pair("inactive_user", "user is inactive"));
}

#[test]
fn a_blocked_app_loses_its_sessions_and_keeps_what_was_approved() {
    let key = Key::new();
    let scene = Scene::new(&signed(&key));
    let told = scene.enter();
    done(&scene, &json!({ "do": "block-app", "app": "Orders" }));
    assert!(!scene.lets_in(text(&told["access_token"])));
    let blocked = pair("OAUTH_APP_BLOCKED", "this app is blocked by admin");
    let refresh_token = text(&told["refresh_token"]);
    assert_eq!(scene.refresh(refresh_token).pair(), blocked);
    assert_eq!(scene.bearer(&claims(scene.org.username(), LOGIN), &key).pair(), blocked);
    let back = scene.consent("allow", &[]);
    assert_eq!(back.sent_back("error").as_deref(), Some("OAUTH_APP_BLOCKED"));
    assert_eq!(back.sent_back("error_description").as_deref(), Some("this app is blocked by admin"));
    let device = scene.token(&[("response_type", "device_code")]);
    assert_eq!(device.pair(), blocked);
    done(&scene, &json!({ "do": "unblock-app", "app": KEY }));
    assert_eq!(scene.refresh(refresh_token).status, 200);
}

#[test]
fn nobody_logs_in_to_a_locked_org() {
    let scene = Scene::new(&app(""));
    let told = scene.enter();
    done(&scene, &json!({ "do": "lock-org" }));
    let locked = pair("inactive_org", "organization is locked, closed, or suspended");
    let refresh_token = text(&told["refresh_token"]);
    assert_eq!(scene.refresh(refresh_token).pair(), locked);
    assert_eq!(scene.consent("allow", &[]).sent_back("error").as_deref(), Some("inactive_org"));
    done(&scene, &json!({ "do": "unlock-org" }));
    assert_eq!(scene.refresh(refresh_token).status, 200);
}

#[test]
fn what_cannot_be_done_in_setup_is_refused_with_its_reason() {
    let scene = Scene::new(&app(""));
    let authorization = format!("Bearer {}", scene.org.token());
    let refused = |step: Value| {
        let headers = [("authorization", authorization.as_str())];
        let answer = scene.send("POST", "/simulator/setup", &headers, &step.to_string());
        assert_eq!(answer.status, 400, "{}", answer.body);
        text(&answer.json()["error"]).to_owned()
    };
    let admin = scene.org.username();
    assert_eq!(
        refused(json!({ "do": "deactivate-user", "username": admin })),
        format!("{admin}: the token that the org prints is of this user")
    );
    assert_eq!(refused(json!({ "do": "activate-user", "username": "x@y.z" })), "no user `x@y.z`");
    assert_eq!(refused(json!({ "do": "block-app", "app": "Nope" })), "no app `Nope` with OAuth");
    assert!(refused(json!({ "do": "cheese" })).contains("unknown variant `cheese`"));
}

#[test]
fn the_login_hosts_are_closed_by_the_policy_for_my_domain() {
    let scene = Scene::new(&app(""));
    let told = scene.enter();
    let query = encoded(&[("response_type", "code"), ("client_id", KEY), ("redirect_uri", CALLBACK)]);
    let page = |host: &str| {
        scene.send("GET", &format!("/services/oauth2/authorize?{query}"), &[("host", host)], "").status
    };
    let form = encoded(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", text(&told["refresh_token"])),
        ("client_id", KEY),
        ("client_secret", SECRET),
    ]);
    let refresh = |host: &str| scene.send("POST", "/services/oauth2/token", &[("host", host)], &form);
    let login = format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><login \
         xmlns=\"urn:partner.soap.sforce.com\"><username>{}</username><password>{}</password></login></e:Body>\
         </e:Envelope>",
        scene.org.username(),
        scene.org.password()
    );
    let soap = |host: &str| scene.send("POST", "/services/Soap/u/62.0", &[("host", host)], &login).status;
    let host = "login.salesforce.com";
    assert_eq!((page(host), refresh(host).status, soap(host)), (200, 200, 200));
    let step = json!({ "do": "my-domain-policy", "canOnlyLoginWithMyDomainUrl": true });
    done(&scene, &step);
    assert_eq!((page(host), refresh(host).status, soap(host)), (400, 200, 200));
    let step = json!({ "do": "my-domain-policy", "doesApiLoginRequireOrgDomain": true });
    done(&scene, &step);
    let refused = refresh(host);
    assert_eq!((page(host), refused.status, soap(host)), (200, 400, 500));
    assert_eq!(refused.pair(), pair("invalid_grant", "request not supported on this domain"));
    let own = scene.org.instance_url().strip_prefix("http://").unwrap();
    assert_eq!((page(own), refresh(own).status, soap(own)), (200, 200, 200));
}

#[test]
fn soap_logins_fail_in_a_locked_org() {
    let scene = Scene::new(&app(""));
    let login = format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><login \
         xmlns=\"urn:partner.soap.sforce.com\"><username>{}</username><password>{}</password></login></e:Body>\
         </e:Envelope>",
        scene.org.username(),
        scene.org.password()
    );
    let told = || scene.send("POST", "/services/Soap/u/62.0", &[("content-type", "text/xml")], &login).body;
    assert!(told().contains("<sessionId>"));
    done(&scene, &json!({ "do": "lock-org" }));
    assert!(told().contains("<faultcode>sf:ORG_LOCKED</faultcode>"), "{}", told());
    done(&scene, &json!({ "do": "unlock-org" }));
    assert!(told().contains("<sessionId>"));
}
