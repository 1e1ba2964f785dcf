//! A vendor's side of OAuth, over HTTP: what it sends people to, and what it asks the token endpoint.

use base64::Engine as _;
use serde_json::Value;

use crate::browser::Browser;
use crate::simulated::{Org, post};

pub fn token(org: &Org, form: &[(&str, &str)]) -> Value {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let url = format!("{}/services/oauth2/token", org.instance_url());
    serde_json::from_str(&post(&url, "application/x-www-form-urlencoded", &body)).unwrap()
}

/// What is between the dots of a JWT.
pub fn payload(token: &str) -> Value {
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3, "{token}");
    serde_json::from_slice(&base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap()
}

/// A vendor's side: sends somebody to log in, without the proof that PKCE wants, and redeems the code.
pub fn let_in(org: &Org, id: &str, secret: &str, callback: &str) -> Result<Value, String> {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("response_type", "code"), ("client_id", id), ("redirect_uri", callback)])
        .finish();
    let browser = Browser::of(org);
    let consent = browser.once(&format!("/services/oauth2/authorize?{query}"))?;
    assert_eq!(consent.heading(), "Allow access?");
    let filled = [("username", org.username()), ("password", &org.password()), ("decision", "allow")];
    let back = browser.sent_on(&consent, &filled);
    let (_, query) = back.split_once('?').unwrap();
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let (_, code) = pairs.iter().find(|(name, _)| name == "code").unwrap_or_else(|| panic!("{back}"));
    Ok(token(
        org,
        &[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", id),
            ("client_secret", secret),
            ("redirect_uri", callback),
        ],
    ))
}
