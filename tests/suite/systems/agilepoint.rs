//! AgilePoint NX: each side needs something of the other, and both get it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use orgwire::simulator::Options;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::simulated::{Org, post};
use crate::test::Test;
use crate::vendor::token;

/// AgilePoint's screen for a new access token, as far as the guide goes: it shows a callback URL, takes key and secret,
/// sends whoever looks at it to log in, and redeems the code that comes back.
struct Screen {
    callback: String,
    entered: Arc<Mutex<Entered>>,
}

/// What was typed into the screen, and what came of it.
#[derive(Default)]
struct Entered {
    org: String,
    key: String,
    secret: String,
    granted: Option<Value>,
}

impl Screen {
    fn open() -> Screen {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let callback = format!("http://localhost:{}/oauth/callback", listener.local_addr().unwrap().port());
        let entered = Arc::new(Mutex::new(Entered::default()));
        let (shown, kept) = (callback.clone(), entered.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                serve(&stream, &shown, &kept);
            }
        });
        Screen { callback, entered }
    }

    fn address(&self) -> &str {
        self.callback.trim_end_matches("/oauth/callback")
    }

    fn granted(&self) -> Option<Value> {
        self.entered.lock().unwrap().granted.clone()
    }
}

fn pairs(query: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn serve(stream: &TcpStream, callback: &str, entered: &Mutex<Entered>) {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 || line == "\r\n" {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let Some(first) = head.first() else { return };
    let (method, target) = (first.split(' ').next().unwrap(), first.split(' ').nth(1).unwrap());
    let length =
        head.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let answer = match (method, path) {
        ("GET", "/access-token") => page(&format!("<p>Callback URL</p><code>{callback}</code>")),
        ("POST", "/access-token") => {
            let form = pairs(std::str::from_utf8(&body).unwrap());
            let mut entered = entered.lock().unwrap();
            *entered = Entered {
                org: form["org"].clone(),
                key: form["key"].clone(),
                secret: form["secret"].clone(),
                granted: None,
            };
            page("saved")
        }
        // "Get OAuth2 Access Token"
        ("GET", "/access-token/get") => {
            let entered = entered.lock().unwrap();
            let query = form_urlencoded::Serializer::new(String::new())
                .extend_pairs([
                    ("response_type", "code"),
                    ("client_id", &entered.key),
                    ("redirect_uri", callback),
                    ("state", "agilepoint"),
                ])
                .finish();
            let to = format!("{}/services/oauth2/authorize?{query}", entered.org);
            format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }
        ("GET", "/oauth/callback") => page(&redeemed(&pairs(query), callback, entered)),
        _ => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(),
    };
    let mut stream = stream;
    stream.write_all(answer.as_bytes()).unwrap();
}

/// The code for a token, at the org that was entered.
fn redeemed(query: &BTreeMap<String, String>, callback: &str, entered: &Mutex<Entered>) -> String {
    assert_eq!(query["state"], "agilepoint");
    let Some(code) = query.get("code") else { return format!("refused: {}", query["error"]) };
    let mut entered = entered.lock().unwrap();
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", &entered.key),
            ("client_secret", &entered.secret),
            ("redirect_uri", callback),
        ])
        .finish();
    let url = format!("{}/services/oauth2/token", entered.org);
    let told: Value = serde_json::from_str(&post(&url, "application/x-www-form-urlencoded", &form)).unwrap();
    let is_granted = told["access_token"].is_string();
    entered.granted = is_granted.then_some(told);
    if is_granted { "Access token received".to_owned() } else { "no token".to_owned() }
}

fn page(text: &str) -> String {
    let html = format!("<!doctype html><h1>AgilePoint NX</h1>{text}");
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{html}",
        html.len()
    )
}

/// What the screen shows before anything is saved.
fn shown_callback(browser: &Browser, screen: &Screen) -> String {
    let page = browser.open(&format!("{}/access-token", screen.address()));
    let (_, rest) = page.html.split_once("<code>").unwrap();
    rest.split_once("</code>").unwrap().0.to_owned()
}

/// Deploys with the callback that the screen shows, and fills in what came of it.
fn exchanged(org: &Org, screen: &Screen, browser: &Browser) -> Test {
    let test = org.reached_by(Test::example("agilepoint"));
    let callback = shown_callback(browser, screen);
    test.run(&format!("deploy --yes --var callback={callback} --secret-out keys.json")).success();
    let keys: Value = serde_json::from_str(&test.read("keys.json")).unwrap();
    let of = |name: &str| keys["connected-app.AgilePoint_NX"][name].as_str().unwrap().to_owned();
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("org", org.instance_url()),
            ("key", &of("consumer-key")),
            ("secret", &of("consumer-secret")),
        ])
        .finish();
    let saved =
        post(&format!("{}/access-token", screen.address()), "application/x-www-form-urlencoded", &form);
    assert!(saved.contains("saved"), "{saved}");
    test
}

/// What somebody does who presses the button of the screen: as far as the page that it ends on.
fn get_token(org: &Org, screen: &Screen, browser: &Browser) -> crate::browser::Page {
    let consent = browser.open(&format!("{}/access-token/get", screen.address()));
    if consent.heading() != "Allow access?" {
        return consent;
    }
    consent.says("AgilePoint NX asks to use the local org in your name.");
    let filled = [("username", org.username()), ("password", &org.password()), ("decision", "allow")];
    browser.send(&consent, &filled)
}

#[test]
fn both_sides_get_what_they_need_of_each_other() {
    let org = Org::start(Options::default());
    let (screen, browser) = (Screen::open(), Browser::of(&org));
    let test = exchanged(&org, &screen, &browser);
    let flags = format!("--var callback={} --wait 0", screen.callback);
    // Nobody has pressed the button.
    let before = test.run(&format!("verify {flags}")).exits(6);
    assert!(before.stdout.contains("is manual-step.agilepoint-token done? nobody has let the app in"));
    let end = get_token(&org, &screen, &browser);
    assert!(end.url.starts_with(&screen.callback), "{}", end.url);
    end.says("Access token received");
    // The token opens the org, and the refresh token another one.
    let granted = screen.granted().unwrap();
    let access = granted["access_token"].as_str().unwrap();
    let (status, _) =
        crate::simulated::ask("GET", &format!("{}/services/data/v62.0", org.instance_url()), access, "");
    assert_eq!(status, 200);
    let (key, secret) = {
        let entered = screen.entered.lock().unwrap();
        (entered.key.clone(), entered.secret.clone())
    };
    let refresh = granted["refresh_token"].as_str().unwrap();
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("client_id", &key),
        ("client_secret", &secret),
    ];
    assert!(token(&org, &form)["access_token"].is_string());
    // verify sees it, and can try the refresh token that AgilePoint keeps.
    let after = test.run(&format!("verify {flags}")).success();
    assert!(
        after.stdout.contains("is manual-step.agilepoint-token done? let in 1 times"),
        "{}",
        after.stdout
    );
    test.edit(
        "manifests/main.toml",
        "consumer-secret = { generate = true }",
        "consumer-secret = { env = \"SECRET\" }",
    );
    let test = test.variable("SECRET", &secret).variable("REFRESH", refresh);
    let tried =
        test.run(&format!("verify {flags} --json --refresh-token connected-app.AgilePoint_NX=env:REFRESH"));
    let told = tried.success().json();
    let check = told["checks"].as_array().unwrap().iter().find(|check| check["id"] == "refresh").unwrap();
    assert_eq!(
        (&check["verdict"], &check["found"]),
        (&json!("passed"), &json!("a session of this org, ended again"))
    );
    // Once it is revoked, it is told in the org's words.
    let test = test.variable("REFRESH", "5Aep861nothing");
    let told = test
        .run(&format!("verify {flags} --json --refresh-token connected-app.AgilePoint_NX=env:REFRESH"))
        .exits(1)
        .json();
    let check = told["checks"].as_array().unwrap().iter().find(|check| check["id"] == "refresh").unwrap();
    assert!(check["found"].as_str().unwrap().contains("expired access/refresh token"), "{check}");
}

#[test]
fn rule_004_r3_the_button_waits_until_the_login_servers_know_the_app() {
    let org = Org::start(Options { propagation: Duration::from_secs(300), ..Options::default() });
    let (screen, browser) = (Screen::open(), Browser::of(&org));
    let test = exchanged(&org, &screen, &browser);
    get_token(&org, &screen, &browser).says("error=invalid_client_id");
    assert_eq!(screen.granted(), None);
    let flags = format!("--var callback={} --wait 0", screen.callback);
    let said = test.run(&format!("verify {flags}")).exits(1);
    assert!(said.stdout.contains("authorize-probe"), "{}", said.stdout);
    org.advance(Duration::from_secs(301));
    test.run(&format!("verify {flags}")).exits(6);
    get_token(&org, &screen, &browser).says("Access token received");
    test.run(&format!("verify {flags}")).success();
}

#[test]
fn rule_004_r1_a_callback_that_is_not_the_one_shown_ends_at_once() {
    let org = Org::start(Options::default());
    let (screen, browser) = (Screen::open(), Browser::of(&org));
    let test = exchanged(&org, &screen, &browser);
    // Without it the app cannot be made at all.
    assert!(test.run("plan").exits(1).stderr.contains("exactly as shown there"));
    let other = format!("{}/", screen.callback);
    test.run(&format!("deploy --yes --var callback={other}")).success();
    get_token(&org, &screen, &browser).says("error=redirect_uri_mismatch");
}
