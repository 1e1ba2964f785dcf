//! The canary: secrets that are used in every way a secret can be, and looked for wherever they must not be.

use std::io::Read;

use crate::simulated::Org;
use crate::test::{Said, Test};
use orgwire::simulator::{Act, Fault, Moment, OnRequest, Options};

/// Each secret has a word of its own in it, which no escaping changes.
const FROM_ENVIRONMENT: &str = "Canary1Environment0123456789abcdefghij";
const FROM_FILE: &str = "Canary2File&<\"'>0123456789";
const FROM_COMMAND: &str = "Canary3Command0123456789 with blanks";
const WORDS: [&str; 3] = ["Canary1Environment", "Canary2File", "Canary3Command"];

/// Files that are there to hold secrets.
const SOURCES: [&str; 2] = ["secrets/billing.txt", "secrets/pay.txt"];

const MANIFEST: &str = r#"
    [connected-app.Orders]
    label = "Orders"
    contact-email = "ops@example.com"

    [connected-app.Orders.oauth-config]
    callback-url = "${auth-provider.Orders.callback-url}"
    consumer-key = "OrdersKey0123456789"
    consumer-secret = { env = "ORDERS_SECRET" }
    scopes = ["Api", "RefreshToken"]

    [auth-provider.Orders]
    friendly-name = "Orders"
    provider-type = "Salesforce"
    consumer-key = "${connected-app.Orders.consumer-key}"
    consumer-secret = "${connected-app.Orders.consumer-secret}"

    [auth-provider.Billing]
    friendly-name = "Billing"
    provider-type = "Google"
    consumer-key = "billing"
    consumer-secret = { file = "../secrets/billing.txt" }

    [named-credential.Pay]
    label = "Pay"
    endpoint = "https://pay.example"
    protocol = "Password"
    principal-type = "NamedUser"
    username = "pay"
    password = { command = ["sh", "secrets/read.sh"] }

    [connected-app.Made]
    label = "Made"
    contact-email = "ops@example.com"

    [connected-app.Made.oauth-config]
    callback-url = "https://made.example/callback"
    consumer-key = { generate = true }
    consumer-secret = { generate = true }
    scopes = ["Api", "RefreshToken"]

    [auth-provider.Made]
    friendly-name = "Made"
    provider-type = "Salesforce"
    consumer-key = "${connected-app.Made.consumer-key}"
    consumer-secret = "${connected-app.Made.consumer-secret}"
"#;

/// Prints the secret, and notes how it and the program that started it were called.
const READ: &str = "for process in $$ $PPID; do\n\
                    [ -r /proc/$process/cmdline ] && tr '\\0' ' ' < /proc/$process/cmdline >> secrets/called.txt\n\
                    done\ncat secrets/pay.txt\n";

fn project() -> Test {
    Test::new()
        .manifest(MANIFEST)
        .file("secrets/billing.txt", FROM_FILE)
        .file("secrets/pay.txt", FROM_COMMAND)
        .file("secrets/read.sh", READ)
        .variable("ORDERS_SECRET", FROM_ENVIRONMENT)
}

/// What was said, in order, so that secrets that are known only afterwards can be looked for as well.
#[derive(Default)]
struct Heard(Vec<(String, Said)>);

impl Heard {
    #[track_caller]
    fn run(&mut self, test: &Test, words: &str, code: i32) {
        let said = test.run(words).exits(code);
        self.0.push((words.to_owned(), said));
    }

    #[track_caller]
    fn holds_none_of(&self, secrets: &[&str]) {
        assert!(!self.0.is_empty());
        for (words, said) in &self.0 {
            for secret in secrets {
                assert!(!said.stdout.contains(secret), "`{words}` prints {secret}:\n{}", said.stdout);
                assert!(!said.stderr.contains(secret), "`{words}` prints {secret}:\n{}", said.stderr);
            }
        }
    }
}

/// Paths of the files that hold a secret, as they are or compressed.
fn holders(test: &Test, secrets: &[&str]) -> Vec<String> {
    let found = test.files().into_iter().filter(|(path, bytes)| {
        let mut texts = vec![bytes.clone()];
        if path.ends_with(".zip") {
            texts.extend(inflated(bytes));
        }
        texts.iter().any(|text| {
            let text = String::from_utf8_lossy(text);
            secrets.iter().any(|secret| text.contains(secret))
        })
    });
    found.map(|(path, _)| path).collect()
}

fn inflated(zip: &[u8]) -> Vec<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
    let read = |index| {
        let mut content = Vec::new();
        archive.by_index(index).unwrap().read_to_end(&mut content).unwrap();
        content
    };
    let count = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap().len();
    (0..count).map(read).collect()
}

/// Those that are not meant to.
fn leaks(test: &Test, secrets: &[&str]) -> Vec<String> {
    let mut found = holders(test, secrets);
    found.retain(|path| !path.starts_with(".orgwire/local/") && !SOURCES.contains(&path.as_str()));
    found
}

#[cfg(unix)]
fn mode(test: &Test, path: &str) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    test.path(path).metadata().unwrap().permissions().mode() & 0o777
}

fn made(test: &Test) -> [String; 2] {
    let mut secrets = [String::new(), String::new()];
    Org::of(test, |org| {
        secrets[0] = org.text("ConnectedApp", "Made", "oauthConfig.consumerSecret");
        secrets[1] = org.text("AuthProvider", "Made", "consumerSecret");
    });
    secrets
}

#[test]
fn no_command_shows_a_secret_that_it_uses() {
    let test = project();
    let mut heard = Heard::default();
    heard.run(&test, "init --from axsy elsewhere", 0);
    for words in [
        "lint -vv",
        "lint --json",
        "lint --format markdown",
        "lint --format sarif",
        "render --output metadata -vv",
        "render --output source --format source",
        "render --output package.zip",
        "render --output metadata --check",
        "render --output json --json",
        "plan -vv",
        "plan --json",
        "plan --format markdown",
        "deploy --check-only -vv",
        "deploy -vv",
        "plan",
        "deploy",
        "deploy --resend connected-app.Orders --resend auth-provider.Orders --resend auth-provider.Billing --json",
        "deploy --resend named-credential.Pay --format markdown",
        "explain unset-secret",
        "explain auth-provider.consumer-secret",
        "schema",
    ] {
        heard.run(&test, words, 0);
    }
    // The search finds what is where it may be.
    assert_eq!(holders(&test, &WORDS), [".orgwire/local/org.json", "secrets/billing.txt", "secrets/pay.txt"]);
    let [app, provider] = made(&test);
    assert_eq!(app, provider);
    assert_eq!(app.len(), 64);
    assert_eq!(holders(&test, &[&app]), [".orgwire/local/org.json"]);
    let secrets = [WORDS[0], WORDS[1], WORDS[2], app.as_str()];
    heard.holds_none_of(&secrets);
    assert_eq!(leaks(&test, &secrets), Vec::<String>::new());
    // So does the search in what was said.
    assert!(heard.0.iter().any(|(_, said)| said.stdout.contains("OrdersKey0123456789")));
    // The sources were used at all, and nothing stood in an argument.
    if cfg!(target_os = "linux") {
        let called = test.read("secrets/called.txt");
        assert!(called.contains("orgwire deploy") && called.contains("sh secrets/read.sh"), "{called}");
    }
}

#[test]
fn what_goes_wrong_shows_no_secret_either() {
    let mut heard = Heard::default();
    // The org refuses.
    let rejected = project();
    rejected.edit(
        "manifests/main.toml",
        "provider-type = \"Google\"",
        "provider-type = \"Google\"\nexecution-user = \"nobody@acme.example\"\nregistration-handler = \"Handler\"",
    );
    for words in ["deploy -vv", "deploy --json", "deploy --check-only --format markdown"] {
        heard.run(&rejected, words, 4);
    }
    // Another secret is missing.
    let unset = project();
    std::fs::remove_file(unset.path("secrets/billing.txt")).unwrap();
    for words in ["deploy -vv", "deploy --json", "render --with-secrets --output out"] {
        heard.run(&unset, words, 1);
    }
    // A secret cannot be used.
    let long = project().file("secrets/billing.txt", &FROM_FILE.repeat(10));
    heard.run(&long, "deploy -vv", 1);
    let placeholder = project().file("secrets/pay.txt", "HIDDEN_BY_Canary3Command");
    heard.run(&placeholder, "deploy -vv", 1);
    // A template cannot take it.
    let template = project()
        .file("orgwire.toml", "[templates]\nAuthProvider = \"provider.xml\"\n")
        .file("provider.xml", "<a>{{ consumerSecret | int }}{{ consumerSecret.x.y }}</a>\n");
    heard.run(&template, "deploy -vv", 1);
    heard.run(&template, "render --with-secrets --output out", 1);
    heard.holds_none_of(&WORDS);
    for test in [&rejected, &unset, &long, &placeholder, &template] {
        assert_eq!(leaks(test, &WORDS), Vec::<String>::new());
    }
}

#[test]
#[cfg(unix)]
fn an_interrupted_deployment_shows_no_secret_and_has_none_in_its_arguments() {
    let org = Org::start(Options::default());
    org.inject(Fault::Hold);
    let test = org.reached_by(project());
    let mut running = test.start("deploy --yes -vv --secret-out made.json");
    running.until("InProgress");
    let arguments = std::fs::read_to_string(format!("/proc/{}/cmdline", running.id())).unwrap_or_default();
    let handed: serde_json::Value = serde_json::from_str(&test.read("made.json")).unwrap();
    let made = handed["connected-app.Made"]["consumer-secret"].as_str().unwrap();
    assert_eq!(holders(&test, &[made]), ["made.json"]);
    running.signal("INT");
    let said = running.end().exits(8);
    // What was handed over belongs to nothing in the org.
    assert!(!test.path("made.json").exists());
    let mut heard = Heard::default();
    heard.0.push(("deploy".to_owned(), said));
    heard.0.push(("arguments".to_owned(), Said { code: 0, stdout: arguments, stderr: String::new() }));
    let secrets = [WORDS[0], WORDS[1], WORDS[2], made, org.token()];
    heard.holds_none_of(&secrets);
    assert_eq!(leaks(&test, &secrets), Vec::<String>::new());
    org.stop();
}

#[test]
#[cfg(unix)]
fn only_with_secrets_shows_them_and_only_to_their_owner() {
    let test = project();
    test.run("render --output out").success();
    test.run("render --with-secrets --output out").success();
    test.run("render --with-secrets --output package.zip").success();
    let files: Vec<String> = holders(&test, &WORDS);
    assert_eq!(
        files,
        [
            "out/authproviders/Billing.authprovider",
            "out/authproviders/Orders.authprovider",
            "out/connectedApps/Orders.connectedApp",
            "out/namedCredentials/Pay.namedCredential",
            "package.zip",
            "secrets/billing.txt",
            "secrets/pay.txt",
        ]
    );
    for (path, _) in test.files() {
        if path.starts_with("out/") || path == "package.zip" {
            assert_eq!(mode(&test, &path), 0o600, "{path}");
        }
    }
}

#[test]
#[cfg(unix)]
fn generated_secrets_are_handed_over_in_a_private_file() {
    let test = project();
    let mut heard = Heard::default();
    heard.run(&test, "deploy -vv --json --secret-out made.json", 0);
    let [secret, _] = made(&test);
    assert_eq!(mode(&test, "made.json"), 0o600);
    let told: serde_json::Value = serde_json::from_str(&test.read("made.json")).unwrap();
    assert_eq!(told["connected-app.Made"]["consumer-secret"], secret.as_str());
    assert_eq!(told["connected-app.Made"]["consumer-key"].as_str().unwrap().len(), 85);
    assert_eq!(told.as_object().unwrap().len(), 1);
    heard.holds_none_of(&[&secret]);
    assert_eq!(leaks(&test, &[&secret]), ["made.json"]);
    // Nothing is generated the second time.
    let again = test.run("deploy --secret-out again.json").success();
    assert!(!test.path("again.json").exists(), "{}", again.stderr);
}

#[test]
fn a_file_that_is_there_is_not_overwritten_with_secrets() {
    let test = project().file("made.json", "mine");
    let said = test.run("deploy --secret-out made.json").exits(1);
    insta::assert_snapshot!(said.talk(), @r#"
    unwritable-file

      × cannot write generated secrets to `made.json`
      ╰─▶ File exists (os error 17)
      help: name a new file in a folder you can write to; nothing was sent
    "#);
    assert_eq!(test.read("made.json"), "mine");
    Org::of(&test, |org| assert!(!org.has("ConnectedApp", "Made")));
}

#[test]
fn secrets_that_no_org_took_are_not_left_behind() {
    let test = project();
    test.run("deploy --secret-out made.json --spring-26-block").exits(4);
    assert!(!test.path("made.json").exists());
    test.run("deploy --secret-out made.json --check-only").success();
    assert!(!test.path("made.json").exists());
}

/// The answer is lost, so the org may have the app, and then nobody else has its secret.
#[test]
fn secrets_that_an_org_may_have_taken_are_kept() {
    let org = Org::start(Options::default());
    let lost = || {
        let drop = Act::Drop(Moment::Request);
        org.inject(OnRequest::to("/services/data/v67.0/metadata/deployRequest", drop));
    };
    let test = org.reached_by(project());
    // The org says that it has not got it.
    lost();
    test.run("deploy --yes --secret-out made.json").exits(1);
    assert!(!test.path("made.json").exists());
    // And here it cannot be asked.
    lost();
    org.inject(OnRequest::to("/services/oauth2/userinfo", Act::Drop(Moment::Request)).times(100));
    test.run("deploy --yes --secret-out made.json").exits(1);
    assert!(test.path("made.json").exists());
    org.stop();
}

/// A secret in the wrong place, and a mistake beside it, so that its lines are shown.
#[test]
fn secrets_written_by_mistake_are_hidden_in_every_format() {
    const WRITTEN: &str = "Canary4Written0123456789abcdefghijkl";
    let provider = "[auth-provider.Orders]\nfriendly-name = \"Orders\"\nprovider-type = \"Salesforce\"\n";
    let mistakes = [
        format!("{provider}consumer-secret = \"{WRITTEN}\"\nlable = 1\n"),
        format!("{provider}consumer-secert = \"{WRITTEN}\"\nlable = 1\n"),
        format!("{provider}clientSecret = \"{WRITTEN}\"\nlable = 1\n"),
        format!("{provider}consumer-secret = \"{WRITTEN}\nlable = 1\n"),
        format!("{provider}consumer-secret = '''\n{WRITTEN}\n{WRITTEN}'''\nlable =\n"),
        format!("{provider}consumer-secret = {{ env = \"{WRITTEN}-\" }}\nlable = 1\n"),
        format!("{provider}consumer-secret = {{ text = \"{WRITTEN}\" }}\nlable = 1\n"),
        format!("{provider}consumer-secret = [\"{WRITTEN}\"]\nlable = 1\n"),
        format!("{provider}consumer-secret = \"${{var.x}}\"\n[variables]\nx = \"{WRITTEN}\"\nlable = 1\n"),
        format!("{provider}[variables]\nclient-secret = \"{WRITTEN}\"\nlable = 1\n"),
        format!("{provider}[environment.uat.variables]\nclient-secret = \"{WRITTEN}\"\nlable = 1\n"),
        format!(
            "{provider}[environment.uat.auth-provider.Orders]\nconsumer-secret = \"{WRITTEN}\"\nlable = 1\n"
        ),
        format!("{provider}extra = {{ newSecret = \"{WRITTEN}\" }}\nlable = 1\n"),
        format!("{provider}extra = {{ newGroup = {{ token = \"{WRITTEN}\" }} }}\nlable = 1\n"),
    ];
    for manifest in &mistakes {
        let test = Test::new().file("manifests/main.toml", manifest);
        for words in [
            "lint",
            "lint -vv --env uat",
            "lint --json",
            "lint --format markdown",
            "lint --format sarif",
            "plan --json",
            "deploy -vv",
            "render --output out",
        ] {
            let said = test.run(words);
            assert_ne!(said.code, 0, "{words}\n{manifest}");
            let all = said.stdout + &said.stderr;
            assert!(!all.contains("Canary4Written"), "{words}\n{manifest}\n{all}");
        }
        assert_eq!(holders(&test, &["Canary4Written"]), ["manifests/main.toml"]);
    }
}

/// `extra` takes text only, so a secret may stand there; nothing but its name tells.
#[test]
fn an_element_without_description_is_not_shown_if_its_name_suggests_a_secret() {
    let manifest = MANIFEST.replace(
        "label = \"Orders\"",
        "label = \"Orders\"\n    extra = { newSecret = \"Canary5\", newGroup = { newToken = \"Canary5\", newName = \"shown\" } }",
    );
    let test = project().manifest(&manifest);
    for words in ["plan", "plan --json", "plan --format markdown", "lint"] {
        let said = test.run(words).success();
        let all = said.stdout + &said.stderr;
        assert!(!all.contains("Canary5"), "{words}\n{all}");
        assert!(words == "lint" || all.contains("shown") && all.contains("(hidden)"), "{words}\n{all}");
    }
}
