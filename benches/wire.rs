//! What the wire costs: a deployment in two passes over a slow link, and two hundred clients at one local org.
//!
//! Prints what was measured and what it is compared with; `docs/performance.md` says how to read it. Ratios are of
//! things that ran side by side, because machines differ and are shared.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops when something is wrong"
)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use orgwire::org::{self, AccessToken, DeployOptions, Interrupt, Org, Target};
use orgwire::simulator::{Options, Pace, Simulator};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// There and back.
const DELAY: Duration = Duration::from_millis(100);
/// Round trips that wait for each other in a first deployment of two passes: the org is read (all questions at once),
/// pass 1 is sent and looked at, the callback is asked for, pass 2 is sent and looked at, the org is read again.
const FORCED: u32 = 7;
const CLIENTS: usize = 200;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    link().await;
    crowd().await;
}

async fn link() {
    let pace = Pace::default();
    let simulator = Simulator::start(Options { pace, ..Options::default() }).await.unwrap();
    let ready = simulator.ready().clone();
    let near = deploy(&ready.instance_url, &ready.access_token).await;
    simulator.stop().await;

    let simulator = Simulator::start(Options { pace, ..Options::default() }).await.unwrap();
    let ready = simulator.ready().clone();
    let far = deploy(&delayed(&ready.instance_url).await, &ready.access_token).await;
    simulator.stop().await;

    let processing = 2 * (pace.pending + pace.in_progress);
    let forced = DELAY * FORCED;
    println!("axsy, two passes, {} ms there and back", DELAY.as_millis());
    println!("  without the delay   {:>6.0} ms  {} requests", ms(near.0), near.1);
    println!("  with the delay      {:>6.0} ms  {} requests", ms(far.0), far.1);
    println!("  the org's own time  {:>6.0} ms", ms(processing));
    println!("  forced delays       {:>6.0} ms  {FORCED} round trips one after the other", ms(forced));
    println!(
        "  (with the delay - the org's own time) / forced = {:.2}",
        (ms(far.0) - ms(processing)) / ms(forced)
    );
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The program itself, as a user runs it: wall time and requests.
async fn deploy(instance_url: &str, token: &str) -> (Duration, u64) {
    let folder = tempfile::tempdir().unwrap();
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/axsy.toml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_orgwire"));
    command
        .current_dir(folder.path())
        .args(["deploy", "--yes", "--json", "--quiet"])
        .arg(manifest)
        .env("ORGWIRE_INSTANCE_URL", instance_url)
        .env("ORGWIRE_ACCESS_TOKEN", token)
        .stderr(Stdio::inherit());
    let started = Instant::now();
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let elapsed = started.elapsed();
    assert!(output.status.success());
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    (elapsed, told["requests"].as_u64().unwrap())
}

/// A line to the org on which every byte takes its time. Connections stay open; opening one costs nothing here.
async fn delayed(instance_url: &str) -> String {
    let behind = instance_url.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let org = TcpStream::connect(&behind).await.unwrap();
            let (client_in, client_out) = client.into_split();
            let (org_in, org_out) = org.into_split();
            tokio::spawn(carry(client_in, org_out));
            tokio::spawn(carry(org_in, client_out));
        }
    });
    url
}

/// Bytes come out half the delay after they went in, whatever comes behind them.
async fn carry(
    mut from: impl AsyncReadExt + Unpin + Send + 'static,
    mut to: impl AsyncWriteExt + Unpin + Send + 'static,
) {
    let (send, mut receive) = mpsc::unbounded_channel::<(tokio::time::Instant, Vec<u8>)>();
    tokio::spawn(async move {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length) = from.read(&mut buffer).await {
            let due = tokio::time::Instant::now() + DELAY / 2;
            if length == 0 || send.send((due, buffer[..length].to_vec())).is_err() {
                return;
            }
        }
    });
    while let Some((due, bytes)) = receive.recv().await {
        tokio::time::sleep_until(due).await;
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

/// One package with one component.
fn package(number: usize) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    let namespace = "http://soap.sforce.com/2006/04/metadata";
    let manifest = format!(
        "<Package xmlns=\"{namespace}\"><types><members>S{number}</members><name>RemoteSiteSetting</name></types>\
         <version>62.0</version></Package>"
    );
    let site = format!(
        "<RemoteSiteSetting xmlns=\"{namespace}\"><disableProtocolSecurity>false</disableProtocolSecurity>\
         <isActive>true</isActive><url>https://s{number}.example</url></RemoteSiteSetting>"
    );
    for (path, text) in
        [("package.xml".to_owned(), manifest), (format!("remoteSiteSettings/S{number}.remoteSite"), site)]
    {
        zip.start_file(path, options).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

async fn crowd() {
    for clients in [CLIENTS / 4, CLIENTS] {
        let pace = Pace { pending: Duration::ZERO, in_progress: Duration::ZERO };
        let simulator = Simulator::start(Options { pace, ..Options::default() }).await.unwrap();
        let ready = simulator.ready();
        let before = resident("VmRSS");
        let client = |number: usize| {
            let target = Target {
                name: "crowd".to_owned(),
                instance_url: ready.instance_url.clone(),
                access_token: AccessToken::new(ready.access_token.clone()),
                simulated: true,
            };
            async move {
                let org = Org::connect(target, 62).unwrap().at_pace(org::Pace::default());
                let (zip, options, interrupt) = (package(number), DeployOptions::default(), Interrupt::new());
                let started = Instant::now();
                let result = org.writer().deploy(&zip, &options, &interrupt, &mut |_| {}).await.unwrap();
                assert!(result.success);
                started.elapsed()
            }
        };
        let started = Instant::now();
        let mut times = join_all((0..clients).map(client)).await;
        let elapsed = started.elapsed();
        times.sort();
        println!("{clients} clients at one local org, a package each");
        println!("  {:>6.0} deployments/s", clients as f64 / elapsed.as_secs_f64());
        println!(
            "  half of them done after {:.0} ms, 99 of 100 after {:.0} ms",
            ms(times[clients / 2]),
            ms(times[clients * 99 / 100])
        );
        println!(
            "  {} KiB more memory at the most, clients included",
            resident("VmHWM").saturating_sub(before)
        );
        simulator.stop().await;
    }
}

/// A figure of this process from the kernel, in KiB; 0 where there is none.
fn resident(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}
