//! The org inside this program, as an org that commands deploy to: started for the length of a command, or
//! found where another process serves it.

use std::path::{Path, PathBuf};

use crate::command::{Failure, Trouble};
use crate::simulator::{self, Options, Ready, Simulator};

/// Where the orgs inside this program live, each in a folder of its name.
pub const HOME: &str = ".orgwire";
/// Where the local org of a project lives.
pub const FOLDER: &str = ".orgwire/local";

pub enum LocalOrg {
    Started(Simulator),
    /// Another process serves it, for example `orgwire simulate`.
    Found(Ready),
}

impl LocalOrg {
    fn ready(&self) -> &Ready {
        match self {
            LocalOrg::Started(simulator) => simulator.ready(),
            LocalOrg::Found(ready) => ready,
        }
    }

    pub fn instance_url(&self) -> &str {
        &self.ready().instance_url
    }

    pub fn access_token(&self) -> &str {
        &self.ready().access_token
    }

    pub async fn close(self) {
        if let LocalOrg::Started(simulator) = self {
            simulator.stop().await;
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("another process serves the local org, and decides whether it creates connected apps")]
struct Served;

pub async fn open(spring_26_block: bool) -> Result<LocalOrg, Failure> {
    if let Some(ready) = simulator::running(Path::new(FOLDER)) {
        if spring_26_block {
            return Err(Failure::new(Trouble::Usage, Served)
                .help("end it first, or start it with: orgwire simulate --spring-26-block"));
        }
        return Ok(LocalOrg::Found(ready));
    }
    let options = Options { folder: Some(PathBuf::from(FOLDER)), spring_26_block, ..Options::default() };
    Simulator::start(options).await.map(LocalOrg::Started).map_err(failure)
}

pub fn failure(error: simulator::Error) -> Failure {
    let help = error.help();
    let failure = Failure::new(Trouble::LocalOrg, error);
    match help {
        Some(help) => failure.help(help),
        None => failure,
    }
}
