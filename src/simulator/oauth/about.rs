//! About tokens and about the service: introspection, revocation, discovery, and the org's public key.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::{Ask, Refused, changed, issue, keys, make_key, memory, read, with_json};
use crate::simulator::Org;
use crate::simulator::people;
use crate::simulator::server::typed;
use crate::simulator::session::Session;
use crate::simulator::state::State;

pub(super) async fn introspect(org: &Arc<Org>, request: Request) -> Response {
    let ask = match read(org, request).await {
        Ok(ask) => ask,
        Err(refused) => return refused.into_response(),
    };
    match org.store.read(|state| told(state, &ask)) {
        Ok(answer) => with_json(StatusCode::OK, &answer),
        Err(refused) => refused.into_response(),
    }
}

fn told(state: &State, ask: &Ask) -> Result<Value, Refused> {
    let client = ask.proven_client(state, |_| true)?;
    let token = ask.get("token").ok_or_else(|| Refused::new("invalid_request", "token is missing"))?;
    let may_know = |key: &str| key == client.consumer_key || client.introspects_all;
    let now = state.holdings.clock.now();
    let subject = |user_id: &str| {
        let organization = &state.identity.organization_id;
        format!("{}/id/{organization}/{user_id}", ask.base)
    };
    let username = |user_id: &str| people::with_id(&state.identity, user_id).username;
    let session = state.sessions.get(token).filter(|session| !session.is_over(now));
    if let Some((session, app)) = session.and_then(|session| Some((session, session.app.as_ref()?)))
        && may_know(&app.consumer_key)
    {
        let seconds = |milliseconds: i64| milliseconds / 1000;
        return Ok(json!({
            "active": true, "scope": session.scopes.join(" "), "client_id": app.consumer_key,
            "username": username(&session.user_id), "sub": subject(&session.user_id), "token_type": "access_token",
            "exp": session.ends().map(|end| seconds(end.milliseconds())),
            "iat": seconds(session.opened.milliseconds()), "nbf": seconds(session.opened.milliseconds()),
        }));
    }
    if let Some(approval) = memory::by_token(state, token).filter(|approval| may_know(&approval.consumer_key))
    {
        return Ok(json!({
            "active": true, "scope": approval.scopes.join(" "), "client_id": approval.consumer_key,
            "username": username(&approval.user_id), "sub": subject(&approval.user_id),
            "token_type": "refresh_token", "iat": approval.created.milliseconds() / 1000,
        }));
    }
    Ok(json!({ "active": false }))
}

/// By GET and POST. jsforce reads failures as a form.
pub(super) async fn revoke(org: &Arc<Org>, request: Request) -> Response {
    let result = match read(org, request).await {
        Ok(ask) => changed(org, |state| end(state, ask.get("token").unwrap_or_default())),
        Err(refused) => Err(refused),
    };
    match result {
        Ok(()) => typed(StatusCode::OK, "text/html;charset=UTF-8", ""),
        Err(refused) => {
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.append_pair("error", refused.error).append_pair("error_description", &refused.description);
            typed(StatusCode::BAD_REQUEST, "application/x-www-form-urlencoded", form.finish())
        }
    }
}

/// A refresh token takes its approval and all sessions along, an access token only itself. The token that the org
/// prints is not ended: other commands hold it.
fn end(state: &mut State, token: &str) -> Result<(), Refused> {
    if let Some(id) = memory::by_token(state, token).map(|approval| approval.id.clone()) {
        memory::revoke(state, &id);
        return Ok(());
    }
    let now = state.holdings.clock.now();
    let is_open = |session: &Session| !session.is_over(now);
    if !state.sessions.get(token).is_some_and(is_open) {
        return Err(Refused::new("invalid_token", "invalid token"));
    }
    state.sessions.close(token);
    Ok(())
}

pub(super) fn configuration(org: &Org) -> Response {
    let base = &org.ready.instance_url;
    let at = |path: &str| format!("{base}{path}");
    with_json(
        StatusCode::OK,
        &json!({
            "issuer": base,
            "authorization_endpoint": at("/services/oauth2/authorize"),
            "token_endpoint": at("/services/oauth2/token"),
            "revocation_endpoint": at("/services/oauth2/revoke"),
            "userinfo_endpoint": at("/services/oauth2/userinfo"),
            "introspection_endpoint": at("/services/oauth2/introspect"),
            "jwks_uri": at("/id/keys"),
            "scopes_supported": ["api", "full", "id", "openid", "refresh_token", "web"],
            "response_types_supported": ["code", "token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
        }),
    )
}

pub(super) async fn keys(org: &Arc<Org>) -> Response {
    let published = match make_key(org).await {
        Ok(()) => org.store.read(|state| {
            let key = state.oauth.signing_key.as_deref().unwrap_or_default();
            keys::published(key).map(|parts| (issue::key_id(state), parts))
        }),
        Err(refused) => return refused.into_response(),
    };
    match published {
        Ok((id, (n, e))) => with_json(
            StatusCode::OK,
            &json!({ "keys": [{ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": id, "n": n, "e": e }] }),
        ),
        Err(error) => Refused::server(&error).into_response(),
    }
}
