//! Cuts a pass into packages that an org takes: so many files and bytes at most (MD-20, MD-21), and nothing before
//! what it names.

use std::collections::BTreeSet;

use super::{Pass, Send};
use crate::component::{ComponentId, FieldPath, Scalar, Step, Tree};
use crate::resolve::{Component, Desired, Leaf, Wanted};

/// What one package may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// With package.xml.
    pub files: usize,
    /// Before they are packed, which can only make less of them.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { files: 10_000, bytes: 39_000_000 }
    }
}

/// The pass, or its parts in the order in which they have to be sent. A part has its components in the order of
/// addresses, like a pass.
pub fn packages(desired: &Desired, pass: &Pass, limits: Limits) -> Vec<Pass> {
    if fits(desired, pass, limits) {
        return vec![pass.clone()];
    }
    let mut parts: Vec<Vec<Send>> = Vec::new();
    let (mut files, mut bytes) = (usize::MAX / 2, 0);
    for send in in_order(desired, pass) {
        let (more_files, more_bytes) = weight(desired, send);
        if files + more_files > limits.files || bytes + more_bytes > limits.bytes {
            parts.push(Vec::new());
            (files, bytes) = (1, 0);
        }
        (files, bytes) = (files + more_files, bytes + more_bytes);
        if let Some(part) = parts.last_mut() {
            part.push(send.clone());
        }
    }
    let sorted = |mut sends: Vec<Send>| {
        sends.sort_by(|a, b| a.id.cmp(&b.id));
        Pass { number: pass.number, sends, removes: Vec::new(), packages: 1 }
    };
    let mut parts: Vec<Pass> = parts.into_iter().map(sorted).collect();
    // Removed when everything that replaces it is there.
    if let Some(last) = parts.last_mut() {
        last.removes.clone_from(&pass.removes);
    }
    parts
}

/// Whether one package is enough.
pub(super) fn fits(desired: &Desired, pass: &Pass, limits: Limits) -> bool {
    let weights = pass.sends.iter().map(|send| weight(desired, send));
    let (files, bytes) = weights
        .fold((1, 0), |(files, bytes), (more_files, more_bytes)| (files + more_files, bytes + more_bytes));
    files <= limits.files && bytes <= limits.bytes
}

/// Files and bytes.
fn weight(desired: &Desired, send: &Send) -> (usize, usize) {
    let files = 1 + usize::from(send.id.kind.content_field().is_some());
    (files, desired.components.get(&send.id).map_or(0, size))
}

/// What is named before what names it; otherwise by the order of types, then by name.
fn in_order<'a>(desired: &Desired, pass: &'a Pass) -> Vec<&'a Send> {
    let mut waiting: Vec<&Send> = pass.sends.iter().collect();
    waiting.sort_by_key(|send| (send.id.kind.order, &send.id));
    let mut ordered = Vec::with_capacity(waiting.len());
    let mut seen: BTreeSet<&ComponentId> = BTreeSet::new();
    for send in waiting {
        // A stack of its own: chains may be long.
        let mut stack = vec![(send, false)];
        while let Some((send, is_ready)) = stack.pop() {
            if is_ready {
                ordered.push(send);
            } else if seen.insert(&send.id) {
                stack.push((send, true));
                let named = desired.components.get(&send.id).map(Component::named).unwrap_or_default();
                stack.extend(named.iter().filter_map(|id| pass.send_of(id)).map(|send| (send, false)));
            }
        }
    }
    ordered
}

/// About how many bytes a component's files have, more rather than less. A secret is no longer than this.
fn size(component: &Component) -> usize {
    const FRAME: usize = 200;
    const SECRET: usize = 1024;
    let mut bytes = FRAME;
    component.each_value(&mut |path: &FieldPath, _, value| {
        let indent = 4 * path.0.len();
        let tags = match path.0.last() {
            Some(Step::Element(name)) => 2 * name.len() + 6,
            _ => 0,
        };
        bytes += indent + tags;
        if let Tree::Leaf(Leaf { wanted, .. }) = value {
            bytes += match wanted {
                // Escaping makes the most of a quote.
                Wanted::Known(Scalar::Text(text)) => {
                    text.len() + 5 * text.matches(['&', '<', '>', '"', '\'']).count()
                }
                Wanted::Known(_) => 20,
                Wanted::Formula(_) | Wanted::Secret(_) => SECRET,
            };
        }
    });
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::{desired, first_pass};

    const TRIO: &str = r#"
        api-version = "62.0"
        [remote-site-setting.A]
        is-active = true
        url = "https://a.example"
        disable-protocol-security = false
        [auth-provider.P]
        friendly-name = "P"
        provider-type = "Salesforce"
        [named-credential.A]
        label = "A"
        endpoint = "https://a.example"
        principal-type = "NamedUser"
        protocol = "Oauth"
        auth-provider = "P"
        [named-credential.B]
        label = "B"
        endpoint = "https://b.example"
        principal-type = "NamedUser"
        protocol = "Oauth"
        auth-provider = "P"
    "#;

    fn names(limits: Limits) -> Vec<Vec<String>> {
        let desired = desired(TRIO);
        let pass = first_pass(&desired);
        packages(&desired, &pass, limits)
            .iter()
            .map(|part| part.sends.iter().map(|send| send.id.to_string()).collect())
            .collect()
    }

    #[test]
    fn what_fits_is_one_package() {
        assert_eq!(names(Limits::default()).len(), 1);
        assert_eq!(names(Limits { files: 5, ..Limits::default() }).len(), 1);
    }

    #[test]
    fn nothing_comes_before_what_it_names() {
        for files in 2..5 {
            let parts = names(Limits { files, ..Limits::default() });
            assert!(parts.iter().all(|part| part.len() < files), "{parts:?}");
            let all: Vec<&String> = parts.iter().flatten().collect();
            assert_eq!(all.len(), 4);
            let package_of =
                |name: &str| parts.iter().position(|part| part.iter().any(|id| id == name)).unwrap();
            for credential in ["named-credential.A", "named-credential.B"] {
                assert!(package_of("auth-provider.P") <= package_of(credential), "{parts:?}");
            }
        }
    }

    #[test]
    fn bytes_count_as_well_as_files() {
        let parts = names(Limits { files: 100, bytes: 900 });
        assert!(parts.len() > 1, "{parts:?}");
        assert_eq!(parts.iter().map(Vec::len).sum::<usize>(), 4);
    }
}
