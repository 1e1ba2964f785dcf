//! The local org from inside the test: changed behind everybody's back, or with faults.

use std::time::Duration;

use orgwire::component::{Scalar, Tree};
use orgwire::org::{AccessToken, DeployResult, Target};
use orgwire::simulator::{Fault, Options, Simulator};

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

    /// The project's commands talk to this org, as to one in the cloud.
    pub fn reached_by(&self, test: Test) -> Test {
        let ready = self.simulator.ready();
        test.variable("ORGWIRE_INSTANCE_URL", &ready.instance_url)
            .variable("ORGWIRE_ACCESS_TOKEN", &ready.access_token)
    }

    /// The administrator's; others are in the same domain.
    pub fn username(&self) -> &str {
        &self.simulator.ready().username
    }

    /// Somebody else in the org: `integration` or `analyst`.
    pub fn other(&self, name: &str) -> String {
        let (_, domain) = self.username().split_once('@').unwrap();
        format!("{name}@{domain}")
    }

    /// The administrator's.
    pub fn password(&self) -> String {
        self.simulator.ready().password.clone()
    }

    pub fn instance_url(&self) -> &str {
        &self.simulator.ready().instance_url
    }

    pub fn organization_id(&self) -> &str {
        &self.simulator.ready().organization_id
    }

    pub fn advance(&self, by: Duration) {
        self.simulator.advance(by);
    }

    pub fn assign(&self, permission_set: &str, username: &str) {
        assert!(self.simulator.assign(permission_set, username).unwrap());
    }

    /// What commands log in with.
    pub fn token(&self) -> &str {
        &self.simulator.ready().access_token
    }

    pub fn inject(&self, fault: Fault) {
        self.simulator.inject(fault);
    }

    pub fn has(&self, type_name: &str, name: &str) -> bool {
        self.simulator.component(type_name, name).is_some()
    }

    /// The text of an element such as `oauthConfig.consumerSecret`.
    pub fn text(&self, type_name: &str, name: &str, path: &str) -> String {
        let mut tree = Tree::Group(self.simulator.component(type_name, name).unwrap());
        for step in path.split('.') {
            let Tree::Group(mut fields) = tree else { panic!("{path} goes too deep") };
            tree = fields.remove(step).unwrap_or_else(|| panic!("{name} has no {path}"));
        }
        tree.as_leaf().unwrap().to_string()
    }

    /// The state of a deployment, in the org's word.
    pub fn deployment(&self, id: &str) -> String {
        self.deployment_result(id).status
    }

    pub fn deployment_result(&self, id: &str) -> DeployResult {
        let ready = self.simulator.ready();
        let target = Target {
            name: "simulated".to_owned(),
            instance_url: ready.instance_url.clone(),
            access_token: AccessToken::new(ready.access_token.clone()),
            simulated: true,
        };
        let org = orgwire::org::Org::connect(target, 62).unwrap();
        self.runtime.block_on(org.reader().deployment(id)).unwrap()
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

/// The value of an element that holds text.
pub fn text(text: &str) -> Tree<Scalar> {
    Tree::Leaf(Scalar::Text(text.to_owned()))
}
