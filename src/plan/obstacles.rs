//! What makes a plan impossible, or is worth knowing before it is applied.

use std::collections::{BTreeSet, HashSet};

use super::values::known_key;
use super::{Action, Change};
use crate::component::{ComponentId, Field, FieldPath, Generate, Scalar, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::diff::{FieldChange, Filled};
use crate::reference::Observed;
use crate::resolve::{Component, Desired, Leaf, Wanted};
use crate::secret::{Generated, SecretSource};

/// Drops differences that no deployment can remove, and reports those that matter.
pub(super) fn changeable(
    component: &Component,
    fields: Vec<FieldChange>,
    findings: &mut Diagnostics,
) -> Vec<FieldChange> {
    let id = &component.id;
    let mut kept = Vec::new();
    for change in fields {
        let Some(field) = crate::resolve::described_field(id, &change.path) else {
            kept.push(change);
            continue;
        };
        let at = component.key_at(&change.path);
        let path = &change.path;
        if field.create_only {
            // A sourced or generated value cannot be compared; an org without one will not take it any more.
            if let (Tree::Leaf(Filled::Known(wanted)), Some(Tree::Leaf(before))) =
                (&change.after, &change.before)
            {
                findings.push(
                    Diagnostic::error(Code::CreateOnlyChange, format!("`{path}` of `{id}` cannot be changed any more"))
                        .label(at, "can be chosen only when the component is created")
                        .help(format!(
                            "the org has {before} and the manifest asks for {wanted}; change it in Setup if that is possible there, or remove the field to keep what the org has{}",
                            facts(field)
                        )),
                );
            } else if let (Tree::Leaf(Filled::Known(_)), None) = (&change.after, &change.before) {
                findings.push(
                    Diagnostic::warning(
                        Code::CreateOnlyChange,
                        format!("`{path}` of `{id}` is not sent: the component exists"),
                    )
                    .label(at, "takes effect only when the component is created")
                    .help(format!("set it in Setup if it is not as you want it{}", facts(field))),
                );
            }
            continue;
        }
        if let (Some(locked), Some(Tree::Leaf(before))) = (&field.irreversible, &change.before)
            && before.to_string() == *locked
        {
            findings.push(
                Diagnostic::error(
                    Code::IrreversibleChange,
                    format!("`{path}` of `{id}` is {locked} in the org and can never be changed back"),
                )
                .label(at, "cannot take effect")
                .help(format!(
                    "write {} = {locked}, or remove the line{}",
                    field.key,
                    facts(field)
                )),
            );
            continue;
        }
        kept.push(change);
    }
    kept
}

/// What is to be removed cannot be while something of the project names it or takes a value from it.
pub fn check_unused<'a>(
    id: &ComponentId,
    others: impl Iterator<Item = &'a Component>,
    findings: &mut Diagnostics,
) -> bool {
    let mut is_used = false;
    for user in others.filter(|component| component.depends_on(id)) {
        is_used = true;
        findings.push(
            Diagnostic::error(Code::StillUsed, format!("`{id}` is to be removed, and `{}` uses it", user.id))
                .label(user.at, "uses it")
                .help(format!("remove `{}` as well, or let it use something else first", user.id)),
        );
    }
    is_used
}

fn facts(field: &Field) -> String {
    if field.unsure.is_some() { " (how an org answers is not confirmed)".to_owned() } else { String::new() }
}

/// Where generated keys and secrets go.
#[derive(Default)]
pub(super) struct Uses<'a> {
    /// Asked for by the component that has it.
    own: Vec<&'a Generated>,
    /// Asked for by another component, in this field.
    pairs: Vec<Pair<'a>>,
}

struct Pair<'a> {
    generated: &'a Generated,
    consumer: &'a ComponentId,
    path: FieldPath,
    at: Span,
}

impl<'a> Uses<'a> {
    pub(super) fn add(&mut self, component: &'a Component) {
        component.each_value(&mut |path, _, value| {
            if let Tree::Leaf(Leaf { wanted: Wanted::Secret(SecretSource::Generated(generated)), at }) = value
            {
                if generated.owner == component.id {
                    self.own.push(generated);
                } else {
                    let (consumer, path) = (&component.id, path.clone());
                    self.pairs.push(Pair { generated, consumer, path, at: *at });
                }
            }
        });
    }
}

/// A secret that we made is known only in the run that made it. If the org has one side of a pair, the
/// other side can never be completed, and saying so after half of it was sent would be too late.
pub(super) fn check_generated(
    uses: &Uses<'_>,
    desired: &Desired,
    observed: &Observed,
    findings: &mut Diagnostics,
) {
    let mut absent = BTreeSet::new();
    for Pair { generated, consumer, path, at } in &uses.pairs {
        let (generated, consumer, at) = (*generated, *consumer, *at);
        let owner = &generated.owner;
        let key = &generated.field;
        let problem = |message: String, help: String| {
            let owner_at = desired.components.get(owner).map(|component| component.key_at(&generated.field));
            let mut diagnostic =
                Diagnostic::error(Code::GeneratedSecretUnknown, message).label(at, "needs the value");
            if let Some(owner_at) = owner_at {
                diagnostic = diagnostic.label(owner_at, "made by us when this is created, and never stored");
            }
            diagnostic.help(help)
        };
        let by_hand = || {
            format!(
                "copy the secret from Setup (App Manager, {}, Manage Consumer Details) and let both fields read it: {{ env = \"NAME\" }}",
                owner.name
            )
        };
        match (observed.has(owner), observed.components.get(consumer)) {
            (false, Some(_)) if generated.shape == Generate::ConsumerSecret => findings.push(problem(
                format!("the org has `{consumer}` but not `{owner}`, so their generated secret cannot be known"),
                format!(
                    "`{owner}` would get a new secret, and whether `{consumer}` takes a new one is not confirmed. Either give both \
                     sides a secret of your own, {{ env = \"NAME\" }}, and test a login afterwards; or delete `{consumer}` in \
                     the org and use another name for it{}",
                    if consumer.kind.member.burnt_after_deletion { " (its name stays reserved)" } else { "" }
                ),
            )),
            (true, None) if generated.shape == Generate::ConsumerSecret => findings.push(problem(
                format!("the org has `{owner}` but not `{consumer}`, so `{key}` cannot be known"),
                format!("{}; or delete `{owner}` in the org, if the org lets you create it again, and deploy both", by_hand()),
            )),
            (true, Some(existing)) => {
                let field = crate::resolve::described_field(consumer, path);
                let before = existing.fields.text_at(path);
                match (generated.shape, field) {
                    (Generate::ConsumerSecret, Some(field)) if field.masked.is_some() && before.is_none() => {
                        findings.push(problem(
                            format!("`{consumer}` has no secret in the org, and that of `{owner}` cannot be known"),
                            by_hand(),
                        ));
                    }
                    (Generate::ConsumerKey, _) => {
                        let own = known_key(&SecretSource::Generated(Box::new(generated.clone())), observed);
                        if own.is_some() && before.is_some() && own.as_deref() != before {
                            findings.push(problem(
                                format!("`{consumer}` has the key of another app than `{owner}`, so its secret is another one too"),
                                by_hand(),
                            ));
                        }
                    }
                    _ => {}
                }
            }
            // Once for a key and its secret.
            (false, None) if !desired.components.contains_key(owner) && absent.insert((owner, consumer)) => findings.push(problem(
                format!("`{consumer}` needs `{owner}`, which is not in the org and not among the targets"),
                format!("add --target {owner}"),
            )),
            _ => {}
        }
    }
}

/// A secret that was made for a system outside the org is lost unless it is handed over.
pub(super) fn warn_of_lost_secrets(
    uses: &Uses<'_>,
    desired: &Desired,
    changes: &[Change],
    findings: &mut Diagnostics,
) {
    let used: HashSet<&Generated> = uses.pairs.iter().map(|pair| pair.generated).collect();
    for generated in &uses.own {
        let created = || {
            changes
                .binary_search_by(|change| change.id.cmp(&generated.owner))
                .is_ok_and(|found| changes[found].action == Action::Create)
        };
        if generated.shape == Generate::ConsumerSecret
            && !used.contains(generated)
            && created()
            && let Some(owner) = desired.components.get(&generated.owner)
        {
            findings.push(
                Diagnostic::warning(
                    Code::GeneratedSecretUnknown,
                    format!(
                        "nothing in this project uses the secret that is generated for `{}`",
                        generated.owner
                    ),
                )
                .label(owner.key_at(&generated.field), "made once, and stored nowhere")
                .help(
                    "hand it over with --secret-out FILE when deploying, or look it up in Setup afterwards",
                ),
            );
        }
    }
}

/// Components that are named, and are neither in the project nor in the org.
pub(super) fn check_named(
    component: &Component,
    desired: &Desired,
    observed: &Observed,
    findings: &mut Diagnostics,
) {
    component.each_value(&mut |path, field, value| {
        let Tree::Leaf(Leaf { wanted: Wanted::Known(Scalar::Text(text)), at }) = value else { return };
        let Some(named) = field.named(text) else { return };
        if desired.components.contains_key(&named) || observed.has(&named) {
            return;
        }
        let known: Vec<String> = desired
            .components
            .keys()
            .filter(|id| id.kind.key == named.kind.key)
            .map(|id| id.name.clone())
            .collect();
        let mut diagnostic = Diagnostic::error(
            Code::MissingComponent,
            format!(
                "`{path}` of `{}` names `{named}`, which is neither declared nor in the org",
                component.id
            ),
        )
        .label(*at, "no such component")
        .help(format!("declare it: [{named}]"));
        if let Some(near) = crate::diagnostic::suggestion(&named.name, known.iter().map(String::as_str)) {
            diagnostic = diagnostic.help(format!("did you mean \"{near}\"?"));
        }
        findings.push(diagnostic);
    });
}
