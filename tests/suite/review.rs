//! A pull request, as its reviewers see it: two states of a project, without an org, for every environment.

use crate::test::{Said, Test, unindent};

const CANARY: &str = "Canary7Canary7Canary7Canary7Canary7Canary7";

/// A trio, for two environments.
const TRIO: &str = r#"
    api-version = "62.0"

    [variables]
    contact = "ops@example.com"

    [connected-app.Orders]
    label = "Orders"
    contact-email = "${var.contact}"

    [connected-app.Orders.oauth-config]
    callback-url = "${auth-provider.Orders.callback-url}"
    consumer-key = { generate = true }
    consumer-secret = { generate = true }
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

    [environment.uat.variables]
    contact = "uat@example.com"

    [environment.production.connected-app.Orders]
    description = "Owned by the platform team"
"#;

/// A repository whose tag `base` is the state before.
fn project() -> Test {
    let test = Test::new().manifest(TRIO).variable("PARTNER_SECRET", CANARY);
    test.commit("base");
    test
}

/// A scope, a callback and an overlay.
fn branch(test: &Test) {
    let file = "manifests/main.toml";
    test.edit(file, "\"Api\", \"RefreshToken\"", "\"Full\"");
    test.edit(file, "\"${auth-provider.Orders.callback-url}\"", "\"https://orders.example/callback\"");
    test.edit(file, "the platform team\"", "trust\"\ncontact-email = \"trust@example.com\"");
    test.commit("branch");
}

fn snapshot(name: &str, text: impl Into<String>) {
    let text = text.into();
    assert!(!text.contains(&CANARY[..14]), "a secret is shown:\n{text}");
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text.trim_end()));
}

/// Every way to say it, none with the secret.
#[track_caller]
fn said(test: &Test, words: &str) -> Said {
    let said = test.run(words);
    assert!(!said.stdout.contains("Canary") && !said.stderr.contains("Canary"), "{words}: a secret is shown");
    said
}

#[test]
fn a_branch_reads_as_one_page() {
    let test = project();
    branch(&test);
    let page = said(&test, "diff git:base --format markdown").exits(0);
    assert_eq!(page.stderr, "");
    snapshot("review", &page.stdout);
    let other = said(&test, "diff git:base git:branch --format markdown --exit-code").exits(2);
    assert_eq!(other.stdout, page.stdout.replace("to the project\n", "to git:branch\n"));
    let json = said(&test, "diff git:base --json --xml").exits(0);
    snapshot("review-json", &json.stdout);
}

#[test]
fn with_an_environment_it_is_that_one_alone() {
    let test = project();
    branch(&test);
    let page = said(&test, "diff git:base --format markdown -e uat").exits(0).stdout;
    assert!(page.starts_with("### orgwire diff: git:base to the project\n"), "{page}");
    assert!(!page.contains("environments") && !page.contains("mermaid"), "{page}");
}

#[test]
fn where_nothing_changed_there_is_still_a_picture() {
    let test = project();
    let page = said(&test, "diff git:base --format markdown --exit-code").exits(0).stdout;
    assert!(page.contains("No differences.\n") && page.contains("```mermaid\n"), "{page}");
    let json = said(&test, "diff git:base --json").exits(0).json();
    assert_eq!(json["equal"], true);
}

#[test]
fn the_order_of_what_is_written_makes_no_difference() {
    let test = project();
    branch(&test);
    let page = said(&test, "diff git:base --format markdown").stdout;
    let text = test.read("manifests/main.toml");
    let (before, rest) = text.split_once("[connected-app.Orders]").unwrap();
    let (app, rest) = rest.split_once("[auth-provider.Orders]").unwrap();
    let (providers, environments) = rest.split_once("[environment.uat.variables]").unwrap();
    let (uat, production) = environments.split_once("[environment.production").unwrap();
    test.write(
        "manifests/main.toml",
        format!(
            "{before}[environment.production{production}\n[environment.uat.variables]{uat}\n\
             [auth-provider.Orders]{providers}\n[connected-app.Orders]{app}"
        ),
    );
    // Only the lines of findings differ.
    let without_places = |page: &str| -> Vec<String> {
        page.lines().filter(|line| !line.starts_with("| manifests/")).map(str::to_owned).collect()
    };
    let other = said(&test, "diff git:base --format markdown").stdout;
    assert_eq!(without_places(&other), without_places(&page));
}

#[test]
fn a_revision_that_cannot_be_read_is_told_in_the_page() {
    let test = project();
    test.edit("manifests/main.toml", "friendly-name = \"Orders\"", "friendly-nam = \"Orders\"");
    let page = said(&test, "diff git:base --format markdown").exits(1);
    snapshot("review-broken", page.stdout);
    assert!(page.stderr.contains("unknown-key"), "{}", page.stderr);
    test.commit("broken");
    test.edit("manifests/main.toml", "friendly-nam =", "friendly-name =");
    let page = said(&test, "diff git:broken --format markdown").exits(1).stdout;
    assert!(page.contains("#### Not understood") && page.contains("```mermaid"), "{page}");
    let json = said(&test, "diff git:broken --json").exits(1).json();
    assert_eq!(json["problems"][0]["side"], "git:broken");
    assert_eq!(json["changes"], serde_json::Value::Null);
    let page = said(&test, "diff git:broken --format html").exits(1).stdout;
    assert!(
        page.contains("Not understood") && page.contains("Not compared.") && page.contains("<svg"),
        "{page}"
    );
}

#[test]
fn an_environment_that_is_new_is_compared_with_what_it_lies_over() {
    let test = project();
    test.write("manifests/more.toml", "[environment.sandbox.connected-app.Orders]\nlabel = \"Sandbox\"\n");
    test.edit("manifests/main.toml", "[environment.uat.variables]\ncontact = \"uat@example.com\"\n", "");
    let page = said(&test, "diff git:base --format markdown --exit-code").exits(2).stdout;
    assert!(page.contains("The environment sandbox is new;"), "{page}");
    assert!(page.contains("The environment uat is gone."), "{page}");
    assert!(page.contains("| `label` | `\"Orders\"` | `\"Sandbox\"` | sandbox |"), "{page}");
}

#[test]
fn findings_that_were_there_before_stand_apart() {
    let test = project();
    test.edit("manifests/main.toml", "\"ops@example.com\"", "\"nobody\"");
    test.commit("bad");
    test.edit("manifests/main.toml", "\"Api\", \"RefreshToken\"", "");
    let page = said(&test, "diff git:bad --format markdown").exits(0).stdout;
    let (new, known) = page.split_once("there before</summary>").unwrap();
    assert!(new.contains("no-scopes") && !new.contains("invalid-email"), "{page}");
    assert!(known.contains("invalid-email"), "{page}");
}

/// The picture, the fences and the tables of a page that had to be cut.
#[test]
fn a_page_too_long_for_a_comment_says_what_it_leaves_out() {
    let app = |number: usize, label: &str| {
        format!(
            "[connected-app.App{number:03}]\nlabel = \"{label}\"\ncontact-email = \"a@example.com\"\n\
             description = \"{}\"\n",
            label.repeat(20)
        )
    };
    let all = |count: usize, label: &str| (0..count).map(|number| app(number, label)).collect::<String>();
    for (count, says) in [(5, ""), (120, "Left out: the XML of "), (700, "all of ")] {
        let test = Test::new().file("manifests/all.toml", &all(count, "Before"));
        test.commit("base");
        test.write("manifests/all.toml", all(count, "After"));
        let page = said(&test, "diff git:base --format markdown").exits(0).stdout;
        assert!(page.len() < 65_536, "{count}: {}", page.len());
        assert!(page.contains(says), "{count}: {}", &page[..600]);
        assert_eq!(page.contains("Too long for a comment"), !says.is_empty(), "{count}");
        assert_eq!(
            page.lines().filter(|line| line.starts_with("```")).count() % 2,
            0,
            "{count}: a fence is open"
        );
        assert_eq!(page.matches("<details>").count(), page.matches("</details>").count(), "{count}");
        let shown = page.lines().filter(|line| line.starts_with("#### changed ")).count();
        let fields = page.lines().filter(|line| line.starts_with("| `label` |")).count();
        assert_eq!(shown, fields, "{count}: a table is cut");
    }
}

#[test]
fn a_page_is_short_however_much_a_manifest_says() {
    let test = project();
    let long = |letter: &str| letter.repeat(40_000);
    let many: String =
        (0..60).map(|number| format!("[environment.e{number}-{}]\n", "x".repeat(900))).collect();
    test.write(
        "manifests/more.toml",
        format!(
            "[connected-app.{}]\nlabel = \"{}\"\ncontact-email = \"{}\"\n{many}",
            long("a"),
            long("@"),
            long("é")
        ),
    );
    let page = said(&test, "diff git:base --format markdown").exits(0).stdout;
    assert!(page.len() < 65_536, "{}", page.len());
    assert!(page.contains("Too long for a comment"), "{}", &page[..2000]);
}

/// Nothing that a manifest says means anything to Markdown, Mermaid or HTML.
#[test]
fn what_a_manifest_says_is_only_text() {
    let evil = "@everyone ``` <img src=x onerror=alert(1)> | [x](javascript:y) </details>\\\" ]";
    let test =
        Test::new().manifest("[named-credential.N]\nlabel = \"N\"\nendpoint = \"https://a.example\"\n");
    test.commit("base");
    test.write(
        "manifests/main.toml",
        unindent(&format!(
            "[named-credential.N]\nlabel = \"{evil}\"\nendpoint = \"https://a.example\"\n\
             auth-provider = \"{evil}\"\n[environment.\"{evil}\"]\n[environment.b]\n"
        )),
    );
    let page = said(&test, "diff git:base --format markdown").stdout;
    snapshot("review-hostile", &page);
}

#[test]
fn a_job_gets_a_summary_and_annotations() {
    let test = project();
    test.edit("manifests/main.toml", "\"Api\", \"RefreshToken\"", "");
    let alone = said(&test, "diff git:base --step-summary").exits(1);
    assert!(alone.stderr.contains("needs the variable GITHUB_STEP_SUMMARY"), "{}", alone.stderr);
    assert_eq!(alone.stdout, "");
    let summary = test.path("summary.md").display().to_string();
    let test = test.variable("GITHUB_STEP_SUMMARY", &summary);
    test.write("summary.md", "before\n");
    let diff = said(&test, "diff git:base --step-summary --annotations github").exits(0);
    let (human, annotation) = diff.stdout.split_once("::warning ").unwrap();
    assert!(human.contains("oauth-config.scopes   - \"Api\"  - \"RefreshToken\""), "{human}");
    let first = annotation.lines().next().unwrap();
    assert_eq!(
        first,
        "file=manifests/main.toml,line=14,col=1,title=orgwire%3A no-scopes::`connected-app.Orders` has no scopes\
         %0Ahelp: for example scopes = [\"Api\", \"RefreshToken\"]"
    );
    let page = said(&test, "diff git:base --format markdown").stdout;
    assert_eq!(test.read("summary.md"), format!("before\n{page}"));
    let lint =
        said(&test, "lint --step-summary --annotations gitlab --annotations-out out/quality.json").exits(0);
    assert!(!lint.stdout.contains("fingerprint"), "{}", lint.stdout);
    assert!(test.read("summary.md").starts_with(&format!("before\n{page}### orgwire lint\n\n| where |")));
    let quality: serde_json::Value = serde_json::from_str(&test.read("out/quality.json")).unwrap();
    assert_eq!(quality[0]["check_name"], "no-scopes");
    assert_eq!(
        quality[0]["location"],
        serde_json::json!({ "path": "manifests/main.toml", "lines": { "begin": 14 } })
    );
    let said = test.run("lint --annotations gitlab").exits(1);
    assert!(said.stderr.contains("--annotations-out"), "{}", said.stderr);
    let plan = test.run("plan -e uat --format markdown --step-summary --annotations github").exits(0);
    assert!(test.read("summary.md").ends_with(&plan.stdout) && plan.stderr.contains("::warning file="));
    // A result for a program has standard output for itself.
    let json = test.run("diff git:base --json --annotations github").exits(0);
    assert!(json.json()["equal"] == false && json.stderr.starts_with("::warning "), "{}", json.stderr);
}

#[test]
fn a_page_for_browsers_has_everything_and_no_secret() {
    let test = project();
    branch(&test);
    let page = said(&test, "diff git:base --format html").exits(0).stdout;
    for text in [
        "<title>Diff: git:base → the project – orgwire</title>",
        "Compared for 2 environments: production, uat.",
        "href=\"#component-3\" aria-label=\"connected-app.Orders, changed\"",
        "<code>- &quot;RefreshToken&quot;</code>",
        "data-label=\"Environments\">production</td>",
        "<summary>XML (uat)</summary>",
        "<h2 id=\"passes\">A first deployment</h2>",
    ] {
        assert!(page.contains(text), "{text} is not in\n{page}");
    }
    let plan = said(&test, "plan -e uat --format html").exits(0).stdout;
    for text in
        ["will be created in pass 1", "(secret from variable PARTNER_SECRET)", "gives <b>consumer-key</b> to"]
    {
        assert!(plan.contains(text), "{text} is not in\n{plan}");
    }
    assert!(
        said(&test, "diff git:base -e uat --format html").exits(0).stdout.contains("oauth-config.scopes")
    );
    test.run("render --output out").success();
    assert!(said(&test, "diff out manifests --format html").exits(0).stdout.contains("<h2 id=\"changes\""));
}

#[test]
fn what_a_manifest_says_is_only_text_to_a_browser_too() {
    let evil =
        "</title></style></script><script>alert(1)</script><img src=x onerror=alert(1)>' \\\" & {{ x }}";
    let test =
        Test::new().manifest("[named-credential.N]\nlabel = \"N\"\nendpoint = \"https://a.example\"\n");
    test.commit("base");
    test.write(
        "manifests/main.toml",
        unindent(&format!(
            "[named-credential.N]\nlabel = \"{evil}\"\nendpoint = \"https://a.example\"\nauth-provider = \"{evil}\"\n\
             [environment.\"{evil}\"]\n[environment.b]\n"
        )),
    );
    let page = said(&test, "diff git:base --format html").stdout;
    assert_eq!(page.matches("<script").count(), 1);
    assert!(!page.contains("<img") && !page.contains("alert(1)</"), "{page}");
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;&#39;"), "{page}");
}
