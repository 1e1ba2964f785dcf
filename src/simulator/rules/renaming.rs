//! Renaming components: what keeps its name, what a new name must be like, and who has to follow. References are
//! made of ids in an org, so whatever names the component names it by its new name afterwards.

use super::{Problem, check_name, external_client_app, references};
use crate::component::{self, Fields, Group, Kind, Scalar, Tree, Type};
use crate::simulator::first_day;
use crate::simulator::state::Holdings;

/// Why nothing was renamed.
#[derive(Debug)]
pub(in crate::simulator) enum Refusal {
    /// There is no such component.
    Absent,
    /// There is one of the new name.
    Taken,
    Refused(Problem),
}

pub(in crate::simulator) fn rename(
    holdings: &mut Holdings,
    kind: &'static Type,
    old: &str,
    new: &str,
) -> Result<(), Refusal> {
    if holdings.get(&kind.name, old).is_none() {
        return Err(Refusal::Absent);
    }
    if old == new {
        return Ok(());
    }
    check(holdings, kind, old, new)?;
    // AP-5: the suffix of a provider's URLs is not given out twice
    if let Some(mut component) = holdings.remove(&kind.name, old, kind.member.burnt_after_deletion) {
        component.modified = holdings.clock.now();
        holdings.insert(&kind.name, new, component);
    }
    for other in component::types() {
        follow(holdings, other, kind, old, new);
    }
    holdings.index();
    Ok(())
}

fn check(holdings: &Holdings, kind: &Type, old: &str, new: &str) -> Result<(), Refusal> {
    let keeps_its_name = kind.member.fixed.is_some()
        || kind.member.generated.is_some()
        || kind.name == "Profile" && first_day::is_standard_profile(old)
        // Their names are part of each other, and of ids that belong to the org (EC-3, EC-12).
        || external_client_app::is_part_of_one(kind);
    if keeps_its_name {
        let text = format!("{} {old} can't be renamed (rehearsal wording)", kind.name);
        return Err(Refusal::Refused(Problem::error(text)));
    }
    check_name(kind, new).map_err(Refusal::Refused)?;
    let same = |other: &str| other != old && kind.member.free && references::same_free(other, new);
    if holdings.get(&kind.name, new).is_some() || holdings.of_type(&kind.name).any(|(other, _)| same(other)) {
        return Err(Refusal::Taken);
    }
    if holdings.is_burnt(&kind.name, new) {
        return Err(Refusal::Refused(Problem::error(super::auth_provider::BURNT)));
    }
    Ok(())
}

/// Writes the new name wherever a component of `other` has the old one.
fn follow(holdings: &mut Holdings, other: &Type, renamed: &Type, old: &str, new: &str) {
    let follows = Follows { renamed, old, new };
    let names: Vec<String> = holdings.of_type(&other.name).map(|(name, _)| name.to_owned()).collect();
    for name in names {
        if let Some(component) = holdings.get_mut(&other.name, &name) {
            follows.in_fields(&other.fields, &mut component.fields);
        }
    }
}

struct Follows<'a> {
    renamed: &'a Type,
    old: &'a str,
    new: &'a str,
}

impl Follows<'_> {
    fn in_fields(&self, group: &Group, fields: &mut Fields<Scalar>) {
        for field in &group.fields {
            let Some(value) = fields.get_mut(&field.name) else { continue };
            let items = match value {
                Tree::List(items) => items.as_mut_slice(),
                single => std::slice::from_mut(single),
            };
            let names = field.names.as_deref() == Some(self.renamed.key.as_str());
            // EC-41: a principal is named by its credential and a hyphen.
            let principal =
                field.name == "externalCredentialPrincipal" && self.renamed.name == "ExternalCredential";
            for item in items {
                match (item, &field.kind) {
                    (Tree::Group(inner), Kind::Group(group)) => self.in_fields(group, inner),
                    (Tree::Leaf(Scalar::Text(text)), _) if names => {
                        *text = match &field.separator {
                            Some(separator) => {
                                let parts = text.split(separator.as_str()).map(|part| self.part(part));
                                parts.collect::<Vec<_>>().join(separator)
                            }
                            None => self.part(text).to_owned(),
                        };
                    }
                    (Tree::Leaf(Scalar::Text(text)), _) if principal => {
                        let rest = text.strip_prefix(self.old).filter(|rest| rest.starts_with('-'));
                        if let Some(followed) = rest.map(|rest| format!("{}{rest}", self.new)) {
                            *text = followed;
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn part<'t>(&'t self, text: &'t str) -> &'t str {
        let is_old = text.trim() == self.old
            || self.renamed.member.free && references::same_free(text.trim(), self.old);
        if is_old { self.new } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Org;
    use super::*;
    use crate::component::type_named;

    const PROVIDER: &str = "<friendlyName>P</friendlyName><providerType>Salesforce</providerType>";

    fn renamed(org: &mut Org, type_name: &str, old: &str, new: &str) -> String {
        match rename(&mut org.holdings, type_named(type_name).unwrap(), old, new) {
            Ok(()) => "renamed".to_owned(),
            Err(Refusal::Absent) => "absent".to_owned(),
            Err(Refusal::Taken) => "taken".to_owned(),
            Err(Refusal::Refused(problem)) => problem.text,
        }
    }

    #[test]
    fn whatever_names_a_component_names_it_by_its_new_name() {
        let mut org = Org::new();
        org.save("AuthProvider", "P", PROVIDER).unwrap();
        let credential = "<authProvider>P</authProvider><endpoint>https://a.b</endpoint><label>N</label>\
                          <principalType>NamedUser</principalType><protocol>Oauth</protocol>";
        org.save("NamedCredential", "N", credential).unwrap();
        let id = org.holdings.get("AuthProvider", "P").unwrap().id.clone();
        assert_eq!(renamed(&mut org, "AuthProvider", "P", "Q"), "renamed");
        assert_eq!(org.holdings.get("AuthProvider", "Q").unwrap().id, id);
        assert!(org.holdings.get("AuthProvider", "P").is_none());
        let credential = org.holdings.get("NamedCredential", "N").unwrap();
        assert_eq!(super::super::text(&credential.fields, "authProvider"), Some("Q"));
    }

    #[test]
    fn the_old_suffix_of_a_provider_is_burnt() {
        let mut org = Org::new();
        org.save("AuthProvider", "P", PROVIDER).unwrap();
        assert_eq!(renamed(&mut org, "AuthProvider", "P", "Q"), "renamed");
        assert!(renamed(&mut org, "AuthProvider", "Q", "P").contains("previously used"));
        assert!(org.save("AuthProvider", "P", PROVIDER).is_err());
    }

    #[test]
    fn a_new_name_must_be_free_and_legal() {
        let mut org = Org::new();
        org.save("AuthProvider", "P", PROVIDER).unwrap();
        org.save("AuthProvider", "Q", PROVIDER).unwrap();
        assert_eq!(renamed(&mut org, "AuthProvider", "P", "Q"), "taken");
        assert_eq!(renamed(&mut org, "AuthProvider", "R", "S"), "absent");
        assert_eq!(renamed(&mut org, "AuthProvider", "P", "P"), "renamed");
        assert!(renamed(&mut org, "AuthProvider", "P", "1").contains("alphanumeric characters"));
        assert!(org.holdings.get("AuthProvider", "P").is_some());
    }

    #[test]
    fn settings_standard_profiles_and_external_client_apps_keep_their_names() {
        let mut org = Org::new();
        for (type_name, name) in [("SecuritySettings", "Security"), ("Profile", "Admin")] {
            let told = renamed(&mut org, type_name, name, "Other");
            assert_eq!(told, format!("{type_name} {name} can't be renamed (rehearsal wording)"));
        }
        let header = "<contactEmail>a@b.example</contactEmail><label>E</label>";
        org.save("ExternalClientApplication", "E", header).unwrap();
        assert!(renamed(&mut org, "ExternalClientApplication", "E", "F").contains("can't be renamed"));
    }
}
