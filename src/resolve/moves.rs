//! `[[moved]]`: components that have a new name. An org cannot rename, so a move is one component that is created and
//! another that is removed once everything uses the first.

use std::collections::BTreeMap;

use crate::component::ComponentId;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::manifest::Move;
use crate::resolve::{Component, Inputs};

/// What each moved component was called, by what it is called now.
pub(super) fn moves(
    inputs: &Inputs<'_>,
    components: &BTreeMap<ComponentId, Component>,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<ComponentId, ComponentId> {
    let mut moves: BTreeMap<ComponentId, &Move> = BTreeMap::new();
    for moved in inputs.manifests.iter().flat_map(|manifest| &manifest.moved) {
        let Move { from, to, .. } = moved;
        let wrong = |what: String, label: &str, help: String| {
            Diagnostic::error(Code::InvalidMove, what).label(moved.at, label).help(help)
        };
        let found = if from.kind.key != to.kind.key {
            Some(wrong(
                format!("`{from}` cannot become `{to}`: their types differ"),
                "another type",
                "declare the new one, and remove the old one with: orgwire destroy".to_owned(),
            ))
        } else if components.contains_key(from) {
            Some(wrong(
                format!("`{from}` is said to be moved, and is declared"),
                "still declared",
                format!("remove its table, or this one: only `{to}` is left after a move"),
            ))
        } else if !components.contains_key(to) {
            Some(wrong(
                format!("`{from}` is said to be `{to}` now, which is not declared"),
                "no such component",
                format!("declare it: [{to}]"),
            ))
        } else {
            moves.iter().find(|(other, before)| *other == to || before.from == *from).map(
                |(other, before)| {
                    wrong(
                        format!("`{from}` becomes `{to}`, and `{}` becomes `{other}`", before.from),
                        "cannot both be",
                        "keep one of the two".to_owned(),
                    )
                    .label(before.at, "the other one")
                },
            )
        };
        match found {
            Some(diagnostic) => diagnostics.push(diagnostic),
            None => drop(moves.insert(to.clone(), moved)),
        }
    }
    moves.into_iter().map(|(to, moved)| (to, moved.from.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Configuration;
    use crate::diagnostic::Sources;
    use crate::resolve::{Desired, resolve};

    fn resolved(moved: &str) -> (Desired, Vec<String>) {
        let text = format!(
            "api-version = \"62.0\"\n{moved}\n[auth-provider.B]\nfriendly-name = \"B\"\nprovider-type = \"Salesforce\"\n\
             [auth-provider.C]\nfriendly-name = \"C\"\nprovider-type = \"Salesforce\"\n"
        );
        let mut sources = Sources::default();
        let id = sources.add("manifest.toml", &text);
        let mut diagnostics = Diagnostics::default();
        let manifest = crate::manifest::read(id, sources.get(id), &mut diagnostics);
        let desired = resolve(&Inputs::new(&[manifest], &Configuration::default()), &mut diagnostics);
        (
            desired,
            diagnostics.sorted().iter().map(|found| format!("{}: {}", found.code, found.message)).collect(),
        )
    }

    fn moved(pairs: &[(&str, &str)]) -> String {
        pairs.iter().map(|(from, to)| format!("[[moved]]\nfrom = \"{from}\"\nto = \"{to}\"\n")).collect()
    }

    #[test]
    fn what_has_moved_is_removed() {
        let (desired, found) = resolved(&moved(&[("auth-provider.A", "auth-provider.B")]));
        assert_eq!(found, Vec::<String>::new());
        let removals: Vec<String> = desired.removals.iter().map(ToString::to_string).collect();
        assert_eq!(removals, ["auth-provider.A"]);
        assert_eq!(desired.moves.len(), 1);
        // What is not among the targets is not touched.
        let targets = [ComponentId::parse("auth-provider.C").unwrap()];
        let (desired, _) = resolved(&moved(&[("auth-provider.A", "auth-provider.B")]));
        assert!(desired.select(&targets).removals.is_empty());
    }

    #[test]
    fn moves_that_cannot_be_are_refused() {
        let refused = |pairs: &[(&str, &str)]| resolved(&moved(pairs)).1;
        let (b, c) = ("auth-provider.B", "auth-provider.C");
        assert_eq!(
            refused(&[(b, c)]),
            ["invalid-move: `auth-provider.B` is said to be moved, and is declared"]
        );
        assert_eq!(
            refused(&[("auth-provider.A", "auth-provider.D")]),
            ["invalid-move: `auth-provider.A` is said to be `auth-provider.D` now, which is not declared"]
        );
        assert!(refused(&[("connected-app.A", b)])[0].contains("their types differ"));
        assert!(
            refused(&[("auth-provider.A", b), ("auth-provider.A", c)])[0]
                .contains("and `auth-provider.A` becomes")
        );
        assert!(refused(&[("auth-provider.A", b), ("auth-provider.X", b)])[0].starts_with("invalid-move"));
        assert!(
            resolved("[[moved]]\nfrom = \"A\"\nto = \"auth-provider.B\"\n").1[0]
                .starts_with("unknown-component")
        );
        assert!(resolved("[[moved]]\nfrom = \"auth-provider.A\"\n").1[0].starts_with("missing-field"));
        assert!(resolved("[[moved]]\nform = \"auth-provider.A\"\n").1[0].starts_with("unknown-key"));
        assert!(resolved("moved = 1\n").1[0].starts_with("wrong-type"));
    }
}
