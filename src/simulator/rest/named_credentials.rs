//! `/named-credentials`: external credentials with the standing of their principals, and where a person authenticates one
//! (EC-45). Nothing here tells what a principal holds, and nothing takes a secret (EC-44).

use axum::extract::Request;
use axum::http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::data::parameters;
use super::{Answer, Call, Failure, ok};
use crate::simulator::oauth::principal::{self, Principal, Standing};
use crate::simulator::permission;
use crate::simulator::rules::text;
use crate::simulator::state::{Component, State};

/// First API version that has these resources.
const SINCE: u16 = 56;
const LARGEST_BODY: usize = 1 << 16;
const CREDENTIAL: &str = "ExternalCredential";

pub(super) async fn answer(call: &Call<'_>, resource: &[&str], request: Request) -> Answer {
    if call.version_number() < SINCE {
        return Err(Failure::not_found());
    }
    match resource {
        ["external-credentials"] => {
            call.reads()?;
            ok(&call.org.store.read(|state| all(state, call)))
        }
        ["external-credentials", name] => {
            call.reads()?;
            let found = call.org.store.read(|state| one(state, call, name));
            ok(&found.ok_or_else(Failure::not_found)?)
        }
        ["credential"] => {
            call.reads()?;
            let asked = parameters(&request);
            let part = |name: &str| asked.get(name).map_or("", String::as_str);
            let found = call.org.store.read(|state| held(state, call, &part));
            ok(&found.ok_or_else(Failure::not_found)?)
        }
        ["credential", "auth-url", "o-auth"] => authentication_url(call, request).await,
        _ => Err(Failure::not_found()),
    }
}

/// Those that the user can authenticate to, or set up.
fn all(state: &State, call: &Call) -> Value {
    let seen = state
        .holdings
        .of_type(CREDENTIAL)
        .filter(|(name, credential)| is_seen(state, call, name, credential));
    let seen: Vec<Value> = seen.map(|(name, credential)| described(state, call, name, credential)).collect();
    json!({ "externalCredentials": seen })
}

fn one(state: &State, call: &Call, name: &str) -> Option<Value> {
    let credential = state.holdings.get(CREDENTIAL, name)?;
    is_seen(state, call, name, credential).then(|| described(state, call, name, credential))
}

fn is_seen(state: &State, call: &Call, name: &str, credential: &Component) -> bool {
    let person = &call.asker.person;
    permission::has(state, person, "ViewSetup")
        || principal::of(credential).iter().any(|one| principal::has_access(state, person, name, &one.name))
}

fn described(state: &State, call: &Call, name: &str, credential: &Component) -> Value {
    let principals = principal::of(credential);
    let standing = |one: &Principal| principal::standing(state, credential, one, &call.asker.person.id);
    let whole = match principals.iter().map(standing).collect::<Vec<_>>() {
        all if all.contains(&Standing::Configured) => Standing::Configured,
        all if all.contains(&Standing::Unknown) => Standing::Unknown,
        _ => Standing::NotConfigured,
    };
    let listed: Vec<Value> = principals
        .iter()
        .map(|one| {
            json!({
                "authenticationStatus": standing(one).word(),
                "principalName": one.name,
                "principalType": one.kind,
                "sequenceNumber": one.sequence,
            })
        })
        .collect();
    let mut told = protocol(credential);
    let more = json!({
        "authenticationStatus": whole.word(),
        "developerName": name,
        "id": credential.id,
        "masterLabel": text(&credential.fields, "label").unwrap_or(name),
        "principals": listed,
        "relatedNamedCredentials": related(state, name),
        "url": format!("/services/data/{}/named-credentials/external-credentials/{name}", call.version),
    });
    told.extend(more.as_object().cloned().unwrap_or_default());
    Value::Object(told)
}

/// The API spells one protocol in another way than metadata does.
fn protocol(credential: &Component) -> Map<String, Value> {
    let written = text(&credential.fields, "authenticationProtocol").unwrap_or_default();
    let spelt = if written == "Oauth" { "OAuth" } else { written };
    Map::from_iter([
        ("authenticationProtocol".to_owned(), json!(spelt)),
        ("authenticationProtocolVariant".to_owned(), json!(principal::variant(credential))),
    ])
}

fn related(state: &State, name: &str) -> Vec<Value> {
    let uses = |credential: &Component| {
        match credential.fields.get("namedCredentialParameters") {
        Some(crate::component::Tree::List(parameters)) => parameters.iter().any(|parameter| {
            matches!(parameter, crate::component::Tree::Group(fields) if text(fields, "externalCredential") == Some(name))
        }),
        _ => false,
    }
    };
    let related = state.holdings.of_type("NamedCredential").filter(|(_, credential)| uses(credential));
    let told = related.map(|(name, credential)| {
        let label = text(&credential.fields, "label").unwrap_or(name);
        json!({ "developerName": name, "masterLabel": label, "type": "SecuredEndpoint" })
    });
    told.collect()
}

/// What a principal has, without what it is.
fn held<'a>(state: &State, call: &Call, part: &impl Fn(&'static str) -> &'a str) -> Option<Value> {
    let name = part("externalCredential");
    let credential = state.holdings.get(CREDENTIAL, name).filter(|it| is_seen(state, call, name, it))?;
    let principal = principal::named(credential, part("principalName"), part("principalType"))?;
    let standing = principal::standing(state, credential, &principal, &call.asker.person.id);
    let mut told = protocol(credential);
    told.extend([
        ("authenticationStatus".to_owned(), json!(standing.word())),
        ("credentials".to_owned(), json!({})),
        ("externalCredential".to_owned(), json!(name)),
        ("principalName".to_owned(), json!(principal.name)),
        ("principalType".to_owned(), json!(principal.kind)),
    ]);
    Some(Value::Object(told))
}

/// A POST that only tells something.
async fn authentication_url(call: &Call<'_>, request: Request) -> Answer {
    if call.method != Method::POST {
        return Err(Failure::method(&call.method, "POST"));
    }
    let broken =
        || Failure::bad_request("JSON_PARSER_ERROR", "the body is no JSON object (rehearsal wording)");
    let body = axum::body::to_bytes(request.into_body(), LARGEST_BODY).await.map_err(|_| broken())?;
    let asked: Value = serde_json::from_slice(&body).map_err(|_| broken())?;
    let part = |name: &str| asked[name].as_str().unwrap_or_default();
    const KINDS: [&str; 3] = ["NamedPrincipal", principal::PER_USER, "AwsStsPrincipal"];
    if !KINDS.contains(&part("principalType")) {
        let message = format!("principalType is not one of {} (rehearsal wording)", KINDS.join(", "));
        return Err(Failure::bad_request("POST_BODY_PARSE_ERROR", message));
    }
    let (name, returns_to) = (part("externalCredential"), asked["returnUrl"].as_str());
    let told = call.org.store.read(|state| {
        let credential = state.holdings.get(CREDENTIAL, name).ok_or_else(Failure::not_found)?;
        let principal = principal::named(credential, part("principalName"), part("principalType"))
            .ok_or_else(Failure::not_found)?;
        if !principal::may_authenticate(state, &call.asker.person, name, &principal) {
            let message = "the user may not authenticate this principal (rehearsal wording)";
            return Err(Failure::new(StatusCode::FORBIDDEN, "INSUFFICIENT_ACCESS", message));
        }
        let ready = &call.org.ready;
        let parts = (name, credential);
        let url =
            principal::address(&ready.instance_url, &ready.organization_id, parts, &principal, returns_to);
        let url = url.ok_or_else(|| {
            let message = "nobody logs in to this credential with a browser (rehearsal wording)";
            Failure::bad_request("INVALID_OPERATION", message)
        })?;
        Ok(json!({
            // As it stands in a page: whoever uses it has to undo that.
            "authenticationUrl": url.replace('&', "&amp;"),
            "externalCredential": name,
            "principalName": principal.name,
            "principalType": principal.kind,
        }))
    });
    ok(&told?)
}
