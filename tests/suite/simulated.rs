//! The local org from inside the test: changed behind everybody's back, or with faults.

use orgwire::component::{Scalar, Tree};
use orgwire::simulator::{Options, Simulator};

use crate::test::Test;

/// The org of a project, open in this process.
pub struct Org {
    simulator: Simulator,
    runtime: tokio::runtime::Runtime,
}

impl Org {
    /// Opens the org that the project's commands use, changes it, and gives it back.
    pub fn of(test: &Test, change: impl FnOnce(&Org)) {
        let org = Org::start(Options { folder: Some(test.path(".orgwire/local")), ..Options::default() });
        change(&org);
        org.stop();
    }

    pub fn start(options: Options) -> Org {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let simulator = runtime.block_on(Simulator::start(options)).unwrap();
        Org { simulator, runtime }
    }

    pub fn stop(self) {
        self.runtime.block_on(self.simulator.stop());
    }

    pub fn remove(&self, type_name: &str, name: &str) {
        self.simulator.remove(type_name, name).unwrap();
    }

    pub fn edit(&self, type_name: &str, name: &str, path: &str, value: Option<Tree<Scalar>>) {
        self.simulator.edit(type_name, name, path, value).unwrap();
    }
}
