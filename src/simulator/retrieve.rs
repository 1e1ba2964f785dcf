//! Components to files, and retrievals: what a client gets back of what it deployed.
//!
//! Secrets never come back (CA-81, AP-22, section 3.3), elements the version does not know are left out
//! (CA-82), and the order is the schema's.

use std::collections::VecDeque;
use std::io::{Cursor, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use zip::write::SimpleFileOptions;

use super::clock::Moment;
use super::ids::{self, prefix};
use super::package::{percent_decoded, percent_encoded};
use super::rules::{self, text};
use super::state::State;
use super::xml::{INSTANCE, METADATA, Node};
use super::{my_domain, people};
use crate::component::{self, Enumeration, Field, Fields, Group, Kind, Scalar, Tree, Type};

/// The elements of a component as the org writes them for this API version.
pub(super) fn nodes(kind: &Type, fields: &Fields<Scalar>, version: u16) -> Vec<Node> {
    of_group(&kind.fields, fields, version)
}

/// The text beside the elements.
pub(super) fn content<'a>(kind: &Type, fields: &'a Fields<Scalar>) -> Option<&'a str> {
    text(fields, &kind.content_field()?.name)
}

fn of_group(group: &Group, fields: &Fields<Scalar>, version: u16) -> Vec<Node> {
    let mut nodes = Vec::new();
    for field in &group.fields {
        push(&mut nodes, field, fields.get(field.name.as_str()), version);
    }
    nodes
}

fn push(nodes: &mut Vec<Node>, field: &Field, value: Option<&Tree<Scalar>>, version: u16) {
    // Of an element that only some sources tell of, at this version, nothing comes back.
    let exists = field.exists_at(version) && !field.is_doubtful_at(version);
    let Some(value) = value.filter(|_| exists && !field.content) else { return };
    if let Some(mask) = &field.masked {
        nodes.push(Node::leaf(field.name.as_str(), mask)); // AP-22
        return;
    }
    // What only the org may say comes back where it has said it; it says no kickoff URLs (AP-46).
    if field.write_only || field.secret {
        return;
    }
    let items = match value {
        Tree::List(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    if let Kind::Enumeration(values) = &field.kind {
        let mut texts = folded(field, values, items);
        texts.retain(|text| {
            let known = values.values.iter().find(|value| value.matches(text));
            known.is_none_or(|value| value.since.is_none_or(|since| since <= version))
        });
        // EC-5: several values in one text
        if let Some(separator) = &field.separator {
            if !texts.is_empty() {
                nodes.push(Node::leaf(field.name.as_str(), texts.join(separator)));
            }
            return;
        }
        nodes.extend(texts.into_iter().map(|text| Node::leaf(field.name.as_str(), text)));
        return;
    }
    for item in items {
        match (item, &field.kind) {
            (Tree::Group(inner), Kind::Group(group)) => {
                nodes.push(Node::group(field.name.as_str(), of_group(group, inner, version)));
            }
            (Tree::Leaf(Scalar::Nil), _) => {
                nodes.push(Node::leaf(field.name.as_str(), "").with("xsi:nil", "true")); // SE-15
            }
            (Tree::Leaf(scalar), _) => nodes.push(Node::leaf(field.name.as_str(), scalar)),
            _ => {}
        }
    }
}

/// section 1.4: aliases are folded, and the schema's order replaces the one that was deployed
fn folded(field: &Field, values: &Enumeration, items: &[Tree<Scalar>]) -> Vec<String> {
    let texts = items.iter().filter_map(Tree::as_leaf).map(Scalar::to_string);
    let texts = texts.flat_map(|text| field.split(&text).into_iter().map(str::to_owned).collect::<Vec<_>>());
    let folded = texts.map(|text| {
        let known = values.values.iter().find(|value| value.matches(&text));
        known.and_then(|value| value.folds_into.clone()).unwrap_or(text)
    });
    let mut texts: Vec<String> = folded.collect();
    texts.sort_by_key(|text| values.position(text));
    texts.dedup();
    texts
}

/// Whether both mean the same to the org: a file that came out of it changes nothing, whatever the order was in
/// which its scopes went in.
pub(super) fn are_same(kind: &Type, one: &Fields<Scalar>, other: &Fields<Scalar>) -> bool {
    one == other || settled(&kind.fields, one) == settled(&kind.fields, other)
}

fn settled(group: &Group, fields: &Fields<Scalar>) -> Fields<Scalar> {
    let mut tree = fields.clone();
    for field in &group.fields {
        let Some(value) = tree.get_mut(&field.name) else { continue };
        match (&field.kind, value) {
            (Kind::Enumeration(values), value) => {
                let texts = match &*value {
                    Tree::List(items) => folded(field, values, items),
                    single => folded(field, values, std::slice::from_ref(single)),
                };
                *value = Tree::List(texts.into_iter().map(|text| Tree::Leaf(Scalar::Text(text))).collect());
            }
            (Kind::Group(group), Tree::Group(inner)) => *inner = settled(group, inner),
            (Kind::Group(group), Tree::List(items)) => {
                for item in items {
                    if let Tree::Group(inner) = item {
                        *inner = settled(group, inner);
                    }
                }
            }
            _ => {}
        }
    }
    tree
}

fn file(kind: &Type, fields: &Fields<Scalar>, version: u16) -> String {
    let root = Node::group(kind.name.as_str(), nodes(kind, fields, version)).with("xmlns", METADATA);
    let mut has_nil = false;
    fields.values().for_each(|value| value.each_leaf(&mut |leaf| has_nil |= *leaf == Scalar::Nil));
    if has_nil { root.with("xmlns:xsi", INSTANCE).to_file() } else { root.to_file() }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RetrieveRequest {
    pub version: u16,
    pub single_package: bool,
    /// Type and members, as the manifest has them.
    pub types: Vec<(String, Vec<String>)>,
    /// Only these paths; all if empty.
    pub specific_files: Vec<String>,
    pub package_names: Vec<String>,
}

/// A file of the org, as FileProperties tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileProperties {
    pub id: String,
    pub type_name: String,
    pub full_name: String,
    pub file_name: String,
    pub created: Moment,
    pub modified: Moment,
    pub by_id: String,
    pub by_name: String,
}

impl FileProperties {
    fn of(state: &State, kind: &Type, name: &str, folder: &str) -> Option<FileProperties> {
        let component = state.holdings.get(&kind.name, name)?;
        let admin = &people::of(&state.identity)[0];
        Some(FileProperties {
            id: component.id.clone(),
            // All settings are of one type here, though not where a deploy tells about them.
            type_name: kind.package_type.clone(),
            full_name: percent_encoded(name),
            file_name: format!("{folder}{}", main_path(kind, name)),
            created: component.created,
            modified: component.modified,
            by_id: admin.id.clone(),
            by_name: admin.full_name(),
        })
    }
}

/// The path of a component's file inside a package; of two files, the one without the elements.
fn main_path(kind: &Type, name: &str) -> String {
    let name = percent_encoded(name);
    kind.content_path(&name).unwrap_or_else(|| kind.path(&name))
}

/// The files of a type, by name.
pub(super) fn list(state: &State, kind: &Type) -> Vec<FileProperties> {
    let names = state.holdings.of_type(&kind.name).map(|(name, _)| name);
    names.filter_map(|name| FileProperties::of(state, kind, name, "")).collect()
}

/// What was retrieved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Retrieved {
    pub zip: Vec<u8>,
    pub files: Vec<FileProperties>,
    /// File and problem.
    pub messages: Vec<(String, String)>,
}

pub(super) fn retrieve(state: &State, request: &RetrieveRequest) -> Retrieved {
    const FOLDER: &str = "unpackaged/";
    let mut retrieved = Retrieved { zip: Vec::new(), files: Vec::new(), messages: Vec::new() };
    let manifest_name = format!("{FOLDER}package.xml");
    let mut contents: Vec<(String, String)> = Vec::new();
    let mut manifest = Vec::new();
    let asked = |wanted_type: &str, name: &str| {
        request.types.iter().any(|(type_name, members)| {
            type_name == wanted_type && members.iter().any(|member| member == name || member == "*")
        })
    };
    for (type_name, members) in &request.types {
        let kinds: Vec<&Type> = component::types()
            .iter()
            .filter(|kind| kind.package_type == *type_name && kind.since <= request.version)
            .collect();
        if kinds.is_empty() {
            // Objects, classes and their like have no files here; they are named for the sake of profiles.
            if !rules::ALONG.iter().any(|(_, _, known)| known == type_name) {
                let problem = format!("Entity type: '{type_name}' is unknown (rehearsal wording)");
                retrieved.messages.push((manifest_name.clone(), problem));
            }
            continue;
        }
        let mut found: Vec<(&Type, String)> = Vec::new();
        let mut kept = Vec::new();
        for member in members {
            let name = percent_decoded(member);
            let of_name = kinds.iter().find(|kind| state.holdings.get(&kind.name, &name).is_some());
            if member == "*" {
                for kind in &kinds {
                    found
                        .extend(state.holdings.of_type(&kind.name).map(|(name, _)| (*kind, name.to_owned())));
                }
            } else if let Some(kind) = of_name {
                found.push((*kind, name));
            } else if my_domain::is_meant(type_name, member) {
                contents.push((my_domain::PATH.to_owned(), my_domain::file(state)));
                retrieved.files.push(my_domain::properties(state, FOLDER));
            } else {
                // MD-35: missing is a message, not a failure
                let problem = format!("Entity of type '{type_name}' named '{member}' cannot be found");
                retrieved.messages.push((manifest_name.clone(), problem));
                continue;
            }
            kept.push(Node::leaf("members", member));
        }
        found.sort_by(|one, other| (&one.1, &one.0.name).cmp(&(&other.1, &other.0.name)));
        found.dedup_by(|one, other| one.1 == other.1 && one.0.name == other.0.name);
        for (kind, name) in found {
            let path = main_path(kind, &name);
            let is_wanted = request.specific_files.is_empty()
                || request.specific_files.iter().any(|wanted| wanted.trim_start_matches(FOLDER) == path);
            let Some(component) = state.holdings.get(&kind.name, &name).filter(|_| is_wanted) else {
                continue;
            };
            let fields = match kind.name.as_str() {
                "Profile" => &rules::profile_along(&kind.fields, &component.fields, asked),
                _ => &component.fields,
            };
            if kind.content_field().is_some() {
                contents.push((path, content(kind, fields).unwrap_or_default().to_owned()));
            }
            contents.push((kind.path(&percent_encoded(&name)), file(kind, fields, request.version)));
            retrieved.files.extend(FileProperties::of(state, kind, &name, FOLDER));
        }
        if !kept.is_empty() {
            kept.push(Node::leaf("name", type_name));
            manifest.push(Node::group("types", kept));
        }
    }
    for package in &request.package_names {
        let problem = format!("Package named '{package}' cannot be found (rehearsal wording)");
        retrieved.messages.push((manifest_name.clone(), problem));
    }
    manifest.push(Node::leaf("version", format!("{}.0", request.version)));
    contents
        .push(("package.xml".to_owned(), Node::group("Package", manifest).with("xmlns", METADATA).to_file()));
    retrieved.files.push(about_manifest(state, manifest_name));
    let folder = if request.single_package { "" } else { FOLDER };
    retrieved.zip = zip(folder, &contents);
    retrieved
}

/// The row about package.xml: of type Package, and without an id.
fn about_manifest(state: &State, name: String) -> FileProperties {
    let admin = &people::of(&state.identity)[0];
    FileProperties {
        id: String::new(),
        type_name: "Package".to_owned(),
        full_name: name.clone(),
        file_name: name,
        created: Moment::now(),
        modified: Moment::now(),
        by_id: admin.id.clone(),
        by_name: admin.full_name(),
    }
}

fn zip(folder: &str, contents: &[(String, String)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, text) in contents {
        // Writing into memory fails for no reason a caller could mend.
        let _ = writer.start_file(format!("{folder}{path}"), SimpleFileOptions::default());
        let _ = writer.write_all(text.as_bytes());
    }
    writer.finish().map(Cursor::into_inner).unwrap_or_default()
}

/// Retrievals that were asked for, in memory: after a restart nobody waits for them.
#[derive(Default)]
pub(super) struct Retrievals(Mutex<Asked>);

#[derive(Default)]
struct Asked {
    serial: u64,
    /// The latest; what nobody fetches goes when others come.
    latest: VecDeque<Retrieval>,
}

/// So many retrievals are kept.
const KEPT: usize = 100;

struct Retrieval {
    id: String,
    stage: Stage,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    Pending,
    InProgress,
    Succeeded(Retrieved),
    /// The zip was handed out, and is gone.
    Taken,
}

impl Retrievals {
    fn lock(&self) -> MutexGuard<'_, Asked> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn begin(&self, pod: &str) -> String {
        let mut asked = self.lock();
        asked.serial += 1;
        let id = ids::record(prefix::RETRIEVE, pod, asked.serial);
        if asked.latest.len() == KEPT {
            asked.latest.pop_front();
        }
        asked.latest.push_back(Retrieval { id: id.clone(), stage: Stage::Pending });
        id
    }

    pub fn set(&self, id: &str, stage: Stage) {
        if let Some(retrieval) = self.lock().latest.iter_mut().find(|retrieval| ids::same(&retrieval.id, id))
        {
            retrieval.stage = stage;
        }
    }

    /// The id in full, and the stage. With `take`, a finished retrieval gives its zip away.
    pub fn look(&self, id: &str, take: bool) -> Option<(String, Stage)> {
        let mut asked = self.lock();
        let retrieval = asked.latest.iter_mut().find(|retrieval| ids::same(&retrieval.id, id))?;
        let stage = match (&retrieval.stage, take) {
            (Stage::Succeeded(_), true) => std::mem::replace(&mut retrieval.stage, Stage::Taken),
            (stage, _) => stage.clone(),
        };
        Some((retrieval.id.clone(), stage))
    }
}

#[cfg(test)]
mod tests {
    use super::super::package;
    use super::super::rules::tests::Org;
    use super::*;

    const SECRET: &str = "0123456789abcdefghijABCDEFGHIJ0123456789";

    fn written(org: &Org, type_name: &str, version: u16) -> String {
        file(component::type_named(type_name).unwrap(), org.fields(type_name, "A"), version)
    }

    fn app() -> Org {
        let mut org = Org::new();
        let config = format!(
            "<contactEmail>a@b.example</contactEmail><label>It's A</label><oauthConfig><callbackUrl>https://a.b\n\
             https://c.d</callbackUrl><consumerKey>abcdefgh</consumerKey><consumerSecret>{SECRET}</consumerSecret>\
             <scopes>OfflineAccess</scopes><scopes>MCP</scopes><scopes>Email</scopes><scopes>Api</scopes>\
             <scopes>Basic</scopes></oauthConfig>"
        );
        org.save("ConnectedApp", "A", &config).unwrap();
        org
    }

    #[test]
    fn an_app_comes_back_without_its_secret_with_folded_scopes_and_explicit_flags() {
        assert_eq!(
            written(&app(), "ConnectedApp", 55),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <ConnectedApp xmlns=\"http://soap.sforce.com/2006/04/metadata\">\n    \
             <contactEmail>a@b.example</contactEmail>\n    <label>It&apos;s A</label>\n    <oauthConfig>\n        \
             <callbackUrl>https://a.b\nhttps://c.d</callbackUrl>\n        <consumerKey>abcdefgh</consumerKey>\n        \
             <isAdminApproved>false</isAdminApproved>\n        \
             <isConsumerSecretOptional>false</isConsumerSecretOptional>\n        \
             <isIntrospectAllTokens>false</isIntrospectAllTokens>\n        \
             <isSecretRequiredForRefreshToken>true</isSecretRequiredForRefreshToken>\n        \
             <scopes>Basic</scopes>\n        <scopes>Api</scopes>\n        <scopes>RefreshToken</scopes>\n    \
             </oauthConfig>\n    <oauthPolicy>\n        <ipRelaxation>ENFORCE</ipRelaxation>\n        \
             <refreshTokenPolicy>infinite</refreshTokenPolicy>\n    </oauthPolicy>\n</ConnectedApp>\n"
        );
        assert!(written(&app(), "ConnectedApp", 66).contains("<scopes>MCP</scopes>"));
    }

    #[test]
    fn an_old_version_sees_little() {
        let text = written(&app(), "ConnectedApp", 42);
        for gone in ["oauthPolicy", "isAdminApproved", "consumerSecret", SECRET] {
            assert!(!text.contains(gone), "{gone}");
        }
    }

    #[test]
    fn a_provider_comes_back_with_a_placeholder_for_its_secret() {
        let mut org = Org::new();
        let provider = "<consumerKey>k</consumerKey><consumerSecret>hush</consumerSecret>\
                        <friendlyName>P</friendlyName><providerType>Salesforce</providerType>";
        org.save("AuthProvider", "A", provider).unwrap();
        assert_eq!(
            written(&org, "AuthProvider", 62),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <AuthProvider xmlns=\"http://soap.sforce.com/2006/04/metadata\">\n    <consumerKey>k</consumerKey>\n    \
             <consumerSecret>Placeholder_Value</consumerSecret>\n    <friendlyName>P</friendlyName>\n    \
             <includeOrgIdInIdentifier>true</includeOrgIdInIdentifier>\n    <isPkceEnabled>true</isPkceEnabled>\n    \
             <providerType>Salesforce</providerType>\n    <requireMfa>false</requireMfa>\n    \
             <sendAccessTokenInHeader>false</sendAccessTokenInHeader>\n    \
             <sendClientCredentialsInHeader>false</sendClientCredentialsInHeader>\n    \
             <sendSecretInApis>true</sendSecretInApis>\n</AuthProvider>\n"
        );
    }

    #[test]
    fn a_credential_comes_back_without_its_password() {
        let mut org = Org::new();
        let credential = "<endpoint>https://a.b</endpoint><label>N</label><password>hush</password>\
                          <principalType>NamedUser</principalType><protocol>Password</protocol><username>u</username>";
        org.save("NamedCredential", "A", credential).unwrap();
        let text = written(&org, "NamedCredential", 62);
        assert!(!text.contains("hush") && text.contains("<calloutStatus>Enabled</calloutStatus>"));
        assert!(text.contains("<generateAuthorizationHeader>true</generateAuthorizationHeader>"));
        assert!(!written(&org, "NamedCredential", 58).contains("calloutStatus"));
    }

    #[test]
    fn a_retrieval_holds_what_is_there_and_tells_what_is_not() {
        let mut state = State::new().unwrap();
        state.holdings.put("ConnectedApp", "A", Fields::new());
        let request = RetrieveRequest {
            version: 62,
            single_package: true,
            types: vec![("ConnectedApp".to_owned(), vec!["*".to_owned(), "B".to_owned()])],
            specific_files: Vec::new(),
            package_names: Vec::new(),
        };
        let retrieved = retrieve(&state, &request);
        assert_eq!(
            retrieved.messages,
            [(
                "unpackaged/package.xml".to_owned(),
                "Entity of type 'ConnectedApp' named 'B' cannot be found".to_owned()
            )]
        );
        let names: Vec<_> = retrieved.files.iter().map(|file| file.file_name.as_str()).collect();
        assert_eq!(names, ["unpackaged/connectedApps/A.connectedApp", "unpackaged/package.xml"]);
        let packages = package::unpack(&retrieved.zip, true).unwrap();
        let paths: Vec<_> = packages[0].files.keys().collect();
        assert_eq!(paths, ["connectedApps/A.connectedApp", "package.xml"]);
    }

    fn asked(types: &[(&str, &[&str])]) -> RetrieveRequest {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        RetrieveRequest {
            version: 66,
            single_package: true,
            types: types.iter().map(|(type_name, names)| ((*type_name).to_owned(), owned(names))).collect(),
            specific_files: Vec::new(),
            package_names: Vec::new(),
        }
    }

    /// The files of a retrieve by path, and the messages.
    fn files(state: &State, types: &[(&str, &[&str])]) -> (Vec<(String, String)>, Vec<String>) {
        let retrieved = retrieve(state, &asked(types));
        let package = package::unpack(&retrieved.zip, true).unwrap().remove(0);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let files = package.files.into_iter().map(|(path, bytes)| (path, text(bytes)));
        let messages = retrieved.messages.into_iter().map(|(_, message)| message);
        (files.filter(|(path, _)| path != "package.xml").collect(), messages.collect())
    }

    #[test]
    fn settings_come_back_by_member_and_all_at_once() {
        let state = State::new().unwrap();
        let (found, messages) = files(&state, &[("Settings", &["Security", "Account"])]);
        assert_eq!(found.len(), 1);
        assert!(found[0].1.contains("\n    <networkAccess/>\n"), "{}", found[0].1);
        assert!(found[0].1.contains("<sessionTimeout>TwoHours</sessionTimeout>"));
        assert_eq!(messages, ["Entity of type 'Settings' named 'Account' cannot be found"]);
        let (all, _) = files(&state, &[("Settings", &["*"])]);
        assert!(all.len() > 1 && all.iter().all(|(path, _)| path.starts_with("settings/")));
        let retrieved = retrieve(&state, &asked(&[("Settings", &["Security"])]));
        assert_eq!(
            (&*retrieved.files[0].type_name, &*retrieved.files[0].full_name),
            ("Settings", "Security")
        );
    }

    #[test]
    fn session_settings_without_profile_say_so() {
        let state = State::new().unwrap();
        let (found, _) = files(&state, &[("ProfileSessionSetting", &["*"])]);
        let (_, orphan) = found.iter().find(|(path, _)| path.contains("/null_")).unwrap();
        assert!(orphan.contains("xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""), "{orphan}");
        assert!(orphan.contains("<profile xsi:nil=\"true\"/>"), "{orphan}");
    }

    #[test]
    fn a_certificate_comes_back_as_two_files_with_its_end() {
        let mut state = State::new().unwrap();
        let mut org = Org::new();
        let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        let elements = "<caSigned>false</caSigned><masterLabel>Orders</masterLabel>";
        org.save_with("Certificate", "Orders", elements, Some(pem)).unwrap();
        state.holdings = org.holdings;
        let (found, _) = files(&state, &[("Certificate", &["Orders"])]);
        assert_eq!(found[0], ("certs/Orders.crt".to_owned(), pem.to_owned()));
        let (path, elements) = &found[1];
        assert_eq!(path, "certs/Orders.crt-meta.xml");
        assert!(elements.contains("<expirationDate>") && !elements.contains("<content>"), "{elements}");
    }

    #[test]
    fn profiles_are_named_as_file_systems_like_it_and_hold_what_else_is_asked_for() {
        let mut org = Org::new();
        let inside = "<objectPermissions><allowRead>true</allowRead><object>Account</object></objectPermissions>\
                      <userPermissions><enabled>true</enabled><name>ApiEnabled</name></userPermissions>";
        org.save("Profile", "Force.com - Free", inside).unwrap();
        let mut state = State::new().unwrap();
        state.holdings = org.holdings;
        let profile: (&str, &[&str]) = ("Profile", &["Force%2Ecom - Free"]);
        let (alone, messages) = files(&state, &[profile]);
        assert_eq!((alone[0].0.as_str(), messages.len()), ("profiles/Force%2Ecom - Free.profile", 0));
        assert!(alone[0].1.contains("ApiEnabled") && !alone[0].1.contains("Account"), "{}", alone[0].1);
        let (along, messages) = files(&state, &[profile, ("CustomObject", &["Account"])]);
        assert!(along[0].1.contains("<object>Account</object>") && messages.is_empty());
    }

    #[test]
    fn scopes_in_one_text_come_back_in_the_order_of_the_schema() {
        let mut org = Org::new();
        org.save("ExternalClientApplication", "Orders", "<contactEmail>a@b.example</contactEmail>").unwrap();
        let settings = "<commaSeparatedOauthScopes>RefreshToken,Api</commaSeparatedOauthScopes>\
                        <externalClientApplication>Orders</externalClientApplication>";
        org.save("ExtlClntAppOauthSettings", "A", settings).unwrap();
        let text = written(&org, "ExtlClntAppOauthSettings", 66);
        assert!(
            text.contains("<commaSeparatedOauthScopes>Api, RefreshToken</commaSeparatedOauthScopes>"),
            "{text}"
        );
    }

    #[test]
    fn a_zip_is_handed_out_once() {
        let retrievals = Retrievals::default();
        let id = retrievals.begin("Ws");
        assert!(id.starts_with("09S"));
        let retrieved = Retrieved { zip: vec![1], files: Vec::new(), messages: Vec::new() };
        retrievals.set(&id, Stage::Succeeded(retrieved.clone()));
        assert_eq!(retrievals.look(&id, false), Some((id.clone(), Stage::Succeeded(retrieved.clone()))));
        assert_eq!(retrievals.look(&id[..15], true), Some((id.clone(), Stage::Succeeded(retrieved))));
        assert_eq!(retrievals.look(&id, true), Some((id, Stage::Taken)));
    }
}
