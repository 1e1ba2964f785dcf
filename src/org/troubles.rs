//! Tests of what the whole door does when the network or the org misbehaves: what is repeated, what is told, and
//! what never leaves.

use std::net::TcpListener;

use super::script::{Reply, Script, TOKEN, org, target};
use super::{Error, ErrorKind, Misfit, Org, Pace, Trouble};

const ROWS: &str = r#"{"totalSize":0,"done":true,"records":[]}"#;
const SOQL: &str = "SELECT Id FROM User WHERE Name = 'hidden'";

async fn fails(replies: Vec<Reply>) -> (Error, usize) {
    let script = Script::new(replies);
    let error = org(&script).reader().query(SOQL).await.unwrap_err();
    (error, script.asked().len())
}

/// Headline, cause and help, as a user sees them.
fn told(error: &Error) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    format!("{error}\n{cause}\n{}", error.help())
}

async fn fails_at(url: &str) -> Error {
    let org = Org::connect(target(url), 62).unwrap().at_pace(Pace::at_once());
    org.reader().query(SOQL).await.unwrap_err()
}

#[tokio::test]
async fn reading_is_repeated_until_the_org_is_back() {
    for trouble in [
        Reply::dropped(),
        Reply::json(200, ROWS).cut(10),
        Reply::text(420, "text/html", "<html></html>"),
        Reply::json(429, "[]").header("Retry-After", "0"),
        Reply::json(503, "[]").header("Retry-After", "Thu, 01 Jan 2026 08:00:00 GMT"),
        Reply::json(502, ""),
        Reply::json(503, r#"[{"message":"busy","errorCode":"SERVER_UNAVAILABLE"}]"#),
        Reply::json(504, "gateway"),
    ] {
        let about = format!("{trouble:?}");
        let script = Script::new([trouble, Reply::json(200, ROWS)]);
        let org = org(&script);
        assert!(org.reader().query(SOQL).await.is_ok(), "{about}");
        assert_eq!(org.requests(), 2, "{about}");
    }
}

#[tokio::test]
async fn repeating_comes_to_an_end() {
    let (error, asked) = fails((0..9).map(|_| Reply::json(503, "[]")).collect()).await;
    assert_eq!(asked, 5);
    insta::assert_snapshot!(told(&error), @r#"
    cannot query org `test`
    `127.0.0.1` is not available now: status 503
    wait some minutes and run this again; https://status.salesforce.com tells of maintenance
    "#);
}

#[tokio::test]
async fn a_pause_too_long_is_not_waited_for() {
    let busy = Reply::json(503, "[]").header("Retry-After", "86400");
    let (error, asked) = fails(vec![busy]).await;
    assert_eq!((error.kind(), asked), (ErrorKind::Network, 1));
    let busy = Reply::json(503, "[]")
        .header("Date", "Thu, 01 Jan 2026 09:00:00 GMT")
        .header("Retry-After", "Thu, 01 Jan 2026 10:00:00 GMT");
    let (error, asked) = fails(vec![busy]).await;
    assert_eq!((error.kind(), asked), (ErrorKind::Network, 1));
}

#[tokio::test]
async fn a_refusal_is_not_repeated() {
    for (status, body, kind) in [
        (400, r#"[{"message":"No such column","errorCode":"INVALID_FIELD"}]"#, ErrorKind::Rejected),
        (
            401,
            r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#,
            ErrorKind::Login,
        ),
        (401, "<html>who are you</html>", ErrorKind::Login),
        (403, "Bad_OAuth_Token", ErrorKind::Login),
        (403, r#"[{"message":"TotalRequests","errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#, ErrorKind::Rejected),
        (
            404,
            r#"[{"message":"The requested resource does not exist","errorCode":"NOT_FOUND"}]"#,
            ErrorKind::Rejected,
        ),
        (500, r#"[{"message":"An unexpected error","errorCode":"UNKNOWN_EXCEPTION"}]"#, ErrorKind::Rejected),
        (404, "<html>nothing here</html>", ErrorKind::Protocol),
    ] {
        let (error, asked) = fails(vec![Reply::json(status, body), Reply::json(200, ROWS)]).await;
        assert_eq!((error.kind(), asked), (kind, 1), "{status} {body}: {error:?}");
    }
}

#[tokio::test]
async fn answers_that_are_no_data_are_described() {
    let page = "<!DOCTYPE html>\n<html><head>\n<title>Login</title></head>".to_owned() + &" x".repeat(500);
    let mut all = String::new();
    for reply in [
        Reply::text(200, "text/html;charset=UTF-8", page.clone()),
        Reply::json(200, &page),
        Reply::json(200, ""),
        Reply::json(200, r#"{"totalSize":1,"records":[{"Id""#),
        Reply::json(200, "\u{1b}[31mOK\u{7}"),
        Reply::json(200, r#"{"size":1}"#),
    ] {
        let (error, _) = fails(vec![reply]).await;
        assert_eq!(error.kind(), ErrorKind::Protocol);
        all += &format!("{}\n\n", told(&error));
    }
    insta::assert_snapshot!(all, @r#"
    cannot query org `test`
    status 200 with a page for people instead of data: <!DOCTYPE html> <html><head> <title>Login</title></head> x x x x x x x x x x x x x x x x x x x x x x...
    check that the address is that of the org itself, and that no proxy answers in its place

    cannot query org `test`
    status 200 with a page for people instead of data: <!DOCTYPE html> <html><head> <title>Login</title></head> x x x x x x x x x x x x x x x x x x x x x x...
    check that the address is that of the org itself, and that no proxy answers in its place

    cannot query org `test`
    status 200 with an empty body instead of JSON
    check that the address is that of the org itself, and that no proxy answers in its place

    cannot query org `test`
    the answer breaks off in the middle


    cannot query org `test`
    status 200 with something else than JSON: [31mOK
    check that the address is that of the org itself, and that no proxy answers in its place

    cannot query org `test`
    the answer to a query has no records
    "#);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_names_only_the_host() {
    let elsewhere = Script::new([Reply::json(200, ROWS)]);
    let location = format!("{}/services/data?sid={TOKEN}", elsewhere.url());
    for status in [301, 302, 303, 307, 308] {
        let (error, asked) = fails(vec![Reply::json(status, "").header("Location", &location)]).await;
        assert!(
            matches!(&error, Error::Protocol(_, Misfit::Redirect { to, .. }) if to == "127.0.0.1"),
            "{error:?}"
        );
        assert_eq!(asked, 1);
        assert!(!format!("{error:?}{}", told(&error)).contains(TOKEN));
    }
    assert!(elsewhere.asked().is_empty());
    let (error, _) =
        fails(vec![Reply::json(302, "").header("Location", "https://new.my.salesforce.com/x")]).await;
    insta::assert_snapshot!(told(&error), @r#"
    cannot query org `test`
    `127.0.0.1` sends on to `new.my.salesforce.com`, and a token is not carried to another place
    was My Domain renamed? if `new.my.salesforce.com` is this org, write that as its address
    "#);
}

#[tokio::test]
async fn nobody_at_the_port_is_a_refused_connection() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = fails_at(&format!("http://127.0.0.1:{port}")).await;
    assert!(matches!(&error, Error::Network(_, Trouble::Refused { .. })), "{error:?}");
    assert!(told(&error).starts_with("cannot query org `test`\n`127.0.0.1` refused the connection"));
}

#[tokio::test]
async fn a_name_without_an_address_is_told_as_such() {
    let error = fails_at("https://acme.invalid").await;
    let known = matches!(&error, Error::Network(_, Trouble::Unresolved { .. } | Trouble::Unreachable { .. }));
    assert!(known, "{error:?}");
    assert!(told(&error).contains("acme.invalid"));
}

#[tokio::test]
async fn plain_http_behind_https_is_a_tls_failure() {
    for says in [b"".as_slice(), b"HTTP/1.1 400 Bad Request\r\n\r\n"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = std::io::Read::read(&mut stream, &mut [0; 4096]);
            let _ = std::io::Write::write_all(&mut stream, says);
        });
        let error = fails_at(&format!("https://127.0.0.1:{port}")).await;
        assert!(matches!(&error, Error::Network(_, Trouble::Tls { .. })), "{error:?}");
        assert!(told(&error).contains("check the address and this machine's clock"));
        server.join().unwrap();
    }
}

#[tokio::test]
async fn localhost_is_this_machine() {
    let script = Script::new([Reply::json(200, ROWS)]);
    let org = Org::connect(target(&script.url().replace("127.0.0.1", "localhost")), 62).unwrap();
    org.reader().query(SOQL).await.unwrap();
}

#[tokio::test]
async fn the_token_and_the_query_are_in_no_text() {
    let echo = format!("token {TOKEN} and AQ4AQ.verysecret_text");
    for reply in [
        Reply::text(200, "text/html", echo.clone()),
        Reply::text(500, "text/plain", echo.clone()),
        Reply::json(401, &echo),
        Reply::json(400, &format!(r#"[{{"message":"{echo}","errorCode":"X"}}]"#)),
        Reply::dropped(),
    ] {
        let mut replies = vec![reply];
        replies.extend((0..5).map(|_| Reply::dropped()));
        let script = Script::new(replies);
        let org = org(&script);
        let error = org.reader().query(SOQL).await.unwrap_err();
        let texts = format!("{error:?} {error:#?} {} {org:?} {:?}", told(&error), target(&script.url()));
        assert!(!texts.contains("verysecret") && !texts.contains("hidden'"), "{texts}");
    }
}

#[tokio::test]
async fn every_request_says_who_asks() {
    let script = Script::new([Reply::json(200, ROWS)]);
    org(&script).reader().query(SOQL).await.unwrap();
    let asked = &script.asked()[0];
    assert_eq!(asked.header("user-agent"), Some(concat!("orgwire/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(asked.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    assert_eq!(asked.header("accept-encoding"), Some("gzip"));
    assert_eq!(asked.header("accept"), Some("application/json"));
}

#[tokio::test]
async fn an_answer_without_end_is_cut() {
    // Packed, it is small: the limit counts what comes out.
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..65 {
        std::io::Write::write_all(&mut packer, &vec![b' '; 1 << 20]).unwrap();
    }
    let body = packer.finish().unwrap();
    assert!(body.len() < 1 << 20);
    let reply = Reply::text(200, "application/json", body).header("Content-Encoding", "gzip");
    let (error, asked) = fails(vec![reply]).await;
    assert!(matches!(&error, Error::Protocol(_, Misfit::TooLong { .. })), "{error:?}");
    assert_eq!(asked, 1);
}

#[test]
fn a_token_that_no_header_can_hold_is_refused_without_being_shown() {
    let mut target = target("https://acme.my.salesforce.com");
    target.access_token = super::AccessToken::new("half a\u{7f}verysecret");
    let error = Org::connect(target, 62).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Settings);
    assert!(!format!("{error:?} {}", told(&error)).contains("verysecret"));
}
