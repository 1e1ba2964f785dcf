//! Components that an org has and no manifest: named, never touched.

use std::collections::BTreeSet;

use crate::command::Failure;
use crate::command::load::Loaded;
use crate::command::target::Opened;
use crate::component::{ComponentId, Type};
use crate::report::Terminal;

/// Shorter beginnings are shared by accident.
const SHORTEST: usize = 3;

/// The addresses of those whose names begin like this; without a beginning, like the names of the project's own.
pub(super) async fn find(prefix: &str, loaded: &Loaded, opened: &Opened) -> Result<Vec<String>, Failure> {
    let ids: Vec<&ComponentId> = loaded.desired.components.keys().collect();
    let prefixes = if prefix.is_empty() { beginnings(&ids) } else { BTreeSet::from([prefix.to_owned()]) };
    // What every org has by itself, or names by itself, is nobody's.
    let is_made = |kind: &Type| {
        kind.member.fixed.is_none() && kind.member.generated.is_none() && kind.name != "Profile"
    };
    let mut kinds: Vec<&'static Type> = ids.iter().map(|id| id.kind).filter(|kind| is_made(kind)).collect();
    kinds.dedup_by_key(|kind| &kind.key);
    let names = opened.org.reader().names(&kinds, loaded.desired.api_version).await?;
    let found = names.into_iter().filter_map(|(key, name)| {
        let is_ours = prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()));
        let address = format!("{key}.{name}");
        let is_declared =
            ComponentId::parse(&address).is_some_and(|id| loaded.desired.components.contains_key(&id));
        (is_ours && !is_declared).then_some(address)
    });
    Ok(found.collect())
}

/// What all names have in common, if it is long enough; otherwise the first word of each.
fn beginnings(ids: &[&ComponentId]) -> BTreeSet<String> {
    let Some(first) = ids.first() else { return BTreeSet::new() };
    let shared = ids.iter().fold(first.name.as_str(), |shared, id| {
        let common = shared.char_indices().zip(id.name.chars()).find(|((_, one), other)| one != other);
        let end = common.map_or(shared.len().min(id.name.len()), |((at, _), _)| at);
        shared.get(..end).unwrap_or_default()
    });
    if shared.len() >= SHORTEST {
        return BTreeSet::from([shared.to_owned()]);
    }
    ids.iter().map(|id| first_word(&id.name).to_owned()).collect()
}

/// `Orders` of `Orders_App` and of `OrdersApp`.
fn first_word(name: &str) -> &str {
    let mut before = ' ';
    for (at, letter) in name.char_indices() {
        let ends = letter == '_' || (letter.is_uppercase() && before.is_lowercase());
        if at >= SHORTEST && ends {
            return &name[..at];
        }
        before = letter;
    }
    name
}

/// For people.
pub(super) fn tell(unmanaged: &[String], terminal: &Terminal) {
    if !unmanaged.is_empty() {
        terminal.talk(&format!("In the org and in no manifest: {}\n", unmanaged.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str]) -> Vec<String> {
        let ids: Vec<ComponentId> =
            names.iter().map(|name| ComponentId::parse(&format!("auth-provider.{name}")).unwrap()).collect();
        beginnings(&ids.iter().collect::<Vec<_>>()).into_iter().collect()
    }

    #[test]
    fn names_that_begin_alike_share_their_beginning() {
        assert_eq!(found(&["AxsyApexAPI", "AxsyApexAPI"]), ["AxsyApexAPI"]);
        assert_eq!(found(&["Orders_App", "Orders_Login"]), ["Orders_"]);
        assert_eq!(found(&["Orders_App", "InvoicesLogin"]), ["Invoices", "Orders"]);
        assert_eq!(found(&[]), Vec::<String>::new());
    }
}
