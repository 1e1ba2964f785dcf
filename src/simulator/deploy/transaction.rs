//! Works out what a deployment does to the org: every package of the zip, in the platform's order, on a copy
//! of what the org holds. Nothing is saved here, so nothing has to be taken back.

use std::collections::BTreeMap;

use super::{DeployOptions, Row};
use crate::component::{self, Fields, NEWEST_API_VERSION, OLDEST_API_VERSION, Scalar, Type};
use crate::simulator::package::{Manifest, Package, percent_decoded, percent_encoded};
use crate::simulator::retrieve;
use crate::simulator::rules::{self, Circumstances, Incoming, Problem, Refusal, Severity};
use crate::simulator::schema;
use crate::simulator::state::Holdings;

/// What the rules need to know besides the package.
pub(super) struct Surroundings<'a> {
    pub org: &'a Circumstances,
    /// Components that tests want refused, by address, with the text to refuse them with.
    pub rejected: &'a [(String, String)],
}

/// What came of it.
pub(super) struct Outcome {
    pub rows: Vec<Row>,
    /// Components named, manifests not counted.
    pub total: usize,
    pub holdings: Holdings,
    /// Type and name of each component that was saved or removed.
    pub touched: Vec<(String, String)>,
}

impl Outcome {
    pub fn errors(&self) -> usize {
        self.rows.iter().filter(|row| !row.success).count()
    }

    pub fn deployed(&self) -> usize {
        self.rows.iter().filter(|row| row.success && !row.component_type.is_empty()).count()
    }
}

pub(super) fn run(
    packages: &[Package],
    options: &DeployOptions,
    holdings: Holdings,
    surroundings: &Surroundings,
) -> Outcome {
    let outcome = Outcome { rows: Vec::new(), total: 0, holdings, touched: Vec::new() };
    let mut work = Work { options, surroundings, outcome };
    for package in packages {
        if let Err((name, problem)) = work.package(package) {
            let row = Row::of_manifest(&package.folder, name);
            work.outcome.rows.push(row.with(problem, options.ignore_warnings));
        }
    }
    work.outcome
}

struct Work<'a> {
    options: &'a DeployOptions,
    surroundings: &'a Surroundings<'a>,
    outcome: Outcome,
}

/// A component that package.xml names and the zip holds.
struct Found<'a> {
    kind: &'static Type,
    name: String,
    files: Files<'a>,
}

impl Work<'_> {
    /// The whole of one package; the error is a manifest that cannot be used.
    fn package(&mut self, package: &Package) -> Result<(), (&'static str, Problem)> {
        let manifest = package
            .files
            .get("package.xml")
            .ok_or_else(|| ("package.xml", Problem::error("No package.xml found")))?;
        let manifest =
            Manifest::read(manifest).map_err(|(text, at)| ("package.xml", Problem::at(at, text)))?;
        let version = version(&manifest).map_err(|problem| ("package.xml", problem))?;
        let wanted = wanted_types(&manifest, version).map_err(|problem| ("package.xml", problem))?;
        // plain destructiveChanges.xml runs before the additions as well (protocol, 7.3)
        for name in ["destructiveChangesPre.xml", "destructiveChanges.xml"] {
            self.delete_all(package, name, version)?;
        }
        self.add_all(package, &wanted, version);
        self.delete_all(package, "destructiveChangesPost.xml", version)?;
        self.outcome.rows.push(Row::of_manifest(&package.folder, "package.xml"));
        Ok(())
    }

    fn add_all(&mut self, package: &Package, wanted: &[Wanted<'_>], version: u16) {
        let mut files = component_files(package);
        let mut found = Vec::new();
        for Wanted { type_name, members } in wanted {
            let mut named: Vec<(Option<&'static Type>, String)> = members
                .iter()
                .filter(|name| *name != "*")
                .map(|name| member(type_name, name, version))
                .collect();
            if named.len() < members.len() {
                // a wildcard means every component of the type that is in the zip
                for kind in kinds(type_name, version) {
                    let here = files.keys().filter(|(name, _)| *name == kind.name);
                    named.extend(here.map(|(_, name)| (Some(kind), name.clone())));
                }
            }
            named.sort_by(|one, other| one.1.cmp(&other.1));
            named.dedup_by(|one, other| one.1 == other.1);
            for (kind, name) in named {
                let taken = kind.and_then(|kind| {
                    files.remove(&(kind.name.as_str(), name.clone())).map(|files| (kind, files))
                });
                match taken {
                    Some((kind, files)) => found.push(Found { kind, name, files }),
                    None => self.missing(package, type_name, &name),
                }
            }
        }
        found.sort_by_cached_key(|found| {
            (rules::rank(found.kind, version), found.kind.name.clone(), found.name.clone())
        });
        self.outcome.total += found.len();
        for found in &found {
            let row = self.add(package, found, version);
            self.outcome.rows.push(row);
        }
        let made = rules::complete(&mut self.outcome.holdings);
        self.outcome.touched.extend(made);
        let leftover: Vec<_> =
            files.into_iter().map(|((type_name, name), files)| (type_name, name, files.path())).collect();
        let strangers =
            package.files.keys().filter(|path| component_of(path).is_none() && !is_manifest(path));
        let strangers: Vec<_> = strangers.map(|path| ("", path.clone(), path.as_str())).collect();
        for (type_name, name, path) in leftover.into_iter().chain(strangers) {
            let path_in_zip = format!("{}{path}", package.folder);
            let row = match type_name {
                "" => Row::new(type_name, &name, path_in_zip),
                _ => Row::of_component(type_name, &name, path_in_zip),
            };
            let problem = if is_unknown_setting(path) {
                let text =
                    format!("{path} is not a valid metadata object. Check the name and casing of the file.");
                Problem::error(text)
            } else {
                // MD-33; a warning is the likelier severity, and the second wording is unsure
                Problem { severity: Severity::Warning, text: "Not in package.xml".to_owned(), at: None }
            };
            self.outcome.rows.push(row.with(problem, self.options.ignore_warnings));
        }
    }

    /// MD-33: named, but not there.
    fn missing(&mut self, package: &Package, type_name: &str, name: &str) {
        if self.options.allow_missing_files {
            return;
        }
        let text = format!(
            "An object '{}' of type {type_name} was named in package.xml, but was not found in zipped directory",
            percent_encoded(name)
        );
        self.outcome.total += 1;
        let row = Row::of_component(type_name, name, format!("{}package.xml", package.folder));
        self.outcome.rows.push(row.with(Problem::error(text), self.options.ignore_warnings));
    }

    fn add(&mut self, package: &Package, found: &Found, version: u16) -> Row {
        let type_name = found.kind.name.as_str();
        let path = format!("{}{}", package.folder, found.files.path());
        let mut row = Row::of_component(type_name, &found.name, path);
        let accepted = read(found, version).and_then(|sent| {
            self.check_rejected(found)?;
            rules::accept(&Incoming {
                kind: found.kind,
                name: &found.name,
                sent: &sent,
                stored: self.outcome.holdings.get(type_name, &found.name),
                holdings: &self.outcome.holdings,
                org: self.surroundings.org,
                version,
            })
        });
        let accepted = match accepted {
            Ok(accepted) => accepted,
            Err(problem) => return row.with(problem, self.options.ignore_warnings),
        };
        let before = self.outcome.holdings.get(type_name, &found.name).map(|component| &component.fields);
        row.created = before.is_none();
        // MD-39: whether a redeploy of the same file counts as a change is unsure; here it does not
        row.changed = before.is_none_or(|before| !retrieve::are_same(found.kind, before, &accepted.fields));
        // one row has room for one problem: the gravest
        if let Some(remark) = accepted.remarks.into_iter().min_by_key(|remark| remark.severity as u8) {
            row = row.with(remark, self.options.ignore_warnings);
            if !row.success {
                return row;
            }
        }
        if row.changed {
            let saved = rules::save(&mut self.outcome.holdings, found.kind, &found.name, accepted.fields);
            self.outcome.touched.extend(saved.touched);
            // MD-13: a validation makes no ids
            row.id = (!(self.options.check_only && row.created)).then_some(saved.id);
        } else {
            row.id = self.outcome.holdings.get(type_name, &found.name).map(|component| component.id.clone());
        }
        row
    }

    fn check_rejected(&self, found: &Found) -> Result<(), Problem> {
        let address = format!("{}.{}", found.kind.key, found.name);
        match self.surroundings.rejected.iter().find(|(rejected, _)| *rejected == address) {
            Some((_, text)) => Err(Problem::error(text.clone())),
            None => Ok(()),
        }
    }

    fn delete_all(
        &mut self,
        package: &Package,
        manifest_name: &'static str,
        version: u16,
    ) -> Result<(), (&'static str, Problem)> {
        let Some(bytes) = package.files.get(manifest_name) else { return Ok(()) };
        let manifest = Manifest::read(bytes).map_err(|(text, at)| (manifest_name, Problem::at(at, text)))?;
        let wanted = wanted_types(&manifest, version).map_err(|problem| (manifest_name, problem))?;
        if wanted.iter().any(|wanted| wanted.members.iter().any(|member| member == "*")) {
            let text = "wildcards are not allowed in destructive manifests (rehearsal wording, MD-40)";
            return Err((manifest_name, Problem::error(text)));
        }
        let mut named: Vec<(&str, Option<&'static Type>, String)> = Vec::new();
        for Wanted { type_name, members } in &wanted {
            named.extend(members.iter().map(|name| {
                let (kind, name) = member(type_name, name, version);
                (*type_name, kind, name)
            }));
        }
        named
            .sort_by_key(|(_, kind, _)| std::cmp::Reverse(kind.map_or(0, |kind| rules::rank(kind, version)))); // dependents first
        for (type_name, kind, name) in named {
            self.outcome.total += 1;
            let path = format!("{}{manifest_name}", package.folder);
            let row = self.delete(type_name, kind, &name, &path, manifest_name);
            self.outcome.rows.push(row);
        }
        self.outcome.rows.push(Row::of_manifest(&package.folder, manifest_name));
        Ok(())
    }

    fn delete(
        &mut self,
        type_name: &str,
        kind: Option<&'static Type>,
        name: &str,
        path: &str,
        manifest_name: &str,
    ) -> Row {
        let ignore_warnings = self.options.ignore_warnings;
        let deleted = match kind {
            Some(kind) => match rules::check_rights(self.surroundings.org, kind) {
                Ok(()) => rules::delete(&mut self.outcome.holdings, kind, name),
                Err(problem) => Err(Refusal::Refused(problem)),
            },
            None => Err(Refusal::Absent),
        };
        let row = Row::of_component(kind.map_or(type_name, |kind| &kind.name), name, path);
        match deleted {
            Ok(deleted) => {
                self.outcome.touched.extend(deleted.touched);
                Row { id: Some(deleted.id), deleted: true, changed: true, ..row }
            }
            Err(Refusal::Absent) => {
                // MD-35; the row carries the manifest's name (protocol, 7.3)
                let text = format!("No {type_name} named: {} found", percent_encoded(name));
                let problem = Problem { severity: Severity::Warning, text, at: None };
                Row::new("", manifest_name, path).with(problem, ignore_warnings)
            }
            Err(Refusal::InUse(referrers)) => {
                // MD-40, last clause
                let text = format!(
                    "{type_name} {name} is referenced elsewhere. Remove the usage and try again: {} (rehearsal \
                     wording, MD-40)",
                    referrers.join(", ")
                );
                row.with(Problem::error(text), ignore_warnings)
            }
            Err(Refusal::Refused(problem)) => row.with(problem, ignore_warnings),
        }
    }
}

/// The files of a component as one tree.
fn read(found: &Found, version: u16) -> Result<Fields<Scalar>, Problem> {
    let Some((_, elements)) = found.files.elements else {
        let path = found.kind.path(&found.name);
        return Err(Problem::error(format!("the file {path} is missing (rehearsal wording)")));
    };
    let mut sent = schema::read_file(found.kind, elements, version)?;
    if let Some((_, content)) = found.files.content {
        schema::add_content(found.kind, content, &mut sent)?;
    }
    Ok(sent)
}

/// MD-23: the version of package.xml decides the schema of every file.
fn version(manifest: &Manifest) -> Result<u16, Problem> {
    let Some(text) = &manifest.version else {
        return Err(Problem::error("No version specified in package.xml (rehearsal wording, MD-23)"));
    };
    text.strip_suffix(".0")
        .and_then(|major| major.parse().ok())
        .filter(|major| (OLDEST_API_VERSION..=NEWEST_API_VERSION).contains(major))
        .ok_or_else(|| {
            Problem::error(format!(
                "Invalid version {text}: this org knows {OLDEST_API_VERSION}.0 to {NEWEST_API_VERSION}.0 \
                 (rehearsal wording, MD-23)"
            ))
        })
}

/// What a manifest names under one type name, which all settings share (MD-41).
struct Wanted<'a> {
    type_name: &'a str,
    members: &'a [String],
}

fn wanted_types(manifest: &Manifest, version: u16) -> Result<Vec<Wanted<'_>>, Problem> {
    let wanted = manifest.types.iter().map(|members| {
        if kinds(&members.type_name, version).next().is_none() {
            let text = format!(
                "Unknown type name '{}' specified in package.xml (rehearsal wording)",
                members.type_name
            );
            return Err(Problem::at(members.at, text));
        }
        Ok(Wanted { type_name: &members.type_name, members: &members.members })
    });
    wanted.collect()
}

/// The types that package.xml knows by this name.
fn kinds(type_name: &str, version: u16) -> impl Iterator<Item = &'static Type> {
    let types = component::types().iter();
    types.filter(move |kind| kind.package_type == type_name && kind.since <= version)
}

/// The type and full name of a member, which is written as its file's name is.
fn member(type_name: &str, member: &str, version: u16) -> (Option<&'static Type>, String) {
    let name = percent_decoded(member);
    let kind = component::type_of_member(type_name, &name).filter(|kind| kind.since <= version);
    (kind, name)
}

fn is_manifest(path: &str) -> bool {
    matches!(
        path,
        "package.xml" | "destructiveChanges.xml" | "destructiveChangesPre.xml" | "destructiveChangesPost.xml"
    )
}

/// The files of one component.
#[derive(Default)]
struct Files<'a> {
    elements: Option<(&'a str, &'a [u8])>,
    /// The text beside the elements, where the type has such a file.
    content: Option<(&'a str, &'a [u8])>,
}

impl<'a> Files<'a> {
    /// The file that rows are about.
    fn path(&self) -> &'a str {
        self.content.or(self.elements).map_or("", |(path, _)| path)
    }
}

/// The component files of a package by type and full name.
fn component_files(package: &Package) -> BTreeMap<(&'static str, String), Files<'_>> {
    let mut components: BTreeMap<(&'static str, String), Files<'_>> = BTreeMap::new();
    for (path, bytes) in &package.files {
        let Some((kind, name, is_content)) = component_of(path) else { continue };
        let files = components.entry((kind.name.as_str(), name)).or_default();
        let file = Some((path.as_str(), bytes.as_slice()));
        if is_content {
            files.content = file;
        } else {
            files.elements = file;
        }
    }
    components
}

/// `connectedApps/A.connectedApp`, with or without `-meta.xml`: type and full name, which is the file's name,
/// decoded; and whether the file is the one beside the elements, as `certs/A.crt` is.
fn component_of(path: &str) -> Option<(&'static Type, String, bool)> {
    let (folder, file) = path.split_once('/')?;
    let meta = file.strip_suffix("-meta.xml");
    let (stem, suffix) = meta.unwrap_or(file).rsplit_once('.')?;
    if stem.contains('/') {
        return None;
    }
    let kind = component::type_of_file(folder, stem).filter(|kind| kind.suffix == suffix)?;
    let is_content = kind.content_field().is_some() && meta.is_none();
    Some((kind, percent_decoded(stem), is_content))
}

/// Whether a file lies where settings do and is none that the org has.
fn is_unknown_setting(path: &str) -> bool {
    let Some((folder, _)) = path.split_once('/') else { return false };
    component_of(path).is_none()
        && component::types_in_directory(folder).any(|kind| kind.member.fixed.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::nature::Nature;
    use crate::simulator::package::{self, tests::zip};
    use crate::simulator::state::State;
    use crate::simulator::xml::METADATA;

    fn manifest(types: &str) -> String {
        format!("<Package xmlns=\"{METADATA}\">{types}<version>62.0</version></Package>")
    }

    fn members(type_name: &str, names: &[&str]) -> String {
        let names: String = names.iter().map(|name| format!("<members>{name}</members>")).collect();
        format!("<types>{names}<name>{type_name}</name></types>")
    }

    fn component(type_name: &str, inside: &str) -> String {
        format!("<{type_name} xmlns=\"{METADATA}\">{inside}</{type_name}>")
    }

    fn app() -> String {
        component("ConnectedApp", "<contactEmail>a@b.example</contactEmail><label>A</label>")
    }

    fn provider() -> String {
        component("AuthProvider", "<friendlyName>P</friendlyName><providerType>Salesforce</providerType>")
    }

    fn credential() -> String {
        component(
            "NamedCredential",
            "<authProvider>P</authProvider><endpoint>https://a.b</endpoint><label>N</label>\
             <principalType>NamedUser</principalType><protocol>Oauth</protocol>",
        )
    }

    /// An org in a test, that takes packages.
    struct Org {
        state: State,
        options: DeployOptions,
        rejected: Vec<(String, String)>,
    }

    impl Org {
        fn new() -> Org {
            let options = DeployOptions { single_package: true, ..DeployOptions::default() };
            Org { state: State::new().unwrap(), options, rejected: Vec::new() }
        }

        /// Deploys, saves what worked, and tells the rows in short.
        fn deploy(&mut self, files: &[(&str, &str)]) -> Vec<String> {
            let packages = package::unpack(&zip(files), self.options.single_package).unwrap();
            let org = Circumstances::of(&self.state.identity, Nature::default());
            let surroundings = Surroundings { org: &org, rejected: &self.rejected };
            let outcome = run(&packages, &self.options, self.state.holdings.clone(), &surroundings);
            for (type_name, name) in &outcome.touched {
                self.state.holdings.take_from(&outcome.holdings, type_name, name);
            }
            outcome.rows.iter().map(told).collect()
        }
    }

    fn told(row: &Row) -> String {
        let mut words = vec![row.file_name.clone(), row.component_type.clone(), row.full_name.clone()];
        words.retain(|word| !word.is_empty());
        for (is, word) in [(row.created, "created"), (row.deleted, "deleted"), (row.changed, "changed")] {
            words.extend(is.then(|| word.to_owned()));
        }
        words.push(if row.success { "ok".to_owned() } else { "failed".to_owned() });
        words.extend(row.problem.iter().map(|(severity, text)| format!("{severity:?}: {text}")));
        words.join(" ")
    }

    #[test]
    fn types_are_ordered_by_what_they_refer_to_whatever_the_manifest_says() {
        let types = members("NamedCredential", &["*"]) + &members("AuthProvider", &["P"]);
        let rows = Org::new().deploy(&[
            ("namedCredentials/N.namedCredential", &credential()),
            ("authproviders/P.authprovider-meta.xml", &provider()),
            ("package.xml", &manifest(&types)),
        ]);
        assert_eq!(
            rows,
            [
                "authproviders/P.authprovider-meta.xml AuthProvider P created changed ok",
                "namedCredentials/N.namedCredential NamedCredential N created changed ok",
                "package.xml package.xml changed ok",
            ]
        );
    }

    #[test]
    fn a_failed_provider_takes_its_credential_along() {
        let mut org = Org::new();
        org.rejected = vec![("auth-provider.P".to_owned(), "You must enter a value".to_owned())];
        let types = members("NamedCredential", &["N"]) + &members("AuthProvider", &["P"]);
        let rows = org.deploy(&[
            ("namedCredentials/N.namedCredential", &credential()),
            ("authproviders/P.authprovider", &provider()),
            ("package.xml", &manifest(&types)),
        ]);
        assert_eq!(
            rows[..2],
            [
                "authproviders/P.authprovider AuthProvider P failed Error: You must enter a value",
                "namedCredentials/N.namedCredential NamedCredential N failed Error: In field: authProvider - no \
                 AuthProvider named P found",
            ]
        );
    }

    #[test]
    fn the_same_again_changes_nothing() {
        let mut org = Org::new();
        let files = [
            ("connectedApps/A.connectedApp", app()),
            ("package.xml", manifest(&members("ConnectedApp", &["A"]))),
        ];
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        org.deploy(&files);
        assert_eq!(org.deploy(&files)[0], "connectedApps/A.connectedApp ConnectedApp A ok");
    }

    #[test]
    fn scopes_in_another_order_or_by_an_alias_change_nothing() {
        let mut org = Org::new();
        let mut deploy = |scopes: &[&str]| {
            let scopes: String = scopes.iter().map(|scope| format!("<scopes>{scope}</scopes>")).collect();
            let app = component(
                "ConnectedApp",
                &format!(
                    "<contactEmail>a@b.example</contactEmail><label>A</label><oauthConfig><callbackUrl>\
                     https://a.b</callbackUrl>{scopes}</oauthConfig>"
                ),
            );
            let types = manifest(&members("ConnectedApp", &["A"]));
            org.deploy(&[("connectedApps/A.connectedApp", &app), ("package.xml", &types)]).remove(0)
        };
        assert!(deploy(&["RefreshToken", "Api"]).ends_with("created changed ok"));
        assert!(deploy(&["Api", "OfflineAccess"]).ends_with("ConnectedApp A ok"));
        assert!(deploy(&["Api"]).ends_with("A changed ok"));
    }

    #[test]
    fn what_is_missing_and_what_is_not_asked_for_is_told() {
        let mut org = Org::new();
        let manifest = manifest(&members("ConnectedApp", &["B"]));
        let app = app();
        let files: [(&str, &str); 3] =
            [("connectedApps/A.connectedApp", &app), ("package.xml", &manifest), ("readme.txt", "x")];
        assert_eq!(
            org.deploy(&files),
            [
                "package.xml ConnectedApp B failed Error: An object 'B' of type ConnectedApp was named in \
                 package.xml, but was not found in zipped directory",
                "connectedApps/A.connectedApp ConnectedApp A failed Warning: Not in package.xml",
                "readme.txt readme.txt failed Warning: Not in package.xml",
                "package.xml package.xml changed ok",
            ]
        );
        org.options.allow_missing_files = true;
        org.options.ignore_warnings = true;
        assert_eq!(
            org.deploy(&files)[0],
            "connectedApps/A.connectedApp ConnectedApp A ok Warning: Not in package.xml"
        );
    }

    #[test]
    fn every_folder_needs_its_package_when_it_is_not_a_single_one() {
        let mut org = Org::new();
        org.options.single_package = false;
        let manifest = manifest(&members("ConnectedApp", &["A"]));
        let app = app();
        let rows = org.deploy(&[
            ("one/package.xml", &manifest),
            ("one/connectedApps/A.connectedApp", &app),
            ("two/connectedApps/A.connectedApp", &app),
        ]);
        assert_eq!(
            rows,
            [
                "one/connectedApps/A.connectedApp ConnectedApp A created changed ok",
                "one/package.xml package.xml changed ok",
                "two/package.xml package.xml failed Error: No package.xml found",
            ]
        );
    }

    #[test]
    fn settings_are_members_of_one_type_and_rows_of_their_own() {
        let mut org = Org::new();
        let security = component(
            "SecuritySettings",
            "<sessionSettings><lockSessionsToIp>true</lockSessionsToIp></sessionSettings>",
        );
        let types = manifest(&members("Settings", &["Security"]));
        let files: [(&str, &str); 2] = [("package.xml", &types), ("settings/Security.settings", &security)];
        assert_eq!(
            org.deploy(&files),
            [
                "settings/Security.settings SecuritySettings Security changed ok",
                "package.xml package.xml changed ok"
            ]
        );
        let all = manifest(&members("Settings", &["*"]));
        let account = component("AccountSettings", "");
        let rows = org.deploy(&[
            ("package.xml", &all),
            ("settings/Security.settings", &security),
            ("settings/Account.settings", &account),
        ]);
        assert_eq!(
            rows[..2],
            [
                "settings/Security.settings SecuritySettings Security ok",
                "settings/Account.settings settings/Account.settings failed Error: settings/Account.settings is \
                 not a valid metadata object. Check the name and casing of the file.",
            ]
        );
        let empty = manifest("");
        let rows = org.deploy(&[("package.xml", &empty), ("destructiveChanges.xml", &types)]);
        assert!(rows[0].contains("exists once in every org and can't be deleted"), "{rows:?}");
    }

    #[test]
    fn a_certificate_is_two_files_and_one_row() {
        let mut org = Org::new();
        let elements =
            component("Certificate", "<caSigned>false</caSigned><masterLabel>Orders</masterLabel>");
        let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        let types = manifest(&members("Certificate", &["Orders"]));
        let rows = org.deploy(&[
            ("package.xml", &types),
            ("certs/Orders.crt", pem),
            ("certs/Orders.crt-meta.xml", &elements),
        ]);
        assert_eq!(
            rows,
            ["certs/Orders.crt Certificate Orders created changed ok", "package.xml package.xml changed ok"]
        );
        let rows = org.deploy(&[("package.xml", &types), ("certs/Orders.crt", pem)]);
        assert!(rows[0].contains("the file certs/Orders.crt-meta.xml is missing"), "{rows:?}");
        let other = manifest(&members("Certificate", &["Other"]));
        let rows = org.deploy(&[("package.xml", &other), ("certs/Other.crt-meta.xml", &elements)]);
        assert!(rows[0].contains("the file certs/Other.crt is missing or empty"), "{rows:?}");
    }

    #[test]
    fn an_external_client_app_is_one_package_and_gets_policies() {
        let mut org = Org::new();
        let app = "<externalClientApplication>Orders</externalClientApplication>";
        let header =
            component("ExternalClientApplication", "<contactEmail>ops@orders.example</contactEmail>");
        let (global, settings) =
            (component("ExtlClntAppGlobalOauthSettings", app), component("ExtlClntAppOauthSettings", app));
        let types = members("ExtlClntAppOauthSettings", &["*"])
            + &members("ExtlClntAppGlobalOauthSettings", &["*"])
            + &members("ExternalClientApplication", &["*"]);
        let types = manifest(&types);
        let rows = org.deploy(&[
            ("package.xml", &types),
            ("extlClntAppOauthSettings/S.ecaOauth", &settings),
            ("extlClntAppGlobalOauthSets/G.ecaGlblOauth", &global),
            ("externalClientApps/Orders.eca", &header),
        ]);
        assert_eq!(
            rows[..3],
            [
                "externalClientApps/Orders.eca ExternalClientApplication Orders created changed ok",
                "extlClntAppGlobalOauthSets/G.ecaGlblOauth ExtlClntAppGlobalOauthSettings G created changed ok",
                "extlClntAppOauthSettings/S.ecaOauth ExtlClntAppOauthSettings S created changed ok",
            ]
        );
        let policies = "ExtlClntAppOauthConfigurablePolicies";
        assert!(org.state.holdings.get(policies, "Orders_defaultPolicy").is_some());
        let gone = manifest(&members("ExternalClientApplication", &["Orders"]));
        let empty = manifest("");
        org.deploy(&[("package.xml", &empty), ("destructiveChanges.xml", &gone)]);
        assert!(org.state.holdings.get("ExtlClntAppOauthSettings", "S").is_none());
        assert!(org.state.holdings.get(policies, "Orders_defaultPolicy").is_none());
    }

    #[test]
    fn a_member_is_written_as_its_file_is_and_so_is_the_row_about_it() {
        let mut org = Org::new();
        let profile = component("Profile", "<userLicense>Salesforce</userLicense>");
        let types = manifest(&members("Profile", &["Force%2Ecom - Free"]));
        let rows = org.deploy(&[("package.xml", &types), ("profiles/Force%2Ecom - Free.profile", &profile)]);
        assert_eq!(
            rows[0],
            "profiles/Force%2Ecom - Free.profile Profile Force%2Ecom - Free created changed ok"
        );
        let rows = org.deploy(&[("package.xml", &types)]);
        assert!(
            rows[0].contains("Profile Force%2Ecom - Free failed Error: An object 'Force%2Ecom - Free'"),
            "{rows:?}"
        );
        let empty = manifest("");
        let files: [(&str, &str); 2] = [("package.xml", &empty), ("destructiveChanges.xml", &types)];
        assert_eq!(
            org.deploy(&files)[0],
            "destructiveChanges.xml Profile Force%2Ecom - Free deleted changed ok"
        );
        assert!(org.deploy(&files)[0].ends_with("No Profile named: Force%2Ecom - Free found"));
    }

    #[test]
    fn dependents_are_deleted_first_and_a_provider_in_use_stays() {
        let mut org = Org::new();
        let types = members("NamedCredential", &["N"]) + &members("AuthProvider", &["P"]);
        let both = manifest(&types);
        let (credential, provider) = (credential(), provider());
        let files: [(&str, &str); 3] = [
            ("namedCredentials/N.namedCredential", &credential),
            ("authproviders/P.authprovider", &provider),
            ("package.xml", &both),
        ];
        org.deploy(&files);
        let empty = manifest("");
        let alone = manifest(&members("AuthProvider", &["P"]));
        let rows = org.deploy(&[("package.xml", &empty), ("destructiveChanges.xml", &alone)]);
        assert!(
            rows[0].starts_with(
                "destructiveChanges.xml AuthProvider P failed Error: AuthProvider P is referenced"
            )
        );
        let rows = org.deploy(&[("package.xml", &empty), ("destructiveChangesPost.xml", &both)]);
        assert_eq!(
            rows[..2],
            [
                "destructiveChangesPost.xml NamedCredential N deleted changed ok",
                "destructiveChangesPost.xml AuthProvider P deleted changed ok",
            ]
        );
        let rows = org.deploy(&[("package.xml", &empty), ("destructiveChanges.xml", &alone)]);
        assert_eq!(
            rows[0],
            "destructiveChanges.xml destructiveChanges.xml failed Warning: No AuthProvider named: P found"
        );
        let rows = org.deploy(&files);
        assert!(
            rows[0].contains("failed Error: This URL Suffix already exists or has been previously used"),
            "{rows:?}"
        );
    }

    #[test]
    fn a_manifest_that_cannot_be_used_is_a_row_of_its_own() {
        for (types, version, wanted) in [
            (
                members("ApexKlass", &["A"]),
                "62.0",
                "Unknown type name 'ApexKlass' specified in package.xml (rehearsal wording)",
            ),
            (
                String::new(),
                "99.0",
                "Invalid version 99.0: this org knows 31.0 to 67.0 (rehearsal wording, MD-23)",
            ),
        ] {
            let text = manifest(&types).replace("62.0", version);
            let rows = Org::new().deploy(&[("package.xml", &text)]);
            assert_eq!(rows, [format!("package.xml package.xml failed Error: {wanted}")]);
        }
    }

    #[test]
    fn file_names_are_decoded() {
        let name = |path: &str| component_of(path).map(|(_, name, _)| name);
        assert_eq!(name("connectedApps/A.connectedApp").as_deref(), Some("A"));
        assert_eq!(name("profiles/Force%2Ecom - Free.profile-meta.xml").as_deref(), Some("Force.com - Free"));
        assert!(component_of("connectedApps/sub/A.connectedApp").is_none());
        assert!(component_of("connectedApps/A.authprovider").is_none());
    }
}
