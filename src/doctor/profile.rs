//! The two names of a profile: people see a label, metadata has another name for those that come with an org (CA-52,
//! SE-15), and what an org demands of the sessions of its users.

use super::told::{Person, Told};
use crate::component::{FieldPath, Scalar, Tree};

/// Labels of standard profiles, with what metadata calls them.
const STANDARD: [(&str, &str); 8] = [
    ("System Administrator", "Admin"),
    ("Standard User", "Standard"),
    ("Standard Platform User", "StandardAul"),
    ("Marketing User", "MarketingProfile"),
    ("Contract Manager", "ContractManager"),
    ("Solution Manager", "SolutionManager"),
    ("Read Only", "ReadOnly"),
    ("Chatter Free User", "Chatter Free User"),
];

/// What metadata calls the profile with this label.
pub fn metadata_name(label: &str) -> &str {
    STANDARD.iter().find(|(shown, _)| shown.eq_ignore_ascii_case(label)).map_or(label, |(_, name)| name)
}

/// Whether either name is that of the profile with this label; orgs encode some letters, and change the case (SE-15).
pub fn is_called(label: &str, name: &str) -> bool {
    let name = decoded(name);
    [label, metadata_name(label)].iter().any(|known| known.eq_ignore_ascii_case(&name))
}

/// `%3A` is a colon.
fn decoded(name: &str) -> String {
    let mut parts = name.split('%');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let letter =
            part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(u8::is_ascii);
        match letter {
            Some(letter) => {
                text.push(char::from(letter));
                text.push_str(&part[2..]);
            }
            None => {
                text.push('%');
                text.push_str(part);
            }
        }
    }
    text
}

/// The session settings of somebody's profile, by field.
fn setting<'a>(told: &'a Told, person: &Person, field: &'static str) -> Option<&'a Tree<Scalar>> {
    let profile = FieldPath::of("profile");
    let mut of_profile = told
        .settings_of("ProfileSessionSetting")
        .filter(|(_, fields)| fields.text_at(&profile).is_some_and(|name| is_called(&person.profile, name)));
    of_profile.next()?.1.at(&FieldPath::of(field))
}

/// Whether logins of this person have to be High Assurance (SE-11). `None`: the org does not tell.
pub fn wants_high_assurance(told: &Told, person: &Person) -> Option<bool> {
    told.settings.as_ref()?;
    let level = setting(told, person, "requiredSessionLevel");
    Some(matches!(level, Some(Tree::Leaf(Scalar::Text(level))) if level == "HIGH_ASSURANCE"))
}

/// The minutes that the profile keeps a session, where it does not follow the org (SE-13).
pub fn own_timeout(told: &Told, person: &Person) -> Option<i64> {
    match setting(told, person, "sessionTimeout")? {
        // documented as two hours
        Tree::Leaf(Scalar::Number(0)) => Some(120),
        Tree::Leaf(Scalar::Number(minutes)) => Some(*minutes),
        _ => None,
    }
}

/// The addresses that somebody's profile lets them in from; none are all (CA-41). `None`: the org does not tell.
pub fn login_ranges(told: &Told, person: &Person) -> Option<Vec<String>> {
    let mut profiles = told.settings_of("Profile").filter(|(id, _)| is_called(&person.profile, &id.name));
    let (_, profile) = profiles.next()?;
    let ranges = match profile.get("loginIpRanges") {
        Some(Tree::List(ranges)) => ranges.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => &[],
    };
    let range = |range: &Tree<Scalar>| {
        let Tree::Group(range) = range else { return None };
        let end = |name: &'static str| range.text_at(&FieldPath::of(name)).map(str::to_owned);
        Some(format!("{} to {}", end("startAddress")?, end("endAddress")?))
    };
    Some(ranges.iter().filter_map(range).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_goes_by_its_label_and_by_its_name_in_metadata() {
        for name in ["System Administrator", "admin", "Admin"] {
            assert!(is_called("System Administrator", name), "{name}");
        }
        assert!(is_called("Custom: Support Profile", "Custom%3A Support Profile"));
        assert!(is_called("100%", "100%") && is_called("50%ab€", "50%ab€"));
        assert!(!is_called("Standard User", "Admin"));
    }
}
