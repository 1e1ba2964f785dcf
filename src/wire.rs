//! Reads from an org what only it can tell: which components it has, what they hold, and the values that
//! others refer to. The only stage that fills [`Observed`].

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join, join_all};

use crate::companions::{self, Companions};
use crate::component::{Attribute, AttributeSource, ComponentId, FieldPath, Fields, Scalar, Tree};
use crate::org::{self, Org, READ_AT_ONCE, Reader};
use crate::package::{self, Part};
use crate::reference::{Existing, Observed, OrgFacts, Reference};
use crate::resolve::{Component, Desired, Wanted};
use crate::retrieved;
use crate::secret::SecretSource;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Org(#[from] org::Error),
    #[error("cannot read `{path}`, which the org gave back")]
    Unreadable { path: String, source: retrieved::Error },
    #[error("cannot read `{path}`, which the org gave back: it is not UTF-8")]
    NotUtf8 { path: String },
}

/// What the org has of the desired components and of those they depend on.
pub async fn observe(desired: &Desired, org: &Org) -> Result<Observed, Error> {
    let reader = org.reader();
    // Neither needs the other's answer. Both are waited for, so that of two failures always the same is told.
    let (organization, components) = join(reader.organization(), components(desired, reader)).await;
    let (organization, components) = (organization?, components?);
    let facts = OrgFacts { id: organization.id, instance_url: org.instance_url().to_owned() };
    let mut observed = Observed { org: Some(facts), components, ..Observed::default() };
    ask_untold(desired, reader, &mut observed).await?;
    Ok(observed)
}

/// The same, with the names that the org has for what it names itself.
pub async fn observe_named(desired: &mut Desired, org: &Org) -> Result<Observed, Error> {
    name_as_in_org(desired, org).await?;
    observe(desired, org).await
}

/// Gives components whose names an org makes up the names that it has given: found by what they are about, such as the
/// profile of session settings (SE-14). What an org has no component for keeps its own name.
async fn name_as_in_org(desired: &mut Desired, org: &Org) -> Result<(), Error> {
    let kinds: BTreeSet<&'static str> = desired
        .components
        .keys()
        .filter_map(|id| id.kind.member.matched_on.as_ref().map(|_| &*id.kind.name))
        .collect();
    for kind in kinds {
        let members = BTreeMap::from([(kind.to_owned(), vec!["*".to_owned()])]);
        let mut there = Components::new();
        retrieve(&members, org.reader(), &mut there).await?;
        let of_kind: Vec<ComponentId> =
            desired.components.keys().filter(|id| id.kind.name == kind).cloned().collect();
        for id in of_kind {
            let Some(component) = desired.components.get_mut(&id) else { continue };
            let found = there.iter().find(|(other, held)| other.kind.name == kind && is_it(component, held));
            // Whatever the schema demands and nobody wrote stays as it is, or begins as everybody has it.
            match found {
                Some((there, held)) => {
                    component.carry(&held.fields);
                    desired.rename(&id, there);
                }
                None => component.carry(&id.kind.fields.defaults()),
            }
        }
    }
    Ok(())
}

fn is_it(component: &Component, held: &Existing) -> bool {
    let Some(field) = &component.id.kind.member.matched_on else { return false };
    let held = held.fields.text_at(&FieldPath::of(field));
    held.zip(component.text(field)).is_some_and(|(held, wanted)| is_same_name(held, wanted))
}

/// Names of profiles are written with and without percent signs, and in another case (SE-15).
fn is_same_name(one: &str, other: &str) -> bool {
    let plain = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().to_lowercase();
    plain(one) == plain(other)
}

/// The same after something was deployed: which org it is and the values that it has told do not change, and are
/// not asked for again.
pub async fn observe_again(desired: &Desired, org: &Org, before: &Observed) -> Result<Observed, Error> {
    let reader = org.reader();
    let components = components(desired, reader).await?;
    let mut observed = Observed { components, ..before.clone() };
    ask_untold(desired, reader, &mut observed).await?;
    Ok(observed)
}

/// Asks for what others refer to, of the components that exist: the others have nothing to tell.
async fn ask_untold(desired: &Desired, reader: Reader<'_>, observed: &mut Observed) -> Result<(), Error> {
    let mut references = references(desired);
    references.retain(|reference| match reference {
        Reference::Attribute { of, .. } => observed.has(of) && observed.value(reference).is_none(),
        Reference::Org(_) | Reference::Unset(_) => false,
    });
    read_back(&references, reader, observed).await
}

type Components = BTreeMap<ComponentId, Existing>;

/// The components that a plan depends on, as the org holds them.
async fn components(desired: &Desired, reader: Reader<'_>) -> Result<Components, Error> {
    let interesting = interesting(desired);
    let companions = companions_of(desired);
    if companions.is_empty()
        && let Some(calls) = few(&interesting)
    {
        return read(&calls, reader).await;
    }
    let mut members: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for id in interesting {
        members.entry(id.kind.package_type.clone()).or_default().push(id.name);
    }
    companions::join(&mut members, &companions);
    let mut components = Components::new();
    if !members.is_empty() {
        retrieve(&members, reader, &mut components).await?;
    }
    Ok(components)
}

/// Calls that are worth making at once instead of waiting for a retrieve.
const MOST_CALLS: usize = 6;

/// The components a call each, if so few calls can read all of them. A component with a second file, and a profile,
/// which holds what was asked for with it, are the same in no other way than by a retrieve.
fn few(ids: &BTreeSet<ComponentId>) -> Option<Vec<Vec<&ComponentId>>> {
    if ids.iter().any(|id| id.kind.content_field().is_some() || id.kind.name == "Profile") {
        return None;
    }
    // Sorted by type first.
    let ids: Vec<&ComponentId> = ids.iter().collect();
    let of_one_type = ids.chunk_by(|a, b| a.kind.name == b.kind.name);
    let calls: Vec<Vec<&ComponentId>> =
        of_one_type.flat_map(|ids| ids.chunks(READ_AT_ONCE)).map(<[_]>::to_vec).collect();
    (calls.len() <= MOST_CALLS).then_some(calls)
}

async fn read(calls: &[Vec<&ComponentId>], reader: Reader<'_>) -> Result<Components, Error> {
    let calls = calls.iter().map(|ids| async move {
        let Some(first) = ids.first() else { return Ok(Vec::new()) };
        let names: Vec<&str> = ids.iter().map(|id| id.name.as_str()).collect();
        let records = reader.read_metadata(&first.kind.name, &names).await?;
        Ok::<_, Error>(ids.iter().zip(records).collect::<Vec<_>>())
    });
    let mut components = Components::new();
    let answers: Result<Vec<_>, Error> = join_all(calls).await.into_iter().collect();
    for (id, record) in answers?.into_iter().flatten() {
        let Some(record) = record else { continue };
        let xml = format!("<{0}>{record}</{0}>", id.kind.name);
        let mut fields = retrieved::read(id.kind, &xml)
            .map_err(|source| Error::Unreadable { path: id.to_string(), source })?;
        // The file of a component has this in its name.
        fields.remove("fullName");
        components.insert((*id).clone(), Existing { id: None, fields });
    }
    Ok(components)
}

/// Reads components by a retrieve.
async fn retrieve(
    members: &BTreeMap<String, Vec<String>>,
    reader: Reader<'_>,
    components: &mut Components,
) -> Result<(), Error> {
    let mut contents: Vec<(ComponentId, String)> = Vec::new();
    for file in reader.retrieve(members).await?.files {
        // The path alone tells what a file is: its properties call all settings by one name.
        let Some((id, part)) = package::component_of(&file.path) else { continue };
        let text =
            std::str::from_utf8(&file.bytes).map_err(|_| Error::NotUtf8 { path: file.path.clone() })?;
        if part == Part::Content {
            contents.push((id.clone(), text.to_owned()));
        }
        let fields = match part {
            Part::Elements => retrieved::read(id.kind, text)
                .map_err(|source| Error::Unreadable { path: file.path.clone(), source })?,
            Part::Content => Fields::new(),
        };
        let existing = components.entry(id).or_insert_with(|| Existing { id: None, fields: Fields::new() });
        existing.id = file.record_id.or(existing.id.take());
        if part == Part::Elements {
            existing.fields = fields;
        }
    }
    // After the elements, whichever of the two files came first.
    for (id, text) in contents {
        if let (Some(field), Some(existing)) = (id.kind.content_field(), components.get_mut(&id)) {
            existing.fields.insert(field.name.as_str().into(), Tree::Leaf(Scalar::Text(text)));
        }
    }
    Ok(())
}

fn companions_of(desired: &Desired) -> Companions {
    let mut companions = Companions::new();
    for component in desired.components.values() {
        companions::add(&mut companions, &component.id, &component.fields, |leaf| match &leaf.wanted {
            Wanted::Known(scalar) => Some(scalar),
            Wanted::Formula(_) | Wanted::Secret(_) => None,
        });
    }
    companions
}

/// An object, the column with its component's name, and the column that is wanted.
type Column<'a> = (&'a str, &'a str, &'a str);

/// Asks for the values of references and adds what the org tells.
pub async fn read_back(
    references: &BTreeSet<Reference>,
    reader: Reader<'_>,
    observed: &mut Observed,
) -> Result<(), Error> {
    // The value of a field is read from its component, which the org may have had for a pass only.
    let mut unseen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for reference in references {
        if let Reference::Attribute { of, attribute } = reference
            && matches!(
                of.kind.attributes.get(attribute),
                Some(Attribute { source: AttributeSource::Field(_), .. })
            )
            && !observed.has(of)
        {
            unseen.entry(of.kind.package_type.clone()).or_default().push(of.name.clone());
        }
    }
    if !unseen.is_empty() {
        retrieve(&unseen, reader, &mut observed.components).await?;
    }
    // One question for all components of which the same column is wanted.
    let mut questions: BTreeMap<Column<'_>, Vec<(&ComponentId, &Reference)>> = BTreeMap::new();
    for reference in references {
        let Reference::Attribute { of, attribute } = reference else { continue };
        match of.kind.attributes.get(attribute).map(|attribute| &attribute.source) {
            Some(AttributeSource::Query { object, member, column, .. }) => {
                questions.entry((object, member, column)).or_default().push((of, reference));
            }
            Some(AttributeSource::Field(path)) => {
                let held = observed
                    .components
                    .get(of)
                    .and_then(|existing| existing.fields.text_at(path))
                    .map(str::to_owned);
                if let Some(text) = held {
                    observed.values.insert(reference.clone(), text);
                }
            }
            None => {}
        }
    }
    for ((object, member, column), asked) in questions {
        let names = asked.iter().map(|(id, _)| id.name.as_str());
        let before = format!("SELECT {member}, {column} FROM {object} WHERE {member}");
        for soql in org::soql_in(&before, names, "") {
            for record in reader.query(&soql).await? {
                let text = |name: &str| record.get(name).and_then(|value| value.as_str());
                let (Some(name), Some(value)) = (text(member), text(column)) else { continue };
                for (_, reference) in asked.iter().filter(|(id, _)| id.name == name) {
                    observed.values.insert((*reference).clone(), derived(reference, value));
                }
            }
        }
    }
    Ok(())
}

/// The attribute's value, from the column's (AP-47: unconfirmed, but true of every documented form).
fn derived(reference: &Reference, column: &str) -> String {
    if let Reference::Attribute { of, attribute } = reference
        && let Some(attribute) = of.kind.attributes.get(attribute)
        && let AttributeSource::Query { replace: Some((from, to)), .. } = &attribute.source
    {
        return column.replacen(from, to, 1);
    }
    column.to_owned()
}

/// Every component whose existence or content a plan depends on.
fn interesting(desired: &Desired) -> BTreeSet<ComponentId> {
    let mut ids: BTreeSet<ComponentId> =
        desired.components.keys().chain(&desired.removals).cloned().collect();
    for component in desired.components.values() {
        ids.extend(component.named());
        component.each_leaf(&mut |leaf| match &leaf.wanted {
            Wanted::Secret(SecretSource::Generated(generated)) => {
                ids.insert(generated.owner.clone());
            }
            Wanted::Formula(formula) => {
                ids.extend(formula.references().filter_map(|reference| match reference {
                    Reference::Attribute { of, .. } => Some(of.clone()),
                    Reference::Org(_) | Reference::Unset(_) => None,
                }));
            }
            _ => {}
        });
    }
    ids
}

fn references(desired: &Desired) -> BTreeSet<Reference> {
    let mut found = BTreeSet::new();
    for component in desired.components.values() {
        component.each_leaf(&mut |leaf| {
            if let Wanted::Formula(formula) = &leaf.wanted {
                found.extend(formula.references().cloned());
            }
        });
    }
    found
}
