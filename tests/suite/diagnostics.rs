//! Every diagnostic as its reader sees it. Each snapshot holds the cases of one code.
//!
//! After a change of wording: `INSTA_UPDATE=always cargo test --test suite diagnostics`, then read the difference.

use std::fs;
use std::path::Path;

use orgwire::diagnostic::Code;

use crate::simulated::{Org, text};
use crate::test::{Said, Test, unindent};

/// What a command says about a project.
fn case(title: &str, command: &str, test: &Test) -> String {
    told(title, command, &test.run(command))
}

fn told(title: &str, command: &str, said: &Said) -> String {
    let talk = said.talk();
    // How often the state of a deployment is seen depends on the machine.
    let lines: Vec<&str> = talk.lines().filter(|line| !line.starts_with("Pass ")).collect();
    let talk = lines.join("\n");
    let talk = talk.trim_end();
    format!("# {title}\n$ orgwire {command}    (exit code {})\n{talk}\n\n", said.code)
}

fn lint(title: &str, manifest: &str) -> String {
    case(title, "lint", &Test::new().manifest(manifest))
}

fn plan(title: &str, manifest: &str) -> String {
    case(title, "plan", &Test::new().manifest(manifest))
}

/// A connected app that nothing is wrong with, with more lines in its `oauth-config` and after it.
fn app(oauth_config: &str, more: &str) -> String {
    format!(
        "[connected-app.Orders]\nlabel = \"Orders\"\ncontact-email = \"ops@example.com\"\n\n\
         [connected-app.Orders.oauth-config]\ncallback-url = \"https://orders.example/callback\"\n\
         scopes = [\"Api\", \"RefreshToken\"]\n{}\n{}",
        unindent(oauth_config),
        unindent(more)
    )
}

/// An auth provider of Salesforce's kind, with more lines.
fn provider(more: &str) -> String {
    format!(
        "[auth-provider.Orders]\nfriendly-name = \"Orders\"\nprovider-type = \"Salesforce\"\n{}",
        unindent(more)
    )
}

/// A provider with this as its secret.
fn with_secret(secret: &str) -> String {
    provider(&format!("consumer-key = \"abcdefgh\"\nconsumer-secret = {secret}"))
}

const CANARY: &str = "Canary7Canary7Canary7Canary7Canary7Canary7";

/// The cases, and the certainty that none of them shows a secret.
fn cases<const N: usize>(cases: [String; N]) -> String {
    let all = cases.concat();
    assert!(!all.contains(&CANARY[..14]), "a secret is shown:\n{all}");
    all.trim_end().to_owned()
}

/// Compares with the file of this name. Each holds what was said, and not the code that asked.
fn snapshot(name: &str, text: impl Into<String>) {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text.into()));
}

// ---- reading the project

#[test]
fn a_project_without_manifests_says_how_to_begin() {
    let no_folder = Test::new();
    let empty_folder = Test::new();
    fs::create_dir(empty_folder.path("manifests")).unwrap();
    let nothing_in_it = Test::new().file("manifests/notes.txt", "nothing");
    let named = Test::new().file("elsewhere/notes.txt", "nothing");
    snapshot(
        "empty-project",
        cases([
            case("no folder", "plan", &no_folder),
            case("an empty folder", "plan", &empty_folder),
            case("a folder without manifests", "lint", &nothing_in_it),
            case("a folder that was named", "lint elsewhere", &named),
            lint("a file without components", "api-version = \"62.0\""),
            lint("an empty file", ""),
        ]),
    );
}

#[test]
fn a_huge_file_is_refused_unread() {
    let test = Test::new().manifest("");
    let file = fs::File::create(test.path("manifests/main.toml")).unwrap();
    file.set_len(100 * 1024 * 1024).unwrap();
    snapshot("file-too-large", cases([case("100 MB in place of a manifest", "lint", &test)]));
}

/// The limit is half of the file, so reading it all would end the process.
#[test]
#[cfg(target_os = "linux")]
fn a_huge_file_needs_little_memory() {
    let test = Test::new().manifest("");
    let file = fs::File::create(test.path("manifests/main.toml")).unwrap();
    file.set_len(1024 * 1024 * 1024).unwrap();
    let said = test.run_script("ulimit -v 524288 && exec \"$ORGWIRE\" lint").exits(1);
    assert!(said.stderr.starts_with("file-too-large\n"), "{}", said.stderr);
}

#[test]
fn a_file_that_is_not_utf_8_is_shown_up_to_the_byte() {
    let test = Test::new();
    test.write("manifests/main.toml", b"[connected-app.Orders]\nlabel = \"Bestellungen f\xfcr alle\"\n");
    let configuration = Test::example("axsy");
    configuration.write("orgwire.toml", b"# \xff\n");
    let utf_16 = Test::new();
    utf_16.write("manifests/main.toml", b"\xff\xfea\0p\0i\0");
    snapshot(
        "not-utf-8",
        cases([
            case("another encoding", "lint", &test),
            case("UTF-16", "lint", &utf_16),
            case("orgwire.toml", "lint", &configuration),
        ]),
    );
}

#[test]
fn invalid_toml_is_shown_without_secrets() {
    let provider = "[auth-provider.Orders]\nfriendly-name = \"Orders\"\n";
    let broken = |title: &str, lines: &str| lint(title, &format!("{provider}{}", unindent(lines)));
    snapshot(
        "invalid-toml",
        cases([
            lint("a string that is not closed", "[connected-app.Orders]\nlabel = \"Orders\n"),
            lint("a string without quotes", "[connected-app.Orders]\nlabel = Orders\n"),
            lint("a key that stands twice", "[connected-app.Orders]\nlabel = \"A\"\nlabel = \"B\"\n"),
            lint("a table that stands twice", "[connected-app.Orders]\n[connected-app.Orders]\n"),
            lint("two at once", "[connected-app.Orders\nlabel = Orders\n"),
            broken("a secret on the broken line", &format!("consumer-secret = \"{CANARY}")),
            broken("a secret without quotes", &format!("consumer-secret = {CANARY}")),
            broken("a secret above", &format!("consumer-secret = \"{CANARY}\"\nlabel = x")),
            broken("a secret below", &format!("label = x\nconsumer-secret = \"{CANARY}\"")),
            broken(
                "a secret in a multi-line string",
                &format!("consumer-secret = \"\"\"\n{CANARY}\n{CANARY}\"\"\"\nlabel = x"),
            ),
            broken(
                "a multi-line string that is not closed",
                &format!("ec-key = '''\n{CANARY}\n{CANARY}\n\nx = "),
            ),
            broken("a secret on the line after its key", &format!("consumer-secret =\n\"{CANARY}\"\n")),
            broken("a secret in a list of lines", &format!("ec-key = [\n\"{CANARY}\",\nx = y\n")),
            broken("a secret with a colon", &format!("consumer-secret: \"{CANARY}\"\n")),
            broken("a secret in an inline table", &format!("x = {{ password = \"{CANARY}\", y = }}\n")),
        ]),
    );
}

const TEMPLATES: &str = "[templates]\nConnectedApp = \"templates/app.xml\"\n";

#[test]
fn a_template_that_does_not_work_is_explained() {
    let project = |template: &str| {
        Test::new().manifest(&app("", "")).file("orgwire.toml", TEMPLATES).file("templates/app.xml", template)
    };
    snapshot(
        "invalid-template",
        cases([
            case(
                "it does not parse",
                "render --output out",
                &project("<a>\n{% if label %}{{ label }\n</a>\n"),
            ),
            case("a block is not closed", "lint", &project("<a>\n{% if label %}\n</a>\n")),
            case(
                "it fails while rendering",
                "render --output out",
                &project("<a>{{ label | no_such_filter }}</a>\n"),
            ),
            case(
                "it asks for a variable that is not there",
                "deploy",
                &project("<a>\n  {{ lable }}\n</a>\n"),
            ),
        ]),
    );
}

#[test]
fn a_template_that_is_not_there_is_named() {
    let project =
        |configuration: &str| Test::new().manifest(&app("", "")).file("orgwire.toml", configuration);
    snapshot(
        "unknown-template",
        cases([
            case("no such file", "lint", &project(TEMPLATES)),
            case("no such type", "lint", &project("[templates]\nConnectedApps = \"templates/app.xml\"\n")),
            case("nothing like a type", "lint", &project("[templates]\nFlow = \"templates/app.xml\"\n")),
        ]),
    );
}

// ---- the manifest's shape

#[test]
fn an_unknown_key_gets_the_nearest_known_one() {
    let configured = |title: &str, text: &str| {
        let title = format!("{title} in orgwire.toml");
        case(&title, "lint", &Test::new().manifest(&app("", "")).file("orgwire.toml", text))
    };
    snapshot(
        "unknown-key",
        cases([
            lint("a misspelt field", &app("calback-url = \"https://orders.example\"", "")),
            lint("a field's API name", &app("isPkceRequired = true", "")),
            lint("a field in the wrong table", &app("contact-phone = \"1\"", "")),
            lint("a misspelt secret", &provider(&format!("consumer-secert = \"{CANARY}\""))),
            lint("near a secret", &provider(&format!("consumer-secret = \"{CANARY}\"\nlabel = \"x\""))),
            lint("a misspelt type", &app("", "[auth-providers.Orders]\nfriendly-name = \"Orders\"\n")),
            lint("the type is missing", "[Orders]\nlabel = \"Orders\"\n"),
            lint("in an environment", &app("", "[environment.uat]\norgs = \"uat\"\n")),
            lint("in a variable", &app("", "[variables]\nx = { defualt = \"1\" }\n")),
            configured("a table", "[orgs.uat]\n"),
            configured("of an org", "[org.uat]\ninstance_url = \"https://acme.my.salesforce.com\"\n"),
            configured("a lint", "[lint]\nrelaxed-ips = \"deny\"\n"),
            configured("a code that is no lint", "[lint]\nunknown-key = \"allow\"\n"),
            configured("an overlay", "[environment.uat.connected-app.Orders]\nlabel = \"UAT\"\n"),
        ]),
    );
}

#[test]
fn a_wrong_type_says_what_it_should_be() {
    let configured = |title: &str, text: &str| {
        let title = format!("{title} in orgwire.toml");
        case(&title, "lint", &Test::new().manifest(&app("", "")).file("orgwire.toml", text))
    };
    snapshot(
        "wrong-type",
        cases([
            lint("a flag in quotes", &app("is-pkce-required = \"true\"", "")),
            lint("a number for a text", &app("consumer-key = 12345678", "")),
            lint("a flag for a text", "[connected-app.Orders]\nlabel = true\n"),
            lint("a text for a table", "[connected-app.Orders]\noauth-config = \"none\"\n"),
            lint("a list for a text", "[connected-app.Orders]\nlabel = [\"A\", \"B\"]\n"),
            lint("a number in a list", &app("", "").replace("\"Api\"", "1")),
            lint(
                "a number in a list of lines",
                &app("", "").replace("\"https:", "[1, \"https:").replace("callback\"", "callback\"]"),
            ),
            lint("a date", "[connected-app.Orders]\nlabel = 2026-01-01\n"),
            lint(
                "a huge number",
                &app(
                    "",
                    "[connected-app.Orders.oauth-policy]\nrefresh-token-validity-period = 99999999999999999999\n",
                ),
            ),
            lint("a secret of another type", &with_secret("12345678901234567890")),
            lint("a component without a name", "[connected-app]\nlabel = \"Orders\"\n"),
            lint(
                "variables that are a list",
                &app("", "").replace("[connected-app.Orders]\n", "variables = []\n[connected-app.Orders]\n"),
            ),
            lint("a variable that is a number", &app("", "[variables]\ncontact = 1\n")),
            lint(
                "an environment's variable",
                &app("", "[variables]\nx = \"\"\n[environment.uat.variables]\nx = 1\n"),
            ),
            lint(
                "a flag from a variable",
                &app("is-pkce-required = \"${var.pkce}\"", "[variables]\npkce = \"yes\"\n"),
            ),
            lint("a flag from the org", &app("is-pkce-required = \"${org.id}\"", "")),
            configured("a path", "manifests = \"manifests\"\n"),
            configured("an org", "[org]\nuat = \"https://acme.my.salesforce.com\"\n"),
            configured("a template", "[lint]\nrelaxed-ip = \"warn\"\n[templates]\nConnectedApp = 1\n"),
        ]),
    );
}

#[test]
fn an_api_version_nobody_has_is_refused() {
    let version =
        |title: &str, version: &str| lint(title, &format!("api-version = {version}\n{}", app("", "")));
    snapshot(
        "invalid-api-version",
        cases([
            version("a number", "62.0"),
            version("without the zero", "\"62\""),
            version("of the future", "\"99.0\""),
            version("of the past", "\"20.0\""),
        ]),
    );
}

#[test]
fn one_package_has_one_api_version() {
    let test = Test::new()
        .file("manifests/a.toml", &format!("api-version = \"62.0\"\n{}", app("", "")))
        .file("manifests/b.toml", &format!("api-version = \"61.0\"\n{}", provider("")));
    snapshot("mixed-api-versions", cases([case("two files", "lint", &test)]));
}

#[test]
fn a_component_declared_twice_is_shown_at_both_places() {
    let two_files = Test::new().file("manifests/a.toml", &app("", "")).file("manifests/b.toml", &app("", ""));
    snapshot("duplicate-component", cases([case("in two files", "lint", &two_files)]));
}

#[test]
fn an_overlay_or_target_of_nothing_is_refused() {
    let project = || Test::new().manifest(&app("", ""));
    snapshot(
        "unknown-component",
        cases([
            lint(
                "an overlay with a typo",
                &app("", "[environment.uat.connected-app.Order]\nlabel = \"UAT\"\n"),
            ),
            lint(
                "an overlay of nothing",
                &app("", "[environment.uat.named-credential.Billing]\nlabel = \"UAT\"\n"),
            ),
            case("a target in the wrong case", "plan --target connected-app.orders", &project()),
            case("a target of nothing", "plan --target auth-provider.Billing", &project()),
            case("a target without a type", "plan --target Orders", &project()),
            case("a component to send again", "deploy --resend connected-app.Order", &project()),
        ]),
    );
}

#[test]
fn an_unknown_environment_gets_the_known_ones() {
    let some = Test::new().manifest(&app("", "[environment.production]\n[environment.uat]\n"));
    snapshot(
        "unknown-environment",
        cases([
            case("a typo", "plan --env prodction", &some),
            case("another word", "plan --env staging", &some),
            case("there is none", "plan --env uat", &Test::new().manifest(&app("", ""))),
        ]),
    );
}

#[test]
fn an_unknown_org_gets_the_known_ones() {
    let some = Test::new()
        .manifest(&app("", "[environment.uat]\norg = \"uatt\"\n"))
        .file("orgwire.toml", "[org.uat]\ninstance-url = \"https://acme--uat.sandbox.my.salesforce.com\"\n");
    snapshot(
        "unknown-org",
        cases([
            case("a typo", "plan --org uatt", &some),
            case("another word", "plan --org production", &some),
            case("in an environment", "plan --env uat", &some),
        ]),
    );
}

#[test]
fn extra_elements_are_passed_with_a_warning_and_misuse_is_not() {
    let extra = |title: &str, extra: &str| {
        lint(
            title,
            &app("", "").replace("label = \"Orders\"", &format!("label = \"Orders\"\nextra = {extra}")),
        )
    };
    snapshot(
        "extra-element",
        cases([
            extra("a new field", "{ someNewField = \"x\" }"),
            extra("a new field with a secret", &format!("{{ someSecret = \"{CANARY}\" }}")),
            extra("a known field by its API name", "{ contactPhone = \"1\" }"),
            extra("a known field by its key", "{ contact-phone = \"1\" }"),
            extra("no element name", "{ \"some field\" = \"1\" }"),
            extra("no element name inside", "{ someGroup = { \"a b\" = 1 } }"),
            extra("no table", "\"x\""),
        ]),
    );
}

// ---- references

#[test]
fn a_reference_that_cannot_be_read_is_refused() {
    let label = |title: &str, text: &str| {
        lint(title, &app("", "").replace("label = \"Orders\"", &format!("label = \"{text}\"")))
    };
    snapshot(
        "invalid-reference",
        cases([
            label("not closed", "Orders ${var.x"),
            label("nothing in it", "Orders ${}"),
            label("one word", "Orders ${SUFFIX}"),
            label("too many words", "${auth-provider.A.b.c}"),
            label("a variable without a name", "${var.}"),
            lint("in a secret", &with_secret("\"${SECRET}\"")),
        ]),
    );
}

#[test]
fn an_unknown_reference_gets_the_nearest_component() {
    let refers = |title: &str, to: &str| {
        lint(
            title,
            &app(
                "",
                "[auth-provider.Orders_Idp]\nfriendly-name = \"Orders\"\nprovider-type = \"Salesforce\"\n",
            )
            .replace("https://orders.example/callback", to),
        )
    };
    snapshot(
        "unknown-reference",
        cases([
            refers("the wrong case", "${auth-provider.Orders_IdP.callback-url}"),
            refers("a typo", "${auth-provider.Order_Idp.callback-url}"),
            refers("the wrong type", "${connected-app.Orders_Idp.consumer-key}"),
            refers("no such type", "${auth-providers.Orders_Idp.callback-url}"),
            refers("nothing like it", "https://x/${auth-provider.Billing.callback-url}?a=b"),
            lint(
                "a secret that the app does not have",
                &app("", &with_secret("\"${connected-app.Orders.consumer-secret}\"")),
            ),
            lint(
                "in a variable",
                &app("", "[variables]\nurl = \"${auth-provider.Billing.callback-url}\"\n")
                    .replace("https://orders.example/callback", "${var.url}"),
            ),
        ]),
    );
}

#[test]
fn an_attribute_that_does_not_exist_gets_those_that_do() {
    let refers = |title: &str, to: &str| {
        lint(title, &app("", &provider("")).replace("https://orders.example/callback", to))
    };
    snapshot(
        "unknown-attribute",
        cases([
            refers("a typo", "${auth-provider.Orders.calback-url}"),
            refers("another word", "${auth-provider.Orders.friendly-name}"),
            refers("of an app", "${connected-app.Orders.label}"),
            refers("of the org", "${org.name}"),
        ]),
    );
}

#[test]
fn an_unknown_variable_gets_the_nearest_one() {
    let with = |more: &str| app("", more).replace("ops@example.com", "${var.contact}");
    snapshot(
        "unknown-variable",
        cases([
            lint("a typo", &with("[variables]\ncontct = \"ops@example.com\"\n")),
            lint("not declared", &with("")),
            lint("set in an environment only", &app("", "[environment.uat.variables]\nregion = \"eu\"\n")),
            lint(
                "a typo in an environment",
                &with(
                    "[variables]\ncontact = \"a@b.example\"\n[environment.uat.variables]\ncontct = \"ops@example.com\"\n",
                ),
            ),
            case(
                "--var",
                "lint --var contct=x@y.example",
                &Test::new().manifest(&with("[variables]\ncontact = \"a@b.example\"\n")),
            ),
            case("--var without variables", "lint --var region=eu", &Test::new().manifest(&app("", ""))),
        ]),
    );
}

#[test]
fn an_unset_variable_says_how_to_give_it() {
    let with = |variable: &str| {
        app("", "[variables]\ncontact = VARIABLE\n[environment.uat.variables]\n")
            .replace("ops@example.com", "${var.contact}")
            .replace("VARIABLE", variable)
    };
    snapshot(
        "unset-variable",
        cases([
            lint("required", &with("{ description = \"who answers for the app\" }")),
            lint("required and not described", &with("{}")),
            case(
                "in an environment that does not set it",
                "plan --env uat",
                &Test::new().manifest(&with("{}")),
            ),
            lint("used twice", &with("{}").replace("label = \"Orders\"", "label = \"${var.contact}\"")),
            lint("of the process", &app("", "").replace("ops@example.com", "${env.CONTACT}")),
        ]),
    );
}

#[test]
fn a_circle_of_references_is_spelled_out() {
    let with = |variables: &str| {
        app("", &format!("[variables]\n{}", unindent(variables))).replace("ops@example.com", "${var.a}")
    };
    snapshot(
        "reference-cycle",
        cases([
            lint("of one", &with("a = \"${var.a}\"")),
            lint("of two", &with("a = \"x${var.b}\"\nb = \"${var.a}\"")),
            lint("of three", &with("a = \"${var.b}\"\nb = \"${var.c}\"\nc = \"${var.a}\"")),
            lint(
                "a field that is itself",
                &app("consumer-key = \"${connected-app.Orders.consumer-key}\"", ""),
            ),
            lint(
                "two keys",
                &app(
                    "consumer-key = \"${auth-provider.Orders.consumer-key}\"",
                    &provider(
                        "consumer-key = \"${connected-app.Orders.consumer-key}\"\nconsumer-secret = { env = \"S\" }",
                    ),
                ),
            ),
        ]),
    );
}

// ---- secrets

#[test]
fn a_secret_written_down_is_refused_and_hidden() {
    let from_variable =
        |variables: &str| format!("[variables]\n{variables}\n{}", with_secret("\"${var.x}\""));
    snapshot(
        "plain-secret",
        cases([
            lint("as text", &with_secret(&format!("\"{CANARY}\""))),
            lint("as text on several lines", &with_secret(&format!("\"\"\"\n{CANARY}\n{CANARY}\n\"\"\""))),
            lint(
                "of an app",
                &app(&format!("consumer-key = \"abcdefgh\"\nconsumer-secret = \"{CANARY}\""), ""),
            ),
            lint(
                "of a credential",
                &format!(
                    "[named-credential.Orders]\nlabel = \"Orders\"\nendpoint = \"https://orders.example\"\nprotocol = \"Password\"\nprincipal-type = \"NamedUser\"\nusername = \"u\"\npassword = \"{CANARY}\"\n"
                ),
            ),
            lint("through a variable", &from_variable(&format!("x = \"{CANARY}\""))),
            lint("through two variables", &from_variable(&format!("x = \"${{var.y}}\"\ny = \"{CANARY}\""))),
            lint(
                "through a described variable",
                &from_variable(&format!("x = {{ default = \"{CANARY}\" }}")),
            ),
            case(
                "with --var",
                &format!("lint --var x={CANARY}"),
                &Test::new().manifest(&from_variable("x = {}")),
            )
            .replace(CANARY, "..."),
            case(
                "in an environment",
                "lint --env uat",
                &Test::new().manifest(&format!(
                    "{}[environment.uat.variables]\nx = \"{CANARY}\"\n",
                    from_variable("x = {}")
                )),
            ),
            case(
                "in an overlay",
                "lint --env uat",
                &Test::new().manifest(&format!(
                    "{}[environment.uat.auth-provider.Orders]\nconsumer-secret = \"{CANARY}\"\n",
                    with_secret("{ env = \"S\" }")
                )),
            ),
            case(
                "through the process",
                "lint",
                &Test::new()
                    .manifest(&with_secret("\"${env.ORDERS_SECRET}\""))
                    .variable("ORDERS_SECRET", CANARY),
            ),
            case(
                "through the process, with text",
                "lint",
                &Test::new()
                    .manifest(&with_secret("\"x${env.ORDERS_SECRET}\""))
                    .variable("ORDERS_SECRET", CANARY),
            ),
        ]),
    );
}

#[test]
fn a_source_that_is_none_is_refused() {
    snapshot(
        "invalid-secret-source",
        cases([
            lint("an unknown one", &with_secret("{ vault = \"orders\" }")),
            lint("a misspelt one", &with_secret("{ evn = \"ORDERS_SECRET\" }")),
            lint("the secret in it", &with_secret(&format!("{{ value = \"{CANARY}\" }}"))),
            lint("the secret as the name of a variable", &with_secret(&format!("{{ env = \"{CANARY}!\" }}"))),
            lint("none", &with_secret("{}")),
            lint("two", &with_secret("{ env = \"A\", file = \"b\" }")),
            lint("a variable with a blank", &with_secret("{ env = \"ORDERS SECRET\" }")),
            lint("a command that is text", &with_secret("{ command = \"op read orders\" }")),
            lint("a command without words", &with_secret("{ command = [] }")),
            lint("a command with a number", &with_secret("{ command = [\"op\", 1] }")),
            lint("a provider cannot make one", &with_secret("{ generate = true }")),
            lint("not to be made", &app("consumer-key = { generate = false }", "")),
        ]),
    );
}

#[test]
fn a_secret_goes_to_fields_for_secrets_only() {
    let refers = |title: &str, description: &str| {
        lint(
            title,
            &app("consumer-key = { generate = true }\nconsumer-secret = { generate = true }", "")
                .replace("label = \"Orders\"", &format!("label = \"Orders\"\ndescription = {description}")),
        )
    };
    snapshot(
        "misplaced-secret",
        cases([
            refers("in a description", "\"${connected-app.Orders.consumer-secret}\""),
            refers("in a longer text", "\"the secret is ${connected-app.Orders.consumer-secret}\""),
        ]),
    );
}

#[test]
fn a_secret_that_cannot_be_had_is_reported_before_anything_is_sent() {
    let deploy =
        |title: &str, secret: &str| case(title, "deploy", &Test::new().manifest(&with_secret(secret)));
    let blank =
        Test::new().manifest(&with_secret("{ env = \"ORDERS_SECRET\" }")).variable("ORDERS_SECRET", " ");
    let latin = Test::new().manifest(&with_secret("{ file = \"secret.txt\" }"));
    latin.write("manifests/secret.txt", b"\xff\xfe");
    let large = Test::new().manifest(&with_secret("{ file = \"secret.txt\" }"));
    large.write("manifests/secret.txt", "x".repeat(70_000));
    let two = app(
        "consumer-key = \"abcdefgh\"\nconsumer-secret = { env = \"A\" }",
        &with_secret("{ env = \"B\" }"),
    );
    snapshot(
        "unset-secret",
        cases([
            deploy("a variable", "{ env = \"ORDERS_SECRET\" }"),
            case("a blank variable", "deploy", &blank),
            deploy("a file", "{ file = \"secret.txt\" }"),
            deploy("a folder", "{ file = \"/\" }"),
            case("a file that is no text", "deploy", &latin),
            case("a large file", "deploy", &large),
            deploy(
                "a command that fails",
                "{ command = [\"sh\", \"-c\", \"echo not logged in >&2; exit 3\"] }",
            ),
            deploy("a command that is killed", "{ command = [\"sh\", \"-c\", \"kill -9 $$\"] }"),
            deploy("a command that is not there", "{ command = [\"no-such-program\", \"--token\", \"x\"] }"),
            deploy("a command that says nothing", "{ command = [\"true\"] }"),
            case("two", "deploy", &Test::new().manifest(&two)),
            case(
                "rendering",
                "render --with-secrets --output out",
                &Test::new().manifest(&with_secret("{ env = \"ORDERS_SECRET\" }")),
            ),
        ]),
    );
}

#[test]
fn a_word_in_place_of_a_secret_is_recognised() {
    let words =
        ["Placeholder_Value", "REDACTED", "HIDDEN_BY_SFDX_HARDIS", "{{SECRET}}", "YOUR_CLIENT_SECRET"];
    let written: String = words
        .iter()
        .map(|word| lint(&format!("{word} as text"), &with_secret(&format!("\"{word}\""))))
        .collect();
    let read: String = words
        .iter()
        .chain(&["${SECRET}"])
        .map(|word| {
            let test = Test::new().manifest(&with_secret("{ env = \"ORDERS_SECRET\" }"));
            case(&format!("{word} from its source"), "deploy", &test.variable("ORDERS_SECRET", word))
        })
        .collect();
    snapshot(
        "placeholder-secret",
        cases([
            written,
            lint(
                "through a variable",
                &format!("[variables]\nx = \"REDACTED\"\n{}", with_secret("\"${var.x}\"")),
            ),
            lint("a key", &app("consumer-key = \"YOUR_CLIENT_ID\"", "")),
            read,
        ]),
    );
}

#[test]
fn a_secret_that_would_not_work_is_described_without_being_shown() {
    let provider = |title: &str, secret: &str| {
        let test = Test::new().manifest(&with_secret("{ file = \"secret.txt\" }"));
        test.write("manifests/secret.txt", secret);
        case(title, "deploy", &test)
    };
    let shared = |title: &str, secret: &str| {
        let both = app(
            "consumer-key = \"abcdefgh\"\nconsumer-secret = { env = \"ORDERS_SECRET\" }",
            &with_secret("\"${connected-app.Orders.consumer-secret}\""),
        );
        case(title, "deploy", &Test::new().manifest(&both).variable("ORDERS_SECRET", secret))
    };
    let app_alone = |title: &str, secret: &str| {
        let app = app("consumer-key = \"abcdefgh\"\nconsumer-secret = { env = \"ORDERS_SECRET\" }", "");
        case(title, "deploy", &Test::new().manifest(&app).variable("ORDERS_SECRET", secret))
    };
    snapshot(
        "unusable-secret",
        cases([
            provider("a line break at the end", &format!("{CANARY}\n")),
            provider("a Windows line break at the end", &format!("{CANARY}\r\n")),
            provider("longer than a provider takes", &CANARY.repeat(3)),
            shared("shorter than an app takes", &CANARY[..31]),
            shared("longer than a provider takes, shared", &CANARY.repeat(3)),
            app_alone("longer than an app takes", &CANARY.repeat(7)),
            app_alone("with other characters", &format!("{CANARY}-{CANARY}")),
            app_alone("with a letter outside ASCII", &format!("{CANARY}ä")),
        ]),
    );
}

// ---- values

#[test]
fn an_unknown_value_gets_the_nearest_known_one() {
    let scopes =
        |title: &str, scopes: &str| lint(title, &app("", "").replace("\"Api\", \"RefreshToken\"", scopes));
    let level = Test::new().manifest(&app("", "")).file("orgwire.toml", "[lint]\nrelaxed-ip = \"error\"\n");
    snapshot(
        "unknown-value",
        cases([
            scopes("a misspelt scope", "\"Api\", \"RefreshTokn\""),
            scopes("OAuth's spelling, misspelt", "\"refesh_token\""),
            scopes("OAuth's spelling is accepted", "\"api\", \"refresh_token\""),
            scopes("nothing like a scope", "\"Xyz\", \"RefreshToken\""),
            lint("a provider type", &provider("").replace("\"Salesforce\"", "\"SalesForce\"")),
            lint("nothing like a provider type", &provider("").replace("\"Salesforce\"", "\"Okta\"")),
            lint(
                "an ip relaxation",
                &app(
                    "",
                    "[connected-app.Orders.oauth-policy]\nip-relaxation = \"RELAX\"\nrefresh-token-policy = \"infinite\"\n",
                ),
            ),
            lint(
                "through a variable",
                &app("", "[variables]\nscope = \"Apo\"\n").replace("\"Api\"", "\"${var.scope}\""),
            ),
            case("a lint level", "lint", &level),
        ]),
    );
}

#[test]
fn a_value_too_long_says_by_how_much() {
    let long = "x".repeat(40);
    snapshot(
        "value-too-long",
        cases([
            lint("by eight", &provider("").replace("\"Orders\"", &format!("\"{long}\""))),
            lint(
                "in characters, not in bytes",
                &app("", "").replace("label = \"Orders\"", &format!("label = \"{}\"", "ä".repeat(300))),
            ),
            lint(
                "callbacks together",
                &app("", "").replace(
                    "https://orders.example/callback",
                    &format!("https://orders.example/{}", "x".repeat(2000)),
                ),
            ),
        ]),
    );
}

#[test]
fn a_number_out_of_range_gets_the_nearest_one_inside() {
    let validity = |number: &str| {
        app(
            "",
            &format!("[connected-app.Orders.oauth-config.id-token-config]\nid-token-validity = {number}\n"),
        )
    };
    snapshot(
        "value-out-of-range",
        cases([
            lint("too large", &validity("1000")),
            lint("zero", &validity("0")),
            lint(
                "too large for any number",
                &app("", "[connected-app.Orders.session-policy]\nsession-timeout = 3000000000\n"),
            ),
            lint(
                "through a variable",
                &format!("[variables]\nminutes = \"-5\"\n{}", validity("\"${var.minutes}\"")),
            ),
            lint("a key of three letters", &app("consumer-key = \"abc\"", "")),
            lint("a key with a hyphen", &app("consumer-key = \"abc-defgh\"", "")),
        ]),
    );
}

#[test]
fn characters_that_do_not_fit_are_named() {
    snapshot(
        "invalid-character",
        cases([
            lint(
                "a control character",
                &app("", "").replace("label = \"Orders\"", "label = \"Or\\u0007ders\""),
            ),
            lint("a noncharacter", &app("", "").replace("label = \"Orders\"", "label = \"Or\\uFFFEders\"")),
            lint("a name that leads elsewhere", &app("", "").replace(".Orders", ".\"../../Orders\"")),
        ]),
    );
}

#[test]
fn a_name_that_is_no_api_name_gets_one_that_is() {
    let named =
        |title: &str, name: &str| lint(title, &app("", "").replace(".Orders", &format!(".\"{name}\"")));
    snapshot(
        "invalid-name",
        cases([
            named("a hyphen", "Orders-App"),
            named("a blank", "Orders App"),
            named("a digit first", "2Orders"),
            named("an underscore last", "Orders_"),
            named("two underscores", "Orders__App"),
            named("a letter outside ASCII", "Aufträge"),
            named("empty", ""),
            named("too long", &"x".repeat(100)),
            lint("a URL suffix too long", &provider("").replace(".Orders", &format!(".{}", "x".repeat(40)))),
        ]),
    );
}

#[test]
fn what_the_api_version_does_not_know_yet_is_refused() {
    snapshot(
        "field-too-new",
        cases([
            lint("a field", &format!("api-version = \"58.0\"\n{}", app("is-pkce-required = true", ""))),
            lint(
                "a value",
                &format!("api-version = \"62.0\"\n{}", app("", "").replace("\"Api\"", "\"MCP\"")),
            ),
            lint(
                "a type",
                "api-version = \"32.0\"\n[named-credential.Orders]\nlabel = \"Orders\"\nendpoint = \"https://orders.example\"\nprotocol = \"NoAuthentication\"\nprincipal-type = \"Anonymous\"\n",
            ),
        ]),
    );
}

#[test]
fn what_sources_disagree_about_is_sent_with_a_warning() {
    let jwt = app("is-named-user-jwt-enabled = true", "");
    snapshot(
        "doubtful-version",
        cases([
            lint("a field", &format!("api-version = \"58.0\"\n{jwt}")),
            lint("that every source has", &format!("api-version = \"59.0\"\n{jwt}")),
        ]),
    );
    let scopes = |scopes: &str| {
        format!(
            "[extl-clnt-app-oauth-settings.Orders]\nexternal-client-application = \"Orders\"\n\
             comma-separated-oauth-scopes = {scopes}\n"
        )
    };
    snapshot("doubtful-value", cases([lint("a scope with two spellings", &scopes("[\"Api\", \"SFAP\"]"))]));
}

#[test]
fn what_the_api_version_does_not_know_any_more_is_refused() {
    snapshot("field-retired", cases([lint("a field", RETIRED)]));
}

const RETIRED: &str = "[named-credential.Orders]\nlabel = \"Orders\"\nendpoint = \"https://orders.example\"\n\
    protocol = \"NoAuthentication\"\nprincipal-type = \"Anonymous\"\nprivate-connection = \"Private\"\n";

#[test]
fn what_the_org_computes_is_not_deployed() {
    snapshot(
        "read-only-field",
        cases([lint(
            "a kickoff URL",
            &provider("oauth-kickoff-url = \"https://acme.my.salesforce.com/services/auth/oauth/Orders\""),
        )]),
    );
}

#[test]
fn what_is_missing_is_shown_as_a_line_to_paste() {
    snapshot(
        "missing-field",
        cases([
            lint("by the schema", "[connected-app.Orders]\nlabel = \"Orders\"\n"),
            lint("everything", "[connected-app.Orders]\n[auth-provider.Orders]\n"),
            lint(
                "in a nested table",
                &app("", "[connected-app.Orders.oauth-policy]\nip-relaxation = \"ENFORCE\"\n"),
            ),
            lint("a callback", &app("", "").replace("callback-url", "# callback-url")),
            lint("key and secret of a provider", &provider("default-scopes = \"full refresh_token\"")),
            lint("endpoints of OpenID Connect", &provider("").replace("\"Salesforce\"", "\"OpenIdConnect\"")),
            lint("a handler's user", &provider("registration-handler = \"Handler\"")),
            lint(
                "a credential's provider",
                "[named-credential.Orders]\nlabel = \"Orders\"\nprotocol = \"Oauth\"\nprincipal-type = \"NamedUser\"\n",
            ),
            lint(
                "a password",
                "[named-credential.Orders]\nlabel = \"Orders\"\nendpoint = \"https://orders.example\"\nprotocol = \"Password\"\nprincipal-type = \"NamedUser\"\n",
            ),
            lint("a run-as user", &app("is-client-credential-enabled = true", "")),
            lint(
                "the switch of a run-as user",
                &app("consumer-key = \"abcdefgh\"\noauth-client-credential-user = \"a@b.example\"", ""),
            ),
        ]),
    );
}

#[test]
fn a_callback_is_https_or_an_apps_own_or_on_this_machine() {
    let callback = |title: &str, url: &str| {
        lint(title, &app("", "").replace("\"https://orders.example/callback\"", url))
    };
    snapshot(
        "invalid-callback",
        cases([
            callback("plain http", "\"http://orders.example/callback\""),
            callback("no scheme", "\"orders.example/callback\""),
            callback("a script", "\"javascript:alert(1)\""),
            callback("nothing", "\"\""),
            callback("one of several", "[\"https://orders.example\", \"http://orders.example\", \"ftp:\"]"),
            callback(
                "good ones",
                "[\"https://orders.example\", \"orders://callback\", \"http://localhost:1717\"]",
            ),
        ]),
    );
}

#[test]
fn a_contact_has_an_address() {
    snapshot(
        "invalid-email",
        cases([
            lint("no address", &app("", "").replace("ops@example.com", "Operations")),
            lint("two addresses", &app("", "").replace("ops@example.com", "a@example.com, b@example.com")),
        ]),
    );
}

// ---- policy

#[test]
fn policies_warn_unless_the_project_is_stricter() {
    let relaxed = || {
        Test::new().manifest(&app("", "[connected-app.Orders.oauth-policy]\nip-relaxation = \"BYPASS\"\nrefresh-token-policy = \"infinite\"\n"))
    };
    let level = |level: &str| relaxed().file("orgwire.toml", &format!("[lint]\nrelaxed-ip = \"{level}\"\n"));
    let with_an_error = level("deny");
    with_an_error.edit("manifests/main.toml", "ops@example.com", "ops");
    snapshot(
        "relaxed-ip",
        cases([
            case("as it is", "lint", &relaxed()),
            case("allowed", "lint", &level("allow")),
            case("denied", "lint", &level("deny")),
            case("denied, and a deployment", "deploy", &level("deny")),
            case("denied, with an error beside it", "lint", &with_an_error),
        ]),
    );
}

#[test]
fn connections_that_will_not_last_are_pointed_out() {
    snapshot(
        "refresh-token-missing",
        cases([
            lint("an app", &app("", "").replace(", \"RefreshToken\"", "")),
            lint("a provider", &with_secret("{ env = \"S\" }\ndefault-scopes = \"full\"")),
            lint(
                "a credential",
                "[named-credential.Orders]\nlabel = \"Orders\"\nendpoint = \"https://orders.example\"\nprotocol = \"Oauth\"\nprincipal-type = \"NamedUser\"\nauth-provider = \"Orders\"\noauth-scope = \"full\"\n",
            ),
        ]),
    );
}

#[test]
fn apps_that_nobody_can_use_are_pointed_out() {
    snapshot("nobody-approved", cases([lint("nobody", &app("is-admin-approved = true", ""))]));
    let none = app("", "").replace("scopes = [\"Api\", \"RefreshToken\"]", "");
    let empty = app("", "").replace("[\"Api\", \"RefreshToken\"]", "[]");
    snapshot("no-scopes", cases([lint("not written", &none), lint("an empty list", &empty)]));
    let flow = app(
        "consumer-key = { generate = true }\nis-client-credential-enabled = true\noauth-client-credential-user = \"a@b.example\"",
        "",
    );
    let flow = flow.replace("\"Api\"", "\"Full\"");
    snapshot("client-credentials-scope", cases([lint("none that the flow gives", &flow)]));
}

/// An app of a project that two environments have.
fn environments(oauth_config: &str, orgwire: &str) -> Test {
    Test::new()
        .manifest(&app(oauth_config, "[environment.uat]\n[environment.production]\n"))
        .file("orgwire.toml", &unindent(orgwire))
}

#[test]
fn what_counts_in_production_is_told_there() {
    let full = |orgwire: &str| {
        let test = environments("is-admin-approved = true\nis-pkce-required = true", orgwire);
        test.edit("manifests/main.toml", "\"Api\"", "\"Full\"");
        test.edit("manifests/main.toml", "label = ", "profile-name = \"Integration\"\nlabel = ");
        test.edit(
            "manifests/main.toml",
            "[environment.uat]",
            "[connected-app.Orders.oauth-policy]\nip-relaxation = \"ENFORCE\"\nrefresh-token-policy = \"zero\"\n[environment.uat]",
        );
        test
    };
    let denied = "[environment.production.lint]\nfull-scope = \"deny\"\n";
    let waiver = |expires: &str| {
        format!(
            "{denied}\n[[lint.waiver]]\nrule = \"full-scope\"\ncomponent = \"connected-app.Orders\"\n\
             reason = \"the guide asks for it\"\nexpires = {expires}\n"
        )
    };
    snapshot(
        "full-scope",
        cases([
            case("not in production", "lint --env uat", &full("")),
            case("in production", "lint --env production", &full("")),
            case("denied there", "lint --env production", &full(denied)),
            case("denied there, and a deployment", "deploy --env production", &full(denied)),
            case("waived", "lint --env production -v", &full(&waiver("2999-12-31"))),
        ]),
    );
    snapshot(
        "expired-waiver",
        cases([
            case("what it was for counts again", "lint --env production", &full(&waiver("2001-01-01"))),
            case("and there is nothing left", "lint", &environments("", &waiver("2001-01-01"))),
        ]),
    );
    let elsewhere = waiver("2999-12-31").replace("reason", "environment = \"prod\"\nreason");
    snapshot(
        "unused-waiver",
        cases([
            case("nothing is found", "lint", &environments("", &waiver("2999-12-31"))),
            case("an environment that is not there", "lint", &full(&elsewhere)),
            case("a manifest of several", "lint manifests/main.toml", &{
                let test = environments("", &waiver("2999-12-31"));
                test.edit("orgwire.toml", "connected-app.Orders", "connected-app.Other");
                test
            }),
        ]),
    );
    let incomplete = waiver("2999-12-31");
    let without = |line: &str| environments("", &incomplete.replace(line, ""));
    snapshot(
        "invalid-waiver",
        cases([
            case("no reason", "lint", &without("reason = \"the guide asks for it\"\n")),
            case("an empty reason", "lint", &without("the guide asks for it")),
            case("no end", "lint", &without("expires = 2999-12-31\n")),
            case("no component", "lint", &without("connected-app.")),
        ]),
    );
}

/// The same manifest where nobody works, and in production.
fn in_production(title: &str, manifest: &str, orgwire: &str) -> String {
    let test = Test::new().manifest(manifest).file("orgwire.toml", &unindent(orgwire));
    [case(title, "lint --env uat", &test), case("the same in production", "lint --env production", &test)]
        .concat()
}

#[test]
fn opinions_for_production_are_told_in_production() {
    const ENVIRONMENTS: &str = "[environment.uat]\n[environment.production]\n";
    // Whatever a case is not about is allowed.
    let only = |rule: &str| {
        let others = Code::POLICIES.iter().filter(|code| code.as_str() != rule);
        others.fold("[lint]\n".to_owned(), |text, code| text + &format!("{code} = \"allow\"\n"))
    };
    let judged = |rule: &str, manifest: &str| {
        snapshot(rule, cases([in_production("not in production", manifest, &only(rule))]));
    };
    judged("self-authorized-users", &app("", ENVIRONMENTS));
    judged("pkce-off", &app("is-pkce-required = false", ENVIRONMENTS));
    judged("infinite-refresh-token", &app("", ENVIRONMENTS));
    judged(
        "localhost-callback",
        &app("", ENVIRONMENTS)
            .replace("https://orders.example/callback", "http://localhost:1717/OauthRedirect"),
    );
    judged(
        "legacy-credential",
        &format!(
            "[named-credential.Orders]\nlabel = \"Orders\"\nendpoint = \"https://orders.example\"\n{ENVIRONMENTS}"
        ),
    );
    judged("shared-key", &(with_secret("{ env = \"ORDERS_SECRET\" }") + "\n" + ENVIRONMENTS));
    let new = Test::new().manifest(&app("", ENVIRONMENTS)).file("orgwire.toml", &only("new-connected-app"));
    let denied = only("new-connected-app").replace("[lint]\n", "[lint]\nnew-connected-app = \"deny\"\n");
    let denied = Test::new().manifest(&app("", ENVIRONMENTS)).file("orgwire.toml", &denied);
    snapshot(
        "new-connected-app",
        cases([
            case("not in production", "plan --env uat", &new),
            case("in production", "plan --env production", &new),
            case("lint knows no org", "lint --env production", &new),
            case("denied", "deploy --env uat", &denied),
        ]),
    );
}

#[test]
fn what_does_not_fit_together_is_told_everywhere() {
    let trio = |callback: &str, scopes: &str| {
        app("consumer-key = { generate = true }\nconsumer-secret = { generate = true }", &provider(&format!(
            "consumer-key = \"${{connected-app.Orders.consumer-key}}\"\nconsumer-secret = \"${{connected-app.Orders.consumer-secret}}\"\ndefault-scopes = \"{scopes}\"\n"
        )))
        .replace("https://orders.example/callback", callback)
    };
    let there = "${org.instance-url}/services/authcallback/orders";
    snapshot("misnamed-callback", cases([lint("another case", &trio(there, "api refresh_token"))]));
    let right = "${auth-provider.Orders.callback-url}";
    snapshot("uncovered-scope", cases([lint("more than there is", &trio(right, "web api refresh_token"))]));
    let open = app("", "").replace("label = ", "permission-set-name = [\"Orders\"]\nlabel = ");
    snapshot("ignored-approvals", cases([lint("everybody may", &open)]));
    let elsewhere = format!("guide = \"cyclr\"\n{}", app("", ""));
    snapshot("vendor-guide", cases([lint("a callback of somebody else", &elsewhere)]));
    let copied = app("", "").replace(
        "orders.example/callback",
        "acme--uat.sandbox.my.salesforce.com/services/authcallback/Orders",
    );
    let orgwire = "[org.uat]\ninstance-url = \"https://acme--uat.sandbox.my.salesforce.com\"\n\
                   [environment.uat]\norg = \"uat\"\n[environment.live]\n";
    let copied = Test::new().manifest(&copied).file("orgwire.toml", orgwire);
    snapshot(
        "foreign-callback",
        cases([case("at home", "lint --env uat", &copied), case("copied", "lint --env live", &copied)]),
    );
}

// ---- moving, removing, bringing back

#[test]
fn a_move_is_from_what_was_to_what_is() {
    let moved =
        |from: &str, to: &str| format!("{}[[moved]]\nfrom = \"{from}\"\nto = \"{to}\"\n", provider("\n"));
    snapshot(
        "invalid-move",
        cases([
            lint("still declared", &moved("auth-provider.Orders", "auth-provider.New")),
            lint("not declared", &moved("auth-provider.Old", "auth-provider.New")),
            lint("another type", &moved("connected-app.Old", "auth-provider.Orders")),
        ]),
    );
}

#[test]
fn what_is_used_is_not_removed() {
    let manifest = provider(
        "\n[named-credential.Orders]\nlabel = \"Orders\"\nendpoint = \"https://orders.example\"\nprotocol = \"Oauth\"\n\
         principal-type = \"NamedUser\"\nauth-provider = \"Orders\"\n",
    );
    let test = Test::new().manifest(&manifest);
    snapshot("still-used", cases([case("by its name", "destroy auth-provider.Orders", &test)]));
}

#[test]
fn what_no_org_tells_is_not_brought_back() {
    let org = Org::start(orgwire::simulator::Options::default());
    let test = org.reached_by(Test::new().manifest(&with_secret("{ env = \"S\" }"))).variable("S", CANARY);
    test.run("deploy --yes").success();
    test.edit("manifests/main.toml", "friendly-name = \"Orders\"", "friendly-name = \"Changed\"");
    test.run("deploy --yes").success();
    org.edit("AuthProvider", "Orders", "iconUrl", Some(text("https://icon.example")));
    let steady = |told: String| {
        let at = told.find(".orgwire/history/").map(|at| at + ".orgwire/history/".len());
        at.map_or(told.clone(), |at| told.replace(&told[at..at + 18], "RECORD"))
    };
    let kept = steady(case("a value that was not there then", "rollback --dry-run", &test));
    test.run("destroy --yes").success();
    let gone = steady(case("a secret that is gone", "rollback --dry-run", &test));
    snapshot("not-restorable", cases([kept, gone]));
}

// ---- what a plan finds in the org

const AXSY: &str = "AxsyApexAPI";

#[test]
fn a_generated_secret_that_nobody_knows_stops_the_plan() {
    let after = |title: &str, change: &dyn Fn(&Org)| {
        let test = Test::example("axsy");
        test.run("deploy").success();
        Org::of(&test, change);
        case(title, "plan", &test)
    };
    let unused = app("consumer-key = { generate = true }\nconsumer-secret = { generate = true }", "");
    snapshot(
        "generated-secret-unknown",
        cases([
            after("the app is gone", &|org| org.remove("ConnectedApp", AXSY)),
            after("the provider is gone", &|org| org.remove("AuthProvider", AXSY)),
            after("the provider has another key", &|org| {
                org.edit("AuthProvider", AXSY, "consumerKey", Some(text("another")));
            }),
            after("the provider has no secret", &|org| {
                org.edit("AuthProvider", AXSY, "consumerSecret", None);
            }),
            case(
                "only the provider is deployed",
                "plan --target auth-provider.AxsyApexAPI",
                &Test::example("axsy"),
            ),
            plan("nobody uses it", &unused),
        ]),
    );
}

#[test]
fn a_key_cannot_be_changed_once_the_app_exists() {
    let test = Test::new().manifest(&app("consumer-key = \"abcdefgh\"", ""));
    test.run("deploy").success();
    test.edit("manifests/main.toml", "abcdefgh", "abcdefghi");
    let changed = case("another key", "deploy", &test);
    let without = Test::new().manifest(&app("consumer-key = \"abcdefgh\"", ""));
    without.run("deploy").success();
    Org::of(&without, |org| org.edit("ConnectedApp", "Orders", "oauthConfig.consumerKey", None));
    snapshot("create-only-change", cases([changed, case("the org shows none", "plan", &without)]));
}

#[test]
fn what_can_never_be_turned_off_is_not_tried() {
    let test = Test::new().manifest(&provider("include-org-id-in-identifier = true"));
    test.run("deploy").success();
    test.edit("manifests/main.toml", "identifier = true", "identifier = false");
    snapshot("irreversible-change", cases([case("the org id in the identifier", "plan", &test)]));
}

#[test]
fn a_component_that_is_nowhere_is_missing() {
    let credential = |provider: &str| {
        format!(
            "[named-credential.Orders]\nlabel = \"Orders\"\nendpoint = \"https://orders.example\"\nprotocol = \"Oauth\"\nprincipal-type = \"NamedUser\"\nauth-provider = \"{provider}\"\n"
        )
    };
    snapshot(
        "missing-component",
        cases([
            plan("nothing like it", &credential("Billing")),
            plan("the wrong case", &format!("{}{}", credential("orders"), provider(""))),
        ]),
    );
}

/// Of a key that the org makes, nothing can stand in.
#[test]
fn components_that_wait_for_each_other_cannot_be_sent() {
    let one = app("", "").replace(
        "ops@example.com\"",
        "ops@example.com\"\ndescription = \"${connected-app.Other.consumer-key}\"",
    );
    let other = one.replace("Orders", "Another").replace("Other", "Orders").replace("Another", "Other");
    snapshot("unsendable-cycle", cases([plan("keys that the org makes", &format!("{one}{other}"))]));
}

// ---- the org's answer

#[test]
fn the_orgs_refusal_stands_at_its_line_in_its_own_words() {
    let run_as = Test::new().manifest(&app(
        "consumer-key = { generate = true }\nis-client-credential-enabled = true\noauth-client-credential-user = \"nobody@acme.example\"",
        "",
    ));
    let burnt = Test::new().manifest(&provider(""));
    burnt.run("deploy").success();
    Org::of(&burnt, |org| org.remove("AuthProvider", "Orders"));
    let blocked = Test::example("axsy");
    let several = Test::new().manifest(&format!(
        "{}{}",
        run_as.read("manifests/main.toml"),
        provider("execution-user = \"nobody@acme.example\"\nregistration-handler = \"Handler\"")
    ));
    snapshot(
        "rejected-by-org",
        cases([
            case("a run-as user who does not exist", "deploy", &run_as),
            case("a URL suffix that was used before", "deploy", &burnt),
            case("an org that refuses new connected apps", "deploy --spring-26-block", &blocked),
            case("two components at once", "deploy", &several),
            case("validated only", "deploy --check-only", &run_as),
        ]),
    );
}

// ---- all together

#[test]
fn all_problems_of_a_file_come_at_once_from_top_to_bottom() {
    let test = Test::new().file(
        "manifests/main.toml",
        &unindent(&format!(
            r#"
            api-version = "58.0"

            [connected-app.Orders]
            lable = "Orders"
            label = 1
            contact-email = "Operations"

            [connected-app.Orders.oauth-config]
            callback-url = "${{auth-provider.Order.callback-url}}"
            consumer-secret = "{CANARY}"
            is-pkce-required = true
            scopes = ["Api", "RefreshTokn"]

            [auth-provider.Orders]
            friendly-name = "${{var.name}}"
            provider-type = "Salesforce"
            consumer-secret = {{ evn = "ORDERS_SECRET" }}

            [environment.uat.connected-app.Order]
            label = "UAT"
            "#
        )),
    );
    let said = test.run("lint").exits(1);
    snapshot("all-at-once", cases([told("all at once", "lint", &said)]));
    let json = test.run("lint --json").json();
    let lines: Vec<_> = json["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| found["labels"][0]["line"].clone())
        .collect();
    assert!(lines.iter().all(|line| line.is_number()), "{lines:?}");
    assert!(lines.is_sorted_by_key(|line| line.as_u64()), "{lines:?}");
}

// ---- the list

#[test]
fn the_codes_are_these() {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    snapshot("codes", codes.join("\n"));
}

/// A code is the first line of each diagnostic, so it stands alone on a line of a snapshot.
#[test]
fn every_code_has_been_seen() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/snapshots");
    let mut seen = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".snap") && !name.contains("__codes.") {
            seen.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
    let unseen: Vec<&str> = Code::ALL
        .iter()
        .map(|code| code.as_str())
        .filter(|code| !seen.lines().any(|line| line == *code))
        .collect();
    assert!(unseen.is_empty(), "no snapshot shows {unseen:?}");
}
