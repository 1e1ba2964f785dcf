//! Desired + Observed -> [`Plan`]: what changes, which pass sends what, and what waits for what.
//!
//! Knows nothing of XML or of the network, and of no metadata type in particular. Nothing else decides
//! about passes.
//!
//! A field is *deferred* while something it refers to is not observed. A component that does not exist yet
//! is sent all the same, with a placeholder in the deferred field, so that others can refer to it; it is
//! sent again when the value is known. A component that exists is never given a placeholder: it waits.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::component::{AttributeSource, ComponentId, Field, FieldPath, Fields, Generate, Scalar, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::diff::{self, FieldChange, Filled};
use crate::reference::{Observed, OrgAttribute, Reference};
use crate::resolve::{Component, Desired, Leaf, Wanted};
use crate::secret::{Generated, SecretSource};

/// What a deployment will do.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// One for each desired component, in the order of addresses.
    pub changes: Vec<Change>,
    pub passes: Vec<Pass>,
    /// What makes the plan impossible, and what is worth knowing before it is applied.
    pub findings: Diagnostics,
}

#[derive(Debug, Clone)]
pub struct Change {
    pub id: ComponentId,
    pub action: Action,
    pub fields: Vec<FieldChange>,
    /// Numbers of the passes that send the component.
    pub passes: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Create,
    Update,
    Keep,
}

/// One deployment.
#[derive(Debug, Clone)]
pub struct Pass {
    /// From 1.
    pub number: usize,
    /// In the order of addresses.
    pub sends: Vec<Send>,
}

impl Pass {
    /// Whether the pass sends this component.
    pub fn sends(&self, id: &ComponentId) -> bool {
        self.sends.binary_search_by(|send| send.id.cmp(id)).is_ok()
    }
}

/// One component in one pass.
#[derive(Debug, Clone)]
pub struct Send {
    pub id: ComponentId,
    /// Fields that get a placeholder, or a predicted value, in this pass.
    pub deferred: Vec<Deferral>,
    /// Fields that are left out: create-only ones of a component that exists, secrets nobody knows.
    pub omitted: BTreeSet<FieldPath>,
    /// The component was sent with predicted values; sending it again is needed only if one was wrong.
    pub only_if_mispredicted: bool,
}

/// A field whose value is not observed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deferral {
    pub field: FieldPath,
    pub waits_for: Vec<Reference>,
    /// The value that this pass sends was predicted, not made up.
    pub predicted: bool,
}

impl Plan {
    /// Whether there is something to send.
    pub fn is_empty(&self) -> bool {
        self.passes.is_empty()
    }

    /// Whether nothing stands in the way.
    pub fn is_applyable(&self) -> bool {
        !self.findings.has_errors()
    }

    pub fn count(&self, action: Action) -> usize {
        self.changes.iter().filter(|change| change.action == action).count()
    }

    /// Secrets that the passes send, with the places that ask for them.
    pub fn secrets(&self, desired: &Desired) -> Vec<NeededSecret> {
        let mut needed: BTreeMap<(ComponentId, FieldPath), NeededSecret> = BTreeMap::new();
        for send in self.passes.iter().flat_map(|pass| &pass.sends) {
            let Some(component) = desired.components.get(&send.id) else { continue };
            let asked =
                secrets_of(component).into_iter().filter(|secret| !send.omitted.contains(&secret.path));
            needed.extend(asked.map(|secret| ((secret.component.clone(), secret.path.clone()), secret)));
        }
        needed.into_values().collect()
    }
}

/// Every secret that a component's fields ask for.
pub fn secrets_of(component: &Component) -> Vec<NeededSecret> {
    let mut needed = Vec::new();
    component.each_value(&mut |path, field, value| {
        if let Tree::Leaf(Leaf { wanted: Wanted::Secret(source), at }) = value {
            let (component, path) = (component.id.clone(), path.clone());
            needed.push(NeededSecret { source: source.clone(), component, path, field, at: *at });
        }
    });
    needed
}

/// A secret, and a field it goes to.
#[derive(Debug, Clone)]
pub struct NeededSecret {
    pub source: SecretSource,
    pub component: ComponentId,
    pub path: FieldPath,
    pub field: &'static Field,
    pub at: Span,
}

/// Decides what to do.
pub fn plan(desired: &Desired, observed: &Observed) -> Plan {
    let mut findings = Diagnostics::default();
    let mut uses = Uses::default();
    let mut changes = Vec::new();
    // Everything that looks at one component alone does so in one go, while its values are in the cache.
    for component in desired.components.values() {
        uses.add(component);
        check_named(component, desired, observed, &mut findings);
        let wanted = fill(component, observed);
        let (action, fields) = match observed.components.get(&component.id) {
            None => (Action::Create, diff::everything(&wanted)),
            Some(existing) => {
                let fields = diff::compare(&component.id.kind.fields, &wanted, &existing.fields);
                let fields = changeable(component, fields, &mut findings);
                let unchanged = fields.is_empty() && !desired.resend.contains(&component.id);
                (if unchanged { Action::Keep } else { Action::Update }, fields)
            }
        };
        changes.push(Change { id: component.id.clone(), action, fields, passes: Vec::new() });
    }
    check_generated(&uses, desired, observed, &mut findings);
    let passes =
        if findings.has_errors() { Vec::new() } else { passes(desired, observed, &changes, &mut findings) };
    for change in &mut changes {
        let sent = passes.iter().filter(|pass| pass.sends(&change.id));
        change.passes = sent.map(|pass| pass.number).collect();
    }
    warn_of_lost_secrets(&uses, desired, &changes, &mut findings);
    Plan { changes, passes, findings }
}

/// Sends every component once, as to an empty org: what `render` writes.
pub fn everything(desired: &Desired, observed: &Observed) -> Pass {
    let sends = desired
        .components
        .values()
        .map(|component| Send {
            id: component.id.clone(),
            deferred: deferrals(component, desired, observed, &BTreeSet::new()),
            omitted: BTreeSet::new(),
            only_if_mispredicted: false,
        })
        .collect();
    Pass { number: 1, sends }
}

/// The value of a reference before the org has told it, where that can be foretold (AP-48).
pub fn predicted(reference: &Reference, observed: &Observed) -> Option<String> {
    let Reference::Attribute { of, attribute } = reference else { return None };
    let AttributeSource::Query { predicted: Some(pattern), .. } = &of.kind.attributes.get(attribute)?.source
    else {
        return None;
    };
    let host = observed.value(&Reference::Org(OrgAttribute::InstanceUrl))?;
    Some(pattern.replace("{instance-url}", host).replace("{name}", &of.name))
}

/// What stands in a field while the org has not told the value; `None` where nothing sensible can.
pub fn placeholder(reference: &Reference) -> Option<Cow<'static, str>> {
    match reference {
        Reference::Org(attribute) => Some(Cow::Borrowed(attribute.placeholder())),
        Reference::Attribute { of, attribute } => match &of.kind.attributes.get(attribute)?.source {
            AttributeSource::Query { placeholder, .. } => Some(Cow::Owned(placeholder.clone())),
            AttributeSource::Field(_) => None,
        },
    }
}

/// A component's values, as far as the org has told what they depend on.
pub fn fill(component: &Component, observed: &Observed) -> Fields<Filled> {
    fill_fields(&component.fields, observed)
}

fn fill_fields(fields: &Fields<Leaf>, observed: &Observed) -> Fields<Filled> {
    fields.iter().map(|(name, tree)| (name.clone(), fill_tree(tree, observed))).collect()
}

fn fill_tree(tree: &Tree<Leaf>, observed: &Observed) -> Tree<Filled> {
    match tree {
        Tree::List(items) => Tree::List(items.iter().map(|item| fill_tree(item, observed)).collect()),
        Tree::Group(fields) => Tree::Group(fill_fields(fields, observed)),
        Tree::Leaf(leaf) => Tree::Leaf(match &leaf.wanted {
            Wanted::Known(scalar) => Filled::Known(scalar.clone()),
            Wanted::Formula(formula) => {
                match formula.fill(|reference| observed.value(reference).map(Cow::Borrowed)) {
                    Some(text) => Filled::Known(Scalar::Text(text)),
                    None => Filled::Pending(
                        formula
                            .references()
                            .filter(|reference| observed.value(reference).is_none())
                            .cloned()
                            .collect(),
                    ),
                }
            }
            Wanted::Secret(source) => match known_key(source, observed) {
                Some(key) => Filled::Known(Scalar::Text(key)),
                None => Filled::Secret(source.clone()),
            },
        }),
    }
}

/// The consumer key of an app that exists: a generated key is no secret once the org shows it (CA-10).
pub fn known_key(source: &SecretSource, observed: &Observed) -> Option<String> {
    let SecretSource::Generated(generated) = source else { return None };
    if generated.shape != Generate::ConsumerKey {
        return None;
    }
    let existing = observed.components.get(&generated.owner)?;
    observed_text(&existing.fields, &generated.field).map(str::to_owned)
}

fn observed_text<'a>(fields: &'a Fields<Scalar>, path: &FieldPath) -> Option<&'a str> {
    let mut fields = fields;
    for step in &path.0 {
        let crate::component::Step::Element(name) = step else { return None };
        match fields.get(name)? {
            Tree::Group(inner) => fields = inner,
            Tree::Leaf(Scalar::Text(text)) => return Some(text),
            _ => return None,
        }
    }
    None
}

/// Drops differences that no deployment can remove, and reports those that matter.
fn changeable(
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
                            "the org has {before} and the manifest asks for {wanted}; remove the field to keep what the org has{}",
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

fn facts(field: &Field) -> String {
    if field.unsure.is_some() { " (how an org answers is not confirmed)".to_owned() } else { String::new() }
}

/// Where generated keys and secrets go.
#[derive(Default)]
struct Uses {
    /// A component that has the value of another, and the field that holds it.
    pairs: BTreeMap<(Generated, ComponentId), (Span, FieldPath)>,
    /// How many fields ask for a value, that of its owner included.
    counts: BTreeMap<Generated, usize>,
}

impl Uses {
    fn add(&mut self, component: &Component) {
        component.each_value(&mut |path, _, value| {
            if let Tree::Leaf(Leaf { wanted: Wanted::Secret(SecretSource::Generated(generated)), at }) = value
            {
                *self.counts.entry(generated.clone()).or_default() += 1;
                if generated.owner != component.id {
                    self.pairs.insert((generated.clone(), component.id.clone()), (*at, path.clone()));
                }
            }
        });
    }
}

/// A secret that we made is known only in the run that made it. If the org has one side of a pair, the
/// other side can never be completed, and saying so after half of it was sent would be too late.
fn check_generated(uses: &Uses, desired: &Desired, observed: &Observed, findings: &mut Diagnostics) {
    let mut absent = BTreeSet::new();
    for ((generated, consumer), (at, path)) in &uses.pairs {
        let at = *at;
        let owner = &generated.owner;
        let owner_at = desired.components.get(owner).map(|component| component.key_at(&generated.field));
        let key = generated.field.0.last().map(|_| generated.field.to_string()).unwrap_or_default();
        let problem = |message: String, help: String| {
            let mut diagnostic =
                Diagnostic::error(Code::GeneratedSecretUnknown, message).label(at, "needs the value");
            if let Some(owner_at) = owner_at {
                diagnostic = diagnostic.label(owner_at, "made by us when this is created, and never stored");
            }
            diagnostic.help(help)
        };
        let by_hand = format!(
            "copy the secret from Setup (App Manager, {}, Manage Consumer Details) and let both fields read it: {{ env = \"NAME\" }}",
            owner.name
        );
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
                format!("{by_hand}; or delete `{owner}` in the org, if the org lets you create it again, and deploy both"),
            )),
            (true, Some(existing)) => {
                let field = crate::resolve::described_field(consumer, path);
                let before = observed_text(&existing.fields, path);
                match (generated.shape, field) {
                    (Generate::ConsumerSecret, Some(field)) if field.masked.is_some() && before.is_none() => {
                        findings.push(problem(
                            format!("`{consumer}` has no secret in the org, and that of `{owner}` cannot be known"),
                            by_hand,
                        ));
                    }
                    (Generate::ConsumerKey, _) => {
                        let own = known_key(&SecretSource::Generated(generated.clone()), observed);
                        if own.is_some() && before.is_some() && own.as_deref() != before {
                            findings.push(problem(
                                format!("`{consumer}` has the key of another app than `{owner}`, so its secret is another one too"),
                                by_hand,
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
fn warn_of_lost_secrets(uses: &Uses, desired: &Desired, changes: &[Change], findings: &mut Diagnostics) {
    for (generated, count) in &uses.counts {
        let created = changes
            .binary_search_by(|change| change.id.cmp(&generated.owner))
            .is_ok_and(|found| changes[found].action == Action::Create);
        if *count == 1
            && created
            && generated.shape == Generate::ConsumerSecret
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
fn check_named(component: &Component, desired: &Desired, observed: &Observed, findings: &mut Diagnostics) {
    component.each_value(&mut |path, field, value| {
        let Some(kind) = field.names.as_deref().and_then(crate::component::type_with_key) else { return };
        let Tree::Leaf(Leaf { wanted: Wanted::Known(Scalar::Text(name)), at }) = value else { return };
        let named = ComponentId::new(kind, name.as_str());
        if name.is_empty() || desired.components.contains_key(&named) || observed.has(&named) {
            return;
        }
        let known: Vec<String> = desired
            .components
            .keys()
            .filter(|id| id.kind.key == kind.key)
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
        if let Some(near) = crate::diagnostic::suggestion(name, known.iter().map(String::as_str)) {
            diagnostic = diagnostic.help(format!("did you mean \"{near}\"?"));
        }
        findings.push(diagnostic);
    });
}

/// The fields of a component that would be deferred, `created` being what earlier passes made.
fn deferrals(
    component: &Component,
    desired: &Desired,
    observed: &Observed,
    created: &BTreeSet<ComponentId>,
) -> Vec<Deferral> {
    let mut found = Vec::new();
    component.each_value(&mut |path, _, value| {
        let Tree::Leaf(Leaf { wanted: Wanted::Formula(formula), .. }) = value else { return };
        let waits_for: Vec<Reference> = formula
            .references()
            .filter(|reference| !is_known(reference, observed, created))
            .cloned()
            .collect();
        if !waits_for.is_empty() {
            let predicted = desired.predict_callback
                && waits_for.iter().all(|reference| predicted(reference, observed).is_some());
            found.push(Deferral { field: path.clone(), waits_for, predicted });
        }
    });
    found
}

fn is_known(reference: &Reference, observed: &Observed, created: &BTreeSet<ComponentId>) -> bool {
    observed.value(reference).is_some()
        || matches!(reference, Reference::Attribute { of, .. } if created.contains(of))
}

/// Distributes the changes over as few passes as possible.
fn passes(
    desired: &Desired,
    observed: &Observed,
    changes: &[Change],
    findings: &mut Diagnostics,
) -> Vec<Pass> {
    let mut waiting: BTreeSet<&ComponentId> =
        changes.iter().filter(|change| change.action != Action::Keep).map(|change| &change.id).collect();
    let mut again: BTreeMap<&ComponentId, Vec<Deferral>> = BTreeMap::new();
    let mut created: BTreeSet<ComponentId> = BTreeSet::new();
    let mut passes: Vec<Pass> = Vec::new();
    while !waiting.is_empty() || !again.is_empty() {
        let mut sends: BTreeMap<&ComponentId, Send> = BTreeMap::new();
        for id in &waiting {
            let component = &desired.components[*id];
            let deferred = deferrals(component, desired, observed, &created);
            let exists = observed.has(id);
            let can_stand_in = deferred
                .iter()
                .flat_map(|deferral| &deferral.waits_for)
                .all(|reference| placeholder(reference).is_some());
            if deferred.is_empty() || (!exists && can_stand_in) {
                let omitted = omitted(component, observed, exists);
                sends.insert(id, Send { id: (*id).clone(), deferred, omitted, only_if_mispredicted: false });
            }
        }
        // What a component names must be there, or come in the same package.
        loop {
            let there = |id: &ComponentId| observed.has(id) || created.contains(id);
            let blocked: Vec<&ComponentId> = sends
                .keys()
                .filter(|id| {
                    let named = desired.components[**id].named();
                    named.iter().any(|named| !there(named) && !sends.contains_key(named))
                })
                .copied()
                .collect();
            if blocked.is_empty() {
                break;
            }
            blocked.iter().for_each(|id| {
                sends.remove(*id);
            });
        }
        for (id, deferred) in &again {
            let all_known = deferred
                .iter()
                .flat_map(|deferral| &deferral.waits_for)
                .all(|reference| is_known(reference, observed, &created));
            if all_known {
                let component = &desired.components[*id];
                let only_if_mispredicted = deferred.iter().all(|deferral| deferral.predicted);
                let omitted = omitted(component, observed, true);
                sends.insert(
                    id,
                    Send { id: (*id).clone(), deferred: Vec::new(), omitted, only_if_mispredicted },
                );
            }
        }
        if sends.is_empty() {
            report_stuck(desired, &waiting, findings);
            return Vec::new();
        }
        for (id, send) in &sends {
            waiting.remove(*id);
            again.remove(*id);
            created.insert((*id).clone());
            if !send.deferred.is_empty() {
                again.insert(id, send.deferred.clone());
            }
        }
        passes.push(Pass { number: passes.len() + 1, sends: sends.into_values().collect() });
    }
    passes
}

fn report_stuck(desired: &Desired, waiting: &BTreeSet<&ComponentId>, findings: &mut Diagnostics) {
    let names: Vec<String> = waiting.iter().map(|id| format!("`{id}`")).collect();
    let mut diagnostic = Diagnostic::error(
        Code::UnsendableCycle,
        format!("nothing can be sent first: {} wait for each other", names.join(", ")),
    )
    .help(
        "let one of them be created with a value of its own, for example consumer-key = { generate = true }",
    );
    for id in waiting {
        diagnostic = diagnostic.label(desired.components[*id].at, "waits");
    }
    findings.push(diagnostic);
}

/// Fields that must not be sent with a component.
fn omitted(component: &Component, observed: &Observed, exists: bool) -> BTreeSet<FieldPath> {
    let mut omitted = BTreeSet::new();
    component.each_value(&mut |path, field, value| {
        let unknown = matches!(
            value,
            Tree::Leaf(Leaf { wanted: Wanted::Secret(SecretSource::Generated(generated)), .. })
                if observed.has(&generated.owner) && generated.shape == Generate::ConsumerSecret
        );
        if unknown || (exists && field.create_only) {
            omitted.insert(path.clone());
        }
    });
    omitted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::type_with_key;
    use crate::configuration::Configuration;
    use crate::diagnostic::Sources;
    use crate::reference::{Existing, OrgFacts};
    use crate::resolve::{Inputs, resolve};

    const TRIO: &str = r#"
        [connected-app.A]
        label = "A"
        contact-email = "a@example.com"
        oauth-config = { callback-url = "${auth-provider.P.callback-url}", consumer-key = { generate = true }, consumer-secret = { generate = true } }
        [auth-provider.P]
        friendly-name = "P"
        provider-type = "Salesforce"
        consumer-key = "${connected-app.A.consumer-key}"
        consumer-secret = "${connected-app.A.consumer-secret}"
        [named-credential.C]
        label = "C"
        endpoint = "${org.instance-url}"
        protocol = "Oauth"
        principal-type = "NamedUser"
        auth-provider = "P"
    "#;

    fn desired(manifest: &str) -> Desired {
        let mut sources = Sources::default();
        let id = sources.add("manifest.toml", manifest);
        let mut diagnostics = Diagnostics::default();
        let manifest = crate::manifest::read(id, sources.get(id), &mut diagnostics);
        let inputs = Inputs {
            manifests: &[manifest],
            configuration: &Configuration::default(),
            environment: None,
            variables: &BTreeMap::new(),
            process: &|_| None,
        };
        let desired = resolve(&inputs, &mut diagnostics);
        assert!(!diagnostics.has_errors(), "{diagnostics:?}");
        desired
    }

    fn org() -> Observed {
        let facts = OrgFacts {
            id: "00D000000000001AAA".to_owned(),
            instance_url: "https://acme.my.salesforce.com".to_owned(),
        };
        Observed { org: Some(facts), ..Observed::default() }
    }

    fn id(address: &str) -> ComponentId {
        let (kind, name) = address.split_once('.').unwrap();
        ComponentId::new(type_with_key(kind).unwrap(), name)
    }

    /// The org holds this XML.
    fn holding(mut observed: Observed, address: &str, xml: &str) -> Observed {
        let id = id(address);
        let xml = format!("<{0}>{xml}</{0}>", id.kind.name);
        let fields = crate::retrieved::read(id.kind, &xml).unwrap();
        observed.components.insert(id, Existing { id: None, fields });
        observed
    }

    const PROVIDER: &str = "<consumerKey>KEY</consumerKey><consumerSecret>Placeholder_Value</consumerSecret>\
         <friendlyName>P</friendlyName><providerType>Salesforce</providerType>";
    const CREDENTIAL: &str = "<authProvider>P</authProvider><endpoint>https://acme.my.salesforce.com</endpoint><label>C</label>\
         <principalType>NamedUser</principalType><protocol>Oauth</protocol>";
    const CALLBACK: &str = "https://acme.my.salesforce.com/services/authcallback/P";

    fn app(callback: &str) -> String {
        format!(
            "<contactEmail>a@example.com</contactEmail><label>A</label><oauthConfig><callbackUrl>{callback}</callbackUrl>\
             <consumerKey>KEY</consumerKey></oauthConfig>"
        )
    }

    /// An org that has all three.
    fn deployed(callback: &str) -> Observed {
        let observed = holding(org(), "connected-app.A", &app(callback));
        let observed = holding(observed, "auth-provider.P", PROVIDER);
        let mut observed = holding(observed, "named-credential.C", CREDENTIAL);
        let reference =
            Reference::Attribute { of: id("auth-provider.P"), attribute: "callback-url".to_owned() };
        observed.values.insert(reference, CALLBACK.to_owned());
        observed
    }

    /// Passes as text: `A(placeholder) P C | A`.
    fn told(plan: &Plan) -> String {
        let passes: Vec<String> = plan
            .passes
            .iter()
            .map(|pass| {
                let sends: Vec<String> = pass
                    .sends
                    .iter()
                    .map(|send| {
                        let mut text = send.id.name.clone();
                        for deferral in &send.deferred {
                            text.push_str(if deferral.predicted { "(predicted)" } else { "(placeholder)" });
                        }
                        if send.only_if_mispredicted {
                            text.push('?');
                        }
                        text
                    })
                    .collect();
                sends.join(" ")
            })
            .collect();
        passes.join(" | ")
    }

    fn findings(plan: &Plan) -> Vec<String> {
        plan.findings.sorted().iter().map(|found| format!("{}: {}", found.code, found.message)).collect()
    }

    #[test]
    fn a_circle_is_sent_twice() {
        let plan = plan(&desired(TRIO), &org());
        assert_eq!(told(&plan), "P A(placeholder) C | A");
        assert!(plan.is_applyable());
        // The second time nothing may be sent that can be chosen only at creation.
        let omitted: Vec<String> = plan.passes[1].sends[0].omitted.iter().map(ToString::to_string).collect();
        assert_eq!(omitted, ["oauth-config.consumer-key", "oauth-config.consumer-secret"]);
    }

    #[test]
    fn an_org_that_matches_needs_no_pass() {
        let plan = plan(&desired(TRIO), &deployed(CALLBACK));
        assert_eq!(told(&plan), "");
        assert_eq!(plan.count(Action::Keep), 3);
        assert_eq!(findings(&plan), Vec::<String>::new());
    }

    #[test]
    fn a_callback_changed_behind_our_back_is_one_pass_with_the_app() {
        let plan = plan(&desired(TRIO), &deployed("https://elsewhere.example/cb"));
        assert_eq!(told(&plan), "A");
        let changed: Vec<String> =
            plan.changes[1].fields.iter().map(|field| field.path.to_string()).collect();
        assert_eq!(changed, ["oauth-config.callback-url"]);
    }

    #[test]
    fn a_predicted_callback_is_sent_at_once_and_only_repaired() {
        let mut desired = desired(TRIO);
        desired.predict_callback = true;
        assert_eq!(told(&plan(&desired, &org())), "P A(predicted) C | A?");
    }

    #[test]
    fn a_component_that_exists_is_never_given_a_placeholder() {
        let manifest = TRIO
            .replace("consumer-key = \"${connected-app.A.consumer-key}\"", "consumer-key = \"KEY\"")
            .replace(
                "consumer-secret = \"${connected-app.A.consumer-secret}\"",
                "consumer-secret = { env = \"S\" }",
            )
            .replace(", consumer-key = { generate = true }, consumer-secret = { generate = true }", "");
        let observed = holding(org(), "connected-app.A", &app("https://old.example/cb"));
        assert_eq!(told(&plan(&desired(&manifest), &observed)), "P C | A");
    }

    #[test]
    fn a_value_without_a_placeholder_makes_a_third_pass() {
        // The org makes the key, so the provider can be sent only when the app is there.
        let manifest = TRIO
            .replace(
                "consumer-secret = \"${connected-app.A.consumer-secret}\"",
                "consumer-secret = { env = \"S\" }",
            )
            .replace(", consumer-key = { generate = true }, consumer-secret = { generate = true }", "");
        assert_eq!(told(&plan(&desired(&manifest), &org())), "A(placeholder) | P C | A");
    }

    #[test]
    fn half_of_a_generated_pair_is_refused_before_anything_is_sent() {
        let only_app = plan(&desired(TRIO), &holding(org(), "connected-app.A", &app(CALLBACK)));
        assert_eq!(told(&only_app), "");
        assert_eq!(
            findings(&only_app),
            [
                "generated-secret-unknown: the org has `connected-app.A` but not `auth-provider.P`, so `oauth-config.consumer-secret` cannot be known"
            ]
        );
        let only_provider = plan(&desired(TRIO), &holding(org(), "auth-provider.P", PROVIDER));
        assert_eq!(
            findings(&only_provider),
            [
                "generated-secret-unknown: the org has `auth-provider.P` but not `connected-app.A`, so their generated secret cannot be known"
            ]
        );
    }

    #[test]
    fn a_provider_with_another_apps_key_is_refused() {
        let observed = holding(deployed(CALLBACK), "auth-provider.P", &PROVIDER.replace("KEY", "OTHER"));
        assert_eq!(
            findings(&plan(&desired(TRIO), &observed)),
            [
                "generated-secret-unknown: `auth-provider.P` has the key of another app than `connected-app.A`, so its secret is another one too"
            ]
        );
    }

    #[test]
    fn an_update_of_a_provider_leaves_its_unknown_secret_out() {
        let manifest = TRIO.replace("friendly-name = \"P\"", "friendly-name = \"New\"");
        let plan = plan(&desired(&manifest), &deployed(CALLBACK));
        assert_eq!(told(&plan), "P");
        let omitted: Vec<String> = plan.passes[0].sends[0].omitted.iter().map(ToString::to_string).collect();
        assert_eq!(omitted, ["consumer-secret"]);
        assert!(
            plan.secrets(&desired(&manifest))
                .iter()
                .all(|secret| secret.path.to_string() != "consumer-secret")
        );
    }

    #[test]
    fn what_can_never_be_changed_is_said_before_it_is_tried() {
        let manifest = TRIO
            .replace("consumer-key = { generate = true }", "consumer-key = \"OTHERKEY\"")
            .replace("friendly-name = \"P\"", "friendly-name = \"P\"\ninclude-org-id-in-identifier = false");
        let provider = format!("{PROVIDER}<includeOrgIdInIdentifier>true</includeOrgIdInIdentifier>")
            .replace("KEY", "OTHERKEY");
        let observed = holding(deployed(CALLBACK), "auth-provider.P", &provider);
        let found = findings(&plan(&desired(&manifest), &observed));
        assert!(found.contains(&"create-only-change: `oauth-config.consumer-key` of `connected-app.A` cannot be changed any more".to_owned()), "{found:?}");
        assert!(found.contains(&"irreversible-change: `include-org-id-in-identifier` of `auth-provider.P` is true in the org and can never be changed back".to_owned()), "{found:?}");
    }

    #[test]
    fn a_named_component_that_is_nowhere_is_found() {
        let manifest = TRIO.replace("auth-provider = \"P\"", "auth-provider = \"Q\"");
        assert_eq!(
            findings(&plan(&desired(&manifest), &org())),
            [
                "missing-component: `auth-provider` of `named-credential.C` names `auth-provider.Q`, which is neither declared nor in the org"
            ]
        );
    }

    #[test]
    fn components_that_only_wait_for_each_other_are_said_to() {
        let manifest = r#"
            [connected-app.A]
            label = "A"
            contact-email = "a@example.com"
            description = "${connected-app.B.consumer-key}"
            [connected-app.B]
            label = "B"
            contact-email = "a@example.com"
            description = "${connected-app.A.consumer-key}"
        "#;
        assert_eq!(
            findings(&plan(&desired(manifest), &org())),
            [
                "unsendable-cycle: nothing can be sent first: `connected-app.A`, `connected-app.B` wait for each other"
            ]
        );
    }

    #[test]
    fn a_component_to_resend_is_sent_although_it_does_not_differ() {
        let mut desired = desired(TRIO);
        desired.resend.insert(id("named-credential.C"));
        assert_eq!(told(&plan(&desired, &deployed(CALLBACK))), "C");
    }

    #[test]
    fn a_secret_that_nobody_gets_is_worth_a_warning() {
        let manifest = r#"
            [connected-app.A]
            label = "A"
            contact-email = "a@example.com"
            oauth-config = { callback-url = "https://a.example/cb", consumer-secret = { generate = true } }
        "#;
        assert_eq!(
            findings(&plan(&desired(manifest), &org())),
            [
                "generated-secret-unknown: nothing in this project uses the secret that is generated for `connected-app.A`"
            ]
        );
    }
}
