//! Forms: what somebody filled in, and the inputs they fill in, which are data. An input that stands for an element of a
//! component is named like the element, so that one list says what a form shows and what saving it changes.

use std::collections::HashMap;
use std::fmt::Write as _;

use axum::extract::Request;
use axum::http::Uri;

use super::html::escaped;
use crate::component::{Fields, Scalar, Tree};

/// No form here is longer.
const LARGEST: usize = 1 << 16;
/// What a switch that is on is sent as.
pub(super) const ON: &str = "true";

/// Names and values. Only a list of which several can be chosen has more than one value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Form(HashMap<String, Vec<String>>);

impl Form {
    fn read(bytes: &[u8]) -> Form {
        let mut form = Form::default();
        for (name, value) in form_urlencoded::parse(bytes) {
            form.0.entry(name.into_owned()).or_default().push(plain(&value));
        }
        form
    }

    pub fn of_query(uri: &Uri) -> Form {
        Form::read(uri.query().unwrap_or_default().as_bytes())
    }

    pub async fn of_body(request: Request) -> Option<Form> {
        let bytes = axum::body::to_bytes(request.into_body(), LARGEST).await.ok()?;
        Some(Form::read(&bytes))
    }

    /// What a form about a component begins with.
    pub fn of_component(inputs: &[Input], fields: &Fields<Scalar>) -> Form {
        let mut form = Form::default();
        for input in inputs.iter().filter(|input| input.is_element && !matches!(input.kind, Kind::Secret)) {
            if let Some(values) = at(fields, &input.name).map(texts).filter(|values| !values.is_empty()) {
                form.0.insert(input.name.clone(), values);
            }
        }
        form
    }

    /// Empty for what is not there.
    pub fn get(&self, name: &str) -> &str {
        self.all(name).first().map_or("", String::as_str)
    }

    pub fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    pub fn is_on(&self, name: &str) -> bool {
        self.get(name) == ON
    }

    pub fn with(self, name: &str, value: impl Into<String>) -> Form {
        self.with_all(name, &[value.into()])
    }

    pub fn with_all(mut self, name: &str, values: &[String]) -> Form {
        self.0.insert(name.to_owned(), values.to_vec());
        self
    }
}

/// Lines end as they do in files, and no letters stay that XML cannot hold.
fn plain(text: &str) -> String {
    text.replace("\r\n", "\n").chars().filter(|letter| *letter == '\n' || !letter.is_control()).collect()
}

/// The element that names joined by dots lead to.
fn at<'a>(fields: &'a Fields<Scalar>, path: &str) -> Option<&'a Tree<Scalar>> {
    match path.split_once('.') {
        None => fields.get(path),
        Some((first, rest)) => match fields.get(first)? {
            Tree::Group(inner) => at(inner, rest),
            _ => None,
        },
    }
}

fn texts(tree: &Tree<Scalar>) -> Vec<String> {
    match tree {
        Tree::Leaf(Scalar::Nil) | Tree::Group(_) => Vec::new(),
        Tree::Leaf(scalar) => vec![scalar.to_string()],
        Tree::List(items) => items.iter().flat_map(texts).collect(),
    }
}

/// Something to fill in.
pub(super) struct Input {
    /// Of an element: API names joined by dots.
    pub name: String,
    /// As Setup calls it.
    pub label: String,
    pub kind: Kind,
    pub is_element: bool,
    is_required: bool,
    hint: Option<String>,
}

pub(super) enum Kind {
    Text,
    /// Never shown again; left empty, it stays what it is.
    Secret,
    Lines,
    Switch,
    /// One of several values, each with what people call it.
    Choice(Vec<(String, String)>),
    /// Any number of them.
    Several(Vec<(String, String)>),
}

impl Input {
    /// Stands for an element.
    pub fn element(path: &str, label: &str, kind: Kind) -> Input {
        Input {
            name: path.to_owned(),
            label: label.to_owned(),
            kind,
            is_element: true,
            is_required: false,
            hint: None,
        }
    }

    /// Stands for something that is no element.
    pub fn other(name: &str, label: &str, kind: Kind) -> Input {
        Input { is_element: false, ..Input::element(name, label, kind) }
    }

    pub fn required(self) -> Input {
        Input { is_required: true, ..self }
    }

    pub fn hint(self, hint: &str) -> Input {
        Input { hint: Some(hint.to_owned()), ..self }
    }

    fn html(&self, form: &Form) -> String {
        let id = format!("input-{}", self.name.replace('.', "-"));
        let (id, name, label) = (escaped(&id), escaped(&self.name), escaped(&self.label));
        let mut more = if self.is_required { " required".to_owned() } else { String::new() };
        let mut hint = String::new();
        if let Some(text) = &self.hint {
            let _ = write!(more, " aria-describedby=\"{id}-hint\"");
            hint = format!("<br>\n<small id=\"{id}-hint\">{}</small>", escaped(text));
        }
        let attributes = format!("id=\"{id}\" name=\"{name}\"{more}");
        let value = escaped(form.get(&self.name));
        let control = match &self.kind {
            Kind::Switch => {
                let checked = if form.is_on(&self.name) { " checked" } else { "" };
                return format!(
                    "<p><input type=\"checkbox\" {attributes} value=\"{ON}\"{checked}>\n\
                     <label for=\"{id}\">{label}</label>{hint}</p>\n"
                );
            }
            Kind::Text => format!("<input {attributes} size=\"60\" autocomplete=\"off\" value=\"{value}\">"),
            Kind::Secret => {
                format!("<input {attributes} type=\"password\" size=\"60\" autocomplete=\"off\">")
            }
            Kind::Lines => format!("<textarea {attributes} rows=\"4\" cols=\"60\">\n{value}</textarea>"),
            Kind::Choice(all) => {
                format!(
                    "<select {attributes}>\n{}</select>",
                    options(&with_none(all, &value), form, &self.name)
                )
            }
            Kind::Several(all) if all.is_empty() && form.all(&self.name).is_empty() => return String::new(),
            Kind::Several(all) => {
                let size = all.len().clamp(2, 8);
                let options = options(all, form, &self.name);
                format!("<select multiple size=\"{size}\" {attributes}>\n{options}</select>")
            }
        };
        format!("<p><label for=\"{id}\">{label}</label><br>\n{control}{hint}</p>\n")
    }
}

/// What nobody has chosen yet is not chosen by looking at it.
fn with_none(all: &[(String, String)], value: &str) -> Vec<(String, String)> {
    let knows_none = all.iter().any(|(value, _)| value.is_empty());
    let none = (value.is_empty() && !knows_none).then(|| (String::new(), "--None--".to_owned()));
    none.into_iter().chain(all.iter().cloned()).collect()
}

/// With values that are there and that Setup does not offer, so that saving a form does not lose them.
fn options(all: &[(String, String)], form: &Form, name: &str) -> String {
    let chosen = form.all(name);
    let is_known = |value: &String| all.iter().any(|(known, _)| known == value);
    let strangers = chosen.iter().filter(|value| !value.is_empty() && !is_known(value));
    let strangers = strangers.map(|value| (value.clone(), value.clone()));
    let option = |(value, label): (String, String)| {
        let selected = if chosen.contains(&value) { " selected" } else { "" };
        format!("<option value=\"{}\"{selected}>{}</option>\n", escaped(&value), escaped(&label))
    };
    all.iter().cloned().chain(strangers).map(option).collect()
}

pub(super) fn inputs(all: &[Input], form: &Form) -> String {
    all.iter().map(|input| input.html(form)).collect()
}

/// Values with what people call them.
pub(super) fn choices(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(value, label)| ((*value).to_owned(), (*label).to_owned())).collect()
}

/// The name that Setup makes of a label: letters and digits, and `_` for whatever is between them (CA-6).
pub(super) fn api_name(label: &str) -> String {
    let words = label.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Form {
        Form::read(text.as_bytes())
    }

    #[test]
    fn a_list_has_all_its_values_and_a_text_its_lines() {
        let read = form("scopes=Full&scopes=Api&lines=a%0D%0Ab%07&x=1");
        assert_eq!(read.all("scopes"), ["Full", "Api"]);
        assert_eq!((read.get("lines"), read.get("nothing")), ("a\nb", ""));
    }

    #[test]
    fn what_was_filled_in_is_shown_again_and_a_secret_is_not() {
        let filled = form("a.b=%3Cx%3E&key=hidden&on=true&one=2");
        let all = [
            Input::element("a.b", "A", Kind::Text).required(),
            Input::element("key", "Key", Kind::Secret).hint("Left empty, it stays."),
            Input::other("on", "On", Kind::Switch),
            Input::other("one", "One", Kind::Choice(choices(&[("1", "First"), ("2", "Second")]))),
        ];
        assert_eq!(
            inputs(&all, &filled),
            "<p><label for=\"input-a-b\">A</label><br>\n<input id=\"input-a-b\" name=\"a.b\" required size=\"60\" \
             autocomplete=\"off\" value=\"&lt;x&gt;\"></p>\n\
             <p><label for=\"input-key\">Key</label><br>\n<input id=\"input-key\" name=\"key\" \
             aria-describedby=\"input-key-hint\" type=\"password\" size=\"60\" autocomplete=\"off\"><br>\n\
             <small id=\"input-key-hint\">Left empty, it stays.</small></p>\n\
             <p><input type=\"checkbox\" id=\"input-on\" name=\"on\" value=\"true\" checked>\n\
             <label for=\"input-on\">On</label></p>\n\
             <p><label for=\"input-one\">One</label><br>\n<select id=\"input-one\" name=\"one\">\n\
             <option value=\"1\">First</option>\n<option value=\"2\" selected>Second</option>\n</select></p>\n"
        );
    }

    #[test]
    fn saving_a_form_chooses_nothing_that_nobody_chose_and_loses_nothing() {
        let all = choices(&[("1", "First")]);
        let shown = |text: &str, kind| Input::other("x", "X", kind).html(&form(text));
        let none = "<option value=\"\">--None--</option>\n<option value=\"1\">First</option>\n</select>";
        assert!(shown("", Kind::Choice(all.clone())).contains(none));
        let stranger =
            "<option value=\"1\">First</option>\n<option value=\"7\" selected>7</option>\n</select>";
        assert!(shown("x=7", Kind::Choice(all.clone())).contains(stranger));
        assert!(shown("x=7", Kind::Several(all)).contains(stranger));
        assert_eq!(shown("", Kind::Several(Vec::new())), "");
    }

    #[test]
    fn a_name_is_made_of_a_label() {
        assert_eq!(api_name("AgilePoint NX"), "AgilePoint_NX");
        assert_eq!(api_name(" Orders - App! "), "Orders_App");
    }
}
