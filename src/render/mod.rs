//! Desired + Pass -> [`MetadataFiles`]: the XML of each component that a pass sends.
//!
//! Templates decide what the XML looks like (`template`); this module decides which value each element has:
//! what the manifest says, what the org has told, or a placeholder. Secrets never pass through a template:
//! a marker does, and the secret takes its place afterwards, in memory that is wiped.

mod template;

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use zeroize::Zeroizing;

use crate::component::{ComponentId, Field, FieldPath, Fields, Group, Kind, Scalar, Tree};
use crate::plan::{self, Pass, Send};
use crate::reference::{Observed, Reference};
use crate::resolve::{Desired, Leaf, Wanted};
use crate::secret::{SecretSource, Secrets};

pub use template::{TemplateError, Templates};

/// What happens to secrets in the XML.
#[derive(Clone, Copy)]
pub enum SecretText<'a> {
    /// Elements that hold a secret are left out.
    Masked,
    /// What an org gives back: its own mask where it has one (AP-22), otherwise nothing. Never to be deployed.
    AsRetrieved,
    Given(&'a Secrets),
}

/// The files of a package, sorted by path, without package.xml.
#[derive(Debug, Default)]
pub struct MetadataFiles {
    pub files: Vec<MetadataFile>,
    /// Components that the package removes.
    pub removes: Vec<ComponentId>,
    /// Fields that were left out because they hold a secret.
    pub masked: Vec<(ComponentId, FieldPath)>,
    /// Fields that hold a placeholder, and what they wait for.
    pub placeholders: Vec<(ComponentId, FieldPath, Reference)>,
}

/// One file of a component. All but certificates have one, which is XML.
#[derive(Debug)]
pub struct MetadataFile {
    pub component: ComponentId,
    /// In the package: `connectedApps/AxsyApexAPI.connectedApp`.
    pub path: String,
    /// May hold secrets.
    pub content: Zeroizing<String>,
}

/// Renders what a pass sends, on `threads` threads. The result does not depend on their number.
pub fn render(
    desired: &Desired,
    pass: &Pass,
    observed: &Observed,
    secrets: SecretText<'_>,
    templates: &Templates,
    threads: usize,
) -> Result<MetadataFiles, TemplateError> {
    let renderer = Renderer { desired, observed, secrets, templates };
    let threads = threads.clamp(1, pass.sends.len().max(1));
    let mut rendered = Vec::with_capacity(pass.sends.len());
    if threads == 1 {
        for send in &pass.sends {
            rendered.push(renderer.component(send)?);
        }
    } else {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            while let Some(send) = pass.sends.get(next.fetch_add(1, Ordering::Relaxed)) {
                done.push(renderer.component(send));
            }
            done
        };
        let results: Vec<_> = thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            workers.into_iter().flat_map(|worker| worker.join().expect("rendering does not panic")).collect()
        });
        for result in results {
            rendered.push(result?);
        }
    }
    rendered.sort_by(|one, other| one.component.cmp(&other.component));
    let mut files = MetadataFiles::default();
    for one in rendered {
        let id = &one.component;
        files.masked.extend(one.masked.into_iter().map(|path| (id.clone(), path)));
        files
            .placeholders
            .extend(one.placeholders.into_iter().map(|(path, reference)| (id.clone(), path, reference)));
        files.files.extend(one.files);
    }
    files.files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

struct Renderer<'a> {
    desired: &'a Desired,
    observed: &'a Observed,
    secrets: SecretText<'a>,
    templates: &'a Templates,
}

struct Rendered {
    component: ComponentId,
    files: Vec<MetadataFile>,
    masked: Vec<FieldPath>,
    placeholders: Vec<(FieldPath, Reference)>,
}

/// Surrounds the number of a secret while the XML goes through its template. A noncharacter of Unicode,
/// which `lint` lets no manifest contain.
const MARK: char = '\u{FDD0}';

impl Renderer<'_> {
    fn component(&self, send: &Send) -> Result<Rendered, TemplateError> {
        let component = &self.desired.components[&send.id];
        let mut values = Values {
            renderer: self,
            send,
            secrets: Vec::new(),
            masked: Vec::new(),
            placeholders: Vec::new(),
        };
        let kind = component.id.kind;
        let fields = values.fields(&kind.fields, &FieldPath::root(), &component.fields);
        let xml = Zeroizing::new(self.templates.render(kind, &fields)?);
        let content = with_secrets(xml, &values.secrets);
        let file = |path, content| MetadataFile { component: send.id.clone(), path, content };
        let mut files = vec![file(kind.path(&send.id.name), content)];
        if let (Some(field), Some(path)) = (kind.content_field(), kind.content_path(&send.id.name)) {
            let text = match fields.get(&field.name) {
                Some(Tree::Leaf(Scalar::Text(text))) => text.clone(),
                _ => String::new(),
            };
            files.push(file(path, Zeroizing::new(text)));
        }
        Ok(Rendered {
            component: send.id.clone(),
            files,
            masked: values.masked,
            placeholders: values.placeholders,
        })
    }
}

/// Puts the escaped secrets where their marks stand.
fn with_secrets(xml: Zeroizing<String>, secrets: &[Zeroizing<String>]) -> Zeroizing<String> {
    if secrets.is_empty() {
        return xml;
    }
    // Reserved at once: a string that grows leaves copies of what it held behind.
    let room = xml.len() + secrets.iter().map(|secret| secret.len()).sum::<usize>();
    let mut content = Zeroizing::new(String::with_capacity(room));
    for (at, piece) in xml.split(MARK).enumerate() {
        match (at % 2, piece.parse::<usize>()) {
            (1, Ok(number)) if number < secrets.len() => content.push_str(&secrets[number]),
            _ => content.push_str(piece),
        }
    }
    content
}

/// Collects the values of one component.
struct Values<'a> {
    renderer: &'a Renderer<'a>,
    send: &'a Send,
    secrets: Vec<Zeroizing<String>>,
    masked: Vec<FieldPath>,
    placeholders: Vec<(FieldPath, Reference)>,
}

impl Values<'_> {
    fn fields(&mut self, group: &Group, at: &FieldPath, fields: &Fields<Leaf>) -> Fields<Scalar> {
        let mut values = Fields::new();
        for (name, tree) in fields {
            let path = at.element(name.clone());
            let field = group.field(name);
            if self.send.omitted.contains(&path) || field.is_some_and(|field| field.read_only) {
                continue;
            }
            if let Some(value) = self.tree(field, &path, tree) {
                values.insert(name.clone(), value);
            }
        }
        values
    }

    fn tree(&mut self, field: Option<&Field>, path: &FieldPath, tree: &Tree<Leaf>) -> Option<Tree<Scalar>> {
        match tree {
            Tree::Leaf(leaf) => self.leaf(field, path, leaf).map(Tree::Leaf),
            Tree::Group(fields) => {
                let nothing = Group { name: String::new(), fields: Vec::new() };
                let group = match field.map(|field| &field.kind) {
                    Some(Kind::Group(group)) => group,
                    _ => &nothing,
                };
                Some(Tree::Group(self.fields(group, path, fields)))
            }
            Tree::List(items) => {
                let mut values: Vec<Tree<Scalar>> = items
                    .iter()
                    .enumerate()
                    .filter_map(|(index, item)| self.tree(field, &path.index(index), item))
                    .collect();
                // The template puts them in order; an org has each of them once (CA section 1.4). That one value stands twice where
                // there can be one is for the org to refuse.
                if let Some(Field { kind: Kind::Enumeration(_), repeated: true, .. }) = field {
                    let mut seen = Vec::new();
                    values.retain(|value| {
                        let is_new = !seen.contains(value);
                        if is_new {
                            seen.push(value.clone());
                        }
                        is_new
                    });
                }
                Some(Tree::List(values))
            }
        }
    }

    fn leaf(&mut self, field: Option<&Field>, path: &FieldPath, leaf: &Leaf) -> Option<Scalar> {
        match &leaf.wanted {
            Wanted::Known(scalar) => Some(scalar.clone()),
            Wanted::Formula(formula) => {
                let Renderer { desired, observed, .. } = self.renderer;
                let mut waiting = Vec::new();
                let text = formula.fill(|reference| {
                    if let Some(value) = observed.value(reference) {
                        return Some(Cow::Borrowed(value));
                    }
                    if desired.predict_callback
                        && let Some(value) = plan::predicted(reference, observed)
                    {
                        return Some(Cow::Owned(value));
                    }
                    waiting.push(reference.clone());
                    plan::placeholder(reference)
                });
                self.placeholders.extend(waiting.into_iter().map(|reference| (path.clone(), reference)));
                // Without a value and without a placeholder the element is left out.
                text.map(Scalar::Text)
            }
            Wanted::Secret(source) => self.secret(field, path, source),
        }
    }

    fn secret(&mut self, field: Option<&Field>, path: &FieldPath, source: &SecretSource) -> Option<Scalar> {
        if let Some(key) = plan::known_key(source, self.renderer.observed) {
            return Some(Scalar::Text(key));
        }
        let given = match self.renderer.secrets {
            SecretText::Given(secrets) => secrets.get(source),
            SecretText::AsRetrieved => {
                let mask = field.and_then(|field| field.masked.clone());
                return mask.map(Scalar::Text);
            }
            SecretText::Masked => None,
        };
        let Some(secret) = given else {
            self.masked.push(path.clone());
            return None;
        };
        self.secrets.push(template::escaped(secret.expose()));
        Some(Scalar::Text(format!("{MARK}{}{MARK}", self.secrets.len() - 1)))
    }
}
