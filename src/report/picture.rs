//! One wiring, or two beside each other -> [`Picture`]: boxes and arrows with what became of each. Mermaid and SVG only
//! draw it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::component::ComponentId;
use crate::wiring::{Edge, Node, Wiring};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picture {
    /// In the order of addresses.
    pub boxes: Vec<Component>,
    /// In the order of their ends.
    pub arrows: Vec<Arrow>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    pub id: ComponentId,
    /// Others are only referred to.
    pub declared: bool,
    pub mark: Mark,
}

/// What flows from one component to another; several fields that get the same thing share an arrow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrow {
    /// Places in the list of boxes.
    pub from: usize,
    pub to: usize,
    /// An attribute such as `callback-url`, or `name`.
    pub carries: String,
    /// Of the component it goes to.
    pub fields: Vec<String>,
    pub deferred: bool,
    pub mark: Mark,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    Same,
    Added,
    Removed,
    Changed,
}

impl Mark {
    pub const ALL: [Mark; 4] = [Mark::Same, Mark::Added, Mark::Removed, Mark::Changed];

    /// Also the name of a class.
    pub fn as_str(self) -> &'static str {
        match self {
            Mark::Same => "same",
            Mark::Added => "added",
            Mark::Removed => "removed",
            Mark::Changed => "changed",
        }
    }
}

impl Arrow {
    /// One word for people.
    pub fn word(&self) -> &str {
        match self.carries.as_str() {
            "callback-url" => "callback",
            "consumer-key" => "key",
            "consumer-secret" => "secret",
            other => other,
        }
    }
}

/// What makes two edges of one picture one arrow, apart from whether it waits.
type Between<'a> = (&'a ComponentId, &'a ComponentId, &'a str);

/// `changed` are the components of which more differs than their arrows. Without a `before` nothing is marked.
pub fn picture(before: Option<&Wiring>, after: &Wiring, changed: &BTreeSet<ComponentId>) -> Picture {
    let nothing = Wiring::default();
    let earlier = before.unwrap_or(&nothing);
    let (old, new) = (declared(&earlier.nodes), declared(&after.nodes));
    let ids: BTreeSet<&ComponentId> = old.keys().chain(new.keys()).copied().collect();
    let boxes: Vec<Component> = ids
        .iter()
        .map(|id| {
            let (was, is) = (old.get(id).copied(), new.get(id).copied());
            let mark = match (was, is) {
                _ if before.is_none() => Mark::Same,
                (None, _) | (Some(false), Some(true)) => Mark::Added,
                (_, None) | (Some(true), Some(false)) => Mark::Removed,
                _ if changed.contains(id) => Mark::Changed,
                _ => Mark::Same,
            };
            Component { id: (*id).clone(), declared: is.or(was).unwrap_or(false), mark }
        })
        .collect();
    let at: BTreeMap<&ComponentId, usize> = ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let (old, new) = (grouped(&earlier.edges), grouped(&after.edges));
    let keys: BTreeSet<&(Between<'_>, bool)> = old.keys().chain(new.keys()).collect();
    let mut arrows = Vec::with_capacity(keys.len());
    for key in keys {
        let ((from, to, carries), deferred) = *key;
        let other_way = ((from, to, carries), !deferred);
        let (was, is) = (old.get(key), new.get(key));
        let mark = match (was, is) {
            _ if before.is_none() => Mark::Same,
            // It only began or ceased to wait.
            (Some(_), None) if new.contains_key(&other_way) => continue,
            (None, Some(_)) if old.contains_key(&other_way) => Mark::Changed,
            (None, _) => Mark::Added,
            (_, None) => Mark::Removed,
            (was, is) if was != is => Mark::Changed,
            _ => Mark::Same,
        };
        let fields = is.or(was).into_iter().flatten().cloned().collect();
        arrows.push(Arrow {
            from: at[from],
            to: at[to],
            carries: carries.to_owned(),
            fields,
            deferred,
            mark,
        });
    }
    Picture { boxes, arrows }
}

fn declared(nodes: &[Node]) -> BTreeMap<&ComponentId, bool> {
    nodes.iter().map(|node| (&node.id, node.declared)).collect()
}

fn grouped(edges: &[Edge]) -> BTreeMap<(Between<'_>, bool), BTreeSet<String>> {
    let mut grouped: BTreeMap<(Between<'_>, bool), BTreeSet<String>> = BTreeMap::new();
    for edge in edges {
        let key = ((&edge.from, &edge.to, edge.carries.as_str()), edge.deferred);
        grouped.entry(key).or_default().insert(edge.field.to_string());
    }
    grouped
}

/// For programs: `nodes` and `edges`.
pub fn json(picture: &Picture) -> Value {
    let name = |at: usize| picture.boxes[at].id.to_string();
    let nodes: Vec<Value> = picture
        .boxes
        .iter()
        .map(|one| json!({ "component": one.id.to_string(), "declared": one.declared, "mark": one.mark.as_str() }))
        .collect();
    let edges: Vec<Value> = picture
        .arrows
        .iter()
        .map(|arrow| {
            json!({
                "from": name(arrow.from),
                "to": name(arrow.to),
                "carries": arrow.carries,
                "fields": arrow.fields,
                "deferred": arrow.deferred,
                "mark": arrow.mark.as_str(),
            })
        })
        .collect();
    json!({ "nodes": nodes, "edges": edges })
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;
    use crate::component::{FieldPath, type_with_key};

    pub fn id(address: &str) -> ComponentId {
        let (kind, name) = address.split_once('.').unwrap();
        ComponentId::new(type_with_key(kind).unwrap(), name)
    }

    /// `from -> to: carries field`, with `.>` for what waits.
    pub fn wiring(declared: &[&str], edges: &[&str]) -> Wiring {
        let edge = |text: &&str| {
            let words: Vec<&str> = text.split_whitespace().collect();
            Edge {
                from: id(words[0]),
                to: id(words[2].trim_end_matches(':')),
                field: FieldPath::of(words[4]),
                carries: words[3].to_owned(),
                deferred: words[1] == ".>",
            }
        };
        let edges: BTreeSet<Edge> = edges.iter().map(edge).collect();
        let named: BTreeSet<ComponentId> = declared.iter().map(|one| id(one)).collect();
        let referred = edges.iter().map(|edge| edge.from.clone());
        let ids: BTreeSet<ComponentId> = named.iter().cloned().chain(referred).collect();
        let nodes = ids.into_iter().map(|id| Node { declared: named.contains(&id), id }).collect();
        Wiring { nodes, edges: edges.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{id, wiring};
    use super::*;

    fn told(picture: &Picture) -> Vec<String> {
        let boxes = picture.boxes.iter().map(|one| format!("{} {}", one.id, one.mark.as_str()));
        let arrows = picture.arrows.iter().map(|arrow| {
            let line = if arrow.deferred { ".>" } else { "->" };
            let (from, to) = (&picture.boxes[arrow.from].id, &picture.boxes[arrow.to].id);
            format!("{from} {line} {to}: {} {:?} {}", arrow.word(), arrow.fields, arrow.mark.as_str())
        });
        boxes.chain(arrows).collect()
    }

    const APP: &str = "connected-app.A";
    const PROVIDER: &str = "auth-provider.P";

    #[test]
    fn by_itself_a_wiring_has_no_marks() {
        let one = wiring(&[APP, PROVIDER], &["auth-provider.P .> connected-app.A: callback-url callbackUrl"]);
        assert_eq!(
            told(&picture(None, &one, &BTreeSet::new())),
            [
                "auth-provider.P same",
                "connected-app.A same",
                "auth-provider.P .> connected-app.A: callback [\"callback-url\"] same",
            ]
        );
    }

    #[test]
    fn what_came_went_and_changed_is_marked() {
        let before = wiring(
            &[APP, PROVIDER],
            &[
                "auth-provider.P .> connected-app.A: callback-url callbackUrl",
                "connected-app.A -> auth-provider.P: consumer-key consumerKey",
            ],
        );
        let after = wiring(
            &[APP, "named-credential.N"],
            &[
                "auth-provider.P -> connected-app.A: callback-url callbackUrl",
                "auth-provider.P -> named-credential.N: name authProvider",
            ],
        );
        assert_eq!(
            told(&picture(Some(&before), &after, &BTreeSet::from([id(APP)]))),
            [
                "auth-provider.P removed",
                "connected-app.A changed",
                "named-credential.N added",
                "auth-provider.P -> connected-app.A: callback [\"callback-url\"] changed",
                "auth-provider.P -> named-credential.N: name [\"auth-provider\"] added",
                "connected-app.A -> auth-provider.P: key [\"consumer-key\"] removed",
            ]
        );
    }
}
