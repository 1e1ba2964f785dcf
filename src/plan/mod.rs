//! Desired + Observed -> [`Plan`]: what changes, which pass sends what, and what waits for what.
//!
//! Knows nothing of XML or of the network, and of no metadata type in particular. Nothing else decides
//! about passes.
//!
//! A field is *deferred* while something it refers to is not observed. A component that does not exist yet
//! is sent all the same, with a placeholder in the deferred field, so that others can refer to it; it is
//! sent again when the value is known. A component that exists is never given a placeholder: it waits.
//!
//! What is to be removed goes with the last pass, after everything that replaces it.

mod consequences;
mod obstacles;
mod packages;
mod passes;
mod reasons;
mod values;

use std::collections::BTreeSet;

use crate::component::{ComponentId, Field, FieldPath, Tree};
use crate::diagnostic::{Diagnostics, Span};
use crate::diff::{self, FieldChange};
use crate::reference::{Observed, Reference};
use crate::resolve::{Component, Desired, Leaf, Wanted};
use crate::secret::SecretSource;

pub use packages::{Limits, packages};
pub use reasons::{LastDeployed, Reason};
pub use values::{fill, known_key, placeholder, predicted};

use obstacles::{Uses, changeable, check_generated, check_named, check_unused, warn_of_lost_secrets};
use passes::{Sketch, passes};

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
    /// Why each of the fields changes.
    pub reasons: Vec<Reason>,
    /// Numbers of the passes that send or remove the component.
    pub passes: Vec<usize>,
    /// What cannot be undone once this is done, and what is lost.
    pub consequences: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Create,
    Update,
    Keep,
    /// Asked for by name; never because a manifest does not have it.
    Delete,
    /// The org would refuse it; the findings say why.
    Cannot,
}

/// One deployment.
#[derive(Debug, Clone)]
pub struct Pass {
    /// From 1.
    pub number: usize,
    /// In the order of addresses.
    pub sends: Vec<Send>,
    /// Removed after everything was sent, in the order of addresses.
    pub removes: Vec<ComponentId>,
    /// How many packages it takes: one, unless the project is very large.
    pub packages: usize,
}

impl Pass {
    /// How the pass sends this component, if it does.
    pub fn send_of(&self, id: &ComponentId) -> Option<&Send> {
        self.sends.binary_search_by(|send| send.id.cmp(id)).ok().map(|found| &self.sends[found])
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
        let mut needed = Vec::new();
        for change in &self.changes {
            let sends =
                || change.passes.iter().filter_map(|number| self.passes[number - 1].send_of(&change.id));
            if let Some(component) = desired.components.get(&change.id).filter(|_| !change.passes.is_empty())
            {
                let mut asked = secrets_of(component);
                asked.retain(|secret| sends().any(|send| !send.omitted.contains(&secret.path)));
                needed.extend(asked);
            }
        }
        needed
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
    let mut changes = Vec::with_capacity(desired.components.len() + desired.removals.len());
    let mut sketches = Vec::new();
    // Everything that looks at one component alone does so in one go, while its values are in the cache.
    for component in desired.components.values() {
        uses.add(component);
        let known = findings.len();
        check_named(component, desired, observed, &mut findings);
        let wanted = fill(component, observed);
        let (action, fields) = match observed.components.get(&component.id) {
            None => (Action::Create, diff::everything(wanted)),
            Some(existing) => {
                let fields =
                    diff::compare(&component.id.kind.fields, desired.api_version, &wanted, &existing.fields);
                let fields = changeable(component, fields, &mut findings);
                let unchanged = fields.is_empty() && !desired.resend.contains(&component.id);
                (if unchanged { Action::Keep } else { Action::Update }, fields)
            }
        };
        if action != Action::Keep {
            sketches.push(Sketch::of(component, observed));
        }
        let action = if findings.has_errors_after(known) { Action::Cannot } else { action };
        let mut consequences = consequences::of(&component.id, action, &fields);
        if action == Action::Create
            && let Some(from) = desired.moves.get(&component.id).filter(|from| observed.has(from))
        {
            consequences.insert(0, format!("takes the place of `{from}`, which is removed at the end"));
        }
        changes.push(Change {
            id: component.id.clone(),
            action,
            reasons: reasons::of(component, action, &fields),
            consequences,
            fields,
            passes: Vec::new(),
        });
    }
    check_generated(&uses, desired, observed, &mut findings);
    let removes = removals(desired, observed, &mut changes, &mut findings);
    let mut passes =
        if findings.has_errors() { Vec::new() } else { passes(&sketches, desired, observed, &mut findings) };
    if !removes.is_empty() && !findings.has_errors() {
        match passes.last_mut() {
            Some(last) => last.removes = removes,
            None => passes.push(Pass { number: 1, sends: Vec::new(), removes, packages: 1 }),
        }
    }
    for change in &mut changes {
        let has = |pass: &Pass| pass.send_of(&change.id).is_some() || pass.removes.contains(&change.id);
        change.passes = passes.iter().filter(|pass| has(pass)).map(|pass| pass.number).collect();
    }
    warn_of_lost_secrets(&uses, desired, &changes, &mut findings);
    Plan { changes, passes, findings }
}

/// What is to be removed and is there; a change for each, in the order of addresses.
fn removals(
    desired: &Desired,
    observed: &Observed,
    changes: &mut Vec<Change>,
    findings: &mut Diagnostics,
) -> Vec<ComponentId> {
    let there: Vec<ComponentId> = desired.removals.iter().filter(|id| observed.has(id)).cloned().collect();
    for id in &there {
        let is_kept = check_unused(id, desired, findings);
        let action = if is_kept { Action::Cannot } else { Action::Delete };
        changes.push(Change {
            id: id.clone(),
            action,
            fields: Vec::new(),
            reasons: Vec::new(),
            consequences: consequences::of(id, Action::Delete, &[]),
            passes: Vec::new(),
        });
    }
    if !there.is_empty() {
        changes.sort_by(|one, other| one.id.cmp(&other.id));
    }
    there
}

/// Sends every component once, as to an empty org: what `render` writes.
pub fn everything(desired: &Desired, observed: &Observed) -> Pass {
    let sends = desired
        .components
        .values()
        .map(|component| Send {
            id: component.id.clone(),
            deferred: Sketch::of(component, observed).deferrals(desired, observed, &|_| false),
            omitted: BTreeSet::new(),
            only_if_mispredicted: false,
        })
        .collect();
    Pass { number: 1, sends, removes: Vec::new(), packages: 1 }
}

#[cfg(test)]
mod testing {
    use super::*;
    use crate::configuration::Configuration;
    use crate::diagnostic::Sources;
    use crate::resolve::{Inputs, resolve};

    pub(super) fn desired(manifest: &str) -> Desired {
        let mut sources = Sources::default();
        let id = sources.add("manifest.toml", manifest);
        let mut diagnostics = Diagnostics::default();
        let manifest = crate::manifest::read(id, sources.get(id), &mut diagnostics);
        let desired = resolve(&Inputs::new(&[manifest], &Configuration::default()), &mut diagnostics);
        assert!(!diagnostics.has_errors(), "{diagnostics:?}");
        desired
    }

    /// Of a deployment to an org that has nothing yet.
    pub(super) fn first_pass(desired: &Desired) -> Pass {
        plan(desired, &Observed::default()).passes.swap_remove(0)
    }
}

#[cfg(test)]
mod tests {
    use super::testing::desired;
    use super::*;
    use crate::component::type_with_key;
    use crate::reference::{Existing, OrgFacts};

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
    fn a_provider_whose_callback_is_not_told_is_no_reason_for_a_placeholder() {
        let manifest = TRIO
            .replace("consumer-key = \"${connected-app.A.consumer-key}\"", "consumer-key = \"KEY\"")
            .replace(
                "consumer-secret = \"${connected-app.A.consumer-secret}\"",
                "consumer-secret = { env = \"S\" }",
            );
        let plan = plan(&desired(&manifest), &holding(org(), "auth-provider.P", PROVIDER));
        assert_eq!(told(&plan), "");
        assert_eq!(
            findings(&plan)[0],
            "unsendable-cycle: `connected-app.A` waits for `auth-provider.P.callback-url`, which the org does not tell"
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
