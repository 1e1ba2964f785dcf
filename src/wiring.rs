//! Desired -> [`Wiring`]: which component a value flows from, which field of another it flows to, and what waits for an
//! org. The picture that every report draws in its own way.

use std::collections::BTreeSet;

use crate::component::{ComponentId, FieldPath, Scalar, Tree};
use crate::plan;
use crate::reference::{Observed, Reference};
use crate::resolve::{Desired, Leaf, Wanted};
use crate::secret::SecretSource;

/// Components and what flows between them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wiring {
    /// In the order of addresses.
    pub nodes: Vec<Node>,
    /// In the order of where they come from, then where they go to.
    pub edges: Vec<Edge>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    pub id: ComponentId,
    /// Whether a manifest declares it; others are only referred to.
    pub declared: bool,
}

/// One value on its way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    pub from: ComponentId,
    pub to: ComponentId,
    /// Of the component it flows to.
    pub field: FieldPath,
    /// An attribute such as `callback-url`, or `name` where one component names the other.
    pub carries: String,
    /// The first deployment sends a placeholder, because only the org can tell the value.
    pub deferred: bool,
}

/// The wiring of a project, as a first deployment meets it.
pub fn wiring(desired: &Desired) -> Wiring {
    let first = plan::everything(desired, &Observed::default());
    let mut edges = BTreeSet::new();
    for component in desired.components.values() {
        let to = &component.id;
        let deferred = first.send_of(to).map(|send| send.deferred.as_slice()).unwrap_or_default();
        component.each_value(&mut |path, field, value| {
            let Tree::Leaf(Leaf { wanted, .. }) = value else { return };
            let mut edge = |from: &ComponentId, carries: &str, deferred: bool| {
                let (from, carries) = (from.clone(), carries.to_owned());
                edges.insert(Edge { from, to: to.clone(), field: path.clone(), carries, deferred });
            };
            match wanted {
                Wanted::Formula(formula) => {
                    for reference in formula.references() {
                        let Reference::Attribute { of, attribute } = reference else { continue };
                        let waits = deferred
                            .iter()
                            .any(|one| one.field == *path && one.waits_for.contains(reference));
                        edge(of, attribute, waits);
                    }
                }
                Wanted::Secret(SecretSource::Generated(made)) if made.owner != *to => {
                    let name = made.field.to_string();
                    edge(&made.owner, name.rsplit('.').next().unwrap_or(&name), false);
                }
                Wanted::Known(Scalar::Text(text)) => {
                    if let Some(named) = field.named(text) {
                        edge(&named, "name", false);
                    }
                }
                _ => {}
            }
        });
    }
    let referred = edges.iter().map(|edge| &edge.from);
    let ids: BTreeSet<&ComponentId> = desired.components.keys().chain(referred).collect();
    let node = |id: &ComponentId| Node { id: id.clone(), declared: desired.components.contains_key(id) };
    let nodes = ids.into_iter().map(node).collect();
    Wiring { nodes, edges: edges.into_iter().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Configuration;
    use crate::diagnostic::{Diagnostics, Sources};
    use crate::resolve::{Inputs, resolve};

    fn told(text: &str) -> Vec<String> {
        let mut sources = Sources::default();
        let id = sources.add("manifest.toml", text);
        let mut diagnostics = Diagnostics::default();
        let manifest = crate::manifest::read(id, sources.get(id), &mut diagnostics);
        let desired = resolve(&Inputs::new(&[manifest], &Configuration::default()), &mut diagnostics);
        assert!(!diagnostics.has_errors(), "{diagnostics:?}");
        let wiring = wiring(&desired);
        let nodes = wiring
            .nodes
            .iter()
            .map(|node| format!("{}{}", node.id, if node.declared { "" } else { " (not here)" }));
        let edges = wiring.edges.iter().map(|edge| {
            let line = if edge.deferred { "-.->" } else { "-->" };
            format!("{} {line} {}: {} into {}", edge.from, edge.to, edge.carries, edge.field)
        });
        nodes.chain(edges).collect()
    }

    #[test]
    fn the_three_point_at_each_other_and_one_waits() {
        let text = include_str!("../manifests/axsy.toml");
        assert_eq!(
            told(text),
            [
                "auth-provider.AxsyApexAPI",
                "connected-app.AxsyApexAPI",
                "named-credential.AxsyApexAPI",
                "auth-provider.AxsyApexAPI -.-> connected-app.AxsyApexAPI: callback-url into oauth-config.callback-url",
                "auth-provider.AxsyApexAPI --> named-credential.AxsyApexAPI: name into auth-provider",
                "connected-app.AxsyApexAPI --> auth-provider.AxsyApexAPI: consumer-key into consumer-key",
                "connected-app.AxsyApexAPI --> auth-provider.AxsyApexAPI: consumer-secret into consumer-secret",
            ]
        );
    }

    #[test]
    fn what_is_named_and_not_declared_is_there_too() {
        let text = "[named-credential.C]\nlabel = \"C\"\nendpoint = \"https://a.example\"\nprotocol = \"Oauth\"\n\
                    principal-type = \"NamedUser\"\nauth-provider = \"P\"\n";
        assert_eq!(
            told(text),
            [
                "auth-provider.P (not here)",
                "named-credential.C",
                "auth-provider.P --> named-credential.C: name into auth-provider"
            ]
        );
    }
}
