//! `import`: from every kind of source, well-meant and not, to a manifest that a person would have liked to write.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::test::{Said, Test};

const NAMESPACE: &str = "http://soap.sforce.com/2006/04/metadata";
const CANARY: &str = "Canary7Canary7Canary7Canary7Canary7Canary7";

/// A component file with these lines in its root element.
fn xml(root: &str, lines: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"{NAMESPACE}\">\n{lines}\n</{root}>\n"
    )
}

fn app(label: &str) -> String {
    xml(
        "ConnectedApp",
        &format!("    <contactEmail>ops@example.com</contactEmail>\n    <label>{label}</label>"),
    )
}

fn package(version: &str) -> String {
    format!("<Package xmlns=\"{NAMESPACE}\">\n    <version>{version}</version>\n</Package>\n")
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/metadata")
}

/// Both streams, and whatever stands in the manifest.
fn told(test: &Test, words: &str) -> String {
    let said = test.run(&format!("import {words}"));
    let mut text =
        format!("$ orgwire import {words}    (exit code {})\n{}{}", said.code, said.stdout, said.stderr);
    let written = words.split_whitespace().skip_while(|word| *word != "--output").nth(1);
    if let Some(path) = written.filter(|path| *path != "-" && said.code == 0) {
        text.push_str(&format!("--- {path}\n{}", test.read(path)));
    }
    assert!(!text.contains(&CANARY[..14]), "a secret is shown:\n{text}");
    text
}

fn snapshot(name: &str, text: impl Into<String>) {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text.into().trim_end()));
}

fn zipped(test: &Test, path: &str, write: impl FnOnce(&mut ZipWriter<File>)) {
    let mut zip = ZipWriter::new(File::create(test.path(path)).unwrap());
    write(&mut zip);
    zip.finish().unwrap();
}

fn add(zip: &mut ZipWriter<File>, path: &str, text: &str) {
    zip.start_file(path, SimpleFileOptions::default()).unwrap();
    zip.write_all(text.as_bytes()).unwrap();
}

/// The addresses of what was imported.
fn addresses(said: &Said) -> Vec<String> {
    let json = said.json();
    let components = json["components"].as_array().unwrap();
    components.iter().map(|one| one["component"].as_str().unwrap().to_owned()).collect()
}

// ---- where metadata comes from

#[test]
fn a_folder_that_an_org_gave_becomes_a_manifest() {
    let test = Test::new()
        .file("retrieved/package.xml", &package("62.0"))
        .file(
            "retrieved/connectedApps/Orders.connectedApp",
            &xml(
                "ConnectedApp",
                "    <contactEmail>ops@example.com</contactEmail>\n    <label>Orders</label>\n    <oauthConfig>\n        \
                 <callbackUrl>https://orders.example/1\nhttps://orders.example/2</callbackUrl>\n        \
                 <consumerKey>3MVG9OrdersKey0000000000000</consumerKey>\n        <scopes>Api</scopes>\n        \
                 <scopes>RefreshToken</scopes>\n    </oauthConfig>",
            ),
        )
        .file(
            "retrieved/authproviders/Orders.authprovider",
            &xml(
                "AuthProvider",
                "    <consumerKey>3MVG9OrdersKey0000000000000</consumerKey>\n    \
                 <consumerSecret>Placeholder_Value</consumerSecret>\n    <friendlyName>Orders</friendlyName>\n    \
                 <oauthKickoffUrl>https://acme.my.salesforce.com/services/auth/oauth/Orders</oauthKickoffUrl>\n    \
                 <providerType>Salesforce</providerType>",
            ),
        );
    snapshot("from-a-folder", told(&test, "retrieved --output manifests/orders.toml"));
    // The manifest is laid out, and nothing is wrong with it.
    test.run("fmt --check").success();
    let lint = test.run("lint").success();
    assert!(!lint.stderr.contains("error"), "{}", lint.stderr);
}

#[test]
fn without_a_package_the_version_that_knows_most_is_taken() {
    let test = Test::new().file("apps/Orders.connectedApp", &app("Orders"));
    test.run("import apps --output new.toml").success();
    let newest = format!("api-version = \"{}.0\"", orgwire::component::NEWEST_API_VERSION);
    assert!(test.read("new.toml").starts_with(&newest), "{}", test.read("new.toml"));
    test.write(
        "apps/Old.namedCredential",
        xml("NamedCredential", "<label>Old</label><privateConnection>x</privateConnection>"),
    );
    test.run("import apps --output old.toml").success();
    assert!(test.read("old.toml").starts_with("api-version = \"48.0\""), "{}", test.read("old.toml"));
}

#[test]
fn a_zip_is_read_like_the_folder_in_it() {
    let test = Test::new()
        .file("in/package.xml", &package("60.0"))
        .file("in/connectedApps/Orders.connectedApp", &app("Orders"));
    zipped(&test, "org.zip", |zip| {
        add(zip, "unpackaged/package.xml", &package("60.0"));
        add(zip, "unpackaged/connectedApps/Orders.connectedApp", &app("Orders"));
    });
    // The name does not matter.
    fs::copy(test.path("org.zip"), test.path("download")).unwrap();
    test.run("import in --output folder.toml").success();
    for source in ["org.zip", "download"] {
        test.run(&format!("import {source} --output zip.toml --force")).success();
        assert_eq!(test.read("zip.toml"), test.read("folder.toml"));
    }
}

#[test]
fn of_an_sfdx_project_all_package_directories_are_read_and_nothing_else() {
    let test = Test::new()
        .file(
            "sfdx-project.json",
            r#"{"packageDirectories": [{"path": "force-app", "default": true}, {"path": "./shared/"}],
                "sourceApiVersion": "61.0"}"#,
        )
        .file("force-app/main/default/connectedApps/Orders.connectedApp-meta.xml", &app("Orders"))
        .file("force-app/teams/billing/connectedApps/Billing.connectedApp-meta.xml", &app("Billing"))
        .file("shared/main/default/connectedApps/Shared.connectedApp-meta.xml", &app("Shared"))
        .file("shared/classes/Handler.cls-meta.xml", "<ApexClass/>")
        .file("scratch/connectedApps/Draft.connectedApp-meta.xml", &app("Draft"))
        .file("node_modules/x/Other.connectedApp", &app("Other"))
        .file(".sfdx/Tool.connectedApp", &app("Tool"));
    let said = test.run("import . --output m.toml --json").success();
    assert_eq!(addresses(&said), ["connected-app.Billing", "connected-app.Orders", "connected-app.Shared"]);
    assert_eq!(said.json()["api_version"], "61.0");
}

#[test]
fn a_single_file_is_told_by_its_content_if_its_name_does_not() {
    let test = Test::new()
        .file("Orders.connectedApp-meta.xml", &app("Orders"))
        .file("Orders.xml", &app("Orders"))
        .file("Orders.txt", &xml("Flow", ""))
        .file("plain", &app("Plain"));
    for (source, address) in [
        ("Orders.connectedApp-meta.xml", "connected-app.Orders"),
        ("Orders.xml", "connected-app.Orders"),
        ("plain", "connected-app.plain"),
    ] {
        let said = test.run(&format!("import {source} --output m.toml --force --json")).success();
        assert_eq!(addresses(&said), [address]);
    }
    snapshot("from-an-unknown-file", told(&test, "Orders.txt --output n.toml"));
}

#[test]
fn a_certificate_comes_in_two_files() {
    let meta = xml("Certificate", "    <caSigned>false</caSigned>\n    <masterLabel>Signing</masterLabel>");
    let pem = "-----BEGIN CERTIFICATE-----\nMIIA\n-----END CERTIFICATE-----\n";
    let both = Test::new().file("a/certs/Signing.crt", pem).file("a/certs/Signing.crt-meta.xml", &meta);
    // Files of this ending lie elsewhere for other reasons.
    both.write("a/tls/server.crt", b"\x30\x82\x01");
    let said = both.run("import a --output m.toml --strict --json").success();
    assert_eq!(addresses(&said), ["certificate.Signing"]);
    both.run("render m.toml --output out").success();
    assert_eq!(both.read("out/certs/Signing.crt"), pem);
    assert_eq!(both.read("out/certs/Signing.crt-meta.xml"), meta);
    let halves = Test::new().file("a/certs/One.crt", pem).file("a/certs/Other.crt-meta.xml", &meta);
    halves.write("a/certs/Binary.crt", b"\x30\x82\xff");
    snapshot("halves-of-certificates", told(&halves, "a --output m.toml"));
}

#[test]
fn what_a_revision_held_is_imported_from_there() {
    let test = Test::new().file("md/connectedApps/Orders.connectedApp", &app("Before"));
    let git = "git -c user.name=Test -c user.email=test@example.com -c commit.gpgsign=false";
    test.run_script(&format!("git init -q . && git add md && {git} commit -q -m one")).success();
    test.edit("md/connectedApps/Orders.connectedApp", "Before", "After");
    test.run("import git:HEAD:md --output m.toml").success();
    assert!(test.read("m.toml").contains("label = \"Before\""));
    test.run("import git:HEAD:md/connectedApps/Orders.connectedApp --output n.toml").success();
    assert_eq!(test.read("m.toml"), test.read("n.toml"));
}

#[test]
fn what_was_imported_from_an_org_needs_no_change_there() {
    let test = Test::example("axsy");
    test.run("deploy").success();
    let said = test.run("import org:local --output imported.toml --target connected-app.AxsyApexAPI --target auth-provider.AxsyApexAPI --target named-credential.AxsyApexAPI").success();
    let manifest = test.read("imported.toml");
    assert!(manifest.contains("${auth-provider.AxsyApexAPI.callback-url}"), "{manifest}");
    assert!(manifest.contains("${connected-app.AxsyApexAPI.consumer-key}"), "{manifest}");
    assert!(manifest.contains("${org.instance-url}"), "{manifest}");
    assert!(!manifest.contains("127.0.0.1"), "{manifest}");
    let test = test.variable("AXSYAPEXAPI_CONSUMER_SECRET", CANARY);
    let plan = test.run("plan imported.toml --exit-code");
    assert_eq!(plan.code, 0, "{}\n{}\n{}\n{manifest}", said.stdout, plan.stdout, plan.stderr);
}

#[test]
fn an_org_that_cannot_be_reached_is_named() {
    let test = Test::new();
    let said = test.run("import org:uat --output m.toml").exits(1);
    assert!(said.stderr.starts_with("unknown-org\n"), "{}", said.stderr);
    let said = test.run("import env:uat --output m.toml").exits(1);
    assert!(said.stderr.contains("help: import its org: org:NAME"), "{}", said.stderr);
    let said = test.run("import nowhere --output m.toml").exits(1);
    assert!(said.stderr.contains("cannot read `nowhere`"), "{}", said.stderr);
    assert!(test.files().is_empty());
}

// ---- where it goes

#[test]
fn a_manifest_that_is_written_over_is_kept_beside() {
    let test = Test::new().file("a/Orders.connectedApp", &app("Orders")).file("m.toml", "# mine\n");
    let said = test.run("import a --output m.toml").success();
    assert!(said.stderr.contains("m.toml is kept as m.toml.~1~\n"), "{}", said.stderr);
    assert_eq!(test.read("m.toml.~1~"), "# mine\n");
    assert!(test.read("m.toml").contains("[connected-app.Orders]"));
    // What would not change needs no copy, and --force wants none.
    test.run("import a --output m.toml").success();
    test.write("m.toml", "# mine again\n");
    test.run("import a --output m.toml --force").success();
    assert!(!test.path("m.toml.~2~").exists());
    test.write("m.toml", "# mine\n");
    test.run("import a --output m.toml").success();
    assert_eq!(test.read("m.toml.~2~"), "# mine\n");
}

#[test]
fn standard_output_holds_the_manifest_and_nothing_else() {
    let test = Test::new().file("a/Orders.connectedApp", &app("Orders"));
    test.run("import a --output m.toml").success();
    let said = test.run("import a --output - --observed told.json").success();
    assert_eq!(said.stdout, test.read("m.toml"));
    assert!(said.stderr.contains("1 component imported"), "{}", said.stderr);
    assert!(test.path("told.json").exists());
    let json = test.run("import a --output - --json").success().json();
    assert_eq!(json["manifest"], test.read("m.toml"));
    assert!(!test.path("-").exists());
}

#[test]
fn into_makes_the_project_folder() {
    let test = Test::new().file("a/Orders.connectedApp", &app("Orders"));
    let said = test.run("import a --output manifests/orders.toml --into new/project").success();
    assert!(said.stdout.ends_with("wrote new/project/manifests/orders.toml\n"), "{}", said.stdout);
    assert!(test.path("new/project/manifests/orders.toml").exists());
}

#[test]
fn only_what_was_asked_for_is_imported() {
    let test = Test::new().file("a/Orders.connectedApp", &app("A")).file("a/Billing.connectedApp", &app("B"));
    let said = test.run("import a --output m.toml --target connected-app.Orders --json").success();
    assert_eq!(addresses(&said), ["connected-app.Orders"]);
    let target = "--target connected-app.Orders --target connected-app.Bilings";
    snapshot("target-is-not-there", told(&test, &format!("a --output n.toml {target}")));
    assert!(!test.path("n.toml").exists());
}

// ---- what becomes of values

#[test]
fn an_api_version_that_does_not_know_an_element_is_told_with_it() {
    let test = Test::new()
        .file(
            "a/Orders.connectedApp",
            &xml(
                "ConnectedApp",
                "<contactEmail>a@example.com</contactEmail>\n<label>Orders</label>\n<oauthConfig>\n\
                 <isPkceRequired>true</isPkceRequired>\n<scopes>MCP</scopes>\n</oauthConfig>",
            ),
        )
        .file(
            "a/Old.namedCredential",
            &xml("NamedCredential", "<label>Old</label>\n<privateConnection>x</privateConnection>"),
        )
        .file("a/Way.eca", &xml("ExternalClientApplication", "<label>Way</label>"));
    let refused = |words: &str| {
        let said = test.run(&format!("import a --output m.toml --force {words}")).success();
        let from = said.stdout.find("Refused").unwrap_or(said.stdout.len());
        let text = said.stdout[from..].split("\n\n").next().unwrap().trim_end().to_owned();
        format!("$ {words}\n{text}\n\n")
    };
    snapshot(
        "refused-by-the-version",
        ["--api-version 45.0", "--api-version 56", "--api-version 67.0"].map(refused).concat(),
    );
    let said = test.run("import a --output m.toml --force --api-version 99.0").exits(1);
    assert!(said.stderr.contains("write a version from"), "{}", said.stderr);
}

#[test]
fn a_concise_manifest_leaves_out_what_an_org_assumes() {
    let test = Test::new();
    let fixtures = fixtures().display().to_string();
    test.run_words(&["import", &fixtures, "--output", "whole.toml"]).success();
    test.run_words(&["import", &fixtures, "--output", "concise.toml", "--concise"]).success();
    let lines = |path: &str| test.read(path).lines().count();
    assert!(lines("concise.toml") + 40 < lines("whole.toml"));
    let said = test.run("diff whole.toml concise.toml --exit-code");
    assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
}

#[test]
fn values_that_an_org_told_come_back_into_the_files() {
    let test = Test::new();
    let source = fixtures().join("retrieved");
    test.run_words(&["import", source.to_str().unwrap(), "--output", "m.toml", "--observed", "told.json"])
        .success();
    test.run("render m.toml --output out --observed told.json --as-retrieved").success();
    for path in ["authproviders/Warehouse.authprovider", "connectedApps/Warehouse.connectedApp"] {
        assert_eq!(test.read(&format!("out/{path}")), fs::read_to_string(source.join(path)).unwrap());
    }
}

/// What the project's own case renders, in every layout, is recognised as the trust that it is.
#[test]
fn the_three_that_belong_together_refer_to_each_other_again() {
    let test = Test::example("axsy");
    for (format, folder) in [("metadata", "md"), ("source", "src")] {
        test.run(&format!("render --output {folder} --format {format}")).success();
        for file in ["connectedApps/AxsyApexAPI.connectedApp", "authproviders/AxsyApexAPI.authprovider"] {
            let meta = if format == "source" { "-meta.xml" } else { "" };
            let found = test.files().into_iter().map(|(path, _)| path);
            let path = found
                .into_iter()
                .find(|path| path.starts_with(folder) && path.ends_with(&format!("{file}{meta}")));
            let path = path.unwrap_or_else(|| panic!("no {file}"));
            // As after the deployment: a key, and the callback of the provider.
            let text = test.read(&path);
            let text = text.replace(
                "https://login.salesforce.com/services/oauth2/success",
                "https://acme.my.salesforce.com/services/authcallback/AxsyApexAPI",
            );
            let key = "<consumerKey>3MVG9AxsyKey000000000000000</consumerKey>";
            let text = match text.find("<consumerKey>") {
                Some(start) => {
                    let end = text.find("</consumerKey>").unwrap() + "</consumerKey>".len();
                    format!("{}{key}{}", &text[..start], &text[end..])
                }
                None if file.starts_with("authproviders") => {
                    text.replace("    <friendlyName>", &format!("    {key}\n    <friendlyName>"))
                }
                None => text.replace("</callbackUrl>\n", &format!("</callbackUrl>\n        {key}\n")),
            };
            test.write(&path, text);
        }
        snapshot(
            &format!("trio-from-{format}"),
            told(&test, &format!("{folder} --output {format}.toml --api-version 62.0")),
        );
    }
    // The folders differ, the manifests do not.
    assert_eq!(test.read("metadata.toml"), test.read("source.toml"));
}

#[test]
fn values_of_one_org_and_of_other_tools_become_variables() {
    let test = Test::new()
        .file(
            "a/Orders.namedCredential",
            &xml(
                "NamedCredential",
                "    <endpoint>https://acme--uat.sandbox.my.salesforce.com/x?y=${QUERY}</endpoint>\n    \
                 <label>{{LABEL}} and %%more%%, 100%% of 50%% and {!$Credential.X} $5</label>\n    \
                 <principalType>NamedUser</principalType>\n    <protocol>Password</protocol>\n    \
                 <username>{{ORDERS_USER}}</username>\n    <password>%%ORDERS_PASSWORD%%</password>",
            ),
        )
        .file(
            "a/Orders.connectedApp",
            &xml(
                "ConnectedApp",
                "    <contactEmail>ops@example.com</contactEmail>\n    <label>Orders</label>\n    <oauthConfig>\n        \
                 <callbackUrl>https://acme.my.site.com/x</callbackUrl>\n        <scopes>Api</scopes>\n    </oauthConfig>\n    \
                 <startUrl>https://acme.lightning.force.com/one</startUrl>",
            ),
        );
    snapshot("variables", told(&test, "a --output m.toml"));
    test.run("render m.toml --output out").success();
    let out = test.read("out/namedCredentials/Orders.namedCredential");
    assert!(out.contains("<endpoint>https://acme--uat.sandbox.my.salesforce.com/x?y=${QUERY}</endpoint>"));
    assert!(out.contains("<label>{{LABEL}} and %%more%%, 100%% of 50%% and {!$Credential.X} $5</label>"));
}

#[test]
fn comments_stay_where_they_stood() {
    let test = Test::new().file(
        "a/Orders.connectedApp",
        &format!(
            "<?xml version=\"1.0\"?>\n<!-- Owned by the orders team.\n\n     Ask them first. -->\n<ConnectedApp \
             xmlns=\"{NAMESPACE}\">\n    <!-- shown at login -->\n    <label>Orders</label>\n    \
             <contactEmail>ops@example.com</contactEmail>\n    <oauthConfig>\n        <!--first--><!--second-->\n        \
             <scopes>Api</scopes>\n        <!-- the app stays logged in -->\n        <scopes>RefreshToken</scopes>\n        \
             <!-- nothing follows -->\n    </oauthConfig>\n</ConnectedApp>\n<!-- the end -->\n"
        ),
    );
    snapshot("comments", told(&test, "a --output m.toml"));
}

#[test]
fn what_nobody_knows_yet_is_passed_through() {
    let test = Test::new().file(
        "a/Orders.connectedApp",
        &xml(
            "ConnectedApp",
            "    <brandNew>1 &lt; 2</brandNew>\n    <contactEmail>ops@example.com</contactEmail>\n    <deep>\n        \
             <list>a</list>\n        <list>b</list>\n        <inner><x>true</x></inner>\n    </deep>\n    \
             <label>Orders</label>\n    <odd.name>x</odd.name>\n    <oauthConfig>\n        \
             <isPkceRequired>maybe</isPkceRequired>\n        <scopes>Api</scopes>\n        <scopes>Telepathy</scopes>\n    </oauthConfig>",
        ),
    );
    snapshot("extra", told(&test, "a --output m.toml"));
    let strict = test.run("import a --output n.toml --strict");
    assert_eq!(strict.code, 1, "an element was left out: {}", strict.stdout);
    test.run("render m.toml --output out").success();
    let out = test.read("out/connectedApps/Orders.connectedApp");
    for kept in
        ["<brandNew>1 &lt; 2</brandNew>", "<list>b</list>", "<isPkceRequired>maybe<", "<scopes>Telepathy<"]
    {
        assert!(out.contains(kept), "{kept} is not in {out}");
    }
}

#[test]
fn names_that_are_no_bare_keys_are_quoted() {
    let names = ["Standard User_1", "with.dot", "with \"quotes\"", "Größe", "it's"];
    let test = Test::new();
    for name in names {
        test.write(
            &format!("a/{name}.profile"),
            xml("Profile", "<custom>true</custom><userLicense>Salesforce</userLicense>"),
        );
    }
    let said = test.run("import a --output m.toml --json").success();
    assert_eq!(addresses(&said).len(), names.len());
    test.run("render m.toml --output out").success();
    for name in names {
        assert!(test.path(&format!("out/profiles/{name}.profile")).exists(), "{name}");
    }
}

#[test]
fn a_type_can_be_left_out() {
    let test =
        Test::new().file("src/profiles/Admin.profile", "<Profile><custom>false</custom></Profile>").file(
            "src/remoteSiteSettings/A.remoteSite",
            "<RemoteSiteSetting><url>https://a.example</url></RemoteSiteSetting>",
        );
    let done = test.run("import src --output all.toml --without profile");
    assert_eq!(done.code, 0, "{}", done.stderr);
    let text = test.read("all.toml");
    assert!(text.contains("[remote-site-setting.A]") && !text.contains("[profile"), "{text}");
    let nothing = test.run("import src --output none.toml --without profile --without remote-site-setting");
    assert_eq!(nothing.code, 1);
    assert!(nothing.stderr.contains("--without leaves nothing of `src`"), "{}", nothing.stderr);
    let wrong = test.run("import src --output none.toml --without profiles");
    assert!(wrong.stderr.contains("did you mean profile?"), "{}", wrong.stderr);
}

#[test]
fn a_manifest_that_no_command_would_read_is_not_written() {
    let large = "x".repeat(9 << 20);
    let test = Test::new()
        .file("src/profiles/Admin.profile", &format!("<Profile><description>{large}</description></Profile>"))
        .file(
            "src/remoteSiteSettings/A.remoteSite",
            "<RemoteSiteSetting><url>https://a.example</url></RemoteSiteSetting>",
        );
    let refused = test.run("import src --output all.toml");
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("file-too-large"), "{}", refused.stderr);
    assert!(refused.stderr.contains("--without profile"), "{}", refused.stderr);
    assert!(!test.path("all.toml").exists());
}

#[test]
fn one_file_of_a_certificate_brings_the_other() {
    let pem = "-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n";
    let elements =
        xml("Certificate", "    <caSigned>false</caSigned>\n    <masterLabel>Orders</masterLabel>");
    let test = Test::new().file("certs/Orders.crt", pem).file("certs/Orders.crt-meta.xml", &elements);
    for named in ["certs/Orders.crt", "certs/Orders.crt-meta.xml"] {
        let done = test.run(&format!("import {named} --output {named}.toml"));
        assert_eq!((done.code, done.stderr.contains("missing")), (0, false), "{}", done.stderr);
        let text = test.read(&format!("{named}.toml"));
        assert!(text.contains("QQ==") && text.contains("master-label = \"Orders\""), "{text}");
    }
}

#[test]
fn addresses_of_one_org_need_not_say_which() {
    let site = |host: &str| xml("RemoteSiteSetting", &format!("    <url>https://{host}/x</url>"));
    let test = Test::new()
        .file("a/A.remoteSite", &site("acme.my.salesforce.com"))
        .file("a/B.remoteSite", &site("acme.lightning.force.com"))
        .file("b/C.remoteSite", &site("acme--uat.sandbox.my.salesforce.com"));
    let urls = |from: &str| {
        test.run(&format!("import {from} --output {from}.toml --force")).success();
        let text = test.read(&format!("{from}.toml"));
        text.lines()
            .filter_map(|line| Some(line.split_once("-url = \"https://")?.0.to_owned()))
            .collect::<Vec<_>>()
    };
    assert_eq!(urls("a"), ["lightning", "my-domain"]);
    test.write("a/C.remoteSite", test.read("b/C.remoteSite"));
    assert_eq!(urls("a"), ["acme-lightning", "acme-uat", "acme"]);
}
