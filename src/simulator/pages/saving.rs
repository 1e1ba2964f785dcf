//! What a form about a component does: the component as its file would be, with what was filled in, goes through the
//! schema and the rules that a deployed file goes through. So no form can make what no deployment could.

use axum::response::Response;

use super::Visited;
use super::form::{Form, Input, Kind as InputKind, inputs};
use super::html;
use crate::component::{self, Fields, Group, Kind, NEWEST_API_VERSION, Scalar, Tree, Type};
use crate::simulator::rules::{self, Circumstances, Incoming, Problem};
use crate::simulator::schema;
use crate::simulator::state::{Component, State};
use crate::simulator::xml::{Element, METADATA, Position};

/// A component that a form makes or changes.
pub(super) struct Target<'a> {
    type_name: &'static str,
    name: &'a str,
    is_new: bool,
    /// Elements that no single input stands for.
    worked_out: Vec<(&'static str, Tree<Scalar>)>,
}

impl<'a> Target<'a> {
    pub fn new(type_name: &'static str, name: &'a str) -> Target<'a> {
        Target { type_name, name, is_new: true, worked_out: Vec::new() }
    }

    pub fn stored(type_name: &'static str, name: &'a str) -> Target<'a> {
        Target { is_new: false, ..Target::new(type_name, name) }
    }

    pub fn with(mut self, path: &'static str, value: Tree<Scalar>) -> Target<'a> {
        self.worked_out.push((path, value));
        self
    }
}

impl Visited<'_> {
    /// Whether somebody may change what is of this type: what a deployment needs, and what Setup asks for where a
    /// deployment needs nothing of its own.
    pub(super) fn may_change(&self, type_name: &str) -> bool {
        let asked = match type_name {
            "SecuritySettings" => "CustomizeApplication",
            "PermissionSet" | "ProfileSessionSetting" => "ManageProfilesPermissionsets",
            _ => {
                let circumstances = Circumstances::of_org(self.org, &self.visitor.person.id);
                return component::type_named(type_name)
                    .is_some_and(|kind| rules::check_rights(&circumstances, kind).is_ok());
            }
        };
        self.may(asked)
    }

    /// A page with a form that is sent to `action`. `above` is HTML.
    pub(super) fn form_page(
        &self,
        title: &str,
        action: &str,
        above: &str,
        complaint: Option<&str>,
        all: &[Input],
        form: &Form,
    ) -> Response {
        let body = format!("{above}{}", self.form(action, complaint, all, form, "Save"));
        self.page(title, &body)
    }

    pub(super) fn form(
        &self,
        action: &str,
        complaint: Option<&str>,
        all: &[Input],
        form: &Form,
        button: &str,
    ) -> String {
        format!(
            "{}<form method=\"post\" action=\"{}\">\n{}{}<p><button>{}</button></p>\n</form>\n",
            complaint.map(html::complaint).unwrap_or_default(),
            html::escaped(action),
            self.form_token(),
            inputs(all, form),
            html::escaped(button),
        )
    }

    /// Saves what was filled in, and `also` what no element tells. Gives the component's id, or why it is refused.
    pub(super) fn save(
        &self,
        target: &Target,
        all: &[Input],
        form: &Form,
        also: impl FnOnce(&mut State, &str),
    ) -> Result<String, String> {
        let Some(kind) = component::type_named(target.type_name) else {
            return Err(format!("this org knows no {}", target.type_name));
        };
        let circumstances = Circumstances::of_org(self.org, &self.visitor.person.id);
        let saved = self.org.store.change(|state| {
            let stored = state.holdings.get(&kind.name, target.name);
            if target.is_new && stored.is_some() {
                return Err(format!(
                    "There is a {} named {} already (rehearsal wording)",
                    kind.name, target.name
                ));
            }
            let element = file(kind, stored, all, form, &target.worked_out);
            let accepted = schema::read_component(kind, &element, NEWEST_API_VERSION).and_then(|sent| {
                rules::accept(&Incoming {
                    kind,
                    name: target.name,
                    sent: &sent,
                    stored,
                    holdings: &state.holdings,
                    org: &circumstances,
                    version: NEWEST_API_VERSION,
                })
            });
            let accepted = accepted.map_err(|problem| in_words_of_setup(&problem, all))?;
            let saved = rules::save(&mut state.holdings, kind, target.name, accepted.fields);
            rules::complete(&mut state.holdings);
            also(state, &saved.id);
            Ok(saved.id)
        });
        saved.unwrap_or_else(|error| Err(error.in_one_line()))
    }
}

/// A page names what is missing as it is labelled there.
fn in_words_of_setup(problem: &Problem, all: &[Input]) -> String {
    let missing = problem.text.strip_prefix("Required field is missing: ");
    let input = missing.and_then(|name| {
        all.iter().find(|input| input.is_element && input.name.rsplit('.').next() == Some(name))
    });
    match input {
        Some(input) => format!("{}: You must enter a value", input.label),
        None => problem.text.clone(),
    }
}

/// The file of the component as somebody would retrieve it, edited, and deploy it again.
fn file(
    kind: &Type,
    stored: Option<&Component>,
    all: &[Input],
    form: &Form,
    worked_out: &[(&str, Tree<Scalar>)],
) -> Element {
    // A list that the form is not about needs rights of its own (CA-53), and left out it stays (CA-82).
    let is_about = |name: &str| {
        all.iter().any(|input| input.is_element && input.name == name)
            || worked_out.iter().any(|(path, _)| *path == name)
            || kind.fields.field(name).is_some_and(|field| !field.repeated)
    };
    let stored = stored.map(|stored| told(&kind.fields, &stored.fields)).unwrap_or_default();
    let mut fields: Fields<Scalar> = stored.into_iter().filter(|(name, _)| is_about(name)).collect();
    for input in all.iter().filter(|input| input.is_element) {
        let values: Vec<&str> = form
            .all(&input.name)
            .iter()
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
            .collect();
        let value = match (&input.kind, values.as_slice()) {
            (InputKind::Secret, []) => continue,
            (InputKind::Switch, on) => Some(leaf(if on.is_empty() { "false" } else { "true" })),
            (_, []) => None,
            (InputKind::Several(_), several) => {
                Some(Tree::List(several.iter().map(|value| leaf(value)).collect()))
            }
            (_, [one, ..]) => Some(leaf(one)),
        };
        put(&mut fields, &input.name, value);
    }
    for (path, value) in worked_out {
        put(&mut fields, path, Some(value.clone()));
    }
    element(&kind.name, &Tree::Group(fields))
}

pub(super) fn leaf(text: &str) -> Tree<Scalar> {
    Tree::Leaf(Scalar::Text(text.to_owned()))
}

/// Without what no retrieve tells, and what only the org may say.
fn told(group: &Group, fields: &Fields<Scalar>) -> Fields<Scalar> {
    let kept = fields.iter().filter_map(|(name, value)| {
        let field = group.field(name)?;
        if field.secret || field.read_only || !field.exists_at(NEWEST_API_VERSION) {
            return None;
        }
        let value = match (&field.kind, value) {
            (Kind::Group(group), Tree::Group(inner)) => Tree::Group(told(group, inner)),
            _ => value.clone(),
        };
        Some((name.clone(), value))
    });
    kept.collect()
}

/// What is taken away is said to have no value: an element that is left out would stay as it is (CA-82).
fn put(fields: &mut Fields<Scalar>, path: &str, value: Option<Tree<Scalar>>) {
    match (path.split_once('.'), value) {
        (Some((first, rest)), value) => {
            if value.is_none() && !fields.contains_key(first) {
                return;
            }
            let inner = fields.get_or_insert_with(first.to_owned().into(), || Tree::Group(Fields::new()));
            if let Tree::Group(inner) = inner {
                put(inner, rest, value);
            }
        }
        (None, Some(value)) => drop(fields.insert(path.to_owned().into(), value)),
        (None, None) if fields.contains_key(path) => {
            fields.insert(path.to_owned().into(), Tree::Leaf(Scalar::Nil));
        }
        (None, None) => {}
    }
}

fn element(name: &str, tree: &Tree<Scalar>) -> Element {
    let mut element = Element {
        name: name.to_owned(),
        namespace: METADATA.to_owned(),
        children: Vec::new(),
        text: String::new(),
        nil: matches!(tree, Tree::Leaf(Scalar::Nil)),
        type_name: None,
        at: Position { line: 1, column: 1 },
    };
    match tree {
        Tree::Leaf(Scalar::Nil) | Tree::List(_) => {}
        Tree::Leaf(scalar) => element.text = scalar.to_string(),
        Tree::Group(fields) => {
            for (name, value) in fields.iter() {
                match value {
                    Tree::List(items) => {
                        element.children.extend(items.iter().map(|item| self::element(name, item)))
                    }
                    value => element.children.push(self::element(name, value)),
                }
            }
        }
    }
    element
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::type_named;

    fn app(
        inputs: &[Input],
        stored: Option<&Component>,
        values: &[(&str, &str)],
    ) -> Result<Fields<Scalar>, String> {
        let kind = type_named("ConnectedApp").unwrap();
        let form = values.iter().fold(Form::default(), |form, (name, value)| form.with(name, *value));
        schema::read_component(kind, &file(kind, stored, inputs, &form, &[]), NEWEST_API_VERSION)
            .map_err(|problem| in_words_of_setup(&problem, inputs))
    }

    #[test]
    fn a_form_is_read_as_the_file_that_it_stands_for() {
        let inputs = [
            Input::element("label", "Connected App Name", InputKind::Text),
            Input::element("contactEmail", "Contact Email", InputKind::Text),
            Input::element("description", "Description", InputKind::Text),
            Input::element("oauthConfig.callbackUrl", "Callback URL", InputKind::Lines),
            Input::element("oauthConfig.isPkceRequired", "PKCE", InputKind::Switch),
        ];
        let filled =
            [("label", "A "), ("contactEmail", "a@b.c"), ("oauthConfig.callbackUrl", "https://a\nhttps://b")];
        let config = Fields::from([
            ("callbackUrl".into(), leaf("https://a\nhttps://b")),
            ("isPkceRequired".into(), Tree::Leaf(Scalar::Flag(false))),
        ]);
        let expected = Fields::from([
            ("contactEmail".into(), leaf("a@b.c")),
            ("label".into(), leaf("A")),
            ("oauthConfig".into(), Tree::Group(config)),
        ]);
        assert_eq!(app(&inputs, None, &filled), Ok(expected));
        assert_eq!(
            app(&inputs, None, &filled[1..]),
            Err("Connected App Name: You must enter a value".to_owned())
        );
    }

    #[test]
    fn what_is_emptied_is_taken_away_and_what_is_not_asked_stays() {
        let config = [("callbackUrl".into(), leaf("https://a")), ("consumerSecret".into(), leaf("hidden"))];
        let fields = [
            ("contactEmail".into(), leaf("a@b.c")),
            ("description".into(), leaf("old")),
            ("label".into(), leaf("A")),
            ("oauthConfig".into(), Tree::Group(Fields::from(config))),
        ];
        let mut state = State::new().unwrap();
        state.holdings.put("ConnectedApp", "A", Fields::from(fields));
        let stored = state.holdings.get("ConnectedApp", "A").unwrap();
        let inputs = [Input::element("description", "Description", InputKind::Text)];
        let expected = Fields::from([
            ("contactEmail".into(), leaf("a@b.c")),
            ("description".into(), Tree::Leaf(Scalar::Nil)),
            ("label".into(), leaf("A")),
            ("oauthConfig".into(), Tree::Group(Fields::from([("callbackUrl".into(), leaf("https://a"))]))),
        ]);
        assert_eq!(app(&inputs, Some(stored), &[]), Ok(expected));
    }
}
