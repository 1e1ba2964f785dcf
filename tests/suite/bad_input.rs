//! Metadata files that mean harm, or were harmed: each is named with its line, and the rest is imported.

use std::fs::File;
use std::io::{self, Read as _, Write as _};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::test::{Said, Test};

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const CANARY: &str = "Canary7Canary7Canary7Canary7Canary7Canary7";

/// A connected app with these lines in its root element.
fn app(lines: &str) -> String {
    format!(
        "{DECLARATION}<ConnectedApp xmlns=\"http://soap.sforce.com/2006/04/metadata\">\n{lines}\n</ConnectedApp>\n"
    )
}

fn good() -> String {
    app("    <contactEmail>ops@example.com</contactEmail>\n    <label>Good</label>")
}

/// A folder with one good file, so that there is a rest.
fn folder() -> Test {
    Test::new().file("md/Good.connectedApp", &good())
}

fn snapshot(name: &str, text: impl Into<String>) {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text.into().trim_end()));
}

/// What an import says of a file beside a good one, which is imported all the same.
fn beside(title: &str, name: &str, content: impl AsRef<[u8]>) -> String {
    let test = folder();
    test.write(&format!("md/{name}"), content);
    of_folder(title, &test)
}

fn of_folder(title: &str, test: &Test) -> String {
    let text = of(title, test, "md");
    assert!(test.read("m.toml").contains("[connected-app.Good]"), "{text}");
    text
}

/// What an import says, which `--strict` makes a failure.
fn of(title: &str, test: &Test, source: &str) -> String {
    let said = test.run(&format!("import {source} --output m.toml"));
    if said.code == 0 {
        let strict = test.run(&format!("import {source} --output - --strict"));
        assert_eq!(strict.code, 1, "{title}: {}", strict.stderr);
    }
    for stream in [&said.stdout, &said.stderr] {
        assert!(!stream.contains(&CANARY[..14]), "a secret is shown:\n{stream}");
        assert!(!stream.contains('\u{1b}'), "a terminal would obey:\n{stream}");
    }
    let talk = said.stderr.replace("next: orgwire plan m.toml\n", "");
    format!("# {title}    (exit code {})\n{}\n\n", said.code, talk.trim_end())
}

#[test]
fn what_is_no_component_is_left_out_by_name_and_line() {
    let label = |text: &str| app(&format!("    <label>{text}</label>"));
    let entities = format!(
        "{DECLARATION}<!DOCTYPE x [\n<!ENTITY a \"{}\">\n<!ENTITY b \"&a;&a;&a;\">\n]>\n",
        "x".repeat(50)
    );
    snapshot(
        "unreadable",
        [
            beside("a tag that is not closed", "Bad.connectedApp", app("    <label>A</labe>")),
            beside("a file that was cut off", "Bad.connectedApp", &good()[..120]),
            beside("an empty file", "Bad.connectedApp", ""),
            beside("no XML at all", "Bad.connectedApp", "hello\n"),
            beside("two root elements", "Bad.connectedApp", format!("{}<ConnectedApp/>", good())),
            beside("another type", "Bad.authprovider", good()),
            beside("another type of the same ending", "Bad.settings", good()),
            beside(
                "an entity bomb",
                "Bad.connectedApp",
                good().replace(DECLARATION, &entities).replace("Good", "&b;"),
            ),
            beside(
                "a file from elsewhere",
                "Bad.connectedApp",
                good().replace(DECLARATION, "<!DOCTYPE x SYSTEM \"file:///etc/passwd\">\n"),
            ),
            beside("an entity of its own", "Bad.connectedApp", label("&evil;")),
            beside("a merge conflict", "Bad.connectedApp", app("<<<<<<< HEAD\n<label>A</label>\n=======\n")),
            beside(
                "UTF-16",
                "Bad.connectedApp",
                good().encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
            ),
            beside("another encoding", "Bad.connectedApp", [&b"<ConnectedApp>\n<label>f\xfcr"[..]].concat()),
            beside("too deep", "Bad.connectedApp", app(&"<a>".repeat(100_000))),
            beside("a package that is none", "package.xml", "<Package>\n<version></versio>"),
            beside("a package with a document type", "package.xml", "<!DOCTYPE x><Package/>"),
            beside("a project that is none", "sfdx-project.json", "{\n  \"sourceApiVersion\": \n}"),
        ]
        .concat(),
    );
}

#[test]
fn names_that_an_org_cannot_tell_apart_are_one_component() {
    let twice = folder().file("md/copy/Good.connectedApp-meta.xml", &good());
    snapshot(
        "duplicate-member",
        [beside("letter case", "good.connectedApp", good()), of_folder("a copy", &twice)].concat(),
    );
}

#[test]
fn what_no_manifest_can_hold_is_said() {
    let root = good().replace("<ConnectedApp ", "<ConnectedApp fqn=\"x\" ");
    snapshot(
        "lost-content",
        [
            beside(
                "text, attributes and instructions",
                "Bad.connectedApp",
                root.replace("    <label>", "    left over\n    <?php x ?>\n    <label lang=\"en\">")
                    + "<!-- fine -->",
            ),
            beside("what a merge left", "Bad.connectedApp", app("    <label>A</label>\n>>>>>>> main")),
        ]
        .concat(),
    );
}

#[test]
fn a_place_without_anything_known_says_what_is_known() {
    let test = Test::new()
        .file("docs/readme.txt", "nothing")
        .file("Bad.connectedApp", "<x>")
        .file("Flow.connectedApp", "<Flow/>");
    test.write("empty.zip", b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    std::fs::create_dir(test.path("empty")).unwrap();
    snapshot(
        "no-metadata",
        [
            of("a folder with other things", &test, "docs"),
            of("an empty folder", &test, "empty"),
            of("an empty zip", &test, "empty.zip"),
            of("nothing that could be read", &test, "Bad.connectedApp"),
            of("a file of another type", &test, "Flow.connectedApp"),
        ]
        .concat(),
    );
    assert!(!test.path("m.toml").exists());
}

/// The limit is an eighth of the file, so reading it all would end the process.
#[test]
#[cfg(target_os = "linux")]
fn a_huge_file_is_left_out_unread() {
    let test = folder();
    File::create(test.path("md/Huge.connectedApp")).unwrap().set_len(1 << 30).unwrap();
    let said = test.run_script("ulimit -v 524288 && exec \"$ORGWIRE\" import md --output m.toml").exits(0);
    assert!(
        said.stderr.contains("md/Huge.connectedApp: the file is left out: it has more than 64 MiB"),
        "{}",
        said.stderr
    );
    // Named alone as well.
    let said = test
        .run_script("ulimit -v 524288 && exec \"$ORGWIRE\" import md/Huge.connectedApp --output n.toml")
        .exits(1);
    assert!(said.stderr.contains("more than 64 MiB"), "{}", said.stderr);
    let said = test.run_script("ulimit -v 524288 && exec \"$ORGWIRE\" diff md md --exit-code").exits(0);
    assert!(said.stderr.contains("more than 64 MiB"), "{}", said.stderr);
}

#[test]
fn byte_order_marks_and_line_ends_mean_nothing() {
    let test = Test::new();
    let text = app(
        "    <contactEmail>a@example.com</contactEmail>\n    <description>a\nb</description>\n    <label>A</label>",
    );
    test.write("a/A.connectedApp", &text);
    test.write("b/A.connectedApp", format!("\u{feff}{text}"));
    test.write("c/A.connectedApp", text.replace('\n', "\r\n"));
    test.write("d/A.connectedApp", text.replacen('\n', "\r\n", 3));
    for folder in ["a", "b", "c", "d"] {
        test.run(&format!("import {folder} --output {folder}.toml --strict")).success();
        assert_eq!(test.read(&format!("{folder}.toml")), test.read("a.toml"), "{folder}");
    }
}

#[test]
fn a_zip_that_means_harm_does_none() {
    let test = Test::new();
    let mut zip = ZipWriter::new(File::create(test.path("evil.zip")).unwrap());
    let options = SimpleFileOptions::default();
    for path in [
        "../Up.connectedApp",
        "/Root.connectedApp",
        "C:/Drive.connectedApp",
        "a\\Back.connectedApp",
        "Good.connectedApp",
    ] {
        zip.start_file(path, options).unwrap();
        zip.write_all(good().as_bytes()).unwrap();
    }
    zip.add_symlink("Link.connectedApp", "/etc/passwd", options).unwrap();
    zip.start_file("Bomb.connectedApp", options).unwrap();
    io::copy(&mut io::repeat(b' ').take(100 << 20), &mut zip).unwrap();
    zip.finish().unwrap();
    test.write("broken.zip", &std::fs::read(test.path("evil.zip")).unwrap()[..500]);
    snapshot(
        "evil-zip",
        [of("an evil zip", &test, "evil.zip"), of("a zip that was cut off", &test, "broken.zip --force")]
            .concat(),
    );
    assert!(test.read("m.toml").contains("[connected-app.Good]"));
    assert!(!test.read("m.toml").contains("Up"));
}

#[cfg(unix)]
#[test]
fn links_and_names_that_do_something_are_left_out() {
    let test = folder();
    std::os::unix::fs::symlink("/etc/passwd", test.path("md/Link.connectedApp")).unwrap();
    std::os::unix::fs::symlink("Good.connectedApp", test.path("md/Inside.connectedApp")).unwrap();
    test.write("md/Red\u{1b}[31m.connectedApp", good());
    snapshot("links", of_folder("links and escape sequences", &test));
    assert!(test.read("m.toml").contains("[connected-app.Inside]"));
}

// ---- secrets

/// Everything that a command said, and every file that it wrote.
fn everything(test: &Test, said: &Said) -> String {
    let written = test.files().into_iter().filter(|(path, _)| !path.starts_with("md/"));
    let written: Vec<String> =
        written.map(|(path, bytes)| format!("--- {path}\n{}", String::from_utf8_lossy(&bytes))).collect();
    format!("{}{}{}", said.stdout, said.stderr, written.concat())
}

#[test]
fn a_secret_in_a_file_goes_nowhere() {
    let provider = |lines: &str| {
        format!(
            "<AuthProvider>\n<friendlyName>P</friendlyName>\n<providerType>Custom</providerType>\n{lines}\n</AuthProvider>"
        )
    };
    let credential =
        |lines: &str| format!("<NamedCredential>\n<label>N</label>\n{lines}\n</NamedCredential>");
    let external = |lines: &str| {
        format!(
            "<ExternalCredential>\n<label>E</label>\n<externalCredentialParameters>\n<parameterName>H</parameterName>\n\
             <parameterType>AuthHeader</parameterType>\n{lines}\n</externalCredentialParameters>\n</ExternalCredential>"
        )
    };
    let secret = |name: &str| format!("<{name}>{CANARY}</{name}>");
    let files: &[(&str, String)] = &[
        ("A.authprovider", provider(&secret("consumerSecret"))),
        ("B.authprovider", provider(&secret("ecKey"))),
        ("C.authprovider", provider(&format!("<consumerSecret><![CDATA[{CANARY}]]></consumerSecret>"))),
        ("D.authprovider", provider(&format!("<consumerSecret><x>{CANARY}</x></consumerSecret>"))),
        ("E.authprovider", provider(&secret("consumerSecret").repeat(2))),
        ("F.authprovider", provider(&format!("<consumerSecret a=\"{CANARY}\"/>"))),
        ("G.authprovider", provider(&secret("someNewSecret"))),
        ("H.authprovider", provider(&format!("<newCredential><value>{CANARY}</value></newCredential>"))),
        ("I.authprovider", provider(&format!("<!-- <consumerSecret>{CANARY}</consumerSecret> -->"))),
        ("J.authprovider", format!("<!-- the password is: {CANARY} -->{}", provider(""))),
        ("K.authprovider", provider(&format!("<plugin>P</plugin><!-- client_secret={CANARY} -->"))),
        ("L.authprovider", provider(&format!("<consumerSecret>{CANARY}\n{CANARY}</consumerSecret>"))),
        (
            "M.connectedApp",
            format!("<ConnectedApp><oauthConfig>{}</oauthConfig></ConnectedApp>", secret("consumerSecret")),
        ),
        (
            "N.connectedApp",
            format!(
                "<ConnectedApp><oauthConfig>{}</oauthConfig>{}</ConnectedApp>",
                secret("consumerSecret"),
                secret("description")
            ),
        ),
        ("O.connectedApp", format!("<ConnectedApp>{}</ConnectedApp>", secret("brandNew"))),
        ("P.namedCredential", credential(&secret("password"))),
        ("Q.namedCredential", credential(&secret("awsAccessSecret"))),
        ("R.namedCredential", credential(&secret("oauthRefreshToken"))),
        ("S.externalCredential", external(&secret("parameterValue"))),
        ("T.externalCredential", external(&format!("<parameterValue>Bearer {CANARY}</parameterValue>"))),
        (
            "U.ecaGlblOauth",
            format!(
                "<ExtlClntAppGlobalOauthSettings>{}</ExtlClntAppGlobalOauthSettings>",
                secret("consumerSecret")
            ),
        ),
    ];
    for (name, text) in files {
        let test = Test::new();
        test.write(&format!("md/{name}"), text);
        // What one file says is a secret is one in all the others.
        if name.starts_with('O') {
            test.write(&format!("md/{}", files[12].0), &files[12].1);
        }
        for words in
            ["--output m.toml --observed told.json", "--output j.toml --json", "--output - --concise"]
        {
            let said = test.run(&format!("import md {words}"));
            assert_eq!(said.code, 0, "{name}: {}", said.stderr);
            let all = everything(&test, &said);
            assert!(!all.contains(&CANARY[..14]), "{name} shows a secret:\n{all}");
        }
        for words in ["", "--json", "--format markdown", "--xml", "--json --xml"] {
            test.write("other/Nothing.connectedApp", "<ConnectedApp/>");
            for sides in ["other md", "md other", "m.toml md"] {
                let said = test.run(&format!("diff {sides} {words}"));
                assert_eq!(said.code, 0, "{name}: {}", said.stderr);
                let all = format!("{}{}", said.stdout, said.stderr);
                // Nothing tells what an element without description holds.
                assert!(
                    !all.contains(&CANARY[..14]) || name.starts_with(['N', 'O']),
                    "{name}, {sides} {words}:\n{all}"
                );
            }
        }
    }
}

#[test]
fn a_secret_that_two_components_share_stays_shared() {
    let test = Test::new();
    test.write(
        "md/A.connectedApp",
        app(&format!(
            "<label>A</label>\n<oauthConfig>\n<consumerSecret>{CANARY}</consumerSecret>\n</oauthConfig>"
        )),
    );
    test.write(
        "md/A.authprovider",
        format!("<AuthProvider><consumerSecret>{CANARY}</consumerSecret></AuthProvider>"),
    );
    test.run("import md --output m.toml").success();
    let manifest = test.read("m.toml");
    assert!(manifest.contains("consumer-secret = \"${connected-app.A.consumer-secret}\""), "{manifest}");
    assert!(manifest.contains("consumer-secret = { env = \"A_CONSUMER_SECRET\" }"), "{manifest}");
}

#[test]
fn what_stands_for_a_secret_becomes_the_place_where_it_lives() {
    let test = Test::new();
    let secrets = [
        "Placeholder_Value",
        "REDACTED",
        "{{MY_SECRET}}",
        "${MY_SECRET}",
        "%%MY_SECRET%%",
        "{{ my-secret }}",
        "CHANGE_ME",
    ];
    for (index, secret) in secrets.iter().enumerate() {
        test.write(
            &format!("md/P{index}.authprovider"),
            format!("<AuthProvider><consumerSecret>{secret}</consumerSecret><friendlyName>P</friendlyName></AuthProvider>"),
        );
    }
    test.run("import md --output m.toml").success();
    let manifest = test.read("m.toml");
    let sources: Vec<&str> =
        manifest.lines().filter_map(|line| line.strip_prefix("consumer-secret = { env = ")).collect();
    assert_eq!(
        sources,
        [
            "\"P0_CONSUMER_SECRET\" }",
            "\"P1_CONSUMER_SECRET\" }",
            "\"MY_SECRET\" }",
            "\"MY_SECRET\" }",
            "\"MY_SECRET\" }",
            "\"MY_SECRET\" }",
            "\"P6_CONSUMER_SECRET\" }",
        ]
    );
}

// ---- shapes

/// Whatever stands in an element, known or not: the manifest is one that can be rendered, and says the same.
#[test]
fn odd_shapes_come_out_as_they_went_in() {
    let app = |config: &str, more: &str| {
        let config =
            if config.is_empty() { String::new() } else { format!("<oauthConfig>{config}</oauthConfig>") };
        ("A.connectedApp", format!("<ConnectedApp><label>A</label>{config}{more}</ConnectedApp>"))
    };
    let config = |config: &str| app(config, "");
    let more = |more: &str| app("", more);
    let scopes = |scopes: &str| {
        let element = format!("<commaSeparatedOauthScopes>{scopes}</commaSeparatedOauthScopes>");
        ("A.ecaOauth", format!("<ExtlClntAppOauthSettings>{element}</ExtlClntAppOauthSettings>"))
    };
    let files = [
        config("<scopes>refresh_token</scopes>"),
        config("<scopes/>"),
        config("<scopes>Api</scopes><scopes/>"),
        config("<scopes>Api, Web</scopes>"),
        config("<isAdminApproved/>"),
        config("<isAdminApproved>TRUE</isAdminApproved>"),
        config("<callbackUrl/>"),
        config("<callbackUrl>\n a\n\n b \n</callbackUrl>"),
        config("<consumerKey/>"),
        more("<attributes>text</attributes>"),
        more("<attributes/>"),
        more("<attributes><key>a</key></attributes><attributes xsi:nil=\"true\"/>"),
        more("<oauthConfig xsi:nil=\"true\"/>"),
        more("<oauthConfig>text</oauthConfig>"),
        more("<oauthConfig/><oauthConfig/>"),
        more("<label>B</label>"),
        more("<description><b>x</b></description>"),
        more("<permissionSetName/><permissionSetName xsi:nil=\"true\"/>"),
        more("<permissionSetName>a</permissionSetName><permissionSetName>a</permissionSetName>"),
        more("<sessionPolicy><sessionTimeout/></sessionPolicy>"),
        more("<sessionPolicy><sessionTimeout>99999999999999999999</sessionTimeout></sessionPolicy>"),
        more("<extra>x</extra><nil>true</nil><foo><nil>true</nil></foo>"),
        more("<foo/><foo>x</foo><foo xsi:nil=\"true\"/>"),
        more("<foo><bar/></foo><foo>x</foo>"),
        more("<description>${var.x} $${y} ${org.instance-url} ${ {{ %% $</description>"),
        more("<description>\"\"\"\n''' \\ # = [x]\t&#x1F600;&#127;</description>"),
        scopes("Api,refresh_token"),
        scopes(""),
        (
            "A.ecaOauthPlcy",
            "<ExtlClntAppOauthConfigurablePolicies><commaSeparatedPermissionSet>A,B,, C</commaSeparatedPermissionSet>\
             <refreshTokenValidityUnit>days</refreshTokenValidityUnit></ExtlClntAppOauthConfigurablePolicies>"
                .to_owned(),
        ),
        ("A.authprovider", "<AuthProvider><providerType/></AuthProvider>".to_owned()),
        ("A.profile", "<Profile><loginHours/></Profile>".to_owned()),
        ("Security.settings", "<SecuritySettings><networkAccess/></SecuritySettings>".to_owned()),
    ];
    for (name, text) in files {
        let test = Test::new();
        test.write(&format!("md/{name}"), &text);
        test.run("import md --output m.toml").success();
        let manifest = test.read("m.toml");
        let rendered = test.run("render m.toml --output out");
        assert_eq!(rendered.code, 0, "{text}\n{manifest}\n{}", rendered.stderr);
        for sides in ["m.toml md", "md out"] {
            let said = test.run(&format!("diff {sides} --exit-code"));
            assert_eq!(said.code, 0, "{sides}: {text}\n{manifest}\n{}{}", said.stdout, said.stderr);
        }
    }
}
