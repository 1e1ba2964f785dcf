//! Tests of a session that ends in the middle of a conversation: it is renewed once, what was refused is sent again,
//! and nothing is sent twice.

use super::login::{ClientCredentials, Login};
use super::script::{Reply, Script, TOKEN, target};
use super::{Cause, DeployOptions, Diagnosis, Error, ErrorKind, Interrupt, Left, Org, Pace};

const EXPIRED: &str = r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#;
const ROWS: &str = r#"{"totalSize":0,"done":true,"records":[]}"#;
const VERSIONS: &str = r#"[{"label":"Spring '26","url":"/services/data/v66.0","version":"66.0"}]"#;
const FRESH: &str = "00Dxx0000001gPL!AQ4fresh_session";
const QUERY: &str = "GET /services/data/v62.0/query";

fn expired() -> Reply {
    Reply::json(401, EXPIRED)
}

fn grant(url: &str) -> Reply {
    Reply::json(
        200,
        &format!(
            r#"{{"access_token":"{FRESH}","instance_url":"{url}","id":"{url}/id/00D/005","token_type":"Bearer"}}"#
        ),
    )
}

fn org(script: &Script) -> Org {
    let login = Login::ClientCredentials(ClientCredentials {
        client_id: "3MVG9key".into(),
        client_secret: "canary_secret".into(),
    });
    Org::connect(target(&script.url()), 62)
        .unwrap()
        .at_pace(Pace::at_once())
        .renewed_by(login, 0)
        .explaining()
}

/// What was asked, without queries, and with which token.
fn asked(script: &Script) -> Vec<(String, &'static str)> {
    script
        .asked()
        .iter()
        .map(|asked| {
            let sent = format!("{:?} {}", asked.header("authorization"), asked.text());
            let token = match (sent.contains(TOKEN), sent.contains(FRESH)) {
                (true, false) => "old",
                (false, true) => "fresh",
                (false, false) => "none",
                (true, true) => "both",
            };
            (asked.line.split('?').next().unwrap_or_default().to_owned(), token)
        })
        .collect()
}

fn lines(rows: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    rows.iter().map(|(line, token)| ((*line).to_owned(), *token)).collect()
}

const TOKEN_POST: (&str, &str) = ("POST /services/oauth2/token", "none");

#[tokio::test]
async fn a_session_that_ends_is_renewed_and_the_request_repeated() {
    let script = Script::telling(|url| {
        vec![Reply::json(200, ROWS), expired(), grant(url), Reply::json(200, ROWS), Reply::json(200, ROWS)]
    });
    let org = org(&script);
    for _ in 0..3 {
        org.reader().query("SELECT Id FROM User").await.unwrap();
    }
    assert_eq!(
        asked(&script),
        lines(&[(QUERY, "old"), (QUERY, "old"), TOKEN_POST, (QUERY, "fresh"), (QUERY, "fresh")])
    );
    assert_eq!(org.requests(), 5);
}

#[tokio::test]
async fn a_refused_deployment_is_sent_again_and_an_accepted_one_is_not() {
    let id = r#"{"id":"0Afxx0000004GxECAU"}"#;
    let ended = r#"{"id":"0Afxx0000004GxECAU","deployResult":{"id":"0Afxx0000004GxECAU","done":true,"success":true,
        "status":"Succeeded","details":{"componentFailures":[],"componentSuccesses":[]}}}"#;
    let script = Script::telling(|url| {
        vec![expired(), grant(url), Reply::json(201, id), expired(), grant(url), Reply::json(200, ended)]
    });
    let org = org(&script);
    let options = DeployOptions::default();
    let result = org.writer().deploy(b"zip", &options, &Interrupt::new(), &mut |_| {}).await.unwrap();
    assert_eq!(result.id, "0Afxx0000004GxECAU");
    let post = "POST /services/data/v62.0/metadata/deployRequest";
    let look = "GET /services/data/v62.0/metadata/deployRequest/0Afxx0000004GxECAU";
    assert_eq!(
        asked(&script),
        lines(&[(post, "old"), TOKEN_POST, (post, "fresh"), (look, "fresh"), TOKEN_POST, (look, "fresh")])
    );
}

#[tokio::test]
async fn an_envelope_carries_the_token_in_use() {
    let fault = "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body>\
        <soapenv:Fault><faultcode>sf:INVALID_SESSION_ID</faultcode><faultstring>INVALID_SESSION_ID: Invalid Session \
        ID found in SessionHeader</faultstring></soapenv:Fault></soapenv:Body></soapenv:Envelope>";
    let script = Script::telling(|url| vec![Reply::xml(500, fault), grant(url), Reply::xml(500, fault)]);
    let org = org(&script);
    let error = org
        .reader()
        .retrieve(&std::collections::BTreeMap::from([("ConnectedApp".to_owned(), vec!["A".to_owned()])]))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Login);
    let soap = "POST /services/Soap/m/62.0";
    assert_eq!(asked(&script)[..3], lines(&[(soap, "old"), TOKEN_POST, (soap, "fresh")]));
}

#[tokio::test]
async fn renewing_comes_to_an_end() {
    let script = Script::telling(|url| {
        vec![
            expired(),
            grant(url),
            expired(),
            Reply::json(200, VERSIONS),
            Reply::text(403, "text/html", "Bad_OAuth_Token"),
        ]
    });
    let error = org(&script).reader().query("SELECT Id FROM User").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Login);
    assert_eq!(
        asked(&script),
        lines(&[
            (QUERY, "old"),
            TOKEN_POST,
            (QUERY, "fresh"),
            ("GET /services/data", "none"),
            ("GET /services/oauth2/userinfo", "fresh"),
        ])
    );
    let text = format!("{error:?} {}", error.help());
    assert!(!text.contains("fresh_session") && !text.contains("verysecret"), "{text}");
}

#[tokio::test]
async fn a_renewal_that_fails_tells_what_was_going_on() {
    let said =
        r#"{"error":"invalid_client","error_description":"invalid client credentials for canary_secret"}"#;
    let script = Script::new([expired(), Reply::json(400, said)]);
    let org = org(&script);
    let options = DeployOptions::default();
    let error = org.writer().deploy(b"zip", &options, &Interrupt::new(), &mut |_| {}).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSession);
    assert_eq!(error.left(), &Left::NothingDeployed);
    let refusal = error.refusal().unwrap();
    assert_eq!(refusal.to_string(), "invalid_client: invalid client credentials for [hidden]");
    assert!(error.help().ends_with("; nothing was deployed"), "{}", error.help());
}

#[tokio::test]
async fn old_tokens_stay_hidden() {
    let echo = format!("seen {TOKEN} and {FRESH}");
    let script =
        Script::telling(|url| vec![expired(), grant(url), Reply::text(404, "text/plain", echo.as_str())]);
    let error = org(&script).reader().query("SELECT Id FROM User").await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("seen [hidden] and [hidden]"), "{cause}");
}

async fn diagnosis(renewable: bool, replies: impl FnOnce(&str) -> Vec<Reply>) -> Diagnosis {
    let script = Script::telling(replies);
    let org = match renewable {
        true => org(&script),
        false => Org::connect(target(&script.url()), 62).unwrap().at_pace(Pace::at_once()).explaining(),
    };
    let error = loop {
        if let Err(error) = org.reader().query("SELECT Id FROM User").await {
            break error;
        }
    };
    match error {
        Error::Login(context, _) => context.diagnosis.unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_five_causes_are_told_apart_by_asking() {
    let rows = || Reply::json(200, ROWS);
    let versions = || Reply::json(200, VERSIONS);
    let refused = || Reply::text(403, "text/html", "Bad_OAuth_Token");
    let user = || Reply::json(200, r#"{"user_id":"005xx000001X8Uz","organization_id":"00Dxx0000001gPL"}"#);
    let gone = || {
        Reply::json(404, r#"[{"message":"The requested resource does not exist","errorCode":"NOT_FOUND"}]"#)
    };
    let login_host =
        || Reply::json(401, r#"[{"message":"Destination URL not reset","errorCode":"URL_NOT_RESET"}]"#);
    let barred = || {
        Reply::json(
            403,
            r#"[{"message":"This session is not valid for use with the REST API","errorCode":"INVALID_SESSION_ID"}]"#,
        )
    };

    let ended = diagnosis(false, |_| vec![rows(), expired(), versions(), refused()]).await;
    assert_eq!(ended.cause, Cause::Ended);
    let never_taken = diagnosis(false, |_| vec![expired(), versions(), refused()]).await;
    assert_eq!(never_taken.cause, Cause::Ended);
    let api = diagnosis(false, |_| vec![barred(), versions(), user()]).await;
    assert_eq!(api.cause, Cause::ApiBarred);
    let fresh_api = diagnosis(true, |url| vec![barred(), grant(url), barred(), versions(), user()]).await;
    assert_eq!(fresh_api.cause, Cause::ApiBarred);
    let level = diagnosis(true, |url| vec![expired(), grant(url), expired(), versions(), refused()]).await;
    assert_eq!(level.cause, Cause::SessionLevel);
    let lock =
        diagnosis(true, |url| vec![rows(), expired(), grant(url), expired(), versions(), refused()]).await;
    assert_eq!(lock.cause, Cause::AddressLock);
    let nothing_there = diagnosis(false, |_| vec![expired(), gone()]).await;
    assert_eq!(nothing_there.cause, Cause::WrongHost);
    let login = diagnosis(false, |_| vec![login_host()]).await;
    assert_eq!(login.cause, Cause::WrongHost);

    let told =
        [ended, never_taken, api, level, lock, nothing_there, login].map(|diagnosis| diagnosis.to_string());
    insta::assert_snapshot!(told.join("\n\n"), @r#"
    the session has most likely ended: log in again for a fresh token; if that one fails too, it may be for another org, or sessions are locked to the address they began at (seen: the host serves the API of an org, its user info refuses the token as well, an earlier request was taken)

    the session has most likely ended: log in again for a fresh token; if that one fails too, it may be for another org, or sessions are locked to the address they began at (seen: the host serves the API of an org, its user info refuses the token as well)

    the token is good, and barred from the API: API access control does not allow this app, the user lacks `API Enabled`, or the app lacks the scope `Api` (seen: the host serves the API of an org, its user info takes the token)

    most likely the user's profile asks for a High Assurance session, which no login without a person gives: use an integration user whose profile does not; if this machine's outgoing address changes, sessions may be locked to it instead (seen: the host serves the API of an org, its user info refuses the token as well, a token from a login a moment ago is refused as well)

    most likely sessions are locked to the address they began at, and this machine's outgoing address changes: keep it the same, or switch `Lock sessions to the IP address from which they originated` off (seen: the host serves the API of an org, its user info refuses the token as well, a token from a login a moment ago is refused as well, an earlier request was taken)

    this is not the address of the token's org: use its own My Domain, not a login host (seen: the host serves no API)

    this is not the address of the token's org: use its own My Domain, not a login host
    "#);
}
