//! What reading a large project costs its reviewers: a plan, and the page of a pull request for three environments, of the
//! program as it is built, for projects of several sizes.
//!
//! Prints time and memory of whole processes, and how both grow; `docs/performance.md` says how to read it.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops when something is wrong"
)]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Components; each size is twice the one before.
const SIZES: [usize; 4] = [250, 500, 1000, 2000];
const RUNS: usize = 3;

const REPORTS: [(&str, &[&str]); 5] = [
    ("plan, people", &["plan", "-e", "uat"]),
    ("plan, Markdown", &["plan", "-e", "uat", "--format", "markdown"]),
    ("pull request, Markdown", &["diff", "git:base", "--format", "markdown"]),
    ("pull request, JSON", &["diff", "git:base", "--json"]),
    ("pull request, HTML", &["diff", "git:base", "--format", "html"]),
];

fn main() {
    let all: Vec<Vec<Measured>> = SIZES.iter().map(|size| measure(*size)).collect();
    for (at, (name, _)) in REPORTS.iter().enumerate() {
        println!("{name}");
        let mut before: Option<&Measured> = None;
        for (size, measured) in SIZES.iter().zip(&all) {
            let Measured { time, memory, bytes } = &measured[at];
            let growth = before.map_or(String::new(), |before| {
                format!("  x{:.2} the time of half as many", time.as_secs_f64() / before.time.as_secs_f64())
            });
            let (ms, kib) = (time.as_secs_f64() * 1e3, bytes / 1024);
            println!("  {size:>5} components  {ms:>7.0} ms  {memory:>4} MiB  {kib:>6} KiB written{growth}");
            before = Some(&measured[at]);
        }
    }
}

struct Measured {
    /// The best of several runs: others use the machine as well.
    time: Duration,
    /// The most that was resident, in MiB.
    memory: u64,
    bytes: usize,
}

fn measure(size: usize) -> Vec<Measured> {
    let folder = tempfile::tempdir().unwrap();
    project(folder.path(), size);
    let one = |words: &[&str]| {
        let runs = (0..RUNS).map(|_| run(folder.path(), words));
        runs.min_by_key(|measured| measured.time).unwrap()
    };
    REPORTS.iter().map(|(_, words)| one(words)).collect()
}

/// Trios and a remote site each, in three environments; every fourth component has changed since `base`.
fn project(folder: &Path, size: usize) {
    let write = |changed: bool| {
        std::fs::create_dir_all(folder.join("manifests")).unwrap();
        let mut text = "api-version = \"62.0\"\n[variables]\ncontact = \"ops@example.com\"\n".to_owned();
        for number in 0..size / 4 {
            let label = if changed { "Changed" } else { "App" };
            let _ = write!(
                text,
                "[connected-app.App{number}]\nlabel = \"{label} {number}\"\ncontact-email = \"${{var.contact}}\"\n\
                 [connected-app.App{number}.oauth-config]\n\
                 callback-url = \"${{auth-provider.Provider{number}.callback-url}}\"\n\
                 consumer-key = {{ generate = true }}\nconsumer-secret = {{ generate = true }}\n\
                 scopes = [\"Api\", \"RefreshToken\"]\n\
                 [auth-provider.Provider{number}]\nfriendly-name = \"Provider {number}\"\nprovider-type = \"Salesforce\"\n\
                 consumer-key = \"${{connected-app.App{number}.consumer-key}}\"\n\
                 consumer-secret = \"${{connected-app.App{number}.consumer-secret}}\"\n\
                 default-scopes = \"api refresh_token\"\n\
                 [named-credential.Credential{number}]\nlabel = \"Credential {number}\"\n\
                 endpoint = \"${{org.instance-url}}\"\nprincipal-type = \"NamedUser\"\nprotocol = \"Oauth\"\n\
                 auth-provider = \"Provider{number}\"\noauth-scope = \"api refresh_token\"\n\
                 [remote-site-setting.Site{number}]\nis-active = true\nurl = \"https://site{number}.example\"\n\
                 disable-protocol-security = false\n",
            );
        }
        for environment in ["uat", "staging", "production"] {
            let _ = write!(
                text,
                "[environment.{environment}.variables]\ncontact = \"{environment}@example.com\"\n"
            );
            for number in (0..size / 4).step_by(10) {
                let _ = write!(
                    text,
                    "[environment.{environment}.remote-site-setting.Site{number}]\n\
                     url = \"https://{environment}{number}.example\"\n"
                );
            }
        }
        std::fs::write(folder.join("manifests/main.toml"), text).unwrap();
    };
    write(false);
    let script = "git init -q . && git add -A && git -c user.name=B -c user.email=b@example.com -c commit.gpgsign=false \
                  commit -q -m base && git tag base";
    assert!(Command::new("sh").args(["-c", script]).current_dir(folder).status().unwrap().success());
    write(true);
}

/// One process: its time, its memory, and how much it wrote.
fn run(folder: &Path, words: &[&str]) -> Measured {
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_orgwire"))
        .args(words)
        .arg("--quiet")
        .current_dir(folder)
        .env_remove("ORGWIRE_INSTANCE_URL")
        .stdout(Stdio::from(std::fs::File::create(folder.join("written")).unwrap()))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The system forgets it with the process, so it is looked at until then.
    let status = format!("/proc/{}/status", child.id());
    let mut memory = 0;
    let ended = loop {
        memory = memory.max(resident(&status));
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let time = started.elapsed();
    assert!(ended.success(), "{words:?}");
    Measured { time, memory, bytes: std::fs::read(folder.join("written")).unwrap().len() }
}

fn resident(status: &str) -> u64 {
    let text = std::fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("VmHWM"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}
