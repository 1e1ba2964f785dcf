//! Times each step from the bytes of component files to the text of a manifest, for growing sets of files.
//!
//! `copies` are of one connected app under different names, `elements` are the field permissions of one permission set,
//! and `mixed` is a set of files of many types, which `ORGWIRE_CORPUS` replaces by a folder of somebody's own. The
//! throughput counts the bytes of the files; `a_quick_xml`, which merely reads every event, is the yardstick.
//! `docs/performance.md` says how to read it.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::{Path, PathBuf};

use divan::Bencher;
use divan::counter::BytesCount;
use orgwire::collect::Collected;
use orgwire::component::{Fields, Tree, type_named};
use orgwire::diff::{Held, Set, changes};
use orgwire::import::{Imported, Options, import};
use orgwire::{layout, retrieved};
use quick_xml::Reader;
use quick_xml::events::Event;

/// What is imported.
#[derive(Debug, Clone, Copy)]
enum Input {
    Copies(usize),
    Elements(usize),
    Mixed(usize),
}

const INPUTS: [Input; 8] = [
    Input::Copies(10),
    Input::Copies(100),
    Input::Copies(1_000),
    Input::Elements(1_000),
    Input::Elements(10_000),
    Input::Elements(100_000),
    Input::Mixed(1),
    Input::Mixed(10),
];

fn main() {
    divan::main();
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Input::Copies(count) => write!(f, "copies {count}"),
            Input::Elements(count) => write!(f, "elements {count}"),
            Input::Mixed(times) => write!(f, "mixed {times}"),
        }
    }
}

impl Input {
    fn files(self) -> Files {
        match self {
            Input::Copies(count) => Files(
                (0..count).map(|number| (format!("App_{number:04}.connectedApp"), app(number))).collect(),
            ),
            Input::Elements(count) => Files(vec![("Wide.permissionset".to_owned(), permission_set(count))]),
            Input::Mixed(times) => Files(mixed(times)),
        }
    }
}

/// Files by path. Made once, outside the timing.
struct Files(Vec<(String, String)>);

impl Files {
    fn size(&self) -> BytesCount {
        BytesCount::new(self.0.iter().map(|(_, text)| text.len()).sum::<usize>())
    }

    fn collected<'a>(files: impl Iterator<Item = &'a (String, String)>) -> Collected {
        let mut collected = Collected::default();
        for (path, text) in files {
            collected.add(path, path, text.as_bytes());
        }
        collected.finish();
        collected
    }

    fn imported(&self) -> Imported {
        import(&Files::collected(self.0.iter()), &Options::default())
    }
}

/// As an org gives one back that integrations use.
fn app(number: usize) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<ConnectedApp xmlns="http://soap.sforce.com/2006/04/metadata">
    <attributes>
        <formula>$User.FederationIdentifier</formula>
        <key>user</key>
    </attributes>
    <contactEmail>ops{number}@example.com</contactEmail>
    <description>Lets the warehouse read orders &amp; shipments of region {number}</description>
    <iconUrl>https://static.example.com/icons/{number}.png</iconUrl>
    <label>Warehouse {number}</label>
    <oauthConfig>
        <callbackUrl>https://acme.my.salesforce.com/services/authcallback/Warehouse_{number}
https://warehouse.example.com/callback</callbackUrl>
        <consumerKey>3MVG9warehouse.key.{number:08}.0123456789abcdefghij</consumerKey>
        <isAdminApproved>true</isAdminApproved>
        <isClientCredentialEnabled>false</isClientCredentialEnabled>
        <isCodeCredentialEnabled>false</isCodeCredentialEnabled>
        <isConsumerSecretOptional>false</isConsumerSecretOptional>
        <isIntrospectAllTokens>false</isIntrospectAllTokens>
        <isNamedUserJwtEnabled>false</isNamedUserJwtEnabled>
        <isPkceRequired>true</isPkceRequired>
        <isSecretRequiredForRefreshToken>true</isSecretRequiredForRefreshToken>
        <scopes>Api</scopes>
        <scopes>Web</scopes>
        <scopes>RefreshToken</scopes>
    </oauthConfig>
    <oauthPolicy>
        <ipRelaxation>ENFORCE</ipRelaxation>
        <isTokenExchangeFlowEnabled>false</isTokenExchangeFlowEnabled>
        <refreshTokenPolicy>specific_lifetime:90:DAYS</refreshTokenPolicy>
    </oauthPolicy>
    <permissionSetName>Warehouse_Users</permissionSetName>
    <profileName>Harbour Master</profileName>
</ConnectedApp>
"#
    )
}

/// A permission set as large as those that were clicked together over ten years.
fn permission_set(fields: usize) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <PermissionSet xmlns=\"http://soap.sforce.com/2006/04/metadata\">\n",
    );
    for number in 0..fields {
        write!(
            text,
            "    <fieldPermissions>\n        <editable>{}</editable>\n        \
             <field>Order_{:04}__c.Field_{:03}__c</field>\n        <readable>true</readable>\n    \
             </fieldPermissions>\n",
            number % 3 == 0,
            number / 200,
            number % 200,
        )
        .expect("a String takes all text");
    }
    text.push_str("    <label>Wide</label>\n</PermissionSet>\n");
    text
}

/// Every metadata file of a folder, several times under different names.
fn mixed(times: usize) -> Vec<(String, String)> {
    let folder = std::env::var_os("ORGWIRE_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/metadata/retrieved"),
        PathBuf::from,
    );
    let mut paths = Vec::new();
    walk(&folder, &mut paths);
    let mut files = Vec::new();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let is_component =
            retrieved::document(text.as_bytes(), &|root| type_named(root).ok_or_else(|| root.to_owned()));
        if is_component.is_ok() {
            // Folders of several orgs have files of the same name.
            let number = files.len();
            files.extend((0..times).map(|time| (format!("C{number}_{time}_{name}"), text.clone())));
        }
    }
    assert!(!files.is_empty(), "{} holds no component", folder.display());
    files
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut entries: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { walk(&path, paths) } else { paths.push(path) }
    }
}

/// The yardstick: every event of every file, and nothing done with it.
#[divan::bench(args = INPUTS, sample_count = 10, sample_size = 1)]
fn a_quick_xml(bencher: Bencher<'_, '_>, input: Input) {
    let files = input.files();
    bencher.counter(files.size()).bench_local(|| {
        let mut events = 0;
        for (_, text) in &files.0 {
            let mut reader = Reader::from_str(text);
            while !matches!(reader.read_event().expect("the files are well-formed"), Event::Eof) {
                events += 1;
            }
        }
        events
    });
}

#[divan::bench(args = INPUTS, sample_count = 10, sample_size = 1)]
fn b_document(bencher: Bencher<'_, '_>, input: Input) {
    let files = input.files();
    bencher.counter(files.size()).bench_local(|| {
        let read = |text: &String| {
            retrieved::document(text.as_bytes(), &|root| type_named(root).ok_or_else(|| root.to_owned()))
                .expect("the files are of described types")
        };
        files.0.iter().map(|(_, text)| read(text)).collect::<Vec<_>>()
    });
}

#[divan::bench(args = INPUTS, sample_count = 10, sample_size = 1)]
fn c_collect(bencher: Bencher<'_, '_>, input: Input) {
    let files = input.files();
    bencher.counter(files.size()).bench_local(|| Files::collected(files.0.iter()));
}

#[divan::bench(args = INPUTS, sample_count = 10, sample_size = 1)]
fn d_import(bencher: Bencher<'_, '_>, input: Input) {
    let files = input.files();
    let collected = Files::collected(files.0.iter());
    bencher.counter(files.size()).bench_local(|| import(&collected, &Options::default()));
}

/// What `import` writes, in the layout of `fmt`; the bytes are those of the manifest.
#[divan::bench(args = INPUTS, sample_count = 10, sample_size = 1)]
fn e_layout(bencher: Bencher<'_, '_>, input: Input) {
    let imported = input.files().imported();
    bencher
        .counter(BytesCount::of_str(&imported.text))
        .bench_local(|| layout::format(&imported.text).expect("what import writes can be laid out"));
}

/// Against itself, the elements in another order.
#[divan::bench(args = INPUTS, sample_count = 10, sample_size = 1)]
fn f_changes(bencher: Bencher<'_, '_>, input: Input) {
    let files = input.files();
    let before = Set::of_files("before", &Files::collected(files.0.iter()));
    let mut after = Set::of_files("after", &Files::collected(files.0.iter()));
    after.components.values_mut().for_each(turn_around);
    bencher.counter(files.size()).bench_local(|| {
        let found = changes(&before, &after);
        assert!(found.is_empty());
    });
}

fn turn_around(fields: &mut Fields<Held>) {
    for tree in fields.values_mut() {
        match tree {
            Tree::List(items) => items.reverse(),
            Tree::Group(inner) => turn_around(inner),
            Tree::Leaf(_) => {}
        }
    }
}
