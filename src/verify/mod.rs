//! Desired + what an org has told -> [`Check`]s: does the trust work? Each check is data; what has to be asked over the
//! wire is asked by others, and judged here.

pub mod authorize;
pub mod principal;
pub mod refresh;
pub mod standing;
pub mod token;
pub mod wired;

use crate::component::{ComponentId, FieldPath, Fields, Kind, Name, Scalar, Tree};
use crate::reference::Observed;
use crate::resolve::{Component, Desired, Wanted};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    Failed,
    /// Only a person can tell, or do it.
    Open,
    /// It could not be asked.
    Skipped,
}

impl Verdict {
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::Open => "open",
            Verdict::Skipped => "skipped",
        }
    }
}

/// One thing that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Stable, for programs.
    pub id: &'static str,
    /// The facts about the platform that it rests on.
    pub facts: &'static [&'static str],
    pub component: ComponentId,
    pub asked: String,
    pub found: String,
    pub verdict: Verdict,
    /// Something to do.
    pub help: Option<String>,
}

impl Check {
    fn new(id: &'static str, facts: &'static [&'static str], component: &ComponentId, asked: &str) -> Check {
        let (asked, component) = (asked.to_owned(), component.clone());
        Check { id, facts, component, asked, found: String::new(), verdict: Verdict::Skipped, help: None }
    }

    fn ended(self, verdict: Verdict, found: impl Into<String>) -> Check {
        Check { verdict, found: found.into(), ..self }
    }

    pub fn passed(self, found: impl Into<String>) -> Check {
        self.ended(Verdict::Passed, found)
    }

    pub fn failed(self, found: impl Into<String>) -> Check {
        self.ended(Verdict::Failed, found)
    }

    pub fn open(self, found: impl Into<String>) -> Check {
        self.ended(Verdict::Open, found)
    }

    pub fn skipped(self, found: impl Into<String>) -> Check {
        self.ended(Verdict::Skipped, found)
    }

    pub fn help(self, help: impl Into<String>) -> Check {
        Check { help: Some(help.into()), ..self }
    }
}

/// How often something ended like this.
pub fn count(checks: &[Check], verdict: Verdict) -> usize {
    checks.iter().filter(|check| check.verdict == verdict).count()
}

/// An app with OAuth, as the manifests want it and as the org has it.
#[derive(Clone, Copy)]
struct App<'a> {
    wanted: &'a Component,
    held: &'a Fields<Scalar>,
}

/// Connected apps, and external client apps by the component that holds their key.
fn apps<'a>(desired: &'a Desired, observed: &'a Observed) -> impl Iterator<Item = App<'a>> {
    desired.components.values().filter_map(|wanted| {
        let has_oauth =
            key_path(&wanted.id).is_some_and(|key| wanted.get(&beside(key, "callbackUrl")).is_some());
        let held = &observed.components.get(&wanted.id)?.fields;
        has_oauth.then_some(App { wanted, held })
    })
}

impl<'a> App<'a> {
    /// The consumer key, as the org tells it.
    fn key(self) -> Option<&'a str> {
        self.held.text_at(key_path(&self.wanted.id)?)
    }

    /// A field beside the consumer key.
    fn text(self, name: &'static str) -> Option<&'a str> {
        self.held.text_at(&beside(key_path(&self.wanted.id)?, name))
    }

    fn flag(self, name: &'static str) -> bool {
        let Some(key) = key_path(&self.wanted.id) else { return false };
        matches!(self.held.at(&beside(key, name)), Some(Tree::Leaf(Scalar::Flag(true))))
    }

    /// The lines that the org has.
    fn callbacks(self) -> Vec<&'a str> {
        self.text("callbackUrl").map(lines).unwrap_or_default()
    }
}

/// What belongs to the same external client app, with the app itself.
fn family<'a>(app: App<'a>, observed: &'a Observed) -> impl Iterator<Item = &'a Fields<Scalar>> {
    const APP: &str = "externalClientApplication";
    let name = app.text(APP);
    let belongs = move |id: &ComponentId, fields: &Fields<Scalar>| {
        let is_header = id.kind.name == "ExternalClientApplication" && Some(id.name.as_str()) == name;
        is_header || name.is_some() && fields.text_at(&FieldPath::of(APP)) == name
    };
    observed
        .components
        .iter()
        .filter(move |(id, held)| belongs(id, &held.fields))
        .map(|(_, held)| &held.fields)
}

/// Where an app's consumer key is; `None` for everything else.
fn key_path(id: &ComponentId) -> Option<&'static FieldPath> {
    id.kind.attribute_field("consumer-key")
}

fn beside(path: &FieldPath, name: &'static str) -> FieldPath {
    let mut path = path.clone();
    path.0.pop();
    path.element(Name::from(name))
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

/// The text that a field is to have, with everything filled in that the org has told.
fn wanted_text(component: &Component, path: &FieldPath, observed: &Observed) -> Option<String> {
    match &component.get(path)?.as_leaf()?.wanted {
        Wanted::Known(Scalar::Text(text)) => Some(text.clone()),
        Wanted::Formula(formula) => formula.fill(|reference| observed.value(reference).map(Into::into)),
        _ => None,
    }
}

/// Every text that the org has of a component and may show.
fn each_text<'a>(
    group: &'static crate::component::Group,
    fields: &'a Fields<Scalar>,
    visit: &mut impl FnMut(&'static str, &'a str),
) {
    for (name, tree) in fields.iter() {
        let Some(field) = group.field(name) else { continue };
        let items = match tree {
            Tree::List(items) => items.as_slice(),
            single => std::slice::from_ref(single),
        };
        for item in items {
            match (item, &field.kind) {
                (Tree::Group(inner), Kind::Group(group)) => each_text(group, inner, visit),
                (Tree::Leaf(Scalar::Text(text)), _) if !field.secret => visit(&field.key, text),
                _ => {}
            }
        }
    }
}
