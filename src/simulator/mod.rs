//! A Salesforce org in one process: real HTTP on loopback, the platform's rules behind it.
//!
//! A request goes through `server` (headers, and the `fault`s it is to meet) to a protocol: `rest`, `soap` or `oauth`, or to the
//! `pages` that people open in a browser;
//! `control` is what only a rehearsal has: its faults, its clock, and what is done in `setup`. `session` says who may pass, and `oauth` is how other programs get a session. Protocols turn
//! it into plain calls: `deploy` for packages, `retrieve` for files, `soql` over `objects` for queries. What is
//! saved goes through `schema` (a file to a tree, by its type's description) and `rules` into `state`, which
//! `store` keeps in a folder and `first_day` has furnished. Nothing here is shared with the client but the descriptions of metadata types,
//! so that one mistake cannot be right on both sides.

mod allowance;
mod behind;
mod bounds;
mod clock;
mod control;
mod deploy;
mod fault;
mod first_day;
#[doc(hidden)]
pub mod fuzzed;
mod gzip;
mod ids;
mod my_domain;
mod nature;
mod neighbours;
mod oauth;
mod objects;
mod package;
mod pages;
mod people;
mod permission;
mod permitted;
mod rest;
mod retrieve;
mod rules;
mod sandbox;
mod schema;
mod server;
mod session;
mod setup;
mod soap;
mod soql;
mod start;
mod state;
mod store;
mod tree_json;
mod unconfirmed;
mod xml;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::oneshot;

pub use fault::{Act, Aim, Canned, Fault, Lock, Moment, OnRequest, Script, Unreadable};
pub use first_day::FirstDay;
pub use nature::{Edition, Nature};
pub use neighbours::Neighbours;
pub use unconfirmed::unconfirmed;

/// What an org is called that nobody gave a name.
pub const USUAL_NAME: &str = "local";

/// How the org is to be.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What it is called; `local` without one.
    pub name: Option<String>,
    /// What kind of org it is; without one it stays what it was, and a new one is of Developer Edition.
    pub nature: Option<Nature>,
    /// What a new org is like from its first day.
    pub first_day: FirstDay,
    /// Other orgs of the same world.
    pub neighbours: Neighbours,
    /// The neighbour that a new org is copied from, as a sandbox. One that exists stays as it is.
    pub copied_from: Option<String>,
    /// Where it keeps its state, usually `.orgwire/local`; `None` keeps it in memory only.
    pub folder: Option<PathBuf>,
    /// The port to answer on. Without one: the port it had before, or any free one.
    pub port: Option<u16>,
    /// Refuses to create connected apps, as most orgs do since Spring '26 (CA-70).
    pub spring_26_block: bool,
    /// What goes wrong on purpose.
    pub faults: Script,
    pub pace: Pace,
    /// How long a new app, or a changed callback URL, takes to reach the login servers (CA-90).
    pub propagation: Duration,
    /// How many requests a day the org answers; without it they are counted and never refused.
    pub daily_limit: Option<u64>,
}

/// How long a deployment stays in each state, at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    pub pending: Duration,
    pub in_progress: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { pending: Duration::from_millis(30), in_progress: Duration::from_millis(30) }
    }
}

/// What a client needs to use the org.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// `local`, or the name that was given.
    pub org: String,
    pub instance_url: String,
    pub access_token: String,
    pub username: String,
    pub password: String,
    pub organization_id: String,
}

/// Without the token and the password.
impl std::fmt::Debug for Ready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ready")
            .field("org", &self.org)
            .field("instance_url", &self.instance_url)
            .field("organization_id", &self.organization_id)
            .finish_non_exhaustive()
    }
}

/// Why the org cannot run.
#[derive(Debug, Error)]
pub enum Error {
    #[error("cannot {action} `{}`, where the local org is kept", path.display())]
    Folder { action: &'static str, path: PathBuf, source: io::Error },
    #[error("cannot read the local org in `{}`: {reason}", path.display())]
    Corrupt { path: PathBuf, folder: PathBuf, reason: String },
    #[error("the local org in `{}` is already running in another process", folder.display())]
    AlreadyRunning { folder: PathBuf },
    #[error("port {port}, where the local org is to answer, is taken by another program")]
    PortTaken { port: u16 },
    #[error("cannot listen on 127.0.0.1 port {port} for the local org")]
    Listen { port: u16, source: io::Error },
    #[error("cannot get random numbers for the local org")]
    Random { source: io::Error },
    #[error("the org `{0}`, which another is to be copied from, is not served here")]
    NoSource(String),
    #[error("the thread of the local org ended")]
    Thread,
    #[error("the local org has no component `{0}`")]
    NoComponent(String),
}

impl Error {
    /// With its cause, for answers: a client of the org sees one line only.
    fn in_one_line(&self) -> String {
        match std::error::Error::source(self) {
            Some(source) => format!("{self}: {source}"),
            None => self.to_string(),
        }
    }
}

impl Error {
    /// What to do about it, where that is known.
    pub fn help(&self) -> Option<String> {
        match self {
            Error::Corrupt { folder, .. } => {
                Some(format!("delete the folder `{}` to start afresh", folder.display()))
            }
            Error::AlreadyRunning { .. } => Some("other commands find it there and use it".to_owned()),
            Error::PortTaken { .. } => {
                Some("free the port, or move the org to another: orgwire simulate --port N".to_owned())
            }
            _ => None,
        }
    }
}

/// What all requests share.
struct Org {
    store: store::Store,
    visits: pages::visit::Visits,
    faults: fault::Faults,
    queue: deploy::engine::Queue,
    retrievals: retrieve::Retrievals,
    creation_blocked: bool,
    nature: Nature,
    is_new: bool,
    neighbours: Neighbours,
    pace: Pace,
    ready: Ready,
    allowance: allowance::Allowance,
    rate: bounds::Rate,
    clock: clock::Clock,
    /// Milliseconds.
    propagation: i64,
}

impl Org {
    /// What time it is in the org.
    fn now(&self) -> clock::Moment {
        self.clock.now()
    }
}

/// A running org. It stops when it is dropped; [`Simulator::stop`] waits for that.
pub struct Simulator {
    org: Arc<Org>,
    stop: Option<oneshot::Sender<()>>,
    stopped: oneshot::Receiver<()>,
}

impl Simulator {
    /// Starts an org. It runs on a thread and a runtime of its own, so that a client in the same process may
    /// block its thread, or be the only task of a single-threaded runtime, and still gets answers.
    pub async fn start(options: Options) -> Result<Simulator, Error> {
        let (started, starting) = oneshot::channel();
        let (stop, stopping) = oneshot::channel();
        let (ended, stopped) = oneshot::channel();
        let spawned = std::thread::Builder::new().name("local org".to_owned()).spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(_) => return, // `starting` is dropped, which says it
            };
            runtime.block_on(async move {
                match start::prepare(options).await {
                    Ok((org, listener, queue)) => {
                        let _ = started.send(Ok(org.clone()));
                        start::serve(org, listener, queue, stopping).await;
                    }
                    Err(error) => {
                        let _ = started.send(Err(error));
                    }
                }
            });
            let _ = ended.send(());
        });
        spawned.map_err(|_| Error::Thread)?;
        let org = starting.await.map_err(|_| Error::Thread)??;
        Ok(Simulator { org, stop: Some(stop), stopped })
    }

    pub fn ready(&self) -> &Ready {
        &self.org.ready
    }

    /// Whether this is its first day: it had no state of its own before.
    pub fn is_new(&self) -> bool {
        self.org.is_new
    }

    /// Stops answering, lets open requests end, and gives the folder back.
    pub async fn stop(mut self) {
        self.stop = None; // the other end hears of it
        let _ = (&mut self.stopped).await;
    }

    /// Arranges for something to go wrong.
    pub fn inject(&self, fault: impl Into<Fault>) {
        self.org.faults.add(Script::from(fault.into()));
    }

    /// Puts the org's clock forward: what expires or spreads with time has done so by then.
    pub fn advance(&self, by: Duration) {
        self.org.clock.advance(by);
    }
}

/// The org that another process serves from this folder right now, to be used in place of a second one.
pub fn running(folder: &Path) -> Option<Ready> {
    store::announced(folder)
}

#[cfg(test)]
mod tests;
