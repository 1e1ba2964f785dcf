//! The frame of every page, and the few shapes that go into it. Plain HTML, for browsers with or without JavaScript.
//! Text becomes HTML here and nowhere else, so that nothing others wrote can be more than text.

use std::fmt::Write as _;

use axum::http::header::{HeaderName, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use crate::simulator::server::typed;

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;\
border-bottom:1px solid #8885;overflow-wrap:anywhere}nav a{margin-right:1rem}footer{margin-top:3rem;font-size:.9rem}\
nav form{display:inline}";

const HEADERS: [(&str, &str); 4] = [
    ("cache-control", "no-store"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    (
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    ),
];

/// What stands in a table.
pub(super) enum Cell {
    Text(String),
    Lines(Vec<String>),
    Link {
        to: String,
        text: String,
    },
    /// What is HTML already, such as a form.
    Html(String),
}

impl Cell {
    pub fn text(text: impl Into<String>) -> Cell {
        Cell::Text(text.into())
    }

    pub fn link(to: impl Into<String>, text: impl Into<String>) -> Cell {
        Cell::Link { to: to.into(), text: text.into() }
    }

    fn html(&self) -> String {
        match self {
            Cell::Text(text) => escaped(text),
            Cell::Lines(lines) => lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br>"),
            Cell::Html(html) => html.clone(),
            Cell::Link { to, text } => format!("<a href=\"{}\">{}</a>", escaped(to), escaped(text)),
        }
    }
}

/// One thing with what is known of it.
pub(super) fn details(rows: &[(&str, Cell)]) -> String {
    let mut table = "<table>\n".to_owned();
    for (name, cell) in rows {
        let _ = writeln!(table, "<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escaped(name), cell.html());
    }
    table + "</table>\n"
}

/// Many things, a row each.
pub(super) fn list(columns: &[&str], rows: &[Vec<Cell>]) -> String {
    if rows.is_empty() {
        return paragraph("There are none.");
    }
    let head: String =
        columns.iter().map(|name| format!("<th scope=\"col\">{}</th>", escaped(name))).collect();
    let mut table = format!("<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n");
    for row in rows {
        let cells: String = row.iter().map(|cell| format!("<td>{}</td>", cell.html())).collect();
        let _ = writeln!(table, "<tr>{cells}</tr>");
    }
    table + "</tbody>\n</table>\n"
}

pub(super) fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", escaped(text))
}

pub(super) fn complaint(text: &str) -> String {
    format!("<p role=\"alert\"><strong>{}</strong></p>\n", escaped(text))
}

pub(super) fn link(to: &str, text: &str) -> String {
    format!("<p>{}</p>\n", Cell::link(to, text).html())
}

pub(super) fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", escaped(name), escaped(value))
}

pub(in crate::simulator) fn page(status: StatusCode, title: &str, body: &str) -> Response {
    framed(status, title, "", body)
}

pub(super) fn framed(status: StatusCode, title: &str, navigation: &str, body: &str) -> Response {
    let title = escaped(title);
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n{navigation}<main>\n<h1>{title}</h1>\n{body}</main>\n\
         <footer><p>This is the local org, a simulation. It is not Salesforce.</p></footer>\n</body>\n</html>\n"
    );
    let mut response = typed(status, "text/html;charset=UTF-8", html);
    for (name, value) in HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// Sends the browser on.
pub(in crate::simulator) fn redirect(target: &str) -> Response {
    let mut response = typed(StatusCode::FOUND, "text/html;charset=UTF-8", "");
    let headers = response.headers_mut();
    headers.insert("cache-control", HeaderValue::from_static("no-store"));
    match HeaderValue::from_str(target) {
        Ok(target) => drop(headers.insert(LOCATION, target)),
        Err(_) => return page(StatusCode::BAD_REQUEST, "Not found", &paragraph("This is no address.")),
    }
    response
}

pub(in crate::simulator) fn escaped(text: &str) -> String {
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
        assert_eq!(
            details(&[("<b>", Cell::Lines(vec!["<i>".to_owned(), "b".to_owned()]))]),
            "<table>\n<tr><th scope=\"row\">&lt;b&gt;</th><td>&lt;i&gt;<br>b</td></tr>\n</table>\n"
        );
        assert_eq!(
            list(&["A"], &[vec![Cell::link("/\"", "<")]]),
            "<table>\n<thead><tr><th scope=\"col\">A</th></tr></thead>\n<tbody>\n\
             <tr><td><a href=\"/&quot;\">&lt;</a></td></tr>\n</tbody>\n</table>\n"
        );
    }
}
