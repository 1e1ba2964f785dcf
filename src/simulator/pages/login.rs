//! The login page, and the way out.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;

use super::form::Form;
use super::html::{self, escaped, hidden};
use super::visit::{self, Visitor};
use super::{HOME, server_error};
use crate::simulator::Org;
use crate::simulator::oauth::memory;
use crate::simulator::people;
use crate::simulator::session::{self, address_of, is_same};

/// The words of Salesforce's login page.
const WRONG: &str = "Please check your username and password. If you still can't log in, contact your Salesforce \
                     administrator.";

pub(super) async fn answer(org: &Arc<Org>, request: Request) -> Response {
    let headers = request.headers().clone();
    let is_answer = request.method() == Method::POST;
    let ip = address_of(&request);
    let form = match is_answer {
        true => Form::of_body(request).await,
        false => Some(Form::of_query(request.uri())),
    };
    let Some(form) = form else { return ask(org, &headers, HOME, Some("This form is too long.")) };
    let target = local_path(form.get("startURL"));
    if !is_answer {
        return ask(org, &headers, target, None);
    }
    let expected = visit::cookie(&headers, &visit::name_before(org));
    if !expected.is_some_and(|expected| is_same(expected, form.get("csrf"))) {
        return ask(org, &headers, target, Some("This form was too old. Please log in again."));
    }
    let (username, password) = (form.get("username"), form.get("password"));
    let person = org.store.read(|state| {
        let person = people::log_in(&state.identity, username, password)?;
        let may = !state.setup.is_inactive(&person)
            && !state.setup.is_locked()
            && session::is_in_login_ranges(state, &person, ip);
        may.then_some(person)
    });
    let Some(person) = person else { return ask(org, &headers, target, Some(WRONG)) };
    let noted = org.store.change(|state| {
        memory::note(state, &person.id, "Application", "", "Success", "Browser", ip);
    });
    if let Err(error) = noted {
        return server_error(&error);
    }
    match org.visits.begin(&person, ip, org.now()) {
        Ok(token) => with_cookie(html::redirect(target), &visit::name(org), &token),
        Err(error) => server_error(&error),
    }
}

fn ask(org: &Org, headers: &HeaderMap, target: &str, complaint: Option<&str>) -> Response {
    let name = visit::name_before(org);
    let token = match visit::cookie(headers, &name) {
        Some(token) => token.to_owned(),
        None => match visit::fresh_token() {
            Ok(token) => token,
            Err(error) => return server_error(&error),
        },
    };
    let told = html::paragraph(
        "`orgwire simulate` prints the administrator's username and password, and .orgwire/local/running.json has them \
         while the org is served.",
    );
    let body = format!(
        "{}{told}<form method=\"post\" action=\"/login\">\n{}{}<p><label for=\"username\">Username</label><br>\n\
         <input id=\"username\" name=\"username\" size=\"40\" autocomplete=\"username\" value=\"{}\" required></p>\n\
         <p><label for=\"password\">Password</label><br>\n<input id=\"password\" name=\"password\" type=\"password\" \
         size=\"40\" autocomplete=\"current-password\" required></p>\n<p><button>Log In</button></p>\n</form>\n",
        complaint.map(html::complaint).unwrap_or_default(),
        hidden("csrf", &token),
        hidden("startURL", target),
        escaped(&org.ready.username),
    );
    with_cookie(html::page(StatusCode::OK, "Log In to the local org", &body), &name, &token)
}

pub(super) fn leave(org: &Org, headers: &HeaderMap, _visitor: &Visitor) -> Response {
    if let Some(token) = visit::cookie(headers, &visit::name(org)) {
        org.visits.end(token);
    }
    html::redirect("/login")
}

/// To the login page, and after it to `target`.
pub(in crate::simulator) fn first(target: &str) -> Response {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("startURL", target).finish();
    html::redirect(&format!("/login?{query}"))
}

/// A path of this org; everything else would lead people who have just logged in to somebody else's page.
fn local_path(wanted: &str) -> &str {
    let is_plain = wanted.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if wanted.starts_with('/') && !wanted.starts_with("//") && is_plain { wanted } else { HOME }
}

/// Out of reach of scripts and of forms on other sites. Not `Secure`: the local org speaks plain HTTP.
fn with_cookie(mut response: Response, name: &str, value: &str) -> Response {
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_nowhere_but_into_the_org() {
        assert_eq!(local_path("/lightning/setup/x?address=%2F0XA"), "/lightning/setup/x?address=%2F0XA");
        for elsewhere in ["", "https://evil.example", "//evil.example", "/\\evil.example", "/a\r\nb", "x"] {
            assert_eq!(local_path(elsewhere), HOME, "{elsewhere}");
        }
    }
}
