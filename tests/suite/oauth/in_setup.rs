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
        json!({ "inactive-users": [analyst], "blocked-apps": [], "locked": false })
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
