//! The local org from inside the test: changed behind everybody's back, or with faults.

use std::time::Duration;

use orgwire::component::{Scalar, Tree};
use orgwire::org::{AccessToken, DeployResult, Organization, Target};
use orgwire::simulator::{Fault, Options, Simulator};
use serde_json::Value;

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

    /// Of somebody else in the org.
    pub fn password_of(&self, name: &str) -> String {
        self.simulator.password(&self.other(name)).unwrap()
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

    pub fn inject(&self, fault: impl Into<Fault>) {
        self.simulator.inject(fault);
    }

    /// What the Metadata API answers to a call, as its administrator.
    pub fn soap(&self, call: &str) -> String {
        let ready = self.simulator.ready();
        let body = format!(
            "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Header><SessionHeader \
             xmlns=\"http://soap.sforce.com/2006/04/metadata\"><sessionId>{}</sessionId></SessionHeader></e:Header>\
             <e:Body>{call}</e:Body></e:Envelope>",
            ready.access_token
        );
        let url = format!("{}/services/Soap/m/62.0", ready.instance_url);
        self.runtime.block_on(async {
            let _ = rustls::crypto::ring::default_provider().install_default();
            let sent = reqwest::Client::new().post(url).header("Content-Type", "text/xml").body(body).send();
            sent.await.unwrap().text().await.unwrap()
        })
    }

    /// What `/simulator/RESOURCE` answers.
    pub fn control(&self, method: &str, resource: &str, body: &str) -> Value {
        let ready = self.simulator.ready();
        let url = format!("{}/simulator/{resource}", ready.instance_url);
        let (status, told) = ask(method, &url, &ready.access_token, body);
        assert_eq!(status, 200, "{told}");
        told
    }

    /// How often faults have struck.
    pub fn struck(&self) -> u64 {
        let faults = self.control("GET", "faults", "");
        faults.as_array().unwrap().iter().map(|fault| fault["struck"].as_u64().unwrap()).sum()
    }

    /// Nothing goes wrong from now on.
    pub fn calm(&self) {
        self.control("DELETE", "faults", "");
    }

    /// The ids of all deployments the org was sent, the oldest first.
    pub fn deployments(&self) -> Vec<String> {
        self.simulator.deployments()
    }

    pub fn has(&self, type_name: &str, name: &str) -> bool {
        self.simulator.component(type_name, name).is_some()
    }

    /// Whether a component has this element.
    pub fn knows(&self, type_name: &str, name: &str, element: &str) -> bool {
        self.simulator.component(type_name, name).unwrap().contains_key(element)
    }

    pub fn has_deployment(&self, id: &str) -> bool {
        self.runtime.block_on(self.connect().reader().deployment(id)).is_ok()
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
        self.runtime.block_on(self.connect().reader().deployment(id)).unwrap()
    }

    /// What the org says of itself.
    pub fn organization(&self) -> Organization {
        self.runtime.block_on(self.connect().reader().organization()).unwrap()
    }

    fn connect(&self) -> orgwire::org::Org {
        let ready = self.simulator.ready();
        let target = Target {
            name: "simulated".to_owned(),
            instance_url: ready.instance_url.clone(),
            access_token: AccessToken::new(ready.access_token.clone()),
            simulated: true,
        };
        orgwire::org::Org::connect(target, 62).unwrap()
    }

    /// The token of a session that the administrator gets by SOAP login, from this machine's usual address.
    pub fn login(&self) -> String {
        self.login_from([127, 0, 0, 1], self.username())
    }

    /// The same for anybody and from anywhere.
    pub fn login_from(&self, address: [u8; 4], username: &str) -> String {
        let password = self.simulator.password(username).unwrap();
        let body = format!(
            "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><login \
             xmlns=\"urn:partner.soap.sforce.com\"><username>{username}</username><password>{password}</password></login>\
             </e:Body></e:Envelope>",
        );
        let url = format!("{}/services/Soap/u/62.0", self.instance_url());
        let client = client_at(address);
        let answer = self.runtime.block_on(async {
            client.post(url).header("Content-Type", "text/xml").body(body).send().await.unwrap().text().await
        });
        let answer = answer.unwrap();
        let (_, rest) = answer.split_once("<sessionId>").unwrap();
        rest.split_once('<').unwrap().0.to_owned()
    }

    /// The name of the session settings of a profile.
    pub fn profile_session_setting(&self, profile: &str) -> String {
        let names = self.simulator.names("ProfileSessionSetting");
        let is_of = |name: &String| self.text("ProfileSessionSetting", name, "profile") == profile;
        names.into_iter().find(is_of).unwrap()
    }

    /// What a REST request from this address is answered with.
    pub fn status_from(&self, address: [u8; 4], token: &str) -> u16 {
        let client = client_at(address);
        let url = format!("{}/services/data/v62.0/limits", self.instance_url());
        self.runtime.block_on(client.get(url).bearer_auth(token).send()).unwrap().status().as_u16()
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

fn client_at(address: [u8; 4]) -> reqwest::Client {
    // An error says that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().local_address(std::net::IpAddr::from(address)).build().unwrap()
}

/// The value of an element that holds text.
pub fn text(text: &str) -> Tree<Scalar> {
    Tree::Leaf(Scalar::Text(text.to_owned()))
}

/// Posts a body, and gives what is answered.
pub fn post(url: &str, kind: &str, body: &str) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let request = reqwest::Client::new().post(url).header("Content-Type", kind).body(body.to_owned());
        request.send().await.unwrap().text().await.unwrap()
    })
}

/// Asks a resource that answers with JSON.
pub fn ask(method: &str, url: &str, token: &str, body: &str) -> (u16, Value) {
    // An error says that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let method = method.parse::<reqwest::Method>().unwrap();
        let request = reqwest::Client::new().request(method, url).bearer_auth(token).body(body.to_owned());
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    })
}

pub fn flag(on: bool) -> Tree<Scalar> {
    Tree::Leaf(Scalar::Flag(on))
}
