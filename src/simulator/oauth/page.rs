//! The pages that a person meets: to log in and say yes or no. Plain HTML, for browsers with or without JavaScript.

use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use crate::simulator::people::Person;
use crate::simulator::server::typed;

/// A question with the people who may answer it.
pub(super) struct Question<'a> {
    /// Where the answer goes.
    pub action: &'a str,
    pub title: &'a str,
    /// What is asked, a paragraph each.
    pub text: Vec<String>,
    /// Fields to fill in before the login: name and label.
    pub fields: &'a [(&'a str, &'a str)],
    pub hidden: Vec<(String, String)>,
    pub people: Vec<Person>,
    /// What was wrong with the last answer.
    pub complaint: Option<&'a str>,
}

pub(super) fn ask(question: &Question) -> Response {
    let mut body = String::new();
    for paragraph in &question.text {
        body += &format!("<p>{}</p>\n", escaped(paragraph));
    }
    if let Some(complaint) = question.complaint {
        body += &format!("<p role=\"alert\"><strong>{}</strong></p>\n", escaped(complaint));
    }
    body += &format!("<form method=\"post\" action=\"{}\">\n", escaped(question.action));
    for (name, value) in &question.hidden {
        body += &format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", escaped(name), escaped(value));
    }
    for (name, label) in question.fields {
        body += &format!(
            "<p><label for=\"{name}\">{label}</label><br><input id=\"{name}\" name=\"{name}\" autocomplete=\"off\" required></p>\n"
        );
    }
    body += "<p><label for=\"username\">Log in as</label><br><select id=\"username\" name=\"username\">\n";
    for person in &question.people {
        body += &format!(
            "<option value=\"{}\">{} ({})</option>\n",
            escaped(&person.username),
            escaped(&person.full_name()),
            escaped(person.profile.name)
        );
    }
    body += "</select></p>\n\
             <p><label for=\"password\">Password, theirs or the administrator's</label><br>\n\
             <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\"></p>\n\
             <p><button type=\"submit\" name=\"decision\" value=\"allow\">Allow</button>\n\
             <button type=\"submit\" name=\"decision\" value=\"deny\">Deny</button></p>\n</form>\n";
    page(StatusCode::OK, question.title, &body)
}

/// A page that ends the way: what happened, or what went wrong.
pub(super) fn tell(status: StatusCode, title: &str, text: &str) -> Response {
    page(status, title, &format!("<p>{}</p>\n", escaped(text)))
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let title = escaped(title);
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 3rem auto; padding: 0 1rem }}\
         </style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{body}</main>\n\
         <footer><p>This is the local org, a simulation. It is not Salesforce.</p></footer>\n</body>\n</html>\n"
    );
    let mut response = typed(status, "text/html;charset=UTF-8", html);
    let headers = response.headers_mut();
    headers.insert("cache-control", HeaderValue::from_static("no-store"));
    headers.insert("x-frame-options", HeaderValue::from_static("DENY"));
    headers.insert("referrer-policy", HeaderValue::from_static("no-referrer"));
    headers.insert(
        "content-security-policy",
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    );
    response
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_stays_text() {
        assert_eq!(escaped("<a href=\"x\">'&'</a>"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
    }
}
