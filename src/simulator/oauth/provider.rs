//! Auth providers in use: the addresses that start a login through one, and the callback where it ends.
//!
//! A provider of type Salesforce leads to this org's own authorize endpoint, since no other host can be reached. The
//! callback redeems the code with the key and secret that the provider holds, so a secret that was deployed and is
//! none shows here, as it does on the platform (AP-21, AP-23).

use std::io;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;

use super::credential::{self, Authenticated};
use super::memory::{self, CredentialLogin, ProviderLogin};
use super::{Ask, Form, Granted, Refused, changed, code, page, principal};
use crate::simulator::pages::{self, html, login, visit};
use crate::simulator::rules::{flag, text};
use crate::simulator::session::{address_of, is_same};
use crate::simulator::state::State;
use crate::simulator::{Org, ids};

/// AP-13: what a Salesforce provider asks for that has no default scopes.
const BUILT_IN_SCOPES: &str = "id";

/// `/services/auth/test/X` and its siblings (AP-44).
pub(super) fn begin(org: &Org, name: &str) -> Response {
    to_authorize(org, |state| start(state, &org.ready.instance_url, name, None, None))
}

/// `/services/auth/xds/ORG/X?startURL=/0XA...&scope=...` (NC-24)
pub(super) fn begin_for_credential(org: &Org, name: &str, request: &Request) -> Response {
    let query = Form::read(request.uri().query().unwrap_or_default().as_bytes());
    if query.get("externalCredential").is_some() {
        return principal::begin(org, name, request, &query);
    }
    let Some(visitor) = visit::visitor(org, request.headers()) else {
        return login::first(request.uri().path_and_query().map_or("/", |target| target.as_str()));
    };
    let id = query.get("startURL").unwrap_or_default().trim_start_matches('/');
    to_authorize(org, |state| {
        let no = |why: &str| Refused::new("invalid_request", why);
        if !credential::may_edit(state, &visitor.person) {
            return Err(no("the user may not change named credentials"));
        }
        let found = state.holdings.of_type("NamedCredential").find(|(_, found)| ids::same(&found.id, id));
        let found = found.ok_or_else(|| no("startURL names no named credential"))?.1;
        if text(&found.fields, "authProvider") != Some(name) {
            return Err(no("the named credential has another auth provider"));
        }
        // NC-11
        let scope = query.get("scope").or_else(|| text(&found.fields, "oauthScope")).map(str::to_owned);
        let begun_by = visitor.person.id.clone();
        let whose = CredentialLogin { id: found.id.clone(), begun_by, principal: None };
        start(state, &org.ready.instance_url, name, scope.as_deref(), Some(whose))
    })
}

pub(super) fn to_authorize(org: &Org, start: impl FnOnce(&mut State) -> Result<String, Refused>) -> Response {
    match changed(org, start) {
        Ok(target) => html::redirect(&target),
        Err(refused) => problem(&refused),
    }
}

/// Where the browser goes.
pub(super) fn start(
    state: &mut State,
    base: &str,
    name: &str,
    scope: Option<&str>,
    for_credential: Option<CredentialLogin>,
) -> Result<String, Refused> {
    let provider = state.holdings.get("AuthProvider", name);
    let provider = provider.ok_or_else(|| Refused::new("invalid_request", "no such auth provider"))?;
    let fields = &provider.fields;
    let (Some("Salesforce"), Some(key)) = (text(fields, "providerType"), text(fields, "consumerKey")) else {
        let why = "the local org reaches no other identity provider than itself";
        return Err(Refused::new("invalid_request", why));
    };
    let server = |error: io::Error| Refused::server(&error);
    let token = ids::letters_and_digits(40).map_err(server)?;
    let verifier = match flag(fields, "isPkceEnabled") {
        Some(true) => Some(ids::letters_and_digits(64).map_err(server)?), // AP-51
        _ => None,
    };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("response_type", "code")
        .append_pair("client_id", key)
        .append_pair("redirect_uri", &callback(base, name))
        .append_pair("scope", scope.or_else(|| text(fields, "defaultScopes")).unwrap_or(BUILT_IN_SCOPES))
        .append_pair("state", &token);
    if let Some(verifier) = &verifier {
        let hash = digest::digest(&digest::SHA256, verifier.as_bytes());
        query.append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(hash));
        query.append_pair("code_challenge_method", "S256");
    }
    let target = format!("{base}/services/oauth2/authorize?{}", query.finish());
    let now = state.holdings.clock.now();
    state.oauth.provider_logins.retain(|login| login.begun.days_after(1) > now);
    let login = ProviderLogin { token, provider: name.to_owned(), verifier, begun: now, for_credential };
    state.oauth.provider_logins.push(login);
    Ok(target)
}

/// AP-40
fn callback(base: &str, name: &str) -> String {
    format!("{base}/services/authcallback/{name}")
}

/// `/services/authcallback/X`
pub(super) async fn end(org: &Arc<Org>, name: &str, request: Request) -> Response {
    let form = Form::read(request.uri().query().unwrap_or_default().as_bytes());
    if let Some(error) = form.get("error") {
        let text = form.get("error_description").unwrap_or_default();
        return tell(&format!("ErrorCode={error}&ErrorDescription={text}"));
    }
    let ip = address_of(&request);
    let visitor = visit::visitor(org, request.headers()).map(|visitor| visitor.person.id);
    let prepared = org.store.read(|state| {
        let token = form.get("state")?;
        let login = state.oauth.provider_logins.iter().find(|login| is_same(&login.token, token))?;
        let is_theirs =
            login.for_credential.as_ref().is_none_or(|whose| visitor.as_ref() == Some(&whose.begun_by));
        let fields =
            &state.holdings.get("AuthProvider", name).filter(|_| login.provider == name && is_theirs)?.fields;
        let redirect_uri = callback(&org.ready.instance_url, name);
        let pairs = [
            ("code", form.get("code")),
            ("redirect_uri", Some(redirect_uri.as_str())),
            ("code_verifier", login.verifier.as_deref()),
        ];
        let pairs = pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
        let ask = Ask {
            form: Form(pairs.collect()),
            client_id: text(fields, "consumerKey").map(str::to_owned),
            secret: text(fields, "consumerSecret").map(str::to_owned),
            base: &org.ready.instance_url,
            at_login_host: false,
            ip,
            propagation: org.propagation,
            foreign: None,
        };
        Some((ask, login.for_credential.clone()))
    });
    // NC-22: what a browser sees whose login was not begun here
    let Some((mut ask, for_credential)) = prepared else {
        return tell("ErrorCode=No_Openid_Response&ErrorDescription=CSRF: No CSRF cookie");
    };
    ask.foreign = super::foreign::of(org, &ask);
    if let Err(refused) = super::prepare_key(org, &ask).await {
        return problem(&refused);
    }
    let told = changed(org, |state| {
        let token = form.get("state").unwrap_or_default();
        state.oauth.provider_logins.retain(|login| !is_same(&login.token, token));
        let granted = code::redeem(state, &ask)?;
        memory::note(
            state,
            &granted.user_id,
            "Remote Access 2.0",
            "OauthWebServer",
            "Success",
            &granted.app_name,
            ip,
        );
        if let Some(whose) = &for_credential {
            keep(state, whose, &granted)?;
        }
        Ok(granted)
    });
    match told {
        Ok(granted) => {
            if let Some(whose) = for_credential {
                let page = || pages::page_of("NamedCredential", &whose.id); // NC-21
                return html::redirect(&whose.principal.map_or_else(page, |principal| principal.returns_to));
            }
            let scope = granted.answer["scope"].as_str().unwrap_or_default().to_owned();
            let text =
                format!("{name} let {} in through {}, with: {scope}.", granted.user_id, granted.app_name);
            page::tell(StatusCode::OK, "Logged in", &text)
        }
        Err(refused) => problem(&refused),
    }
}

/// The credential is logged in from now on.
fn keep(state: &mut State, whose: &CredentialLogin, granted: &Granted) -> Result<(), Refused> {
    let (kind, gone, key) = match &whose.principal {
        None => ("NamedCredential", "the named credential has been deleted", &whose.id),
        Some(principal) => ("ExternalCredential", "the external credential has been deleted", &principal.key),
    };
    let found = state.holdings.of_type(kind).find(|(_, found)| found.id == whose.id);
    let found = found.ok_or_else(|| Refused::new("invalid_request", gone))?;
    let held = Authenticated::new(found.1, &granted.user_id, &granted.answer);
    state.oauth.authenticated.insert(key.clone(), held);
    Ok(())
}

fn problem(refused: &Refused) -> Response {
    tell(&format!("ErrorCode={}&ErrorDescription={}", refused.error, refused.description))
}

/// AP-21
fn tell(details: &str) -> Response {
    let text = format!("We can't log you in because of an authentication error. {details}");
    page::tell(StatusCode::BAD_REQUEST, "Problem Logging In", &text)
}
