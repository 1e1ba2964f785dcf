//! OAuth: how other programs get a session. One module a flow; `client` is what a flow sees of an app, `issue` the
//! step in which all of them end, `memory` what stays afterwards.
//!
//! A flow is a function of the state and of what was asked. Failures are pairs of error and description that clients
//! match on, so their texts are the platform's wherever they are public (OA-20 to OA-46).

mod about;
mod authorize;
mod client;
mod client_credentials;
mod code;
pub(super) mod credential;
mod device;
mod exchange;
pub(super) mod foreign;
mod hybrid;
mod issue;
mod jwt_bearer;
mod keys;
pub(super) mod memory;
mod page;
mod password;
pub(super) mod principal;
mod provider;
mod rate;
mod refresh;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::people::Person;
use super::server::{is_login_host, typed};
use super::session::{self, is_same};
use super::state::State;
use super::{Error, Org};
use client::Client;
use foreign::Foreign;

/// No form of any flow is longer.
const LARGEST_FORM: usize = 1 << 20;

/// A failure, in OAuth's words.
#[derive(Debug, PartialEq, Eq)]
struct Refused {
    error: &'static str,
    description: String,
    /// Whose login it was, if that is known, and what the login history says of it.
    user_id: Option<String>,
    status: Option<&'static str>,
}

impl Refused {
    fn new(error: &'static str, description: impl Into<String>) -> Refused {
        Refused { error, description: description.into(), user_id: None, status: None }
    }

    fn grant(description: &str) -> Refused {
        Refused::new("invalid_grant", description)
    }

    fn server(error: &dyn std::error::Error) -> Refused {
        Refused::new("server_error", error.to_string())
    }

    /// OA-20
    fn unknown_client() -> Refused {
        Refused::new("invalid_client_id", "client identifier invalid")
    }

    /// OA-37
    fn grant_type() -> Refused {
        Refused::new("unsupported_grant_type", "grant type not supported")
    }

    /// OA-40
    fn inactive_user() -> Refused {
        Refused::new("inactive_user", "user is inactive")
    }

    /// OA-41
    fn inactive_org() -> Refused {
        Refused::new("inactive_org", "organization is locked, closed, or suspended")
    }

    /// OA-27
    fn wrong_domain() -> Refused {
        Refused::grant("request not supported on this domain")
    }

    /// OA-36
    fn not_installed() -> Refused {
        Refused::new("invalid_client", "app must be installed into org")
    }

    /// OA-45; the words are those that people quote from the login page.
    fn blocked_app() -> Refused {
        Refused::new("OAUTH_APP_BLOCKED", "this app is blocked by admin")
    }

    /// OA-43
    fn too_many_logins() -> Refused {
        Refused::new("rate_limit_exceeded", "number of logins exceeded")
    }

    fn by(mut self, person: &Person) -> Refused {
        self.user_id = Some(person.id.clone());
        self
    }

    fn noted_as(mut self, status: &'static str) -> Refused {
        self.status = Some(status);
        self
    }

    fn into_response(self) -> Response {
        let status = match self.error {
            "server_error" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST, // OA-2
        };
        with_json(status, &json!({ "error": self.error, "error_description": self.description }))
    }
}

/// What a client asks of the token endpoint.
struct Ask<'a> {
    form: Form,
    client_id: Option<String>,
    secret: Option<String>,
    /// The org's address.
    base: &'a str,
    /// At the login servers' name, and not at the org's own (OA-3).
    at_login_host: bool,
    ip: IpAddr,
    /// Milliseconds (CA-90).
    propagation: i64,
    /// The app that asks, where it is another org's.
    foreign: Option<Foreign>,
}

impl Ask<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.form.get(name)
    }

    /// The app that asks, without proof (OA-20).
    fn client(&self, state: &State) -> Result<Client, Refused> {
        let key = self.client_id.as_deref().ok_or_else(Refused::unknown_client)?;
        self.app(state, key)
    }

    /// The app with this key, of this org or of another.
    fn app(&self, state: &State, key: &str) -> Result<Client, Refused> {
        match (Client::find(state, key, self.propagation), &self.foreign) {
            (Some(client), _) => Ok(client),
            (None, Some(foreign)) if foreign.has_key(key) => foreign.client().cloned(),
            (None, _) => Err(Refused::unknown_client()),
        }
    }

    /// The app with this key, which need not be the one that asks, unless it is blocked.
    fn unblocked(&self, state: &State, key: &str) -> Result<Client, Refused> {
        let client = self.app(state, key)?;
        if state.setup.is_blocked(key) { Err(Refused::blocked_app()) } else { Ok(client) }
    }

    /// The app that asks, with its secret, unless it is blocked. A wrong one is refused even where none is needed (OA-21).
    fn proven_client(
        &self,
        state: &State,
        needs_secret: impl Fn(&Client) -> bool,
    ) -> Result<Client, Refused> {
        let client = self.client(state)?;
        let proven = match self.secret.as_deref() {
            Some(secret) => is_same(&client.consumer_secret, secret),
            None => !needs_secret(&client),
        };
        match proven {
            true if state.setup.is_blocked(&client.consumer_key) => Err(Refused::blocked_app()),
            true => Ok(client),
            false => Err(Refused::new("invalid_client", "invalid client credentials")),
        }
    }
}

/// A form or a query: each name once.
struct Form(HashMap<String, String>);

impl Form {
    fn read(bytes: &[u8]) -> Form {
        Form(form_urlencoded::parse(bytes).into_owned().collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// A flow that ended well.
struct Granted {
    answer: Value,
    user_id: String,
    app_name: String,
}

type Flow = fn(&mut State, &Ask) -> Result<Granted, Refused>;

/// The flow of a grant type, with its name in the login history.
fn flow(grant_type: &str) -> Option<(Flow, &'static str)> {
    Some(match grant_type {
        "authorization_code" => (code::redeem, "OauthWebServer"),
        "client_credentials" => (client_credentials::run, "OauthClientCredentials"),
        "hybrid_auth_code" => (hybrid::redeem, "OauthHybridWebServer"),
        "hybrid_refresh" => (hybrid::renew, "OauthHybridRefreshToken"),
        "device" => (device::poll, "OauthDevice"),
        "password" => (password::run, "OauthUsernamePassword"),
        "refresh_token" => (refresh::run, "OauthRefreshToken"),
        "urn:ietf:params:oauth:grant-type:jwt-bearer" => (jwt_bearer::run, "OauthJwtBearer"),
        "urn:ietf:params:oauth:grant-type:token-exchange" => (exchange::run, "OauthTokenExchange"),
        _ => return None,
    })
}

pub(super) async fn answer(org: &Arc<Org>, segments: &[&str], request: Request) -> Response {
    match segments {
        ["services", "oauth2", "token"] => token(org, request).await,
        ["services", "oauth2", "authorize"] => authorize::answer(org, request).await,
        ["services", "oauth2", "introspect"] => about::introspect(org, request).await,
        ["services", "oauth2", "revoke"] => about::revoke(org, request).await,
        ["setup", "connect"] => device::connect(org, request).await,
        [".well-known", "openid-configuration"] => about::configuration(org),
        ["id", "keys"] => about::keys(org).await,
        ["services", "auth", "test" | "oauth" | "sso" | "link", name] => provider::begin(org, name),
        ["services", "auth", "xds", name] | ["services", "auth", "xds", _, name] => {
            provider::begin_for_credential(org, name, &request)
        }
        ["services", "authcallback", name] => provider::end(org, name, request).await,
        _ => typed(StatusCode::NOT_FOUND, "text/html;charset=UTF-8", "Not found"),
    }
}

/// Reads the form, and who the client says it is: in the form or by HTTP Basic.
async fn read<'a>(org: &'a Org, request: Request) -> Result<Ask<'a>, Refused> {
    let ip = session::address_of(&request);
    let headers = request.headers().clone();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let is_post = request.method() == Method::POST;
    let body = axum::body::to_bytes(request.into_body(), LARGEST_FORM).await;
    let body = body.map_err(|_| Refused::new("invalid_request", "the form is too large"))?;
    let form = if is_post && !body.is_empty() { Form::read(&body) } else { Form::read(query.as_bytes()) };
    let (mut client_id, mut secret) =
        (form.get("client_id").map(str::to_owned), form.get("client_secret").map(str::to_owned));
    if let Some((id, proof)) = basic(&headers) {
        client_id = client_id.or(Some(id));
        secret = secret.or(Some(proof));
    }
    let mut ask = Ask {
        form,
        client_id,
        secret,
        base: &org.ready.instance_url,
        at_login_host: is_login_host(&headers),
        ip,
        propagation: org.propagation,
        foreign: None,
    };
    ask.foreign = foreign::of(org, &ask);
    Ok(ask)
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, packed) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let text = String::from_utf8(STANDARD.decode(packed.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':').filter(|_| scheme.eq_ignore_ascii_case("Basic"))?;
    Some((id.to_owned(), secret.to_owned()))
}

async fn token(org: &Arc<Org>, request: Request) -> Response {
    let is_post = request.method() == Method::POST;
    let answer = match read(org, request).await {
        Ok(_) if !is_post => Err(Refused::new("invalid_request", "must use HTTP POST")),
        Ok(ask) => grant(org, ask).await,
        Err(refused) => Err(refused),
    };
    match answer {
        Ok(answer) => with_json(StatusCode::OK, &answer),
        Err(refused) => refused.into_response(),
    }
}

async fn grant(org: &Arc<Org>, ask: Ask<'_>) -> Result<Value, Refused> {
    let setup = org.store.read(|state| state.setup.clone());
    if setup.is_locked() {
        return Err(Refused::inactive_org());
    }
    if ask.at_login_host && setup.my_domain().does_api_login_require_org_domain {
        return Err(Refused::wrong_domain()); // SE-23
    }
    if ask.get("response_type") == Some("device_code") {
        return changed(org, |state| device::begin(state, &ask));
    }
    let (flow, sub_type) = ask.get("grant_type").and_then(flow).ok_or_else(Refused::grant_type)?;
    prepare_key(org, &ask).await?;
    changed(org, |state| {
        let result = flow(state, &ask);
        let (user_id, status, app_name) = match &result {
            Ok(granted) => (Some(granted.user_id.as_str()), "Success", granted.app_name.clone()),
            Err(refused) => {
                let name = ask.client(state).map(|client| client.name).unwrap_or_default();
                (refused.user_id.as_deref(), refused.status.unwrap_or("Failed: OAuth error"), name)
            }
        };
        if let Some(user_id) = user_id {
            memory::note(state, user_id, "Remote Access 2.0", sub_type, status, &app_name, ask.ip);
        }
        result.map(|granted| granted.answer)
    })
}

/// Changes the state, whether the flow ends well or not: failures leave traces too.
fn changed<T>(org: &Org, change: impl FnOnce(&mut State) -> Result<T, Refused>) -> Result<T, Refused> {
    let unsaved = |error: Error| Refused::new("server_error", error.in_one_line());
    org.store.change(change).map_err(unsaved)?
}

/// Makes the org's key if this may be the first JWT: off the thread that answers requests, for it takes a moment.
async fn prepare_key(org: &Arc<Org>, ask: &Ask<'_>) -> Result<(), Refused> {
    let key = ask.client_id.clone().or_else(|| {
        let assertion = keys::Jwt::read(ask.get("assertion")?)?;
        assertion.claim("iss").map(str::to_owned)
    });
    let is_needed = org.store.read(|state| {
        let of_subject = || {
            let session = state.sessions.get(ask.get("subject_token")?)?;
            session.app.as_ref().map(|app| app.consumer_key.clone())
        };
        let key = key.or_else(of_subject);
        let client = key.and_then(|key| ask.app(state, &key).ok());
        client.is_some_and(|client| {
            let open_id = ["openid", "full"].iter().any(|wanted| client.scopes.iter().any(|it| it == wanted));
            client.jwt_tokens || client.asset.is_some() || open_id
        })
    });
    if is_needed { make_key(org).await } else { Ok(()) }
}

async fn make_key(org: &Arc<Org>) -> Result<(), Refused> {
    if org.store.read(|state| state.oauth.signing_key.is_some()) {
        return Ok(());
    }
    let made = tokio::task::spawn_blocking(keys::generate).await;
    let key = made.map_err(|error| Refused::server(&error))?.map_err(|error| Refused::server(&error))?;
    changed(org, |state| {
        state.oauth.signing_key.get_or_insert(key);
        Ok(())
    })
}

fn with_json(status: StatusCode, value: &Value) -> Response {
    let mut response = typed(status, "application/json;charset=UTF-8", value.to_string());
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// For fuzzing: an assertion as a client may send it.
pub(super) fn read_jwt(text: &str) {
    let _ = keys::Jwt::read(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::people;
    use crate::simulator::rules::tests::Org as Rules;

    const KEY: &str = "OrdersKey";

    /// An org with an app that acts as its administrator.
    fn with_app() -> State {
        let mut state = State::new().unwrap();
        let username = &state.identity.username;
        let mut rules = Rules::new();
        rules.circumstances.people = people::of(&state.identity);
        let app = format!(
            "<contactEmail>a@b.example</contactEmail><label>Orders</label><oauthConfig>\
             <callbackUrl>https://a.example</callbackUrl><consumerKey>{KEY}</consumerKey>\
             <isClientCredentialEnabled>true</isClientCredentialEnabled>\
             <oauthClientCredentialUser>{username}</oauthClientCredentialUser><scopes>Api</scopes></oauthConfig>"
        );
        rules.save("ConnectedApp", "Orders", &app).unwrap();
        state.holdings = rules.holdings;
        state
    }

    fn ask(state: &State) -> Ask<'static> {
        let app = state.holdings.get("ConnectedApp", "Orders").unwrap();
        let config = super::super::rules::group(&app.fields, "oauthConfig").unwrap();
        Ask {
            form: Form(HashMap::new()),
            client_id: Some(KEY.to_owned()),
            secret: super::super::rules::text(config, "consumerSecret").map(str::to_owned),
            base: "http://127.0.0.1:1",
            at_login_host: false,
            ip: std::net::Ipv4Addr::LOCALHOST.into(),
            propagation: 0,
            foreign: None,
        }
    }

    #[test]
    fn the_logins_of_a_user_are_used_up_until_the_hour_is_over() {
        let mut state = with_app();
        let ask = ask(&state);
        let log_in = |state: &mut State| client_credentials::run(state, &ask).map(|_| ());
        assert!((0..3600).all(|_| log_in(&mut state).is_ok()));
        let refused = log_in(&mut state).unwrap_err();
        let person = people::of(&state.identity).swap_remove(0);
        assert_eq!(refused, Refused::too_many_logins().by(&person));
        state.holdings.clock.advance(std::time::Duration::from_secs(3600));
        assert_eq!(log_in(&mut state), Ok(()));
    }
}
