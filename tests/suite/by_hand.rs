//! Each guide followed by hand, through the local org's pages as its text says, gives the org that its manifest deploys.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use orgwire::component::type_with_key;
use orgwire::simulator::{FirstDay, Options};
use serde_json::Value;

use crate::browser::{Browser, Page};
use crate::simulated::{Org, post};
use crate::test::Test;

/// Named in a guide's text as it stands in Setup.
const FULL: &str = "Full access (full)";
const REFRESH: &str = "Perform requests at any time (refresh_token, offline_access)";
const API: &str = "Manage user data via APIs (api)";
const SCOPES: &str = "Selected OAuth Scopes";
const OAUTH: &str = "Enable OAuth Settings";

/// The org that a guide was followed in, and the one that its manifest was deployed to.
struct Both {
    by_hand: Org,
    deployed: Org,
    browser: Browser,
    manifest: &'static str,
    more: Option<&'static str>,
    variables: fn(&Org) -> Vec<(&'static str, String)>,
    /// Types with names that the manifest has, as it is now.
    components: BTreeSet<(String, String)>,
}

impl Both {
    /// Deploys the manifest to one org, and logs in to another.
    fn start(
        manifest: &'static str,
        more: Option<&'static str>,
        variables: fn(&Org) -> Vec<(&'static str, String)>,
    ) -> Both {
        Both::start_with(FirstDay::default(), manifest, more, variables)
    }

    fn start_with(
        first_day: FirstDay,
        manifest: &'static str,
        more: Option<&'static str>,
        variables: fn(&Org) -> Vec<(&'static str, String)>,
    ) -> Both {
        let org = || Org::start(Options { first_day, ..Options::default() });
        let (by_hand, deployed) = (org(), org());
        let browser = Browser::logged_in(&by_hand);
        let components = BTreeSet::new();
        let mut both = Both { by_hand, deployed, browser, manifest, more, variables, components };
        let plan = both.run(&both.deployed, "plan");
        for change in plan["changes"].as_array().unwrap() {
            let (key, name) = change["component"].as_str().unwrap().split_once('.').unwrap();
            both.components.insert((type_with_key(key).unwrap().name.clone(), name.to_owned()));
        }
        both.run(&both.deployed, "deploy --yes");
        both
    }

    fn run(&self, org: &Org, command: &str) -> Value {
        let mut test = org.reached_by(Test::example(self.manifest));
        if let Some(more) = self.more {
            test = test.file("manifests/more.toml", more);
        }
        let mut words: Vec<String> = command.split(" ").map(str::to_owned).collect();
        words.push("--json".to_owned());
        for (name, value) in (self.variables)(org) {
            words.extend(["--var".to_owned(), format!("{name}={value}")]);
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let said = test.run_words(&words);
        assert_eq!(said.code, 0, "{command}\n{}\n{}", said.stdout, said.stderr);
        said.json()
    }

    /// What every guide begins with: New Connected App, with OAuth enabled. Gives the page of the app.
    fn new_app(&self, name: &str, callback: &str, scopes: &[&str], switches: &[&str]) -> Page {
        let apps = self.browser.setup("NavigationMenus");
        let form = self.browser.click(&apps, "New Connected App").form_with("Save");
        let form = form
            .fill("Connected App Name", name)
            .fill("Contact Email", "ops@example.com")
            .tick(OAUTH)
            .fill("Callback URL", callback)
            .choose(SCOPES, scopes);
        let form = switches.iter().fold(form, |form, switch| form.tick(switch));
        let app = self.browser.submit(&form);
        assert_eq!(app.heading(), format!("App: {name}"), "{}", app.html);
        app
    }

    /// Key and secret, by Manage Consumer Details.
    fn consumer_details(&self, app: &Page) -> (String, String) {
        let form = app.form_with("Manage Consumer Details");
        let shown = self.browser.submit(&form.fill("Your password, once more", &self.by_hand.password()));
        (shown.detail("Consumer Key"), shown.detail("Consumer Secret"))
    }

    fn edit_policies(&self, app: &Page) -> Page {
        let managed = self.browser.click(app, "Manage");
        self.browser.click(&managed, "Edit Policies")
    }

    /// A permission set as the manifest describes it: a guide leaves open what is in it.
    fn new_permission_sets(&self) {
        for (_, name) in self.components.iter().filter(|(type_name, _)| type_name == "PermissionSet") {
            let sets = Browser::logged_in(&self.deployed);
            let list = sets.setup("PermSets");
            let set = sets.click(&list, &self.deployed.text("PermissionSet", name, "label"));
            let mut wanted = sets.click(&set, "Edit").form_with("Save");
            let list = self.browser.setup("PermSets");
            let mut form = self.browser.click(&list, "New").form_with("Save").fill("API Name", name);
            for label in ["Label", "Description", "Object Settings", "System Permissions"] {
                form = form.fill(label, &wanted.shows(label)[0]);
            }
            let page = self.browser.submit(&form);
            assert!(page.heading().starts_with("Permission Set: "), "{}", page.html);
        }
    }

    /// Both orgs hold the same, consumer keys aside, and the manifest finds nothing to change in the one made by hand.
    fn are_the_same(&self) {
        for (type_name, name) in &self.components {
            assert_eq!(shown(&self.by_hand, type_name, name), shown(&self.deployed, type_name, name));
        }
        let plan = self.run(&self.by_hand, "plan");
        let changes: Vec<_> =
            plan["changes"].as_array().unwrap().iter().filter(|one| one["action"] != "keep").collect();
        assert_eq!((changes, plan["passes"].as_array().unwrap().len()), (Vec::new(), 0));
    }
}

/// A component as a call gives it, without what is another in each org.
fn shown(org: &Org, type_name: &str, name: &str) -> String {
    // SE-14: each org has a name of its own for the settings of a profile.
    let own = (type_name == "ProfileSessionSetting").then(|| org.profile_session_setting(PUBLISHERS));
    let name = own.as_deref().unwrap_or(name);
    let call = format!(
        "<readMetadata xmlns=\"http://soap.sforce.com/2006/04/metadata\"><type>{type_name}</type>\
         <fullNames>{name}</fullNames></readMetadata>"
    );
    let answer = org.soap(&call);
    assert!(answer.contains("<records"), "{answer}");
    let (_, domain) = org.username().split_once('@').unwrap();
    let answer = answer
        .replace(org.instance_url(), "ORG")
        .replace(domain, "DOMAIN")
        .replace(name, "NAME")
        .replace("><", ">\n<");
    let lines =
        answer.lines().map(|line| if line.starts_with("<consumerKey>") { "<consumerKey>" } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn axsy_by_hand() {
    let both = Both::start("axsy", None, nothing);
    let browser = &both.browser;
    let app = both.new_app("AxsyApexAPI", "https://placeholder.example", &[FULL, REFRESH], &[]);
    let (key, secret) = both.consumer_details(&app);

    let providers = browser.setup("AuthProviders");
    let form = browser.click(&providers, "New").form_with("Save");
    let provider = browser.submit(
        &form
            .choose("Provider Type", &["Salesforce"])
            .fill("Name", "AxsyApexAPI")
            .fill("URL Suffix", "AxsyApexAPI")
            .fill("Consumer Key", &key)
            .fill("Consumer Secret", &secret)
            .fill("Default Scopes", "full refresh_token offline_access"),
    );
    let callback = provider.detail("Callback URL");
    let edit = browser.click(&app, "Edit").form_with("Save");
    browser.submit(&edit.fill("Callback URL", &callback)).says(&callback);

    let credentials = browser.setup("NamedCredential");
    let form = browser.click(&credentials, "New Legacy").form_with("Save");
    let consent = browser.submit(
        &form
            .fill("Label", "AxsyApexAPI")
            .fill("Name", "AxsyApexAPI")
            .fill("URL", both.by_hand.instance_url())
            .choose("Identity Type", &["Named Principal"])
            .choose("Authentication Protocol", &["OAuth 2.0"])
            .choose("Authentication Provider", &["AxsyApexAPI"])
            .fill("Scope", "full refresh_token offline_access")
            .tick("Start Authentication Flow on Save")
            .tick("Allow Merge Fields in HTTP Body"),
    );
    consent.says("AxsyApexAPI asks to use the local org in your name.");
    let filled = [
        ("username", both.by_hand.username()),
        ("password", &both.by_hand.password()),
        ("decision", "allow"),
    ];
    browser.send(&consent, &filled).says(&format!("Authenticated as {}", both.by_hand.username()));
    both.are_the_same();
}

fn example(name: &str) -> String {
    let path = format!("{}/manifests/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

fn nothing(_: &Org) -> Vec<(&'static str, String)> {
    Vec::new()
}

/// Resolution 1 of Axsy's guide: sessions of the whole org are no longer tied to an address.
#[test]
fn axsy_by_hand_with_sessions_that_move() {
    let locked = FirstDay { lock_sessions_to_ip: Some(true), ..FirstDay::default() };
    let both = if example("axsy").contains("resolution") {
        Both::start_with(locked, "axsy", None, |_| vec![("resolution", "1".to_owned())])
    } else {
        let moving = "[security-settings.Security.session-settings]\nlock-sessions-to-ip = false\n";
        Both::start_with(locked, "agilepoint", Some(moving), |_| vec![("callback", AGILEPOINT.to_owned())])
    };
    if both.components.iter().any(|(type_name, _)| type_name == "ConnectedApp") {
        both.new_app("AgilePoint NX", AGILEPOINT, &[FULL, REFRESH], &[]);
    }
    let lock = "Lock sessions to the IP address from which they originated";
    let form = both.browser.setup("SecuritySession").form_with("Save");
    both.browser.submit(&form.switch(lock, false));
    assert_eq!(
        both.by_hand.text("SecuritySettings", "Security", "sessionSettings.lockSessionsToIp"),
        "false"
    );
    both.are_the_same();
}

/// The profile of the people who publish, as the manifest has it.
const PUBLISHERS: &str = "Admin";

/// Resolution 2 of Axsy's guide: whoever publishes needs no High Assurance session. The guide sets one value; a file has to
/// say all of them (SE-10), so the others are filled in as the manifest has them.
#[test]
fn axsy_by_hand_for_one_profile() {
    if !example("axsy").contains("resolution") {
        return; // the manifest leaves this way out to Setup
    }
    let both = Both::start("axsy", None, |_| vec![("resolution", "2".to_owned())]);
    let edit = |org: &Org, browser: &Browser| {
        assert!(org.has("Profile", PUBLISHERS));
        let profile = browser.click(&browser.setup("Profiles"), "System Administrator");
        browser.click(&profile, "Edit Session Settings").form_with("Save")
    };
    let mut wanted = edit(&both.deployed, &Browser::logged_in(&both.deployed));
    let form = edit(&both.by_hand, &both.browser);
    let form = form.choose("Session Security Level Required at Login", &["High Assurance"]);
    both.browser.submit(&form).says("HIGH_ASSURANCE");
    let mut form = edit(&both.by_hand, &both.browser)
        .choose("Session Security Level Required at Login", &["--None--"])
        .choose("Session Times Out After", &["2 hours, as nothing else is said"]);
    for switch in [
        "Force logout on session timeout",
        "Warn users before their session times out",
        "Keep users of sites logged in when they close the browser",
        "Verify the identity of users of sites who come from somewhere new",
    ] {
        let is_on = !wanted.shows(switch).is_empty();
        form = form.switch(switch, is_on);
    }
    both.browser.submit(&form).hides("HIGH_ASSURANCE");
    both.are_the_same();
}

#[test]
fn logik_by_hand() {
    let both = Both::start("logik", None, |org| vec![("run-as-user", org.other("integration"))]);
    let app = both.new_app(
        "Logik Admin API",
        "https://login.salesforce.com/services/oauth2/success",
        &[API],
        &["Enable Client Credentials Flow", "Issue JSON Web Token (JWT)-based access tokens for named users"],
    );
    let form = both.edit_policies(&app).form_with("Save");
    let managed = both.browser.submit(
        &form
            .fill("Run As", &both.by_hand.other("integration"))
            .choose("IP Relaxation", &["Relax IP restrictions"])
            .choose("JWT-Based Access Token Timeout", &["10 minutes"]),
    );
    assert_eq!(managed.heading(), "Manage App: Logik Admin API", "{}", managed.html);
    assert_eq!(managed.detail("JWT-Based Access Token Timeout"), "10 minutes");
    both.new_permission_sets();
    both.are_the_same();

    // What the guide promises: a JWT, that counts as long as was chosen (CA-64).
    let (key, secret) = both.consumer_details(&app);
    let url = format!("{}/services/oauth2/token", both.by_hand.instance_url());
    let body = format!("grant_type=client_credentials&client_id={key}&client_secret={secret}");
    let answer = post(&url, "application/x-www-form-urlencoded", &body);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let token = answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}"));
    let parts: Vec<&str> = token.split('.').collect();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    assert_eq!((parts.len(), claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap()), (3, 600));
}

/// What the user needs whom the integration connects as (002-R5).
const AMPERSAND_USER: &str = "\
[permission-set.Ampersand_User]
label = \"Ampersand User\"
description = \"For the connecting user\"

[[permission-set.Ampersand_User.object-permissions]]
object = \"Account\"
allow-create = true
allow-delete = false
allow-edit = true
allow-read = true
modify-all-records = false
view-all-records = false

[[permission-set.Ampersand_User.user-permissions]]
name = \"ApiEnabled\"
enabled = true
";

#[test]
fn ampersand_by_hand() {
    const CALLBACK: &str = "https://ampersand.example/callbacks/v1/oauth";
    let more = (!example("ampersand").contains("[permission-set.")).then_some(AMPERSAND_USER);
    let both = Both::start("ampersand", more, |_| vec![("callback", CALLBACK.to_owned())]);
    assert!(both.components.iter().any(|(type_name, _)| type_name == "PermissionSet"));
    let app = both.new_app("Ampersand", CALLBACK, &[API, REFRESH], &[]);
    let form = both.edit_policies(&app).form_with("Save");
    let managed = both.browser.submit(
        &form
            .choose("IP Relaxation", &["Relax IP restrictions"])
            .choose("Refresh Token Policy", &["Refresh token is valid until revoked"]),
    );
    assert_eq!(managed.detail("IP Relaxation"), "Relax IP restrictions");
    let browser = &both.browser;
    let managed = browser.click(&browser.setup("ConnectedAppsUsage"), "Manage App Policies");
    let form = browser.click(&managed, "Edit Policies").form_with("Save");
    browser.submit(&form.choose("Permitted Users", &["All users may self-authorize"]));
    both.new_permission_sets();
    both.are_the_same();
}

const AGILEPOINT: &str = "https://agilepoint.example/oauth/callback";
const CYCLR: &str = "https://app-h.cyclr.com/connector/callback";

#[test]
fn cyclr_by_hand() {
    let both = Both::start("cyclr", None, nothing);
    both.new_app("Cyclr", CYCLR, &[FULL, REFRESH], &[]);
    both.are_the_same();
}

/// The part of Cyclr's guide for orgs that the connector logs in to.
#[test]
fn cyclr_by_hand_with_sessions_that_last() {
    let both = if example("cyclr").contains("loosen-sessions") {
        Both::start("cyclr", None, |_| vec![("loosen-sessions", "true".to_owned())])
    } else {
        let sessions = "[security-settings.Security.session-settings]\nforce-logout-on-session-timeout = false\n\
                        lock-sessions-to-ip = false\nsession-timeout = \"TwentyFourHours\"\n";
        Both::start("cyclr", Some(sessions), nothing)
    };
    assert!(both.components.iter().any(|(type_name, _)| type_name == "SecuritySettings"));
    both.new_app("Cyclr", CYCLR, &[FULL, REFRESH], &[]);
    let form = both.browser.setup("SecuritySession").form_with("Save");
    let form = form
        .choose("Timeout Value", &["24 hours"])
        .switch("Force logout on session timeout", false)
        .switch("Lock sessions to the IP address from which they originated", false);
    both.browser.submit(&form).says("TwentyFourHours");
    both.are_the_same();
}

#[test]
fn agilepoint_by_hand() {
    let both = Both::start("agilepoint", None, |_| vec![("callback", AGILEPOINT.to_owned())]);
    let app = both.new_app("AgilePoint NX", AGILEPOINT, &[FULL, REFRESH], &[]);
    let (key, secret) = both.consumer_details(&app);
    assert!(key.starts_with("3MVG9") && secret.len() >= 32);
    both.are_the_same();
}
