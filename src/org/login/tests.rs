//! Tests of the ways in against an org that answers what it is told to: what is sent, what is said when it fails, and
//! what never shows.

use std::net::TcpListener;

use secrecy::SecretString;

use super::*;
use crate::org::script::{Reply, Script};
use crate::org::{ErrorKind, Misfit, Trouble};

const KEY: &str = include_str!("../../../tests/keys/rsa.pem");

fn destination(script: &Script) -> Destination {
    Destination { pace: Pace::at_once(), ..Destination::new("uat", Some(script.url())) }
}

fn granted(script_url: &str, more: &str) -> String {
    format!(
        r#"{{"access_token":"00Dxx0000001gPL!AQ4fresh_session","instance_url":"{script_url}","token_type":"Bearer",
            "id":"https://login.salesforce.com/id/00Dxx0000001gPLEAY/005xx000001X8UzAAK"{more}}}"#
    )
}

/// A server that grants a token for itself, with something more each time.
fn granting(more: &[&str]) -> Script {
    Script::telling(|url| more.iter().map(|more| Reply::json(200, &granted(url, more))).collect())
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

fn client_credentials() -> Login {
    Login::ClientCredentials(ClientCredentials {
        client_id: "3MVG9key".into(),
        client_secret: secret("canary+secret/="),
    })
}

fn refresh_token() -> Login {
    Login::RefreshToken(RefreshToken {
        client_id: "3MVG9key".into(),
        client_secret: None,
        refresh_token: secret("5Aep.canary"),
        kept: Kept::Elsewhere,
    })
}

fn jwt(audience: Option<&str>) -> Login {
    let jwt = Jwt::new("3MVG9key".into(), "ci@acme.com.uat".into(), KEY, audience.map(str::to_owned));
    Login::Jwt(jwt.unwrap())
}

/// The fields of a form, decoded.
fn form(body: &str) -> Vec<(String, String)> {
    let url = reqwest::Url::parse(&format!("http://x/?{body}")).unwrap();
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn pairs(form: &[(String, String)]) -> Vec<(&str, &str)> {
    form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn told(error: &Error) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    format!("{error}\n{cause}\n{}", error.help())
}

#[tokio::test]
async fn client_credentials_are_posted_to_the_orgs_own_host() {
    let script = granting(&[""]);
    let session = client_credentials().session(&destination(&script)).await.unwrap();
    assert_eq!(session.access_token.expose(), "00Dxx0000001gPL!AQ4fresh_session");
    assert_eq!(session.instance_url, script.url());
    assert_eq!(session.organization_id.as_deref(), Some("00Dxx0000001gPLEAY"));
    assert_eq!(session.user_id.as_deref(), Some("005xx000001X8UzAAK"));
    assert!(session.renewable);
    assert_eq!(session.requests, 1);
    let asked = &script.asked()[0];
    assert_eq!(asked.line, "POST /services/oauth2/token");
    assert_eq!(asked.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(asked.header("authorization"), None);
    let sent = form(&asked.text());
    assert_eq!(
        pairs(&sent),
        [
            ("grant_type", "client_credentials"),
            ("client_id", "3MVG9key"),
            ("client_secret", "canary+secret/=")
        ]
    );
}

#[tokio::test]
async fn a_jwt_names_the_host_that_it_is_for() {
    for (audience, wanted) in
        [(None, None), (Some("https://test.salesforce.com"), Some("https://test.salesforce.com"))]
    {
        let script = granting(&[""]);
        jwt(audience).session(&destination(&script)).await.unwrap();
        let sent = form(&script.asked()[0].text());
        assert_eq!(sent[0].1, "urn:ietf:params:oauth:grant-type:jwt-bearer");
        assert_eq!(sent.len(), 2);
        let claims = sent[1].1.split('.').nth(1).unwrap();
        let claims = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, claims).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["aud"], wanted.map_or_else(|| script.url(), str::to_owned));
    }
}

#[tokio::test]
async fn a_replaced_refresh_token_is_used_from_then_on_and_told() {
    let script = granting(&["", r#","refresh_token":"5Aep.the_next_one""#, ""]);
    let mut login = refresh_token();
    let destination = destination(&script);
    assert_eq!(login.session(&destination).await.unwrap().notices, []);
    assert_eq!(login.session(&destination).await.unwrap().notices, [Notice::RefreshTokenReplaced]);
    assert_eq!(login.session(&destination).await.unwrap().notices, []);
    let sent: Vec<String> = script.asked().iter().map(|asked| form(&asked.text())[2].1.clone()).collect();
    assert_eq!(sent, ["5Aep.canary", "5Aep.canary", "5Aep.the_next_one"]);
}

#[tokio::test]
async fn an_sfdx_url_says_where_to_go() {
    let script = granting(&[""]);
    let url = script.url().replace("http://", "force://PlatformCLI::5Aep.canary@");
    let mut login = Login::SfdxAuthUrl(SfdxAuthUrl::parse(&url).unwrap());
    let nowhere = Destination { pace: Pace::at_once(), ..Destination::new("uat", None) };
    let session = login.session(&nowhere).await.unwrap();
    assert_eq!(session.instance_url, script.url());
    let sent = form(&script.asked()[0].text());
    assert_eq!(
        pairs(&sent),
        [("grant_type", "refresh_token"), ("client_id", "PlatformCLI"), ("refresh_token", "5Aep.canary")]
    );
}

#[tokio::test]
async fn a_login_that_leads_to_another_org_is_refused() {
    let script = Script::new([Reply::json(200, &granted("https://other.my.salesforce.com", ""))]);
    let error = client_credentials().session(&destination(&script)).await.unwrap_err();
    let told = told(&error).replace(&script.url(), "http://127.0.0.1:PORT");
    insta::assert_snapshot!(told, @r#"
    cannot log in to org `uat`
    the login leads to `https://other.my.salesforce.com`, and this org is at `http://127.0.0.1:PORT`
    if `https://other.my.salesforce.com` is the org that is meant, write that as its instance-url in orgwire.toml
    "#);
    // One machine has many names.
    let script = granting(&[""]);
    let mut destination = destination(&script);
    destination.instance_url = Some(script.url().replace("127.0.0.1", "localhost"));
    let session = client_credentials().session(&destination).await.unwrap();
    assert_eq!(Some(session.instance_url), destination.instance_url);
}

#[tokio::test]
async fn an_org_says_no_in_its_own_words() {
    let mut all = String::new();
    for (error, description) in [
        ("invalid_grant", "user hasn't approved this consumer"),
        ("invalid_grant", "audience is invalid"),
        ("invalid_grant", "no client credentials user enabled"),
        ("invalid_grant", "request not supported on this domain"),
        ("invalid_grant", "expired access/refresh token"),
        ("invalid_grant", "something new"),
        ("invalid_client_id", "client identifier invalid"),
        ("invalid_client", "invalid client credentials"),
        ("invalid_app_access", "user is not admin approved to access this app"),
    ] {
        let body = format!(r#"{{"error":"{error}","error_description":"{description}"}}"#);
        let script = Script::new([Reply::json(400, &body)]);
        let error = client_credentials().session(&destination(&script)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoSession);
        assert_eq!(script.asked().len(), 1);
        all += &format!("{}\n\n", told(&error));
    }
    insta::assert_snapshot!(all, @r#"
    cannot log in to org `uat`
    invalid_grant: user hasn't approved this consumer
    allow the app for this user: a permission set or profile on an app whose users are approved by the admin, or one login through the browser (more: orgwire explain oauth-not-approved)

    cannot log in to org `uat`
    invalid_grant: audience is invalid
    write the login host that fits the org as audience: https://login.salesforce.com for production, https://test.salesforce.com for sandboxes (more: orgwire explain oauth-audience)

    cannot log in to org `uat`
    invalid_grant: no client credentials user enabled
    choose a user under Run As in the app's client credentials policy (more: orgwire explain oauth-no-run-as-user)

    cannot log in to org `uat`
    invalid_grant: request not supported on this domain
    write the org's own My Domain as instance-url (more: orgwire explain oauth-wrong-domain)

    cannot log in to org `uat`
    invalid_grant: expired access/refresh token
    log in again for a new one; where several tools share a user and an app, give each its own (more: orgwire explain oauth-token-ended)

    cannot log in to org `uat`
    invalid_grant: something new
    check the login in orgwire.toml against the app's settings in the org

    cannot log in to org `uat`
    invalid_client_id: client identifier invalid
    check the client-id and that the address is that of the app's org; a new app takes 2 to 10 minutes to spread (more: orgwire explain oauth-client-unknown)

    cannot log in to org `uat`
    invalid_client: invalid client credentials
    check the client-secret; an app that needs one has it on its consumer details page (more: orgwire explain oauth-client-secret)

    cannot log in to org `uat`
    invalid_app_access: user is not admin approved to access this app
    assign the app to the user by a permission set or profile (more: orgwire explain oauth-not-admin-approved)
    "#);
}

#[tokio::test]
async fn only_a_connection_that_could_not_be_made_is_tried_again() {
    for reply in [
        Reply::dropped(),
        Reply::json(503, r#"[{"message":"busy","errorCode":"SERVER_UNAVAILABLE"}]"#),
        Reply::json(429, ""),
        Reply::json(200, "{}").cut(1),
    ] {
        let about = format!("{reply:?}");
        let script = Script::new([reply, Reply::json(200, &granted("https://a.my.salesforce.com", ""))]);
        let error = client_credentials().session(&destination(&script)).await.unwrap_err();
        assert_eq!((error.kind(), script.asked().len()), (ErrorKind::Network, 1), "{about}");
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = Destination {
        pace: Pace::at_once(),
        ..Destination::new("uat", Some(format!("http://127.0.0.1:{port}")))
    };
    let error = client_credentials().session(&nobody).await.unwrap_err();
    assert!(matches!(&error, Error::Network(_, Trouble::Refused { .. })), "{error:?}");
}

#[tokio::test]
async fn answers_that_are_none_are_described() {
    let page = "<html><title>Down</title></html>";
    for (reply, fits) in [
        (
            Reply::text(200, "text/html", page),
            (|misfit| matches!(misfit, Misfit::Page { .. })) as fn(&Misfit) -> bool,
        ),
        (Reply::json(200, r#"{"access_token":"canary_token""#), |misfit| matches!(misfit, Misfit::Truncated)),
        (Reply::json(200, r#"{"id":"canary_token"}"#), |misfit| matches!(misfit, Misfit::Unexpected(_))),
        (Reply::json(302, "").header("Location", "https://else.example/?code=canary_token"), |misfit| {
            matches!(misfit, Misfit::Redirect { .. })
        }),
        (Reply::text(404, "text/html", page), |misfit| matches!(misfit, Misfit::Page { .. })),
    ] {
        let about = format!("{reply:?}");
        let script = Script::new([reply]);
        let error = client_credentials().session(&destination(&script)).await.unwrap_err();
        assert!(matches!(&error, Error::Protocol(_, misfit) if fits(misfit)), "{about}: {error:?}");
        assert!(!format!("{error:?} {}", told(&error)).contains("canary_token"), "{about}");
    }
}

#[tokio::test]
async fn what_a_login_has_sent_is_in_no_text() {
    let echo = "5Aep.canary and canary+secret/=";
    let pair = format!(r#"{{"error":"invalid_grant","error_description":"{echo}"}}"#);
    for (status, body) in [(400, pair.as_str()), (500, echo), (200, echo)] {
        for (mut login, sent) in [(client_credentials(), "canary+secret"), (refresh_token(), "5Aep")] {
            let script = Script::new([Reply::text(status, "text/plain", body)]);
            let error = login.session(&destination(&script)).await.unwrap_err();
            let texts = format!("{error:?} {} {login:?}", told(&error));
            assert!(!texts.contains(sent), "{texts}");
        }
    }
}
