//! What was deployed from here: before each deployment the components that it is about to change, as the org holds them,
//! and afterwards what the org was left with. From the first a deployment is rolled back; from the second a plan tells what
//! somebody else has changed since. No secret is kept: an org does not tell them, and what could be one is left out.
//!
//! A record is a file of JSON. It is written as a whole and then put in its place, so that it is never half written.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::component::{ComponentId, Field, FieldPath, Fields, Group, Kind, Scalar, Tree};
use crate::journal;
use crate::plan::LastDeployed;
use crate::reference::Observed;
use crate::saved_plan::PlannedOrg;
use crate::setting::looks_secret;

/// Where the history of a project lies.
pub const FOLDER: &str = ".orgwire/history";

const FORMAT_VERSION: &str = "1";
/// Older records go when there are more.
const MOST: usize = 200;

/// One deployment, of one pass or several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    format_version: String,
    /// Its point in time, and a number where two share one: `20260101T080000Z-1`.
    pub id: String,
    /// In UTC, as RFC 3339 has it.
    pub at: String,
    pub action: Action,
    pub org: PlannedOrg,
    pub environment: Option<String>,
    /// The major number.
    pub api_version: u16,
    /// Ids that the org gave.
    pub deployments: Vec<String>,
    /// What was about to change, by address; `null` for what was not there.
    pub before: BTreeMap<String, Option<Value>>,
    /// Secrets that were there, by address: their fields, and nothing of what they hold.
    #[serde(default)]
    pub secrets: BTreeMap<String, Vec<String>>,
    /// What the org was left with, by address; none where it could not be read back.
    pub after: Option<BTreeMap<String, Value>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Deploy,
    Destroy,
    Promote,
    Rollback,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot {action} `{}`, the history of deployments", path.display())]
    Disk { action: &'static str, path: PathBuf, source: io::Error },
    #[error("`{}` is not a record of the history: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: String },
}

/// The history of a project.
#[derive(Debug, Clone)]
pub struct History {
    folder: PathBuf,
}

/// A record that is being written.
#[derive(Debug)]
pub struct Open {
    path: PathBuf,
    record: Record,
}

impl Record {
    pub fn new(
        action: Action,
        org: PlannedOrg,
        environment: Option<String>,
        api_version: u16,
        at: String,
    ) -> Record {
        Record {
            format_version: FORMAT_VERSION.to_owned(),
            id: String::new(),
            at,
            action,
            org,
            environment,
            api_version,
            deployments: Vec::new(),
            before: BTreeMap::new(),
            secrets: BTreeMap::new(),
            after: None,
        }
    }

    /// Keeps what an org holds of these components.
    #[must_use]
    pub fn before<'a>(mut self, ids: impl Iterator<Item = &'a ComponentId>, observed: &Observed) -> Record {
        for id in ids {
            let existing = observed.components.get(id);
            if let Some(existing) = existing {
                let left_out = secrets(&id.kind.fields, &existing.fields, &FieldPath::root());
                if !left_out.is_empty() {
                    self.secrets.insert(id.to_string(), left_out);
                }
            }
            self.before.insert(id.to_string(), existing.map(|existing| written(id, &existing.fields)));
        }
        self
    }

    /// The components as they were, by address; `None` for what was not there.
    pub fn components(&self) -> impl Iterator<Item = (Option<ComponentId>, &String, Option<Fields<Scalar>>)> {
        self.before
            .iter()
            .map(|(address, fields)| (ComponentId::parse(address), address, fields.as_ref().map(read)))
    }
}

impl History {
    pub fn new(folder: impl Into<PathBuf>) -> History {
        History { folder: folder.into() }
    }

    /// Writes down what is about to change. Only when this has returned may it.
    pub fn begin(&self, mut record: Record) -> Result<Open, Error> {
        let failed = |source| Error::Disk { action: "write to", path: self.folder.clone(), source };
        journal::make_folder(&self.folder).map_err(failed)?;
        let moment: String = record.at.chars().filter(|letter| !matches!(letter, '-' | ':')).collect();
        let (id, path) = self.fresh(&moment).map_err(failed)?;
        record.id = id;
        let open = Open { path, record };
        open.write()?;
        self.forget_the_oldest();
        Ok(open)
    }

    /// A name that no other process has either.
    fn fresh(&self, moment: &str) -> io::Result<(String, PathBuf)> {
        for number in 1..=1000 {
            let id = format!("{moment}-{number}");
            let path = self.folder.join(format!("{id}.json"));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(_) => return Ok((id, path)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("a thousand records of this second are there already"))
    }

    /// All records, the oldest first. A file that is none is an error: whoever rolls back is not to miss one.
    pub fn records(&self) -> Result<Vec<(PathBuf, Record)>, Error> {
        let mut records = Vec::new();
        for path in self.files()? {
            let text = fs::read_to_string(&path).map_err(|source| Error::Disk {
                action: "read",
                path: path.clone(),
                source,
            })?;
            // Another process has its name and has not written it yet.
            if text.is_empty() {
                continue;
            }
            let record: Record = serde_json::from_str(&text)
                .map_err(|error| Error::Unreadable { path: path.clone(), reason: error.to_string() })?;
            if record.format_version != FORMAT_VERSION {
                let reason = format!("it is of format {}", record.format_version);
                return Err(Error::Unreadable { path, reason });
            }
            records.push((path, record));
        }
        records.sort_by(|(_, one), (_, other)| one.id.cmp(&other.id));
        Ok(records)
    }

    /// What was last deployed to an org, as far as it was read back.
    pub fn last_deployed(&self, organization_id: &str) -> Result<LastDeployed, Error> {
        let mut last = LastDeployed::new();
        let records = self.records()?;
        for (_, record) in records.iter().filter(|(_, record)| record.org.id == organization_id) {
            let Some(after) = &record.after else { continue };
            for (address, fields) in after {
                if let Some(id) = ComponentId::parse(address) {
                    last.insert(id, read(fields));
                }
            }
            // What was removed is nobody's drift.
            for (id, ..) in record.components() {
                if let Some(id) = id
                    && !after.contains_key(&id.to_string())
                {
                    last.remove(&id);
                }
            }
        }
        Ok(last)
    }

    fn files(&self) -> Result<Vec<PathBuf>, Error> {
        let failed = |source| Error::Disk { action: "read", path: self.folder.clone(), source };
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(failed(source)),
        };
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|ending| ending == "json") {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths)
    }

    fn forget_the_oldest(&self) {
        let Ok(paths) = self.files() else { return };
        for path in &paths[..paths.len().saturating_sub(MOST)] {
            // One record more does no harm.
            let _ = fs::remove_file(path);
        }
    }
}

impl Open {
    pub fn id(&self) -> &str {
        &self.record.id
    }

    /// Completes the record with what the org was left with.
    pub fn done(mut self, deployments: Vec<String>, observed: &Observed) -> Result<(), Error> {
        self.record.deployments = deployments;
        let held = observed.components.iter();
        self.record.after =
            Some(held.map(|(id, existing)| (id.to_string(), written(id, &existing.fields))).collect());
        self.write()
    }

    /// Notes deployments of which nobody knows what the org was left with.
    pub fn stopped(mut self, deployments: Vec<String>) -> Result<(), Error> {
        self.record.deployments = deployments;
        self.write()
    }

    /// Nothing was changed.
    pub fn drop_it(self) {
        // A record of nothing does no harm.
        let _ = fs::remove_file(&self.path);
    }

    fn write(&self) -> Result<(), Error> {
        let failed = |source| Error::Disk { action: "write", path: self.path.clone(), source };
        let mut text = serde_json::to_vec_pretty(&self.record).map_err(io::Error::from).map_err(failed)?;
        text.push(b'\n');
        replace(&self.path, &text).map_err(failed)
    }
}

fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = fs::File::create(&fresh)?;
    file.write_all(text)?;
    file.sync_data()?;
    drop(file);
    fs::rename(&fresh, path)
}

/// The fields of a component, without those that are secrets or could be one, and without those that only an org writes.
fn written(id: &ComponentId, fields: &Fields<Scalar>) -> Value {
    Value::Object(group(Some(&id.kind.fields), fields))
}

/// The fields of a component that hold a secret.
fn secrets(group: &Group, fields: &Fields<Scalar>, at: &FieldPath) -> Vec<String> {
    let mut found = Vec::new();
    for (name, tree) in fields {
        let path = at.element(name.clone());
        match (group.field(name), tree) {
            (Some(field), _) if field.secret => found.push(path.to_string()),
            (Some(Field { kind: Kind::Group(inner), .. }), Tree::Group(fields)) => {
                found.extend(secrets(inner, fields, &path));
            }
            _ => {}
        }
    }
    found
}

fn group(described: Option<&Group>, fields: &Fields<Scalar>) -> Map<String, Value> {
    let mut map = Map::new();
    for (name, tree) in fields {
        let field = described.and_then(|group| group.field(name));
        let is_kept = field.map_or(!looks_secret(name), |field| !field.secret && !field.read_only);
        if !is_kept {
            continue;
        }
        let inner = match field.map(|field| &field.kind) {
            Some(Kind::Group(inner)) => Some(inner),
            _ => None,
        };
        map.insert(name.to_string(), value(inner, tree));
    }
    map
}

fn value(inner: Option<&Group>, tree: &Tree<Scalar>) -> Value {
    match tree {
        Tree::Leaf(Scalar::Text(text)) => Value::from(text.as_str()),
        Tree::Leaf(Scalar::Flag(flag)) => Value::from(*flag),
        Tree::Leaf(Scalar::Number(number)) => Value::from(*number),
        Tree::Leaf(Scalar::Nil) => Value::Null,
        Tree::List(items) => Value::Array(items.iter().map(|item| value(inner, item)).collect()),
        Tree::Group(fields) => Value::Object(group(inner, fields)),
    }
}

fn read(value: &Value) -> Fields<Scalar> {
    let mut fields = Fields::new();
    if let Value::Object(map) = value {
        for (name, value) in map {
            fields.insert(name.clone().into(), tree(value));
        }
    }
    fields
}

fn tree(value: &Value) -> Tree<Scalar> {
    match value {
        Value::String(text) => Tree::Leaf(Scalar::Text(text.clone())),
        Value::Bool(flag) => Tree::Leaf(Scalar::Flag(*flag)),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Tree::Leaf(Scalar::Number(number)),
            None => Tree::Leaf(Scalar::Text(number.to_string())),
        },
        Value::Null => Tree::Leaf(Scalar::Nil),
        Value::Array(items) => Tree::List(items.iter().map(tree).collect()),
        Value::Object(_) => Tree::Group(read(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::Existing;

    fn org(id: &str) -> PlannedOrg {
        PlannedOrg { name: "uat".to_owned(), id: id.to_owned(), instance_url: "https://a.example".to_owned() }
    }

    fn observed(xml: &str) -> (ComponentId, Observed) {
        let id = ComponentId::parse("auth-provider.P").unwrap();
        let fields = crate::retrieved::read(id.kind, &format!("<AuthProvider>{xml}</AuthProvider>")).unwrap();
        let mut observed = Observed::default();
        observed.components.insert(id.clone(), Existing { id: None, fields });
        (id, observed)
    }

    fn record(org_id: &str, at: &str) -> Record {
        Record::new(Action::Deploy, org(org_id), None, 62, at.to_owned())
    }

    const FIRST: &str = "<consumerKey>k</consumerKey><consumerSecret>Placeholder_Value</consumerSecret>\
                         <friendlyName>first</friendlyName><providerType>Salesforce</providerType>";

    #[test]
    fn a_record_holds_what_was_and_what_came_of_it_and_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::new(folder.path().join("history"));
        let (id, before) = observed(FIRST);
        let open =
            history.begin(record("00D1", "2026-01-01T08:00:00Z").before([&id].into_iter(), &before)).unwrap();
        assert_eq!(open.id(), "20260101T080000Z-1");
        assert!(history.last_deployed("00D1").unwrap().is_empty(), "nobody has read it back yet");
        let (_, after) = observed(&FIRST.replace("first", "second"));
        open.done(vec!["0Af1".to_owned()], &after).unwrap();
        let records = history.records().unwrap();
        let text = fs::read_to_string(&records[0].0).unwrap();
        assert!(!text.contains("Placeholder_Value") && !text.contains("consumerSecret"), "{text}");
        assert_eq!(records[0].1.secrets["auth-provider.P"], ["consumer-secret"]);
        let (found, _, fields) = records[0].1.components().next().unwrap();
        assert_eq!(found, Some(id.clone()));
        assert_eq!(fields.unwrap()["friendlyName"], Tree::Leaf(Scalar::Text("first".to_owned())));
        let last = history.last_deployed("00D1").unwrap();
        assert_eq!(last[&id]["friendlyName"], Tree::Leaf(Scalar::Text("second".to_owned())));
        assert!(history.last_deployed("00D2").unwrap().is_empty());
    }

    #[test]
    fn what_was_removed_is_not_missed() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::new(folder.path());
        let (id, held) = observed(FIRST);
        let at = "2026-01-01T08:00:00Z";
        let first =
            history.begin(record("00D1", at).before([&id].into_iter(), &Observed::default())).unwrap();
        first.done(Vec::new(), &held).unwrap();
        let second = history.begin(record("00D1", at).before([&id].into_iter(), &held)).unwrap();
        assert_eq!(second.id(), "20260101T080000Z-2");
        second.done(Vec::new(), &Observed::default()).unwrap();
        assert!(history.last_deployed("00D1").unwrap().is_empty());
    }

    #[test]
    fn a_record_of_nothing_is_dropped_and_a_damaged_one_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::new(folder.path());
        history.begin(record("00D1", "2026-01-01T08:00:00Z")).unwrap().drop_it();
        assert!(history.records().unwrap().is_empty());
        fs::write(folder.path().join("x.json"), "{").unwrap();
        assert!(matches!(history.records(), Err(Error::Unreadable { .. })));
    }
}
