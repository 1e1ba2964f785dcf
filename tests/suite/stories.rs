//! The three people who use orgwire, from start to end: who deploys, who reviews, who promotes. Two orgs in one process, and
//! whatever is not git or orgwire is another client.

use serde_json::{Value, json};

use crate::test::{Running, Said, Test};

const CANARY: &str = "Canary7Canary7Canary7Canary7Canary7Canary7";

/// A trio whose hosts, users and contact differ in production; one secret comes from outside.
const MANIFEST: &str = r#"
    api-version = "62.0"

    [variables]
    contact = "uat@example.com"
    host = "https://uat.orders.example"
    run-as-user = { description = "whom tokens of the app stand for" }

    [connected-app.Orders]
    label = "Orders"
    contact-email = "${var.contact}"

    [connected-app.Orders.oauth-config]
    callback-url = ["${auth-provider.Orders.callback-url}", "${var.host}/callback"]
    consumer-key = { generate = true }
    consumer-secret = { generate = true }
    is-client-credential-enabled = true
    oauth-client-credential-user = "${var.run-as-user}"
    scopes = ["Api", "RefreshToken"]

    [auth-provider.Orders]
    friendly-name = "Orders"
    provider-type = "Salesforce"
    consumer-key = "${connected-app.Orders.consumer-key}"
    consumer-secret = "${connected-app.Orders.consumer-secret}"
    default-scopes = "api refresh_token"

    [auth-provider.Partner]
    friendly-name = "Partner"
    provider-type = "Google"
    consumer-key = "abcdefgh"
    consumer-secret = { env = "PARTNER_SECRET" }

    [named-credential.Orders]
    label = "Orders"
    endpoint = "${org.instance-url}"
    principal-type = "NamedUser"
    protocol = "Oauth"
    auth-provider = "Orders"
    oauth-scope = "api refresh_token"

    [environment.production.variables]
    contact = "release@example.com"
    host = "https://orders.example"
"#;

struct Scene {
    test: Test,
    uat: Value,
    production: Value,
    _serving: Running,
}

impl Scene {
    fn new() -> Scene {
        let test = Test::new().manifest(MANIFEST).variable("PARTNER_SECRET", CANARY);
        let mut serving =
            test.start("simulate --org uat:sandbox --org production:edition=enterprise,production=true");
        let uat: Value = serde_json::from_str(&serving.until("\"uat\"")).unwrap();
        let production: Value = serde_json::from_str(&serving.until("\"production\"")).unwrap();
        let user = |org: &Value| org["username"].as_str().unwrap().to_owned();
        let configuration = format!(
            "[environment.uat]\norg = \"uat\"\nvariables = {{ run-as-user = \"{}\" }}\n\
             [environment.production]\norg = \"production\"\nvariables = {{ run-as-user = \"{}\" }}\n",
            user(&uat),
            user(&production)
        );
        test.write("orgwire.toml", configuration);
        test.write(".gitignore", ".orgwire/\n");
        test.run_script("git init -q -b main").success();
        test.commit("first");
        Scene { test, uat, production, _serving: serving }
    }

    /// What a command says, with no secret in it.
    #[track_caller]
    fn run(&self, words: &str, code: i32) -> Said {
        let said = self.test.run(words).exits(code);
        for text in [&said.stdout, &said.stderr] {
            assert!(!text.contains("Canary7"), "{words}: a secret is shown");
        }
        said
    }

    /// Somebody else sets a field over the Metadata API.
    fn set_elsewhere(&self, org: &Value, type_name: &str, fields: &str) {
        let url = format!("{}/services/Soap/m/62.0", org["instance_url"].as_str().unwrap());
        let token = org["access_token"].as_str().unwrap();
        let body = format!(
            "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" \
             xmlns:x=\"http://www.w3.org/2001/XMLSchema-instance\"><e:Header><SessionHeader \
             xmlns=\"http://soap.sforce.com/2006/04/metadata\"><sessionId>{token}</sessionId></SessionHeader></e:Header>\
             <e:Body><updateMetadata xmlns=\"http://soap.sforce.com/2006/04/metadata\"><metadata \
             x:type=\"{type_name}\">{fields}</metadata></updateMetadata></e:Body></e:Envelope>"
        );
        let answer = crate::simulated::post(&url, "text/xml", &body);
        assert!(answer.contains("<success>true</success>"), "{answer}");
    }
}

/// A release engineer changes a label and a scope, and brings them to the sandbox.
#[test]
fn a_release_engineer_deploys_a_change() {
    let scene = Scene::new();
    scene.run("lint -e uat", 0);
    scene.run("deploy -e uat --yes", 0);
    scene.run("deploy -e uat --yes", 0);
    scene.test.edit(
        "manifests/main.toml",
        "label = \"Orders\"\ncontact-email",
        "label = \"Orders App\"\ncontact-email",
    );
    scene.run("plan -e uat --exit-code --out plan.json", 2);
    let told = scene.run("deploy plan.json --yes --json", 0).json();
    assert_eq!(told["passes"][0]["components"], json!(["connected-app.Orders"]));
    scene.run("plan -e uat --exit-code", 0);
    // It was a mistake.
    scene.run("rollback --yes", 0);
    scene.run("plan -e uat --exit-code", 2);
    for (path, bytes) in scene.test.files() {
        let is_org = path.starts_with(".orgwire/uat/") || path.starts_with(".orgwire/production/");
        assert!(is_org || !String::from_utf8_lossy(&bytes).contains("Canary7"), "{path}");
    }
}

/// A reviewer reads what a branch changes, in every environment, without an org.
#[test]
fn a_reviewer_reads_a_branch() {
    let scene = Scene::new();
    let test = &scene.test;
    test.run_script("git checkout -q -b feature").success();
    test.edit(
        "manifests/main.toml",
        "scopes = [\"Api\", \"RefreshToken\"]",
        "scopes = [\"Api\", \"OpenID\", \"RefreshToken\"]",
    );
    test.edit("manifests/main.toml", "${var.host}/callback", "${var.host}/oauth/callback");
    test.edit("manifests/main.toml", "contact = \"release@example.com\"", "contact = \"trust@example.com\"");
    test.commit("change");
    let page = scene.run("diff git:main --format markdown", 0).stdout;
    for told in [
        "| `contact-email` | `\"release@example.com\"` | `\"trust@example.com\"` | production |",
        "/oauth/callback",
        "OpenID",
        "```mermaid",
        "#### A first deployment",
    ] {
        assert!(page.contains(told), "{told}\n{page}");
    }
    assert!(page.len() < 65_536);
    assert_eq!(scene.run("diff git:main --format markdown", 0).stdout, page, "byte for byte");
    let nothing = scene.run("diff git:feature --format markdown --exit-code", 0).stdout;
    assert!(nothing.contains("No differences."), "{nothing}");
}

/// The owner of promotion carries the sandbox's state to production; later another client changes production.
#[test]
fn an_owner_of_promotion_carries_what_was_proven() {
    let scene = Scene::new();
    let test = &scene.test;
    scene.run("deploy -e uat --yes", 0);
    let told = scene.run("promote --from uat --to production --no-key-reuse --yes --json", 0).json();
    assert_eq!(told["promotion"]["from"]["org"]["id"], scene.uat["organization_id"]);
    assert_eq!(told["promotion"]["to"]["org"]["id"], scene.production["organization_id"]);
    let wired = told["wired"][0]["value"].as_str().unwrap();
    let host = scene.production["instance_url"].as_str().unwrap();
    assert_eq!(wired, format!("{host}/services/authcallback/Orders\nhttps://orders.example/callback"));
    scene.run("plan -e production --drift-only --unmanaged", 0);

    let fields =
        "<fullName>Orders</fullName><label>Orders</label><contactEmail>evil@example.com</contactEmail>";
    scene.set_elsewhere(&scene.production, "ConnectedApp", fields);
    let drift = scene.run("plan -e production --drift-only --json", 2).json();
    let found: Vec<&Value> = drift["drift"][0]["fields"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|field| field["field"] == "contact-email")
        .collect();
    assert_eq!(found.len(), 1, "{drift}");
    assert_eq!(
        (&found[0]["before"], &found[0]["reason"]),
        (&json!("evil@example.com"), &json!("org-drifted"))
    );
    // The sandbox has nothing of it, and nothing can be promoted that is not proven there.
    scene.run("plan -e uat --drift-only", 0);
    scene.set_elsewhere(&scene.uat, "ConnectedApp", fields);
    let said = scene.run("promote --from uat --to production --yes --json", 1);
    assert_eq!(said.json()["error"]["code"], "not-proven");
    // Deploying repairs.
    scene.run("deploy -e uat --yes", 0);
    scene.run("promote --from uat --to production --yes", 0);
    scene.run("plan -e production --exit-code", 0);
    let records = test.files().into_iter().filter(|(path, _)| path.starts_with(".orgwire/promotions/"));
    assert_eq!(records.count(), 2);
}

/// Neither the order of elements in a file nor the order in which files are found changes a byte of a report.
#[test]
fn order_changes_no_byte_of_a_report() {
    let scene = Scene::new();
    let manifest = scene.test.read("manifests/main.toml");
    let (head, rest) = manifest.split_once("[connected-app.Orders]").unwrap();
    let rest = format!("[connected-app.Orders]{rest}");
    let at = |table: &str| rest.find(table).unwrap();
    let cuts = [
        0,
        at("[auth-provider.Orders]"),
        at("[auth-provider.Partner]"),
        at("[named-credential.Orders]"),
        at("[environment."),
    ];
    let parts: Vec<&str> = cuts
        .iter()
        .enumerate()
        .map(|(index, start)| &rest[*start..*cuts.get(index + 1).unwrap_or(&rest.len())])
        .collect();
    let reports = |order: &[usize]| -> Vec<String> {
        let parts: String = order.iter().map(|index| parts[*index]).collect();
        scene.test.write("manifests/main.toml", format!("{head}{parts}"));
        let words = [
            "plan -e uat --json",
            "plan -e uat --format markdown",
            "plan -e uat",
            "plan -e uat --drift-only --format markdown",
            "diff git:main --format markdown",
            "diff env:uat env:production --json",
        ];
        let report = |words: &&str| scene.test.run(words).stdout;
        words.iter().map(report).map(|text| without_places(&text)).collect()
    };
    let before = reports(&[0, 1, 2, 3, 4]);
    assert!(before.iter().all(|report| report.len() > 100), "{before:?}");
    for order in [[4, 3, 2, 1, 0], [2, 0, 4, 1, 3]] {
        assert_eq!(reports(&order), before);
    }
}

/// The elements of a file as an org writes it, the other way round: at the top, and inside of groups.
fn reversed(xml: &str, depth: usize) -> String {
    let indent = " ".repeat(4 * depth);
    let mut blocks: Vec<String> = Vec::new();
    let mut open: Option<String> = None;
    for line in xml.lines() {
        if open.is_none() {
            let rest = line.strip_prefix(&indent).unwrap().strip_prefix('<').unwrap();
            let name = &rest[..rest.find(['>', ' ', '/']).unwrap()];
            open = (!rest.ends_with("/>")).then(|| format!("</{name}>"));
            blocks.push(String::new());
        }
        blocks.last_mut().unwrap().push_str(&format!("{line}\n"));
        if open.as_ref().is_some_and(|end| line.ends_with(end)) {
            open = None;
        }
    }
    let inside = |block: String| {
        let lines: Vec<&str> = block.lines().collect();
        match lines.as_slice() {
            // A group; a text may have lines as well.
            [first, middle @ .., last] if !middle.is_empty() && middle[0].trim_start().starts_with('<') => {
                format!("{first}\n{}{last}\n", reversed(&middle.join("\n"), depth + 1))
            }
            _ => block,
        }
    };
    blocks.into_iter().rev().map(inside).collect()
}

#[test]
fn the_order_of_elements_changes_no_byte_of_a_report() {
    let scene = Scene::new();
    let test = &scene.test;
    scene.run("render --output one -e production", 0);
    for (path, bytes) in test.files().into_iter().filter(|(path, _)| path.starts_with("one/")) {
        let text = String::from_utf8(bytes).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let (head, body) = (lines[..2].join("\n"), lines[2..lines.len() - 1].join("\n"));
        let turned = format!("{head}\n{}{}\n", reversed(&body, 1), lines[lines.len() - 1]);
        assert_eq!(turned.len(), text.len(), "{turned}");
        if !path.ends_with("package.xml") {
            assert_ne!(turned, text);
        }
        test.write(&path.replacen("one/", "two/", 1), turned);
    }
    test.edit(
        "manifests/main.toml",
        "label = \"Orders\"\ncontact-email",
        "label = \"Orders App\"\ncontact-email",
    );
    test.edit("manifests/main.toml", "\"Api\", \"RefreshToken\"", "\"Api\", \"OpenID\", \"Web\"");
    for words in ["", "--json", "--format markdown", "--xml"] {
        let told =
            |folder: &str| scene.run(&format!("diff {folder} manifests -e production {words}"), 0).stdout;
        let (one, two) = (told("one"), told("two"));
        assert!(one.contains("Orders App"), "{one}");
        assert_eq!(two.replace("two", "one"), one, "{words}");
    }
}

/// Lines of the manifest move with its tables, and findings name them.
fn without_places(text: &str) -> String {
    let lines =
        text.lines().filter(|line| !line.contains("manifests/main.toml") && !line.contains("\"line\""));
    lines.filter(|line| !line.contains("\"column\"")).collect::<Vec<_>>().join("\n")
}
