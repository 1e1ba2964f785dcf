//! Times each stage from the text of a manifest to the zip of the first pass, for growing projects.
//!
//! A trio is a connected app, an auth provider and a named credential that point at each other, as in
//! `manifests/axsy.toml`. `items` in the output are trios, so its throughput tells whether a stage keeps its
//! pace; `deflate` is the yardstick: compressing the same XML and nothing else. `docs/performance.md` says how
//! to read it.

use std::fmt::Write as _;
use std::io::Write as _;

use divan::Bencher;
use divan::counter::ItemsCount;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use orgwire::configuration::Configuration;
use orgwire::diagnostic::{Diagnostics, SourceId, Sources};
use orgwire::lint::lint;
use orgwire::manifest::{self, Manifest};
use orgwire::package::{COMPRESSION_LEVEL, Package, package_xml};
use orgwire::plan::{Plan, plan};
use orgwire::reference::{Observed, OrgFacts};
use orgwire::render::{MetadataFiles, SecretText, Templates, render};
use orgwire::resolve::{Desired, Inputs, resolve};
use orgwire::secret::{self, Secrets};

const TRIOS: [usize; 4] = [10, 100, 1_000, 3_000];

fn main() {
    divan::main();
}

/// Everything a stage can start from. Made once, outside the timing; so are the secrets.
struct Project {
    sources: Sources,
    id: SourceId,
    desired: Desired,
    observed: Observed,
    plan: Plan,
    secrets: Secrets,
    templates: Templates,
}

impl Project {
    fn of(trios: usize) -> Project {
        let mut sources = Sources::default();
        let id = sources.add("manifests/trios.toml", text(trios));
        let desired = desired(&read(&sources, id));
        let observed = Observed {
            org: Some(OrgFacts {
                id: "00D000000000001EAA".to_owned(),
                instance_url: "https://acme.my.salesforce.com".to_owned(),
            }),
            ..Observed::default()
        };
        let plan = plan(&desired, &observed);
        assert!(plan.is_applyable() && plan.passes.len() == 2);
        let mut secrets = Secrets::default();
        for needed in plan.secrets(&desired) {
            if secrets.get(&needed.source).is_none() {
                let made = secret::read(&needed.source).expect("the operating system gives random bytes");
                secrets.insert(needed.source, made);
            }
        }
        let templates = Templates::built_in().expect("the built-in templates can be read");
        Project { sources, id, desired, observed, plan, secrets, templates }
    }

    fn read(&self) -> Manifest {
        read(&self.sources, self.id)
    }

    fn rendered(&self, threads: usize) -> MetadataFiles {
        let (pass, secrets) = (&self.plan.passes[0], SecretText::Given(&self.secrets));
        render(&self.desired, pass, &self.observed, secrets, &self.templates, threads)
            .expect("the built-in templates render")
    }

    fn package(&self, files: &MetadataFiles) -> Package {
        Package::new(files, self.desired.api_version).expect("memory takes all bytes")
    }
}

/// Trios as in `manifests/axsy.toml`, under names of their own.
fn text(trios: usize) -> String {
    let mut text = String::from("api-version = \"62.0\"\n[variables]\ncontact = \"ops@example.com\"\n");
    for number in 0..trios {
        let name = format!("Integration_{number:04}");
        write!(
            text,
            r#"
[connected-app.{name}]
label = "{name}"
contact-email = "${{var.contact}}"

[connected-app.{name}.oauth-config]
callback-url = "${{auth-provider.{name}.callback-url}}"
consumer-key = {{ generate = true }}
consumer-secret = {{ generate = true }}
scopes = ["Full", "RefreshToken"]

[auth-provider.{name}]
friendly-name = "{name}"
provider-type = "Salesforce"
consumer-key = "${{connected-app.{name}.consumer-key}}"
consumer-secret = "${{connected-app.{name}.consumer-secret}}"
default-scopes = "full refresh_token offline_access"

[named-credential.{name}]
label = "{name}"
endpoint = "${{org.instance-url}}"
principal-type = "NamedUser"
protocol = "Oauth"
auth-provider = "{name}"
oauth-scope = "full refresh_token offline_access"
allow-merge-fields-in-body = true

[environment.production.connected-app.{name}]
description = "Owned by the platform team"
"#
        )
        .expect("a String takes all text");
    }
    text
}

fn read(sources: &Sources, id: SourceId) -> Manifest {
    let mut diagnostics = Diagnostics::default();
    let manifest = manifest::read(id, sources.get(id), &mut diagnostics);
    assert!(diagnostics.is_empty());
    manifest
}

fn desired(manifest: &Manifest) -> Desired {
    let mut diagnostics = Diagnostics::default();
    let configuration = Configuration::default();
    let inputs = Inputs {
        environment: Some("production"),
        ..Inputs::new(std::slice::from_ref(manifest), &configuration)
    };
    let desired = resolve(&inputs, &mut diagnostics);
    lint(&desired, &mut diagnostics);
    assert!(diagnostics.is_empty());
    desired
}

#[divan::bench(args = TRIOS, sample_count = 20, sample_size = 1)]
fn a_parse(bencher: Bencher<'_, '_>, trios: usize) {
    let project = Project::of(trios);
    bencher.counter(ItemsCount::new(trios)).bench_local(|| project.read());
}

#[divan::bench(args = TRIOS, sample_count = 20, sample_size = 1)]
fn b_resolve_and_lint(bencher: Bencher<'_, '_>, trios: usize) {
    let manifest = Project::of(trios).read();
    bencher.counter(ItemsCount::new(trios)).bench_local(|| desired(&manifest));
}

#[divan::bench(args = TRIOS, sample_count = 20, sample_size = 1)]
fn c_plan(bencher: Bencher<'_, '_>, trios: usize) {
    let project = Project::of(trios);
    bencher.counter(ItemsCount::new(trios)).bench_local(|| plan(&project.desired, &project.observed));
}

#[divan::bench(args = TRIOS, sample_count = 20, sample_size = 1)]
fn d_list_secrets(bencher: Bencher<'_, '_>, trios: usize) {
    let project = Project::of(trios);
    bencher.counter(ItemsCount::new(trios)).bench_local(|| project.plan.secrets(&project.desired));
}

#[divan::bench(args = TRIOS, sample_count = 20, sample_size = 1)]
fn e_render_1_thread(bencher: Bencher<'_, '_>, trios: usize) {
    let project = Project::of(trios);
    bencher.counter(ItemsCount::new(trios)).bench_local(|| project.rendered(1));
}

#[divan::bench(args = TRIOS, sample_count = 20, sample_size = 1)]
fn f_render_2_threads(bencher: Bencher<'_, '_>, trios: usize) {
    let project = Project::of(trios);
    bencher.counter(ItemsCount::new(trios)).bench_local(|| project.rendered(2));
}

#[divan::bench(args = TRIOS, sample_count = 20, sample_size = 1)]
fn g_zip(bencher: Bencher<'_, '_>, trios: usize) {
    let project = Project::of(trios);
    let files = project.rendered(1);
    bencher.counter(ItemsCount::new(trios)).bench_local(|| project.package(&files));
}

/// From text to zip, on one thread; with templates, without making secrets.
#[divan::bench(args = TRIOS, sample_count = 20, sample_size = 1)]
fn h_whole(bencher: Bencher<'_, '_>, trios: usize) {
    let project = Project::of(trios);
    bencher.counter(ItemsCount::new(trios)).bench_local(|| {
        let desired = desired(&project.read());
        let plan = plan(&desired, &project.observed);
        let needed = plan.secrets(&desired);
        assert!(needed.iter().all(|needed| project.secrets.get(&needed.source).is_some()));
        let templates = Templates::built_in().expect("the built-in templates can be read");
        let secrets = SecretText::Given(&project.secrets);
        let files = render(&desired, &plan.passes[0], &project.observed, secrets, &templates, 1)
            .expect("the built-in templates render");
        project.package(&files)
    });
}

/// The yardstick: the bytes of the package through the same compressor, file by file, and nothing else.
#[divan::bench(args = TRIOS, sample_count = 20, sample_size = 1)]
fn i_deflate(bencher: Bencher<'_, '_>, trios: usize) {
    let project = Project::of(trios);
    let files = project.rendered(1);
    let manifest = package_xml(&files, project.desired.api_version);
    let level = u32::try_from(COMPRESSION_LEVEL).expect("a level is a small number");
    let texts: Vec<&str> = std::iter::once(manifest.as_str())
        .chain(files.files.iter().map(|file| file.content.as_str()))
        .collect();
    let size = texts.iter().map(|text| text.len()).sum();
    bencher.counter(ItemsCount::new(trios)).bench_local(|| {
        let mut bytes = Vec::with_capacity(size);
        for text in &texts {
            let mut encoder = DeflateEncoder::new(bytes, Compression::new(level));
            encoder.write_all(text.as_bytes()).expect("a Vec takes all bytes");
            bytes = encoder.finish().expect("a Vec takes all bytes");
        }
        bytes
    });
}
