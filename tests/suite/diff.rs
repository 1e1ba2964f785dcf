//! `diff`: every kind of side against the others, what counts as a difference and what is noise.

use std::fs::{self, File};
use std::io::Write as _;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::simulated::{Org, text};
use crate::test::{Said, Test};

const CANARY: &str = "Canary7Canary7Canary7Canary7Canary7Canary7";

fn app(config: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ConnectedApp xmlns=\"http://soap.sforce.com/2006/04/metadata\">\n    \
         <contactEmail>ops@example.com</contactEmail>\n    <label>Orders</label>\n    <oauthConfig>\n{config}\n    \
         </oauthConfig>\n</ConnectedApp>\n"
    )
}

const CONFIG: &str = "        <callbackUrl>https://orders.example/1\nhttps://orders.example/2</callbackUrl>\n        \
    <isPkceRequired>true</isPkceRequired>\n        <scopes>Api</scopes>\n        <scopes>RefreshToken</scopes>";

/// The same app as a manifest.
const MANIFEST: &str = r#"
    [connected-app.Orders]
    label = "Orders"
    contact-email = "ops@example.com"

    [connected-app.Orders.oauth-config]
    callback-url = ["https://orders.example/1", "https://orders.example/2"]
    is-pkce-required = true
    scopes = ["Api", "RefreshToken"]
"#;

/// Folders `a` and `b` with one app each.
fn two(before: &str, after: &str) -> Test {
    Test::new().file("a/Orders.connectedApp", before).file("b/Orders.connectedApp", after)
}

#[track_caller]
fn equal(test: &Test, sides: &str) -> Said {
    let said = test.run(&format!("diff {sides} --exit-code")).exits(0);
    assert!(said.stdout.starts_with("No differences between "), "{}", said.stdout);
    said
}

#[track_caller]
fn different(test: &Test, sides: &str) -> Said {
    let said = test.run(&format!("diff {sides}"));
    assert_eq!(said.code, 0, "{}", said.stderr);
    test.run(&format!("diff {sides} --exit-code")).exits(2)
}

fn snapshot(name: &str, text: impl Into<String>) {
    let text = text.into();
    assert!(!text.contains(&CANARY[..14]), "a secret is shown:\n{text}");
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text.trim_end()));
}

// ---- sides

#[test]
fn the_same_components_are_equal_wherever_they_lie() {
    let test = Test::new()
        .manifest(MANIFEST)
        .file("folder/connectedApps/Orders.connectedApp", &app(CONFIG))
        .file("source/main/connectedApps/Orders.connectedApp-meta.xml", &app(CONFIG));
    let mut zip = ZipWriter::new(File::create(test.path("org.zip")).unwrap());
    zip.start_file("unpackaged/connectedApps/Orders.connectedApp", SimpleFileOptions::default()).unwrap();
    zip.write_all(app(CONFIG).as_bytes()).unwrap();
    zip.finish().unwrap();
    test.commit("one");
    let sides = [
        "folder",
        "folder/connectedApps/Orders.connectedApp",
        "source",
        "org.zip",
        "manifests",
        "manifests/main.toml",
        "git:one",
        "git:one:folder",
        "git:one:manifests/main.toml",
    ];
    for before in sides {
        equal(&test, before);
        for after in sides {
            equal(&test, &format!("{before} {after}"));
        }
    }
}

#[test]
fn a_revision_alone_stands_for_what_the_other_side_is() {
    let test = Test::new().manifest(MANIFEST).file("md/Orders.connectedApp", &app(CONFIG));
    test.commit("before");
    test.edit("manifests/main.toml", "\"Orders\"", "\"Sales\"");
    test.edit("md/Orders.connectedApp", "Orders</label>", "Purchases</label>");
    snapshot(
        "revisions",
        ["git:before", "git:before manifests", "git:before md", "md git:before", "git:before git:before:md"]
            .map(|sides| {
                let said = test.run(&format!("diff {sides}")).exits(0);
                format!("$ orgwire diff {sides}\n{}{}\n", said.stdout, said.stderr)
            })
            .concat(),
    );
    for (sides, message) in [
        ("git:nowhere", "there is no revision `nowhere` in this git repository"),
        ("git:before:nowhere", "there is no `nowhere` at revision `before`"),
        ("nowhere", "cannot read `nowhere`"),
        ("env:nowhere", "nowhere"),
        ("org:nowhere", "nowhere"),
    ] {
        let said = test.run(&format!("diff {sides} --exit-code")).exits(1);
        assert!(said.stderr.contains(message), "{sides}: {}", said.stderr);
    }
}

/// The first pull request of a project adds all of it.
#[test]
fn where_there_was_nothing_yet_everything_is_new() {
    let test = Test::new().file("README.md", "an empty repository");
    test.commit("empty");
    let test = test.manifest(MANIFEST).file("md/Orders.connectedApp", &app(CONFIG));
    test.commit("first");
    for sides in ["git:empty", "git:empty git:first", "git:empty manifests", "git:empty md"] {
        let said = different(&test, sides);
        assert!(said.stdout.starts_with("+ connected-app.Orders\n"), "{sides}: {}", said.stdout);
    }
    let said = different(&test, "git:first git:empty");
    assert!(said.stdout.starts_with("- connected-app.Orders\n"), "{}", said.stdout);
    equal(&test, "git:empty git:empty");
    // A project that keeps its manifests elsewhere.
    test.write("orgwire.toml", "manifests = [\"trust\"]\n");
    fs::rename(test.path("manifests"), test.path("trust")).unwrap();
    let said = different(&test, "git:empty");
    assert!(said.stdout.starts_with("+ connected-app.Orders\n"), "{}", said.stdout);
    test.commit("moved");
    equal(&test, "git:first git:moved");
}

#[test]
fn environments_differ_by_what_they_lay_over() {
    let test = Test::new().manifest(&format!(
        "{}\n[environment.uat.connected-app.Orders]\nlabel = \"Orders (UAT)\"\n\n[environment.production]\n",
        crate::test::unindent(MANIFEST).replace("\"ops@example.com\"", "\"${var.contact}\"")
            + "\n[variables]\ncontact = \"ops@example.com\"\n"
    ));
    let said = different(&test, "env:uat env:production");
    assert!(said.stdout.contains("label = \"Orders (UAT)\" -> \"Orders\""), "{}", said.stdout);
    equal(&test, "env:production");
    equal(&test, "env:uat --env uat");
    let said = different(&test, "env:production --env uat");
    assert!(said.stdout.contains("label = \"Orders\" -> \"Orders (UAT)\""), "{}", said.stdout);
    equal(&test, "env:production manifests --var contact=a@example.com");
}

#[test]
fn an_org_is_compared_with_what_the_other_side_has() {
    let test = Test::example("axsy");
    let said = different(&test, "org:local manifests");
    assert!(said.stdout.contains("3 added, 0 removed, 0 changed"), "{}", said.stdout);
    test.run("deploy").success();
    equal(&test, "org:local");
    equal(&test, "org:local manifests");
    equal(&test, "manifests org:local");
    test.run("render --output out").success();
    test.run("import org:local --output imported.toml --target connected-app.AxsyApexAPI").success();
    equal(&test, "imported.toml org:local --target connected-app.AxsyApexAPI");
    Org::of(&test, |org| org.edit("ConnectedApp", "AxsyApexAPI", "label", Some(text("Changed by hand"))));
    let said = different(&test, "manifests org:local");
    snapshot("org", said.result());
    let said = different(&test, "out org:local --target connected-app.AxsyApexAPI");
    assert!(said.stdout.contains("\"Changed by hand\""), "{}", said.stdout);
}

#[test]
fn one_component_can_be_looked_at() {
    let test = two(&app(CONFIG), &app("<scopes>Full</scopes>"));
    test.write("b/Other.connectedApp", app(CONFIG));
    let said = different(&test, "a b --target connected-app.Other");
    assert!(said.stdout.starts_with("+ connected-app.Other\n"), "{}", said.stdout);
    let said = test.run("diff a b --target connected-app.Odrers").exits(1);
    assert!(said.stderr.contains("help: did you mean connected-app.Orders?"), "{}", said.stderr);
}

// ---- what counts

#[test]
fn noise_is_no_difference() {
    let before = app(CONFIG);
    let noise: &[(&str, String)] = &[
        (
            "the order of scopes",
            before.replace(
                "        <scopes>Api</scopes>\n        <scopes>RefreshToken</scopes>",
                "        <scopes>RefreshToken</scopes>\n        <scopes>Api</scopes>",
            ),
        ),
        ("an alias of a scope", before.replace("RefreshToken", "OfflineAccess")),
        ("a scope twice", before.replace("<scopes>Api", "<scopes>Api</scopes><scopes>Api")),
        (
            "a default written down",
            before.replace("<scopes>Api", "<isAdminApproved>false</isAdminApproved><scopes>Api"),
        ),
        (
            "the order of elements",
            before
                .replace("    <label>Orders</label>\n", "")
                .replace("</oauthConfig>", "</oauthConfig><label>Orders</label>"),
        ),
        ("line ends", before.replace('\n', "\r\n")),
        ("some line ends", before.replacen('\n', "\r\n", 4)),
        ("a byte order mark", format!("\u{feff}{before}")),
        ("white space between elements", before.replace("    <", "\t\t\n<")),
        ("white space around a flag", before.replace(">true<", ">\n  true\n<")),
        ("another spelling of a flag", before.replace(">true<", ">1<")),
        (
            "the order of callbacks",
            before.replace(
                "orders.example/1\nhttps://orders.example/2",
                "orders.example/2\nhttps://orders.example/1",
            ),
        ),
        ("an empty element", before.replace("<label>", "<description></description><label>")),
        ("an element without end tag", before.replace("<label>", "<description/><label>")),
        ("no value", before.replace("<label>", "<description xsi:nil=\"true\"/><label>")),
        ("a comment", before.replace("<label>", "<!-- x --><label>")),
        ("text in another form", before.replace(">Orders<", "><![CDATA[Ord]]>&#101;rs<")),
        (
            "a prefix",
            before
                .replace("<ConnectedApp xmlns=", "<m:ConnectedApp xmlns:m=")
                .replace("</ConnectedApp", "</m:ConnectedApp"),
        ),
    ];
    for (title, after) in noise {
        assert_ne!(*after, before, "{title}");
        let test = two(&before, after);
        for sides in ["a b", "b a"] {
            let said = test.run(&format!("diff {sides} --xml --exit-code"));
            assert_eq!(said.code, 0, "{title}: {}{}", said.stdout, said.stderr);
        }
    }
}

#[test]
fn one_leaf_is_one_difference() {
    let before = app(CONFIG);
    let changes: &[(&str, &str, &str, &str)] = &[
        ("a letter", ">Orders<", ">orders<", "label"),
        ("a blank", ">Orders<", ">Orders <", "label"),
        ("a flag", ">true<", ">false<", "oauth-config.is-pkce-required"),
        ("a scope", "<scopes>Api<", "<scopes>Web<", "oauth-config.scopes"),
        ("a scope more", "<scopes>Api<", "<scopes>Web</scopes><scopes>Api<", "oauth-config.scopes"),
        ("a callback", "example/2", "example/3", "oauth-config.callback-url"),
        (
            "what is no default",
            "<scopes>Api",
            "<isAdminApproved>true</isAdminApproved><scopes>Api",
            "oauth-config.is-admin-approved",
        ),
        ("an element that nobody knows", "<label>", "<brandNew>x</brandNew><label>", "brand-new"),
        ("one element less", "    <label>Orders</label>\n", "", "label"),
    ];
    for (title, from, to, field) in changes {
        let after = before.replacen(from, to, 1);
        assert_ne!(after, before, "{title}");
        let test = two(&before, &after);
        for sides in ["a b", "b a"] {
            let json = test.run(&format!("diff {sides} --json --exit-code")).exits(2).json();
            let changed = &json["changes"][0];
            assert_eq!(changed["component"], "connected-app.Orders", "{title}");
            assert_eq!(changed["action"], "changed", "{title}");
            let fields: Vec<_> =
                changed["fields"].as_array().unwrap().iter().map(|one| one["field"].clone()).collect();
            assert_eq!(fields, [*field], "{title}");
        }
    }
}

#[test]
fn secrets_are_states() {
    let provider = |secret: &str| {
        format!(
            "<AuthProvider><friendlyName>P</friendlyName><providerType>Google</providerType>{secret}</AuthProvider>"
        )
    };
    let set = |secret: &str| provider(&format!("<consumerSecret>{secret}</consumerSecret>"));
    let test = Test::new()
        .file("none/P.authprovider", &provider(""))
        .file("masked/P.authprovider", &set("Placeholder_Value"))
        .file("one/P.authprovider", &set(CANARY))
        .file("other/P.authprovider", &set(&CANARY.replace('7', "8")))
        .manifest("[auth-provider.P]\nfriendly-name = \"P\"\nprovider-type = \"Google\"\nconsumer-secret = { env = \"P_SECRET\" }\nconsumer-key = \"abcdefgh\"\n");
    equal(&test, "one other --xml");
    let mut all = String::new();
    for sides in ["none one", "one none", "masked one", "one masked", "manifests one", "manifests none"] {
        for flags in ["", "--xml", "--format markdown --xml", "--json --xml"] {
            let said = test.run(&format!("diff {sides} {flags}")).exits(0);
            assert!(!said.stdout.contains("Canary"), "{sides} {flags}: {}", said.stdout);
            if flags.is_empty() {
                all.push_str(&format!("$ orgwire diff {sides}\n{}\n", said.stdout));
            }
        }
    }
    snapshot("secrets", all);
}

// ---- formats

/// Two folders in which a little of everything changed.
fn little_of_everything() -> Test {
    let after = CONFIG
        .replace("RefreshToken", "OpenID")
        .replace("example/2", "example/3\nhttps://orders.example/4")
        .replace("<isPkce", "<isAdminApproved>true</isAdminApproved>\n        <isPkce");
    let test = two(&app(CONFIG), &app(&after).replace("ops@", "trust@"));
    test.write("a/Gone.authprovider", "<AuthProvider><friendlyName>Gone</friendlyName></AuthProvider>");
    test.write(
        "b/New.remoteSite",
        "<RemoteSiteSetting><isActive>true</isActive><url>https://new.example</url></RemoteSiteSetting>",
    );
    for (side, value) in [("a", "1"), ("b", "2")] {
        test.write(
            &format!("{side}/Keys.externalCredential"),
            format!(
                "<ExternalCredential><label>Keys</label><externalCredentialParameters><parameterName>X</parameterName>\
                 <parameterType>AuthHeader</parameterType><parameterValue>v{value}</parameterValue></externalCredentialParameters>\
                 </ExternalCredential>"
            ),
        );
    }
    test
}

#[test]
fn a_difference_reads_from_the_fields_to_the_xml() {
    let test = little_of_everything();
    snapshot("human", different(&test, "a b").stdout);
    snapshot("xml", different(&test, "a b --xml").stdout);
    snapshot("markdown", different(&test, "a b --format markdown --xml").stdout);
    snapshot("json", different(&test, "a b --json --xml").stdout);
    let nothing = ["", "--xml", "--format markdown", "--json"];
    snapshot("nothing", nothing.map(|flags| test.run(&format!("diff a a {flags}")).exits(0).stdout).concat());
}

#[test]
fn colour_is_for_terminals() {
    let test = little_of_everything();
    assert!(!different(&test, "a b --xml").stdout.contains('\u{1b}'));
    assert!(different(&test, "a b --xml --color always").stdout.contains("\u{1b}["));
}

/// Order and spelling of what did not change are those of the first side.
#[test]
fn the_xml_shows_what_changed_and_nothing_else() {
    let shuffled = app(CONFIG)
        .replace(
            "        <scopes>Api</scopes>\n        <scopes>RefreshToken</scopes>",
            "<scopes>OfflineAccess</scopes><scopes>Api</scopes>",
        )
        .replace("        <isPkce", "<isAdminApproved>false</isAdminApproved><isPkce")
        .replace(">Orders<", ">Sales<");
    let test = two(&app(CONFIG), &shuffled);
    let json = different(&test, "a b --json --xml").json();
    let xml = json["changes"][0]["xml"].as_str().unwrap();
    let changed: Vec<&str> = xml.lines().skip(2).filter(|line| line.starts_with(['+', '-'])).collect();
    assert_eq!(changed, ["-    <label>Orders</label>", "+    <label>Sales</label>"], "{xml}");
}

#[test]
fn nothing_in_a_file_acts_on_a_terminal_or_in_markdown() {
    let evil = "@everyone #1 ``` ```` &lt;img src=x onerror=alert(1)&gt; | [x](javascript:y) ![i](https://e.example/i) ~~~ **b**";
    let hostile = app(CONFIG).replace(">Orders<", &format!(">{evil}<")).replace(
        "    <label>",
        &format!(
            "    <description>a\u{9b}31mred\u{9b}m\n```\n&lt;/details&gt;\n{evil}</description>\n    <label>"
        ),
    );
    let test = two(&app(CONFIG), &hostile);
    test.write("b/A `@everyone` | <b>.profile", "<Profile><custom>true</custom></Profile>");
    let human = different(&test, "a b --xml").stdout;
    assert!(!human.contains(['\u{1b}', '\u{9b}']), "{human}");
    let markdown = different(&test, "a b --xml --format markdown").stdout;
    assert!(!markdown.contains(['\u{1b}', '\u{9b}']), "{markdown}");
    snapshot("hostile", &markdown);
    // Outside of code there is nothing that the file says.
    let mut fence = String::new();
    for line in markdown.lines() {
        let run: String = line.chars().take_while(|letter| *letter == '`').collect();
        if fence.is_empty() && run.len() >= 3 {
            fence = run;
        } else if !fence.is_empty() {
            if line == fence {
                fence.clear();
            }
        } else {
            let bare = without_code(line);
            assert!(!bare.contains("everyone") && !bare.contains("img"), "{line}");
        }
    }
    assert!(fence.is_empty(), "a block is not closed");
}

/// A line of Markdown without its code spans.
fn without_code(line: &str) -> String {
    let mut bare = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        bare.push_str(&rest[..start]);
        let run = rest[start..].bytes().take_while(|byte| *byte == b'`').count();
        let behind = &rest[start + run..];
        let mut at = 0;
        let end = loop {
            let Some(next) = behind[at..].find('`').map(|next| at + next) else { break None };
            let length = behind[next..].bytes().take_while(|byte| *byte == b'`').count();
            if length == run {
                break Some(next + length);
            }
            at = next + length;
        };
        match end {
            Some(end) => rest = &behind[end..],
            None => {
                bare.push_str(&rest[start..start + run]);
                rest = behind;
            }
        }
    }
    bare + rest
}
