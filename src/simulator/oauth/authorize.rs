//! The authorize endpoint: a person logs in, reads what an app wants, and lets it in or not.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use serde_json::Value;

use super::client::Client;
use super::memory::{self, Code};
use super::page::{self, Question};
use super::password::{not_approved, scope_not_allowed};
use super::{Ask, Refused, changed, code, foreign};
use crate::simulator::people::{self, Person};
use crate::simulator::rules::flag;
use crate::simulator::server::typed;
use crate::simulator::session::is_same;
use crate::simulator::state::State;
use crate::simulator::{Org, ids};

/// What goes from the query through the page to the answer.
const CARRIED: [&str; 8] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "nonce",
];

/// OA-44
const APPROVAL_ERROR: &str = "An unexpected error has occurred during authentication. Please try again.";

/// A request that an answer can be sent back for.
struct Wish {
    client: Client,
    redirect_uri: String,
    is_code: bool,
    scopes: Vec<String>,
}

pub(super) async fn answer(org: &Arc<Org>, request: Request) -> Response {
    let is_answer = request.method() == Method::POST;
    let ask = match super::read(org, request).await {
        Ok(ask) => ask,
        Err(refused) => return failed(&refused),
    };
    let own_pages_only = org.store.read(|state| state.setup.my_domain().can_only_login_with_my_domain_url);
    if ask.at_login_host && own_pages_only {
        return failed(&Refused::wrong_domain()); // SE-23
    }
    // Until the redirect URI is known to be the app's, nothing may be sent there (OA-2).
    let (client, redirect_uri) = match org.store.read(|state| recipient(state, &ask)) {
        Ok(found) => found,
        Err(refused) => return failed(&refused),
    };
    let is_token = ask.get("response_type") == Some("token");
    let back = |pairs: &[(&str, &str)]| redirect(&redirect_uri, is_token, ask.get("state"), pairs);
    let refuse =
        |refused: Refused| back(&[("error", refused.error), ("error_description", &refused.description)]);
    let wish = match org.store.read(|state| wish(state, &ask, client, &redirect_uri)) {
        Ok(wish) => wish,
        Err(refused) => return refuse(refused),
    };
    let decision = ask.get("decision").filter(|_| is_answer);
    if decision == Some("deny") {
        return refuse(denied());
    }
    let person = match decision {
        Some("allow") => org.store.read(|state| log_in(state, &ask)),
        _ => None,
    };
    let Some(person) = person else {
        let complaint = decision.map(|_| "This password is not right. Please try again.");
        return ask_person(org, &ask, &wish, complaint);
    };
    if !org.store.read(|state| foreign::admits(state, &wish.client, &person)) {
        return failed(&Refused::new("OAUTH_APPROVAL_ERROR_GENERIC", APPROVAL_ERROR)); // CA-76
    }
    if !wish.is_code
        && let Err(refused) = super::prepare_key(org, &ask).await
    {
        return refuse(refused);
    }
    match changed(org, |state| allow(state, &ask, &wish, &person)) {
        Ok(pairs) => {
            back(&pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>())
        }
        Err(refused) => refuse(refused),
    }
}

/// OA-35
pub(super) fn denied() -> Refused {
    Refused::new("access_denied", "end-user denied authorization")
}

/// With their own password or the administrator's, who is the only one that knows a password here.
pub(super) fn log_in(state: &State, ask: &Ask) -> Option<Person> {
    let identity = &state.identity;
    let (username, password) = (ask.get("username")?, ask.get("password")?);
    let person = if is_same(&identity.password, password) {
        people::of(identity).into_iter().find(|person| person.has_username(username))
    } else {
        people::log_in(identity, username, password)
    };
    person.filter(|person| !state.setup.is_inactive(person))
}

/// The app and where it wants its answer (OA-20, OA-22, CA-29).
fn recipient(state: &State, ask: &Ask) -> Result<(Client, String), Refused> {
    let client = ask.client(state)?;
    let mismatch = || Refused::new("redirect_uri_mismatch", "redirect_uri must match configuration");
    let redirect_uri = match (ask.get("redirect_uri"), client.callbacks.as_slice()) {
        (Some(asked), callbacks) => callbacks.iter().find(|callback| *callback == asked),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let redirect_uri = redirect_uri.ok_or_else(mismatch)?.clone();
    Ok((client, redirect_uri))
}

fn wish(state: &State, ask: &Ask, client: Client, redirect_uri: &str) -> Result<Wish, Refused> {
    if state.setup.is_locked() {
        return Err(Refused::inactive_org());
    }
    if state.setup.is_blocked(&client.consumer_key) {
        return Err(Refused::blocked_app());
    }
    let settings = state.holdings.get("OauthOidcSettings", "OauthOidc").map(|settings| &settings.fields);
    let is_set = |name: &str| settings.and_then(|settings| flag(settings, name)) == Some(true);
    let is_code = match ask.get("response_type") {
        Some("code") => true,
        Some("token") if !is_set("blockOAuthUsrAgtFlow") => false, // SE-20
        _ => {
            return Err(Refused::new("unsupported_response_type", "response type not supported")); // OA-38
        }
    };
    let scopes = client.grant(ask.get("scope")).ok_or_else(scope_not_allowed)?;
    if is_code {
        // CA-65; clients that leave the method out mean S256, and nothing else is taken
        let required = client.pkce_required || is_set("isPkceRequired");
        match (ask.get("code_challenge"), ask.get("code_challenge_method")) {
            (Some(_), None | Some("S256")) => {}
            (Some(_), Some(_)) => {
                let text = "code_challenge_method must be S256 (rehearsal wording, OA-42)";
                return Err(Refused::new("invalid_request", text));
            }
            (None, _) if required => {
                return Err(Refused::new("invalid_request", "missing required code challenge")); // OA-42
            }
            (None, _) => {}
        }
    }
    Ok(Wish { client, redirect_uri: redirect_uri.to_owned(), is_code, scopes })
}

fn ask_person(org: &Org, ask: &Ask, wish: &Wish, complaint: Option<&str>) -> Response {
    let hidden = CARRIED.iter().filter_map(|name| Some(((*name).to_owned(), ask.get(name)?.to_owned())));
    let scopes = wish.scopes.join(", ");
    page::ask(&Question {
        action: "/services/oauth2/authorize",
        title: "Allow access?",
        text: vec![
            format!("{} asks to use the local org in your name.", wish.client.name),
            format!("It asks for: {}.", if scopes.is_empty() { "nothing in particular" } else { &scopes }),
            format!("The answer goes to {}.", wish.redirect_uri),
        ],
        fields: &[],
        hidden: hidden.collect(),
        people: org.store.read(|state| people::of(&state.identity)),
        complaint,
    })
}

fn allow(
    state: &mut State,
    ask: &Ask,
    wish: &Wish,
    person: &Person,
) -> Result<Vec<(String, String)>, Refused> {
    let client = &wish.client;
    if !client.is_approved_for(state, person) {
        note(state, ask, client, person, "OauthWebServer", "Failed: Not approved for access");
        return Err(not_approved());
    }
    if !wish.is_code {
        let entered = code::enter(state, ask, client, person, &wish.scopes, None);
        let status = if entered.is_ok() { "Success" } else { "Failed: OAuth error" };
        note(state, ask, client, person, "OauthUserAgent", status);
        let (Value::Object(answer), _) = entered? else { return Ok(Vec::new()) };
        let text = |value: Value| value.as_str().map(str::to_owned);
        return Ok(answer.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect());
    }
    let fresh = ids::letters_and_digits(80).map_err(|error| Refused::server(&error))?;
    let now = state.holdings.clock.now();
    // Old ones stay a day, to be told apart from unknown ones.
    state.oauth.codes.retain(|code| code.made.days_after(1) > now);
    let code = format!("aPrx{fresh}==");
    state.oauth.codes.push(Code {
        code: code.clone(),
        consumer_key: client.consumer_key.clone(),
        user_id: person.id.clone(),
        scopes: wish.scopes.clone(),
        redirect_uri: wish.redirect_uri.clone(),
        challenge: ask.get("code_challenge").map(str::to_owned),
        nonce: ask.get("nonce").map(str::to_owned),
        made: now,
        spent: None,
    });
    Ok(vec![("code".to_owned(), code)])
}

fn note(state: &mut State, ask: &Ask, client: &Client, person: &Person, sub_type: &str, status: &str) {
    memory::note(state, &person.id, "Remote Access 2.0", sub_type, status, &client.name, ask.ip);
}

fn failed(refused: &Refused) -> Response {
    let text = format!("error={}&error_description={}", refused.error, refused.description);
    page::tell(StatusCode::BAD_REQUEST, "OAuth Error", &text)
}

/// Back to the app: in the query, or for the user-agent flow in the fragment.
fn redirect(uri: &str, in_fragment: bool, state: Option<&str>, pairs: &[(&str, &str)]) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    if let Some(state) = state {
        query.append_pair("state", state);
    }
    let separator = match (in_fragment, uri.contains('?')) {
        (true, _) => '#',
        (false, true) => '&',
        (false, false) => '?',
    };
    let target = format!("{uri}{separator}{}", query.finish());
    let mut response = typed(StatusCode::FOUND, "text/html;charset=UTF-8", "");
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match HeaderValue::from_str(&target) {
        Ok(target) => drop(response.headers_mut().insert(LOCATION, target)),
        Err(_) => return failed(&Refused::new("redirect_uri_mismatch", "redirect_uri is not a URL")),
    }
    response
}
