//! Two component files of one type: nothing differs from itself, and whether two differ does not depend on which
//! comes first.
//!
//! An input is the byte of a type and two files with [`crate::BETWEEN`] between them.

use orgwire::component::{NEWEST_API_VERSION, OLDEST_API_VERSION, Type};
use orgwire::diff::{Rules, Set, changes, differences};

use crate::stages::{collected, name_of};
use crate::{BETWEEN, byte_of, parts, typed};

pub fn check(input: &[u8]) {
    let Some((kind, rest)) = typed(input) else { return };
    let (before, Some(after)) = parts(rest) else { return };
    let set = |xml| Set::of_files("files", &collected(kind, name_of(kind), xml, b"content"));
    let (before, after) = (set(before), set(after));
    let (Some(one), Some(other)) = (before.components.values().next(), after.components.values().next())
    else {
        return;
    };
    for api_version in [OLDEST_API_VERSION, NEWEST_API_VERSION] {
        for with_org in [false, true] {
            let rules = Rules { api_version, with_org, is_plan: false };
            let found = |before, after| differences(&kind.fields, rules, before, after);
            for same in [one, other] {
                assert_eq!(found(same, same), [], "it differs from itself");
            }
            let (there, back) = (found(one, other), found(other, one));
            assert_eq!(there.is_empty(), back.is_empty(), "{there:?}\n{back:?}");
        }
    }
    let found = changes(&before, &after);
    assert_eq!(found.is_empty(), changes(&after, &before).is_empty());
}

/// The input for two files that somebody has.
pub fn input(kind: &Type, before: &[u8], after: &[u8]) -> Vec<u8> {
    [&[byte_of(kind)], before, &[BETWEEN], after].concat()
}
