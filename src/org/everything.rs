//! Everything that an org has of some metadata types: asks which types it knows and what there is of each, then
//! retrieves that. What belongs to a managed package is left out, because nobody but its publisher can deploy it.
//!
//! Asked for by name rather than with `*`, which gives back nothing that came with the org, such as its profiles.

use std::collections::{BTreeMap, BTreeSet};

use super::retrieve::RetrievedFile;
use super::soap::{self, Element, element, leaf};
use super::{Error, Reader};
use crate::companions::{self, Companions};
use crate::component::{Type, type_of_member};

/// Types that one call may list.
const TYPES_A_CALL: usize = 3;
const DOING: &str = "list the metadata of";
/// Said where there are profiles: their files depend on what else is in the package.
const OF_PROFILES: &str = "profiles hold only what concerns the other components that were read with them: permissions \
                           on objects are missing";

/// What an org has of some types.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Everything {
    /// Sorted by path; a component may have two.
    pub files: Vec<RetrievedFile>,
    /// What is there and was not read, sorted.
    pub left_out: Vec<LeftOut>,
    /// Types that were asked for and the org does not have, at this API version or at all, sorted.
    pub unknown: Vec<&'static str>,
    /// What somebody should know of the files, and what the org remarked.
    pub notes: Vec<String>,
}

/// A component of a managed package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    pub type_name: String,
    pub full_name: String,
    /// Of the package, where the org tells it.
    pub namespace: Option<String>,
}

/// A component that an org lists.
struct Listed {
    kind: &'static Type,
    /// As the org calls it, which is not the type of every component.
    type_name: String,
    full_name: String,
    namespace: Option<String>,
    is_managed: bool,
}

/// The types an org knows, by their names in package.xml, and the prefix of what belongs to it.
struct Known {
    types: BTreeSet<String>,
    namespace: Option<String>,
}

impl Reader<'_> {
    /// Reads all components of these types, as far as the org has them at this API version (major number). The
    /// companions are asked for along with them.
    pub async fn everything(
        &self,
        kinds: &[&'static Type],
        companions: &Companions,
        api_version: u16,
    ) -> Result<Everything, Error> {
        let known = self.describe(api_version).await?;
        let (wanted, unknown): (Vec<_>, Vec<_>) = kinds.iter().copied().partition(|kind: &&'static Type| {
            kind.since <= api_version && known.types.contains(&kind.package_type)
        });
        let mut everything = Everything { unknown: names(&unknown), ..Everything::default() };
        let mut members: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for Listed { type_name, full_name, namespace, is_managed, .. } in
            self.listed(&wanted, &known, api_version).await?
        {
            if is_managed {
                everything.left_out.push(LeftOut { type_name, full_name, namespace });
            } else {
                members.entry(type_name).or_default().push(full_name);
            }
        }
        everything.left_out.sort();
        let is_partial = members.contains_key("Profile") && companions.is_empty();
        everything.notes.extend(is_partial.then(|| OF_PROFILES.to_owned()));
        for names in members.values_mut() {
            names.sort();
            names.dedup();
        }
        let asked = types_of(&members);
        if !members.is_empty() {
            companions::join(&mut members, companions);
        }
        let retrieved = self.retrieve(&members).await?;
        everything.files = retrieved.files;
        everything.notes.extend(retrieved.messages);
        // Listed and gone by now, or listed and not to be had (CA-83).
        everything.notes.extend(
            retrieved
                .missing
                .iter()
                .filter(|missing| asked.contains(&missing.type_name))
                .map(|missing| format!("the org lists {missing} and does not give it out")),
        );
        Ok(everything)
    }

    /// The full names of what an org itself has of these types, with the type of each. What belongs to a managed package is
    /// not among them.
    pub async fn names(
        &self,
        kinds: &[&'static Type],
        api_version: u16,
    ) -> Result<BTreeSet<(&'static str, String)>, Error> {
        let known = self.describe(api_version).await?;
        let is_known = |kind: &&&'static Type| known.types.contains(&kind.package_type);
        let wanted: Vec<&'static Type> = kinds.iter().filter(is_known).copied().collect();
        let listed = self.listed(&wanted, &known, api_version).await?;
        let own = listed.into_iter().filter(|one| !one.is_managed);
        Ok(own.map(|one| (one.kind.key.as_str(), one.full_name)).collect())
    }

    /// What an org lists of the wanted types.
    async fn listed(
        &self,
        wanted: &[&'static Type],
        known: &Known,
        api_version: u16,
    ) -> Result<Vec<Listed>, Error> {
        let types: BTreeSet<&str> = wanted.iter().map(|kind| kind.package_type.as_str()).collect();
        let mut found = Vec::new();
        for queries in types.into_iter().collect::<Vec<_>>().chunks(TYPES_A_CALL) {
            for row in self.list(queries, api_version).await? {
                let (Some(type_name), Some(full_name)) = (row.text_of("type"), row.text_of("fullName"))
                else {
                    continue;
                };
                let kind = type_of_member(type_name, full_name);
                let is_wanted = |kind: &&Type| wanted.iter().any(|wanted| wanted.name == kind.name);
                let Some(kind) = kind.filter(is_wanted) else { continue };
                found.push(Listed {
                    kind,
                    type_name: type_name.to_owned(),
                    full_name: full_name.to_owned(),
                    namespace: row.text_of("namespacePrefix").map(str::to_owned),
                    is_managed: is_managed(&row, known.namespace.as_deref()),
                });
            }
        }
        Ok(found)
    }

    async fn describe(&self, api_version: u16) -> Result<Known, Error> {
        let body = soap::body(|xml| {
            element(xml, "describeMetadata", |xml| leaf(xml, "asOfVersion", &format!("{api_version}.0")))
        });
        let request = self.client.soap(body.unwrap_or_default().into(), DOING);
        let result = self.client.result(&request).await?;
        let types: BTreeSet<String> = result
            .all("metadataObjects")
            .filter_map(|object| object.text_of("xmlName"))
            .map(str::to_owned)
            .collect();
        if types.is_empty() {
            return Err(self.client.unexpected(&request, "the org names no metadata type"));
        }
        Ok(Known { types, namespace: result.text_of("organizationNamespace").map(str::to_owned) })
    }

    async fn list(&self, types: &[&str], api_version: u16) -> Result<Vec<Element>, Error> {
        let body = soap::body(|xml| {
            element(xml, "listMetadata", |xml| {
                types.iter().try_for_each(|name| element(xml, "queries", |xml| leaf(xml, "type", name)))?;
                leaf(xml, "asOfVersion", &format!("{api_version}.0"))
            })
        });
        let request = self.client.soap(body.unwrap_or_default().into(), DOING);
        let response = self.client.response(&request).await?;
        Ok(response.children.into_iter().filter(|child| child.name == "result").collect())
    }
}

fn types_of(members: &BTreeMap<String, Vec<String>>) -> BTreeSet<String> {
    members.keys().cloned().collect()
}

fn names(kinds: &[&'static Type]) -> Vec<&'static str> {
    let mut names: Vec<&str> = kinds.iter().map(|kind| kind.name.as_str()).collect();
    names.sort_unstable();
    names
}

/// Whether a listed component belongs to a package of somebody else.
fn is_managed(row: &Element, own: Option<&str>) -> bool {
    let prefix = row.text_of("namespacePrefix");
    let foreign = prefix.is_some() && prefix != own;
    let installed = matches!(
        row.text_of("manageableState"),
        Some("installed" | "installedEditable" | "deprecatedEditable")
    );
    foreign || installed
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::super::archive::tests::zipped;
    use super::super::script::{Reply, Script, org};
    use super::*;
    use crate::component::type_named;

    fn answer(call: &str, results: &str) -> Reply {
        Reply::xml(
            200,
            &format!(
                "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
                 xmlns=\"http://soap.sforce.com/2006/04/metadata\"><soapenv:Body><{call}Response>{results}\
                 </{call}Response></soapenv:Body></soapenv:Envelope>"
            ),
        )
    }

    fn described(types: &[&str]) -> Reply {
        let objects: String = types
            .iter()
            .map(|name| format!("<metadataObjects><xmlName>{name}</xmlName></metadataObjects>"))
            .collect();
        answer(
            "describeMetadata",
            &format!("<result>{objects}<organizationNamespace></organizationNamespace></result>"),
        )
    }

    fn row(type_name: &str, name: &str, more: &str) -> String {
        format!("<result><fullName>{name}</fullName><type>{type_name}</type>{more}</result>")
    }

    fn retrieved(files: &[(&str, &str)]) -> [Reply; 2] {
        let done = format!(
            "<result><done>true</done><status>Succeeded</status><success>true</success><zipFile>{}</zipFile></result>",
            STANDARD.encode(zipped(files))
        );
        [answer("retrieve", "<result><id>09SA1</id></result>"), answer("checkRetrieveStatus", &done)]
    }

    #[tokio::test]
    async fn what_there_is_is_listed_first_and_then_read_by_name() {
        let rows = row("ConnectedApp", "Orders", "<manageableState>unmanaged</manageableState>")
            + &row("ConnectedApp", "acme__Sync", "<namespacePrefix>acme</namespacePrefix>")
            + &row("ConnectedApp", "Pack", "<manageableState>installed</manageableState>");
        let mut replies = vec![described(&["ConnectedApp", "AuthProvider"]), answer("listMetadata", &rows)];
        replies.extend(retrieved(&[("connectedApps/Orders.connectedApp", "<ConnectedApp/>")]));
        let script = Script::new(replies);
        let kinds: Vec<_> = ["ConnectedApp", "NamedCredential"].into_iter().filter_map(type_named).collect();
        let everything = org(&script).reader().everything(&kinds, &Companions::new(), 62).await.unwrap();
        let paths: Vec<&str> = everything.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["connectedApps/Orders.connectedApp"]);
        assert_eq!(everything.unknown, ["NamedCredential"]);
        let left_out: Vec<_> = everything
            .left_out
            .iter()
            .map(|left| (left.full_name.as_str(), left.namespace.as_deref()))
            .collect();
        assert_eq!(left_out, [("Pack", None), ("acme__Sync", Some("acme"))]);
        let asked = script.asked();
        assert!(
            asked[0].text().contains("<describeMetadata><asOfVersion>62.0</asOfVersion></describeMetadata>")
        );
        assert!(asked[1].text().contains(
            "<listMetadata><queries><type>ConnectedApp</type></queries><asOfVersion>62.0</asOfVersion></listMetadata>"
        ));
        let asked = asked[2].text();
        assert!(
            asked.contains("<types><members>Orders</members><name>ConnectedApp</name></types>"),
            "{asked}"
        );
    }

    #[tokio::test]
    async fn settings_are_one_type_of_which_only_the_wanted_are_read() {
        let rows = row("Settings", "Account", "") + &row("Settings", "Security", "");
        let mut replies = vec![described(&["Settings"]), answer("listMetadata", &rows)];
        replies.extend(retrieved(&[("settings/Security.settings", "<SecuritySettings/>")]));
        let script = Script::new(replies);
        let kinds: Vec<_> = type_named("SecuritySettings").into_iter().collect();
        let everything = org(&script).reader().everything(&kinds, &Companions::new(), 62).await.unwrap();
        assert_eq!(everything.files.len(), 1);
        let asked = script.asked()[2].text();
        assert!(asked.contains("<types><members>Security</members><name>Settings</name></types>"), "{asked}");
    }

    #[tokio::test]
    async fn three_types_are_listed_in_one_call_and_nothing_is_retrieved_where_nothing_is() {
        let names = ["AuthProvider", "ConnectedApp", "ExternalCredential", "NamedCredential"];
        let nothing = || answer("listMetadata", "");
        let script = Script::new([described(&names), nothing(), nothing()]);
        let kinds: Vec<_> = names.into_iter().filter_map(type_named).collect();
        assert_eq!(
            org(&script).reader().everything(&kinds, &Companions::new(), 62).await.unwrap(),
            Everything::default()
        );
        assert_eq!(script.asked()[1].text().matches("<queries>").count(), 3);
        assert_eq!(script.asked()[2].text().matches("<queries>").count(), 1);
    }
}
