//! Logins to the local org, over real HTTP: each flow, and each pair of errors with what causes it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use orgwire::simulator::{Nature, Options};
use ring::signature::RsaKeyPair;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs1::EncodeRsaPublicKey;
use serde_json::{Value, json};

use crate::simulated::Org;

mod credentials;
mod foreign;
mod hybrid;
mod in_setup;
mod rights;

const KEY: &str = "OrdersKey";
const SECRET: &str = "0123456789abcdefghijABCDEFGHIJ0123456789";
const CALLBACK: &str = "https://orders.example/callback";

/// Parts of a form.
type Pairs<'a> = &'a [(&'a str, &'a str)];

pub struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{} {}", self.status, self.body))
    }

    /// Error and description.
    fn pair(&self) -> (String, String) {
        let json = self.json();
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        (text("error"), text("error_description"))
    }

    /// A parameter of the address that the browser is sent to.
    pub fn sent_back(&self, name: &str) -> Option<String> {
        assert_eq!(self.status, 302, "{}", self.body);
        let (_, query) = self.headers["location"].split_once(['?', '#'])?;
        form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// The org, and one app in it.
pub struct Scene {
    pub org: Org,
}

impl Scene {
    pub fn new(app: &str) -> Scene {
        Scene::with(Options::default(), app)
    }

    fn with(options: Options, app: &str) -> Scene {
        let scene = Scene { org: Org::start(options) };
        scene.save("ConnectedApp", "Orders", app);
        scene
    }

    /// Creates a component, or changes it.
    pub fn save(&self, type_name: &str, name: &str, elements: &str) {
        let body = format!(
            "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Header \
             xmlns=\"http://soap.sforce.com/2006/04/metadata\"><SessionHeader><sessionId>{}</sessionId></SessionHeader>\
             </soapenv:Header><soapenv:Body xmlns=\"http://soap.sforce.com/2006/04/metadata\"><upsertMetadata><metadata \
             xsi:type=\"{type_name}\"><fullName>{name}</fullName>{elements}</metadata></upsertMetadata></soapenv:Body>\
             </soapenv:Envelope>",
            self.org.token()
        );
        let answer = self.send("POST", "/services/Soap/m/62.0", &[("content-type", "text/xml")], &body);
        assert!(answer.body.contains("<success>true</success>"), "{}", answer.body);
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let address = self.org.instance_url().strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let mut text = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "host") {
            text += &format!("host: {address}\r\n");
        }
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        // in pieces, as jsforce and sf send their forms (protocol, rule 2)
        text += "transfer-encoding: chunked\r\n\r\n";
        if !body.is_empty() {
            text += &format!("{:x}\r\n{body}\r\n", body.len());
        }
        text += "0\r\n\r\n";
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        Answer { status, headers, body: body.to_owned() }
    }

    fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let body = encoded(form);
        self.send("POST", path, &[("content-type", "application/x-www-form-urlencoded")], &body)
    }

    /// A call of the token endpoint by the app.
    fn token(&self, form: &[(&str, &str)]) -> Answer {
        let mut all = form.to_vec();
        for pair in [("client_id", KEY), ("client_secret", SECRET)] {
            if !all.iter().any(|(name, _)| *name == pair.0) {
                all.push(pair);
            }
        }
        self.post("/services/oauth2/token", &all)
    }

    fn get(&self, path: &str, token: &str) -> Answer {
        self.send("GET", path, &[("authorization", &format!("Bearer {token}"))], "")
    }

    /// Whether the REST API takes the token.
    pub fn lets_in(&self, token: &str) -> bool {
        match self.get("/services/data/v62.0", token).status {
            200 => true,
            401 => false,
            other => panic!("{other}"),
        }
    }

    fn rows(&self, query: &str) -> Value {
        let path = format!("/services/data/v62.0/query?{}", encoded(&[("q", query)]));
        self.get(&path, self.org.token()).json()["records"].take()
    }

    /// The administrator answers the consent page.
    fn consent(&self, decision: &str, more: &[(&str, &str)]) -> Answer {
        let (username, password) = (self.org.username(), self.org.password());
        let mut form = more.to_vec();
        let usual = [
            ("response_type", "code"),
            ("client_id", KEY),
            ("redirect_uri", CALLBACK),
            ("username", username),
            ("password", password.as_str()),
            ("decision", decision),
        ];
        for pair in usual {
            if !form.iter().any(|(name, _)| *name == pair.0) {
                form.push(pair);
            }
        }
        self.post("/services/oauth2/authorize", &form)
    }

    /// Through the page and back with a code.
    pub fn enter(&self) -> Value {
        let code = self.consent("allow", &[]).sent_back("code").unwrap();
        let answer =
            self.token(&[("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK)]);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    fn refresh(&self, token: &str) -> Answer {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    fn unblock_passwords(&self) {
        self.save("OauthOidcSettings", "OauthOidc", "<blockOAuthUnPwFlow>false</blockOAuthUnPwFlow>");
    }

    fn bearer(&self, claims: &Value, key: &Key) -> Answer {
        self.post(
            "/services/oauth2/token",
            &[
                ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                ("assertion", &key.sign(claims)),
            ],
        )
    }

    fn minutes(&self, minutes: u64) {
        self.org.advance(Duration::from_secs(minutes * 60));
    }
}

fn encoded(form: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value}"))
}

fn pair(error: &str, description: &str) -> (String, String) {
    (error.to_owned(), description.to_owned())
}

/// A connected app; `config` goes into its OAuth settings, `rest` beside them.
fn app_of(config: &str, scopes: &[&str], rest: &str) -> String {
    let scopes: String = scopes.iter().map(|scope| format!("<scopes>{scope}</scopes>")).collect();
    format!(
        "<contactEmail>a@b.example</contactEmail><label>Orders</label><oauthConfig><callbackUrl>{CALLBACK}\n\
         myapp://second</callbackUrl><consumerKey>{KEY}</consumerKey><consumerSecret>{SECRET}</consumerSecret>{config}\
         {scopes}</oauthConfig>{rest}"
    )
}

pub fn app(config: &str) -> String {
    app_of(config, &["Api", "RefreshToken"], "")
}

/// A key, and the certificate that an app holds of it.
struct Key(RsaKeyPair, Vec<u8>);

impl Key {
    fn new() -> Key {
        let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
        let pair = RsaKeyPair::from_der(key.to_pkcs1_der().unwrap().as_bytes()).unwrap();
        Key(pair, key.to_public_key().to_pkcs1_der().unwrap().as_bytes().to_vec())
    }

    /// Only what is looked at is filled in: a certificate of version 1 has no version element, and one of version 3
    /// has.
    fn certificate(&self, version: u8) -> String {
        let empty = || der(0x30, &[]);
        let algorithm = der(0x30, &[0x06, 0x01, 0x00, 0x05, 0x00]);
        let info = [algorithm, der(0x03, &[&[0], self.1.as_slice()].concat())].concat();
        let mut parts = vec![der(0x02, &[1]), empty(), empty(), empty(), empty(), der(0x30, &info)];
        if version == 3 {
            parts.insert(0, der(0xa0, &[0x02, 0x01, 0x02]));
            parts.push(der(0xa3, &[]));
        }
        let whole = [der(0x30, &parts.concat()), empty(), der(0x03, &[0])].concat();
        STANDARD.encode(der(0x30, &whole))
    }

    fn sign(&self, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({ "alg": "RS256" })), part(claims));
        let mut signature = vec![0; self.0.public().modulus_len()];
        let random = ring::rand::SystemRandom::new();
        self.0.sign(&ring::signature::RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82, length[0], length[1]], content].concat()
}

/// What everybody signs; `now` is real time, as a client's is.
fn claims(subject: &str, audience: &str) -> Value {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    json!({ "iss": KEY, "sub": subject, "aud": audience, "exp": now + 180 })
}

const ON: &str = "<isClientCredentialEnabled>true</isClientCredentialEnabled>";

fn run_as(org: &Org) -> String {
    format!("{ON}<oauthClientCredentialUser>{}</oauthClientCredentialUser>", org.other("integration"))
}

#[test]
fn client_credentials_act_as_the_run_as_user() {
    let org = Org::start(Options::default());
    let config = run_as(&org);
    let scene = Scene { org };
    scene.save("ConnectedApp", "Orders", &app_of(&config, &["Api", "Full", "RefreshToken"], ""));
    let answer = scene.token(&[("grant_type", "client_credentials")]);
    let told = answer.json();
    assert_eq!((answer.status, &told["scope"], &told["token_type"]), (200, &json!("api"), &json!("Bearer")));
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert!(told.get("refresh_token").is_none());
    let id = format!("{}/id/{}/", scene.org.instance_url(), scene.org.organization_id());
    assert!(text(&told["id"]).starts_with(&id), "{told}");
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    let signed = format!("{}{}", text(&told["id"]), text(&told["issued_at"]));
    let signature = STANDARD.decode(text(&told["signature"])).unwrap();
    ring::hmac::verify(&key, signed.as_bytes(), &signature).unwrap();
    // What it asks is about the run-as user.
    let token = text(&told["access_token"]);
    let info = scene.get("/services/oauth2/userinfo", token).json();
    assert_eq!(info["preferred_username"], scene.org.other("integration").as_str());
    let path = format!(
        "/services/data/v62.0/query?{}",
        encoded(&[(
            "q",
            "SELECT PermissionsModifyMetadata, PermissionsApiEnabled FROM UserPermissionAccess"
        )])
    );
    let mine = scene.get(&path, token).json()["records"][0].take();
    assert_eq!(
        (&mine["PermissionsModifyMetadata"], &mine["PermissionsApiEnabled"]),
        (&json!(false), &json!(true))
    );
    // The same by HTTP Basic.
    let basic = format!("Basic {}", STANDARD.encode(format!("{KEY}:{SECRET}")));
    let form = "grant_type=client_credentials";
    let answer = scene.send("POST", "/services/oauth2/token", &[("authorization", &basic)], form);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let history = scene.rows("SELECT LoginSubType, Status, Application FROM LoginHistory");
    assert_eq!(history[0]["LoginSubType"], "OauthClientCredentials");
    assert_eq!((&history[0]["Status"], &history[0]["Application"]), (&json!("Success"), &json!("Orders")));
}

#[test]
fn a_token_opens_the_api_only_with_a_scope_for_it() {
    let scene = Scene::new(&app_of("", &["Api", "Web", "Full", "OpenID"], ""));
    for (scope, opens) in [("api", true), ("full", true), ("web", false), ("openid", false)] {
        let code = scene.consent("allow", &[("scope", scope)]).sent_back("code").unwrap();
        let form = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK)];
        let told = scene.token(&form).json();
        let token = text(&told["access_token"]);
        assert_eq!(told["scope"], scope);
        let rest = scene.get("/services/data/v62.0/limits", token);
        let envelope = "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><describeMetadata/>\
                        </e:Body></e:Envelope>";
        let bearer = format!("Bearer {token}");
        let headers = [("content-type", "text/xml"), ("authorization", bearer.as_str())];
        let soap = scene.send("POST", "/services/Soap/m/62.0", &headers, envelope);
        // Whose token it is, every scope tells.
        assert_eq!(scene.get("/services/oauth2/userinfo", token).status, 200, "{scope}");
        if opens {
            assert_eq!((rest.status, soap.status), (200, 200), "{scope}");
            continue;
        }
        let message = "This session is not valid for use with the REST API";
        let refused = json!([{ "message": message, "errorCode": "INVALID_SESSION_ID" }]);
        assert_eq!((rest.status, rest.json()), (401, refused), "{scope}");
        let fault = "<faultcode>sf:INVALID_SESSION_ID</faultcode><faultstring>INVALID_SESSION_ID: This session is not \
                     valid for use with the API</faultstring>";
        assert!(soap.status == 500 && soap.body.contains(fault), "{scope}: {}", soap.body);
    }
}

#[test]
fn client_credentials_fail_in_the_words_of_what_is_wrong() {
    type Case<'a> = (&'a str, &'a [&'a str], Pairs<'a>, (&'a str, &'a str));
    let cases: [Case; 8] = [
        ("run-as", &["Api"], &[("client_id", "nobody")], ("invalid_client_id", "client identifier invalid")),
        ("run-as", &["Api"], &[("client_secret", "wrong")], ("invalid_client", "invalid client credentials")),
        ("run-as", &["Api"], &[("scope", "api")], ("invalid_request", "scope parameter not supported")),
        ("", &["Api"], &[], ("invalid_grant", "client credentials flow not enabled")),
        (ON, &["Api"], &[], ("invalid_grant", "no client credentials user enabled")),
        ("run-as", &["Full", "RefreshToken"], &[], ("invalid_grant", "no valid scopes defined")),
        ("run-as", &[], &[], ("invalid_grant", "no valid scopes defined")),
        (
            "run-as",
            &["Api"],
            &[("grant_type", "cheese")],
            ("unsupported_grant_type", "grant type not supported"),
        ),
    ];
    for (config, scopes, more, (error, description)) in cases {
        let org = Org::start(Options::default());
        let config = if config == "run-as" { run_as(&org) } else { config.to_owned() };
        let scene = Scene { org };
        scene.save("ConnectedApp", "Orders", &app_of(&config, scopes, ""));
        let mut form = more.to_vec();
        if !more.iter().any(|(name, _)| *name == "grant_type") {
            form.push(("grant_type", "client_credentials"));
        }
        let answer = scene.token(&form);
        assert_eq!((answer.status, answer.pair()), (400, pair(error, description)));
    }
}

#[test]
fn client_credentials_belong_to_the_orgs_own_host() {
    let scene = Scene::new(&app(ON));
    let form =
        encoded(&[("grant_type", "client_credentials"), ("client_id", KEY), ("client_secret", SECRET)]);
    let answer = scene.send("POST", "/services/oauth2/token", &[("host", "login.salesforce.com")], &form);
    assert_eq!(answer.pair(), pair("invalid_grant", "request not supported on this domain"));
}

#[test]
fn passwords_are_blocked_until_somebody_unblocks_them() {
    let scene = Scene::new(&app(""));
    let password = scene.org.password();
    let form = |password: &str| {
        scene.token(&[("grant_type", "password"), ("username", scene.org.username()), ("password", password)])
    };
    assert_eq!(form(&password).pair(), pair("invalid_grant", "authentication failure"));
    let history = scene.rows("SELECT Status FROM LoginHistory");
    assert_eq!(history[0]["Status"], "Username-Password Flow Disabled");
    scene.unblock_passwords();
    assert_eq!(form("wrong").pair(), pair("invalid_grant", "authentication failure"));
    let told = form(&password).json();
    assert!(scene.lets_in(text(&told["access_token"])));
    assert!(told.get("refresh_token").is_none());
}

#[test]
fn a_code_becomes_a_session_that_can_be_renewed() {
    let scene = Scene::new(&app(""));
    let query = encoded(&[("response_type", "code"), ("client_id", KEY), ("redirect_uri", CALLBACK)]);
    let page = scene.send("GET", &format!("/services/oauth2/authorize?{query}"), &[], "");
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("Orders asks to use") && page.body.contains("api, refresh_token"),
        "{}",
        page.body
    );
    let back = scene.consent("allow", &[("state", "a b&c")]);
    assert_eq!(back.sent_back("state").as_deref(), Some("a b&c"));
    let told = scene.enter();
    let (token, refresh_token) = (text(&told["access_token"]), text(&told["refresh_token"]));
    assert!(scene.lets_in(token));
    let renewed = scene.refresh(refresh_token).json();
    assert!(scene.lets_in(text(&renewed["access_token"])));
    assert!(renewed.get("refresh_token").is_none(), "without rotation the old one stays");
    let approvals = scene.rows("SELECT AppName, UseCount, DeleteToken FROM OauthToken");
    assert_eq!((&approvals[0]["AppName"], &approvals[0]["UseCount"]), (&json!("Orders"), &json!(2)));
    // What OauthToken shows ends it all (CA-85).
    let path = format!("/services/oauth2/revoke?token={}", text(&approvals[0]["DeleteToken"]));
    assert_eq!(scene.send("GET", &path, &[], "").status, 200);
    assert!(!scene.lets_in(token));
    assert_eq!(scene.refresh(refresh_token).pair(), pair("invalid_grant", "expired access/refresh token"));
}

#[test]
fn a_code_counts_once_and_for_fifteen_minutes() {
    let scene = Scene::new(&app(""));
    let redeem = |code: &str, redirect_uri: &str| {
        let grant = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect_uri)];
        scene.token(&grant)
    };
    let code = || scene.consent("allow", &[]).sent_back("code").unwrap();
    let first = code();
    assert_eq!(
        redeem(&first, "https://orders.example/callback/").pair(),
        pair("redirect_uri_mismatch", "redirect_uri must match configuration")
    );
    let session = redeem(&first, CALLBACK).json();
    let again = redeem(&first, CALLBACK).pair();
    assert_eq!(again, pair("invalid_grant", "invalid authorization code"));
    assert!(!scene.lets_in(text(&session["access_token"])), "a code used twice ends what it began");
    let late = code();
    scene.minutes(15);
    assert_eq!(redeem(&late, CALLBACK).pair(), pair("invalid_grant", "expired authorization code"));
    assert_eq!(redeem("no code", CALLBACK).pair(), pair("invalid_grant", "invalid authorization code"));
}

#[test]
fn the_consent_page_answers_by_redirect_or_when_it_may_not_by_a_page() {
    let scene = Scene::new(&app("<isPkceRequired>true</isPkceRequired>"));
    let challenge = ("code_challenge", "x");
    let cases: [(&str, Pairs, &str, &str); 6] = [
        ("deny", &[challenge], "access_denied", "end-user denied authorization"),
        ("allow", &[], "invalid_request", "missing required code challenge"),
        (
            "allow",
            &[challenge, ("code_challenge_method", "plain")],
            "invalid_request",
            "code_challenge_method must be S256 (rehearsal wording, OA-42)",
        ),
        ("allow", &[challenge, ("scope", "web")], "invalid_scope", "the requested scope is not allowed"),
        ("allow", &[("response_type", "cheese")], "unsupported_response_type", "response type not supported"),
        (
            "deny",
            &[challenge, ("redirect_uri", "myapp://second")],
            "access_denied",
            "end-user denied authorization",
        ),
    ];
    for (decision, more, error, description) in cases {
        let back = scene.consent(decision, more);
        assert_eq!(back.sent_back("error").as_deref(), Some(error));
        assert_eq!(back.sent_back("error_description").as_deref(), Some(description));
    }
    for (name, value, error) in [
        ("client_id", "nobody", "error=invalid_client_id"),
        ("redirect_uri", "https://evil.example/<script>", "error=redirect_uri_mismatch"),
    ] {
        let page = scene.consent("allow", &[(name, value)]);
        assert_eq!(page.status, 400);
        assert!(page.body.contains(error) && !page.headers.contains_key("location"), "{}", page.body);
    }
    let page = scene.consent("allow", &[challenge, ("password", "wrong")]);
    assert_eq!(page.status, 200);
    assert!(page.body.contains("role=\"alert\""), "{}", page.body);
}

#[test]
fn pkce_binds_the_code_to_who_asked() {
    let scene = Scene::new(&app("<isConsumerSecretOptional>true</isConsumerSecretOptional>"));
    let verifier = "a-verifier-of-some-forty-three-characters-or-more";
    let hash = ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes());
    let challenge = URL_SAFE_NO_PAD.encode(hash);
    // sf leaves the method out, and others name it.
    for method in [&[][..], &[("code_challenge_method", "S256")]] {
        let more = [&[("code_challenge", challenge.as_str())][..], method].concat();
        let code = scene.consent("allow", &more).sent_back("code").unwrap();
        let redeem = |verifier: &str| {
            let form = [
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", CALLBACK),
                ("client_id", KEY),
                ("code_verifier", verifier),
            ];
            scene.post("/services/oauth2/token", &form)
        };
        assert_eq!(redeem("another").pair(), pair("invalid_grant", "invalid code verifier"));
        assert_eq!(redeem("").pair(), pair("invalid_grant", "invalid code verifier"));
        assert_eq!(redeem(verifier).status, 200);
    }
}

#[test]
fn rotation_gives_a_new_token_each_time_and_a_reused_one_ends_all() {
    let scene = Scene::new(&app("<isRefreshTokenRotationEnabled>true</isRefreshTokenRotationEnabled>"));
    let first = scene.enter();
    let second = scene.refresh(text(&first["refresh_token"])).json();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    let expired = pair("invalid_grant", "expired access/refresh token");
    assert_eq!(scene.refresh(text(&first["refresh_token"])).pair(), expired);
    assert_eq!(scene.refresh(text(&second["refresh_token"])).pair(), expired);
    assert!(!scene.lets_in(text(&second["access_token"])));
}

#[test]
fn refresh_policies_are_looked_at_when_a_token_is_used() {
    let days = |days: u64| days * 24 * 60;
    for (policy, wait, lives) in [
        ("infinite", days(400), true),
        ("zero", 0, false),
        ("specific_lifetime:2:DAYS", days(1), true),
        ("specific_lifetime:2:DAYS", days(2), false),
        ("specific_inactivity:3:HOURS", 179, true),
        ("specific_inactivity:3:HOURS", 180, false),
    ] {
        let rest = format!(
            "<oauthPolicy><ipRelaxation>ENFORCE</ipRelaxation><refreshTokenPolicy>{policy}</refreshTokenPolicy></oauthPolicy>"
        );
        let scene = Scene::new(&app_of("", &["Api", "RefreshToken"], &rest));
        let told = scene.enter();
        scene.minutes(wait);
        assert_eq!(scene.refresh(text(&told["refresh_token"])).status == 200, lives, "{policy} after {wait}");
    }
}

#[test]
fn a_secret_is_needed_where_the_app_says_so() {
    for (required, status) in [(true, 400), (false, 200)] {
        let config = format!("<isSecretRequiredForRefreshToken>{required}</isSecretRequiredForRefreshToken>");
        let scene = Scene::new(&app(&config));
        let told = scene.enter();
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", KEY),
            ("refresh_token", text(&told["refresh_token"])),
        ];
        assert_eq!(scene.post("/services/oauth2/token", &form).status, status);
    }
}

#[test]
fn jwt_bearer_needs_the_key_of_the_certificate_and_an_approval() {
    let key = Key::new();
    for version in [1, 3] {
        let config = format!(
            "<certificate>{}</certificate><isAdminApproved>true</isAdminApproved>",
            key.certificate(version)
        );
        let rest = "<profileName>System Administrator</profileName>";
        let scene = Scene::new(&app_of(&config, &["Api"], rest));
        let base = scene.org.instance_url().to_owned();
        let me = scene.org.username().to_owned();
        for audience in ["https://login.salesforce.com", base.as_str()] {
            let answer = scene.bearer(&claims(&me, audience), &key);
            let told = answer.json();
            assert!(scene.lets_in(text(&told["access_token"])), "{told}");
            assert!(told.get("signature").is_none() && told.get("refresh_token").is_none());
        }
        if version == 3 {
            continue;
        }
        let login = "https://login.salesforce.com";
        let changed = |name: &str, value: Value| {
            let mut claims = claims(&me, login);
            claims[name] = value;
            claims
        };
        let cases = [
            (changed("iss", json!("nobody")), "invalid_client_id", "client identifier invalid"),
            (changed("aud", json!("https://test.salesforce.com")), "invalid_grant", "audience is invalid"),
            (changed("exp", json!(1_000_000_000)), "invalid_grant", "invalid assertion"),
            (changed("sub", json!("x@y.z")), "invalid_grant", "user hasn't approved this consumer"),
            (
                changed("sub", json!(scene.org.other("analyst"))),
                "invalid_app_access",
                "user is not admin approved to access this app",
            ),
        ];
        for (claims, error, description) in cases {
            assert_eq!(scene.bearer(&claims, &key).pair(), pair(error, description));
        }
        let stranger = Key::new();
        assert_eq!(
            scene.bearer(&claims(&me, login), &stranger).pair(),
            pair("invalid_grant", "invalid assertion")
        );
        // sf writes milliseconds of a far future, simple-salesforce a string.
        assert_eq!(scene.bearer(&changed("exp", json!(1_700_000_000_000_000_i64)), &key).status, 200);
        assert_eq!(scene.bearer(&changed("exp", json!("9999999999")), &key).status, 200);
    }
}

#[test]
fn jwt_bearer_at_a_sandbox_names_the_login_host_of_sandboxes() {
    let key = Key::new();
    let config =
        format!("<certificate>{}</certificate><isAdminApproved>true</isAdminApproved>", key.certificate(3));
    let app = app_of(&config, &["Api"], "<profileName>System Administrator</profileName>");
    let nature = Nature { sandbox: true, ..Nature::default() };
    let scene = Scene::with(Options { nature: Some(nature), ..Options::default() }, &app);
    let asked = |audience: &str| scene.bearer(&claims(scene.org.username(), audience), &key);
    for audience in ["https://test.salesforce.com", scene.org.instance_url()] {
        assert_eq!(asked(audience).status, 200, "{audience}");
    }
    let wrong = asked("https://login.salesforce.com").pair();
    assert_eq!(wrong, pair("invalid_grant", "audience is invalid"));
}

#[test]
fn jwt_bearer_without_pre_approval_waits_for_the_user() {
    let key = Key::new();
    let scene = Scene::new(&app(&format!("<certificate>{}</certificate>", key.certificate(3))));
    let me = claims(scene.org.username(), "https://login.salesforce.com");
    assert_eq!(scene.bearer(&me, &key).pair(), pair("invalid_grant", "user hasn't approved this consumer"));
    scene.enter();
    assert_eq!(scene.bearer(&me, &key).status, 200);
}

#[test]
fn admin_approved_apps_let_in_profiles_and_permission_sets() {
    let config = "<isAdminApproved>true</isAdminApproved>";
    let refused = |scene: &Scene| scene.consent("allow", &[]).sent_back("error");
    let scene = Scene::new(&app(config));
    assert_eq!(refused(&scene).as_deref(), Some("invalid_app_access"), "CA-55");
    let scene = Scene::new(&app_of(config, &["Api"], "<profileName>System Administrator</profileName>"));
    assert_eq!(refused(&scene), None);
    let scene = Scene::new(&app_of(config, &["Api"], "<permissionSetName>Orders_Access</permissionSetName>"));
    scene.save("PermissionSet", "Orders_Access", "<label>Orders access</label>");
    assert_eq!(refused(&scene).as_deref(), Some("invalid_app_access"));
    scene.org.assign("Orders_Access", scene.org.username());
    assert_eq!(refused(&scene), None);
}

#[test]
fn a_sixth_approval_ends_the_first() {
    let scene = Scene::new(&app(""));
    let told: Vec<Value> = (0..6).map(|_| scene.enter()).collect();
    let lives = |told: &Value| scene.refresh(text(&told["refresh_token"])).status == 200;
    assert_eq!(told.iter().map(lives).collect::<Vec<_>>(), [false, true, true, true, true, true]);
    assert!(!scene.lets_in(text(&told[0]["access_token"])));
    assert_eq!(scene.rows("SELECT Id FROM OauthToken").as_array().map(Vec::len), Some(5));
}

#[test]
fn a_session_ends_when_nobody_uses_it() {
    let scene = Scene::new(&app(""));
    let told = scene.enter();
    let token = text(&told["access_token"]);
    scene.minutes(119);
    assert!(scene.lets_in(token), "and this use makes it last");
    scene.minutes(119);
    assert!(scene.lets_in(token));
    scene.minutes(120);
    assert!(!scene.lets_in(token));
    assert!(scene.lets_in(scene.org.token()), "the token that the org prints stays");
    // App before org (OA-11).
    let rest = "<sessionPolicy><sessionTimeout>15</sessionTimeout></sessionPolicy>";
    let scene = Scene::new(&app_of("", &["Api"], rest));
    let told = scene.enter();
    scene.minutes(15);
    assert!(!scene.lets_in(text(&told["access_token"])));
}

#[test]
fn the_orgs_timeout_counts_for_profiles_without_one() {
    let scene = Scene { org: Org::start(Options::default()) };
    let config = run_as(&scene.org);
    scene.save("ConnectedApp", "Orders", &app_of(&config, &["Api"], ""));
    let timeout = "<sessionSettings><sessionTimeout>FifteenMinutes</sessionTimeout></sessionSettings>";
    scene.save("SecuritySettings", "Security", timeout);
    let theirs = scene.token(&[("grant_type", "client_credentials")]).json();
    let administrators = scene.enter();
    scene.minutes(15);
    assert!(!scene.lets_in(text(&theirs["access_token"])));
    // Their profile has a value of its own from the first day, and 0 means two hours (SE-13).
    assert!(scene.lets_in(text(&administrators["access_token"])));
}

#[test]
fn sessions_end_with_their_app_and_deployments_are_of_who_sent_them() {
    let scene = Scene::new(&app(""));
    let told = scene.enter();
    assert!(scene.lets_in(text(&told["access_token"])));
    scene.org.remove("ConnectedApp", "Orders");
    assert!(!scene.lets_in(text(&told["access_token"])));
    assert_eq!(
        scene.refresh(text(&told["refresh_token"])).pair(),
        pair("invalid_client_id", "client identifier invalid")
    );
}

#[test]
fn apps_may_get_jwts_which_soap_refuses_and_use_does_not_prolong() {
    let scene =
        Scene::new(&app_of("<isNamedUserJwtEnabled>true</isNamedUserJwtEnabled>", &["Api", "OpenID"], ""));
    let told = scene.enter();
    let token = text(&told["access_token"]);
    assert_eq!(told["token_format"], "jwt");
    let part = |token: &str, at: usize| -> Value {
        let part = URL_SAFE_NO_PAD.decode(token.split('.').nth(at).unwrap()).unwrap();
        serde_json::from_slice(&part).unwrap()
    };
    assert_eq!(
        (part(token, 0)["tty"].clone(), part(token, 1)["client_id"].clone()),
        (json!("sfdc-core-token"), json!(KEY))
    );
    assert_eq!(part(token, 1)["scp"], "api openid");
    assert_eq!(part(text(&told["id_token"]), 1)["sub"], told["id"]);
    // Anybody can check them with the published key.
    let keys = scene.send("GET", "/id/keys", &[], "").json()["keys"][0].take();
    let number = |name: &str| URL_SAFE_NO_PAD.decode(text(&keys[name])).unwrap();
    let (n, e) = (number("n"), number("e"));
    let public = ring::signature::RsaPublicKeyComponents { n: &n, e: &e };
    for token in [token, text(&told["id_token"])] {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let algorithm = &ring::signature::RSA_PKCS1_2048_8192_SHA256;
        public.verify(algorithm, signed.as_bytes(), &signature).unwrap();
    }
    assert!(scene.lets_in(token));
    let soap = scene.send(
        "POST",
        "/services/Soap/m/62.0",
        &[("content-type", "text/xml"), ("authorization", &format!("Bearer {token}"))],
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><describeMetadata/></e:Body></e:Envelope>",
    );
    assert_eq!(soap.status, 500);
    assert!(soap.body.contains("<faultcode>sf:INVALID_SESSION_ID</faultcode>"), "{}", soap.body);
    scene.minutes(29);
    assert!(scene.lets_in(token));
    scene.minutes(1);
    assert!(!scene.lets_in(token), "used a minute ago, and over all the same");
}

#[test]
fn devices_wait_until_somebody_enters_their_code() {
    let scene = Scene::new(&app(""));
    let begun = scene.token(&[("response_type", "device_code"), ("scope", "api")]).json();
    assert_eq!(begun["interval"], 5);
    let poll = || scene.token(&[("grant_type", "device"), ("code", text(&begun["device_code"]))]);
    assert_eq!(poll().pair().0, "authorization_pending");
    assert_eq!(poll().pair().0, "slow_down");
    scene.org.advance(Duration::from_secs(6));
    let (username, password) = (scene.org.username(), scene.org.password());
    let answer = |decision: &str, code: &str| {
        let form = [
            ("user_code", code),
            ("username", username),
            ("password", password.as_str()),
            ("decision", decision),
        ];
        scene.post("/setup/connect", &form)
    };
    assert!(answer("allow", "WRONG").body.contains("No device waits"));
    assert!(answer("allow", text(&begun["user_code"])).body.contains("is connected"));
    assert!(scene.lets_in(text(&poll().json()["access_token"])));
    let begun = scene.token(&[("response_type", "device_code")]).json();
    answer("deny", text(&begun["user_code"]));
    let poll = scene.token(&[("grant_type", "device"), ("code", text(&begun["device_code"]))]);
    assert_eq!(poll.pair(), pair("access_denied", "end-user denied authorization"));
}

#[test]
fn tokens_are_told_about_and_revoked() {
    let scene = Scene::new(&app(""));
    let told = scene.enter();
    let introspect = |token: &str| {
        let form = [("token", token), ("client_id", KEY), ("client_secret", SECRET)];
        scene.post("/services/oauth2/introspect", &form).json()
    };
    let token = text(&told["access_token"]);
    let about = introspect(token);
    assert_eq!((&about["active"], &about["client_id"]), (&json!(true), &json!(KEY)));
    assert_eq!(about["username"], scene.org.username());
    assert_eq!(introspect("nothing"), json!({ "active": false }));
    assert_eq!(introspect(scene.org.token()), json!({ "active": false }), "a foreign one");
    assert_eq!(scene.post("/services/oauth2/revoke", &[("token", token)]).status, 200);
    assert_eq!(introspect(token), json!({ "active": false }));
    let again = scene.post("/services/oauth2/revoke", &[("token", token)]);
    assert_eq!((again.status, again.body.starts_with("error=invalid_token&")), (400, true), "{}", again.body);
    assert!(scene.lets_in(text(&scene.refresh(text(&told["refresh_token"])).json()["access_token"])));
}

#[test]
fn new_apps_and_changed_callbacks_take_their_time() {
    let scene =
        Scene::with(Options { propagation: Duration::from_secs(600), ..Options::default() }, &app(""));
    let form = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    assert_eq!(scene.token(&form).pair(), pair("invalid_client_id", "client identifier invalid"));
    scene.minutes(10);
    assert_eq!(scene.token(&form).pair().0, "invalid_grant");
    let moved = app("").replace(CALLBACK, "https://new.example/callback");
    let moved = moved.replace(&format!("<consumerKey>{KEY}</consumerKey>"), "");
    let moved = moved.replace(&format!("<consumerSecret>{SECRET}</consumerSecret>"), "");
    scene.save("ConnectedApp", "Orders", &moved);
    let new = [("redirect_uri", "https://new.example/callback")];
    assert!(scene.consent("allow", &new).body.contains("redirect_uri_mismatch"));
    assert!(scene.consent("allow", &[]).sent_back("code").is_some(), "the old one still counts");
    scene.minutes(10);
    assert!(scene.consent("allow", &new).sent_back("code").is_some());
    assert!(scene.consent("allow", &[]).body.contains("redirect_uri_mismatch"));
}

#[test]
fn a_provider_logs_in_with_its_secret_and_not_with_a_placeholder() {
    for (secret, pkce, title) in [
        (SECRET, true, "Logged in"),
        (SECRET, false, "Logged in"),
        ("Placeholder_Value", true, "Problem Logging In"),
    ] {
        let scene = Scene { org: Org::start(Options::default()) };
        let base = scene.org.instance_url().to_owned();
        let callback = format!("{base}/services/authcallback/Orders_IdP");
        scene.save("ConnectedApp", "Orders", &app("").replace("myapp://second", &callback));
        scene.save(
            "AuthProvider",
            "Orders_IdP",
            &format!(
                "<consumerKey>{KEY}</consumerKey><consumerSecret>{secret}</consumerSecret><defaultScopes>api</defaultScopes>\
                 <friendlyName>O</friendlyName><isPkceEnabled>{pkce}</isPkceEnabled><providerType>Salesforce</providerType>"
            ),
        );
        let begun = scene.send("GET", "/services/auth/test/Orders_IdP", &[], "");
        let carried: Vec<(String, String)> = {
            let (_, query) = begun.headers["location"].split_once('?').unwrap();
            form_urlencoded::parse(query.as_bytes()).into_owned().collect()
        };
        assert_eq!(carried.iter().any(|(name, _)| name == "code_challenge"), pkce);
        let carried: Vec<(&str, &str)> =
            carried.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let back = scene.consent("allow", &carried);
        let path = back.headers["location"].strip_prefix(&base).unwrap().to_owned();
        let page = scene.send("GET", &path, &[], "");
        assert!(page.body.contains(&format!("<h1>{title}</h1>")), "{}", page.body);
        assert_eq!(page.body.contains("invalid client credentials"), title != "Logged in");
        assert!(!page.body.contains(secret));
        let again = scene.send("GET", &path, &[], "");
        assert!(again.body.contains("No CSRF cookie"), "{}", again.body);
    }
}

#[test]
fn external_client_apps_have_their_own_rules() {
    let org = Org::start(Options::default());
    let user = org.other("integration");
    let scene = Scene { org };
    let of_app = "<externalClientApplication>Orders</externalClientApplication>";
    scene.save(
        "ExternalClientApplication",
        "Orders",
        "<contactEmail>a@b.example</contactEmail><label>O</label>",
    );
    let global = |more: &str| {
        scene.save(
            "ExtlClntAppGlobalOauthSettings",
            "G",
            &format!("<callbackUrl>{CALLBACK}</callbackUrl>{of_app}{more}"),
        );
    };
    global(&format!(
        "<consumerKey>{KEY}</consumerKey><consumerSecret>{SECRET}</consumerSecret>\
         <isClientCredentialsFlowEnabled>true</isClientCredentialsFlowEnabled>"
    ));
    let scopes = "<commaSeparatedOauthScopes>Api, RefreshToken</commaSeparatedOauthScopes>";
    scene.save("ExtlClntAppOauthSettings", "S", &format!("{scopes}{of_app}"));
    let credentials = || scene.token(&[("grant_type", "client_credentials")]);
    assert_eq!(credentials().pair().1, "client credentials flow not enabled", "EC-9: one switch of two");
    scene.save(
        "ExtlClntAppOauthConfigurablePolicies",
        "P",
        &format!(
            "<clientCredentialsFlowUser>{user}</clientCredentialsFlowUser>{of_app}\
             <isClientCredentialsFlowEnabled>true</isClientCredentialsFlowEnabled>"
        ),
    );
    assert!(scene.lets_in(text(&credentials().json()["access_token"])));
    // EC-8: PKCE unless it was switched off.
    assert_eq!(
        scene.consent("allow", &[]).sent_back("error_description").as_deref(),
        Some("missing required code challenge")
    );
    global("<isPkceRequired>false</isPkceRequired>");
    let told = scene.enter();
    assert_eq!(scene.refresh(text(&told["refresh_token"])).status, 200);
    scene.minutes(366 * 24 * 60);
    assert_eq!(
        scene.refresh(text(&told["refresh_token"])).status,
        400,
        "EC-7: a year unless the policy says else"
    );
    // EC-17
    scene.unblock_passwords();
    let password = scene.org.password();
    let form =
        [("grant_type", "password"), ("username", scene.org.username()), ("password", password.as_str())];
    assert_eq!(scene.token(&form).pair().0, "unsupported_grant_type");
    // The device flow is off by default.
    assert_eq!(scene.token(&[("response_type", "device_code")]).pair().0, "unsupported_grant_type");
}

#[test]
fn login_ranges_restrict_unless_the_app_relaxes_them() {
    let ranges = "<loginIpRanges><endAddress>10.0.0.9</endAddress><startAddress>10.0.0.1</startAddress></loginIpRanges>";
    for (relaxation, restricted) in [("ENFORCE", true), ("BYPASS", false)] {
        let rest = format!(
            "<oauthPolicy><ipRelaxation>{relaxation}</ipRelaxation><refreshTokenPolicy>infinite</refreshTokenPolicy></oauthPolicy>"
        );
        let scene = Scene::new(&app_of("", &["Api"], &rest));
        scene.unblock_passwords();
        scene.save("Profile", "Admin", ranges);
        let password = scene.org.password();
        let form =
            [("grant_type", "password"), ("username", scene.org.username()), ("password", password.as_str())];
        let answer = scene.token(&form);
        if restricted {
            assert_eq!(answer.pair(), pair("invalid_grant", "ip restricted"));
        } else {
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
    }
}

#[test]
fn the_metadata_api_is_for_those_who_may_and_a_deployment_is_of_who_sent_it() {
    let scene = Scene { org: Org::start(Options::default()) };
    let config = run_as(&scene.org);
    scene.save("ConnectedApp", "Orders", &app_of(&config, &["Api"], ""));
    let told = scene.token(&[("grant_type", "client_credentials")]).json();
    let token = text(&told["access_token"]);
    let deploy = || {
        let zip = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="; // one without files
        let body = format!(
            "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><deploy><ZipFile>{zip}</ZipFile>\
             </deploy></e:Body></e:Envelope>"
        );
        let bearer = format!("Bearer {token}");
        scene.send(
            "POST",
            "/services/Soap/m/62.0",
            &[("content-type", "text/xml"), ("authorization", &bearer)],
            &body,
        )
    };
    let refused = deploy();
    assert!(refused.body.contains("<faultcode>sf:INSUFFICIENT_ACCESS</faultcode>"), "{}", refused.body);
    let refused = scene.get("/services/data/v62.0/metadata/deployRequest/0Af000000000001", token);
    assert_eq!((refused.status, &refused.json()[0]["errorCode"]), (403, &json!("INSUFFICIENT_ACCESS")));
    let may = "<userPermissions><enabled>true</enabled><name>ModifyMetadata</name></userPermissions>";
    scene.save("PermissionSet", "Deployer", &format!("<label>Deployer</label>{may}"));
    scene.org.assign("Deployer", &scene.org.other("integration"));
    let sent = deploy().body;
    let (_, rest) = sent.split_once("<id>").unwrap();
    let id = rest.split_once('<').unwrap().0;
    let path = format!("/services/data/v62.0/metadata/deployRequest/{id}");
    let told = scene.get(&path, scene.org.token()).json();
    assert_eq!(told["deployResult"]["createdByName"], "Ines Integration");
}

#[test]
fn high_assurance_needs_a_person() {
    let too_low = pair("invalid_grant", "session security level is too low (rehearsal wording, CA-69)");
    for (action, by_code) in [("Block", false), ("RaiseSessionLevel", true)] {
        let rest = format!(
            "<sessionPolicy><policyAction>{action}</policyAction><sessionLevel>HIGH_ASSURANCE</sessionLevel></sessionPolicy>"
        );
        let scene = Scene { org: Org::start(Options::default()) };
        let config = run_as(&scene.org);
        scene.save("ConnectedApp", "Orders", &app_of(&config, &["Api"], &rest));
        assert_eq!(scene.token(&[("grant_type", "client_credentials")]).pair(), too_low);
        let code = scene.consent("allow", &[]).sent_back("code").unwrap();
        let grant =
            [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", CALLBACK)];
        let answer = scene.token(&grant);
        assert_eq!(answer.status == 200, by_code, "{action}: {}", answer.body);
    }
}

#[test]
fn the_service_tells_where_everything_is() {
    let scene = Scene { org: Org::start(Options::default()) };
    let told = scene.send("GET", "/.well-known/openid-configuration", &[], "").json();
    let base = scene.org.instance_url();
    assert_eq!(told["issuer"], base);
    assert_eq!(told["token_endpoint"], format!("{base}/services/oauth2/token"));
    assert_eq!(told["jwks_uri"], format!("{base}/id/keys"));
    assert_eq!(
        scene.send("GET", "/services/oauth2/token", &[], "").pair(),
        pair("invalid_request", "must use HTTP POST")
    );
    let json = scene.send(
        "POST",
        "/services/oauth2/token",
        &[("content-type", "application/json")],
        "{\"grant_type\":\"client_credentials\"}",
    );
    assert_eq!(json.pair(), pair("unsupported_grant_type", "grant type not supported"), "OA-37");
}

#[test]
fn asset_tokens_are_made_where_the_app_says_how() {
    let asset = "<assetTokenConfig><assetAudiences>https://things.example</assetAudiences>\
                 <assetIncludeAttributes>false</assetIncludeAttributes><assetIncludeCustomPerms>false</assetIncludeCustomPerms>\
                 <assetSigningCertId>0P1000000000001</assetSigningCertId><assetValidityPeriod>90</assetValidityPeriod></assetTokenConfig>";
    let exchange = |scene: &Scene| {
        let told = scene.enter();
        scene.token(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", text(&told["access_token"])),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ])
    };
    let scene = Scene::new(&app(asset));
    let told = exchange(&scene).json();
    assert_eq!(told["issued_token_type"], "urn:ietf:params:oauth:token-type:jwt");
    assert_eq!(told["expires_in"], 90);
    assert_eq!(exchange(&Scene::new(&app(""))).pair().0, "unsupported_grant_type");
}
