//! The pages that a person meets: to log in and say yes or no. Plain HTML, for browsers with or without JavaScript.

use axum::http::StatusCode;
use axum::response::Response;

use crate::simulator::pages::html::{escaped, page};
use crate::simulator::people::Person;

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
