//! `render`: folders, zips, the sfdx layout, and `--check`.

use insta::assert_snapshot;

use crate::test::Test;

#[test]
fn what_is_left_out_and_what_waits_is_named() {
    let test = Test::example("axsy");
    let said = test.run("render --output out").success();
    assert_snapshot!(said.stderr, @r"
    left out: consumer-key of auth-provider.AxsyApexAPI (a secret)
    left out: consumer-secret of auth-provider.AxsyApexAPI (a secret)
    left out: oauth-config.consumer-key of connected-app.AxsyApexAPI (a secret)
    left out: oauth-config.consumer-secret of connected-app.AxsyApexAPI (a secret)
    placeholder: oauth-config.callback-url of connected-app.AxsyApexAPI (only the org knows auth-provider.AxsyApexAPI.callback-url)
    placeholder: endpoint of named-credential.AxsyApexAPI (only the org knows org.instance-url)
    ");
    assert_snapshot!(said.stdout, @r"
    out/authproviders/AxsyApexAPI.authprovider
    out/connectedApps/AxsyApexAPI.connectedApp
    out/namedCredentials/AxsyApexAPI.namedCredential
    out/package.xml
    ");
}

#[test]
fn the_source_layout_has_no_package_and_ends_in_meta_xml() {
    let test = Test::example("axsy");
    let said = test.run("render --output force-app/main/default --format source -q").success();
    assert_snapshot!(said.stdout, @r"
    force-app/main/default/authproviders/AxsyApexAPI.authprovider-meta.xml
    force-app/main/default/connectedApps/AxsyApexAPI.connectedApp-meta.xml
    force-app/main/default/namedCredentials/AxsyApexAPI.namedCredential-meta.xml
    ");
}

#[test]
fn a_fresh_folder_passes_the_check_and_a_stale_one_shows_the_difference() {
    let test = Test::example("axsy");
    test.run("render --output out -q").success();
    test.run("render --output out --check -q").success();
    test.edit("manifests/main.toml", "label = \"AxsyApexAPI\"\ncontact", "label = \"Axsy\"\ncontact");
    test.write("out/connectedApps/Old.connectedApp", "");
    let said = test.run("render --output out --check -q").exits(1);
    assert_snapshot!(said.stdout, @r#"
    --- out/connectedApps/AxsyApexAPI.connectedApp
    +++ out/connectedApps/AxsyApexAPI.connectedApp
    @@ -2,5 +2,5 @@
     <ConnectedApp xmlns="http://soap.sforce.com/2006/04/metadata">
         <contactEmail>ops@example.com</contactEmail>
    -    <label>AxsyApexAPI</label>
    +    <label>Axsy</label>
         <oauthConfig>
             <callbackUrl>https://login.salesforce.com/services/oauth2/success</callbackUrl>
    out/connectedApps/Old.connectedApp: no component renders this file
    "#);
    assert_snapshot!(said.stderr, @r"
    stale-files

      × 2 of 4 files in `out` are not what would be rendered
      help: write them again: orgwire render --output out
    ");
    assert!(test.read("out/connectedApps/AxsyApexAPI.connectedApp").contains("<label>AxsyApexAPI</label>"));
}

#[test]
fn a_zip_is_the_same_whatever_the_order_and_the_number_of_threads() {
    let mut test = Test::new();
    let names: Vec<String> = (0..24).map(|at| format!("manifests/{at:02}.toml")).collect();
    for (at, name) in names.iter().enumerate() {
        let app = format!(
            "[connected-app.App_{at}]\nlabel = \"App\"\ncontact-email = \"a@example.com\"\n\
             oauth-config = {{ callback-url = \"https://a.example/{at}\", scopes = [\"Api\", \"RefreshToken\"] }}\n"
        );
        test = test.file(name, &app);
    }
    let mut zips = Vec::new();
    for (run, threads) in [(0, "1"), (1, "8"), (2, "3")] {
        let mut words = vec!["render", "--output", "out.zip", "--threads", threads];
        let mut shuffled: Vec<&str> = names.iter().map(String::as_str).collect();
        match run {
            0 => {}
            1 => shuffled.reverse(),
            _ => shuffled.rotate_left(7),
        }
        words.extend(shuffled);
        test.run_words(&words).success();
        zips.push(std::fs::read(test.path("out.zip")).unwrap());
    }
    assert_eq!(zips[0], zips[1]);
    assert_eq!(zips[0], zips[2]);
}

#[test]
fn the_zip_of_the_axsy_manifest_never_changes() {
    let test = Test::example("axsy");
    test.run("render --output out.zip -q").success();
    let zip = std::fs::read(test.path("out.zip")).unwrap();
    // On whatever machine this runs: a change here changes the bytes that users may have stored.
    assert_snapshot!(format!("{} bytes, crc {:08x}", zip.len(), crc32(&zip)), @"1490 bytes, crc 6fa19873");
}

/// As in zip files; written out so that no library decides what equal means.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(
            sum ^ u32::from(*byte),
            |sum, _| if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 },
        )
    };
    !bytes.iter().fold(!0, step)
}

#[test]
fn observed_values_take_the_place_of_placeholders() {
    let test = Test::example("axsy").file(
        "observed.json",
        r#"{"values": {"auth-provider.AxsyApexAPI.callback-url": "https://acme.example/services/authcallback/AxsyApexAPI"}}"#,
    );
    let said = test.run("render --output out --observed observed.json --json -q").success().json();
    assert_eq!(said["placeholders"][0]["waits_for"], "org.instance-url");
    assert!(
        test.read("out/connectedApps/AxsyApexAPI.connectedApp").contains("https://acme.example/services")
    );
}

#[test]
fn an_observed_file_of_another_shape_is_refused() {
    let test =
        Test::example("axsy").file("observed.json", r#"{"values": {"auth-provider.AxsyApexAPI.nope": "x"}}"#);
    let said = test.run("render --output out --observed observed.json").exits(1);
    assert_snapshot!(said.stderr, @r#"
    unreadable-file

      × cannot read observed values from `observed.json`
      ╰─▶ `auth-provider.AxsyApexAPI.nope` is not a reference to a value of an org
      help: it must be JSON like {"org": {"id": "00D...", "instance_url": "https://..."}, "values":
            {"auth-provider.NAME.callback-url": "https://..."}}
    "#);
    assert!(!test.path("out").exists());
}

#[test]
fn a_template_of_the_project_replaces_the_built_in_one() {
    let test = Test::example("axsy")
        .file("orgwire.toml", "[templates]\nConnectedApp = \"xml/app.xml\"\n")
        .file("xml/app.xml", "<app>{{ label }}</app>\n");
    test.run("render --output out -q").success();
    assert_eq!(test.read("out/connectedApps/AxsyApexAPI.connectedApp"), "<app>AxsyApexAPI</app>\n");
}

/// A component that no org takes, for reasons that do not keep it from being written down.
const REFUSED: &str = r#"
    [connected-app."Orders-App"]
    label = "A label that is longer than the eighty characters which the column of an org has for it"
    contact-email = "nobody"

    [connected-app."Orders-App".oauth-config]
    callback-url = "http://orders.example/callback"
    scopes = ["Api", "RefreshToken"]
    consumer-key = "abc-defgh"

    [connected-app."Orders-App".oauth-policy]
    ip-relaxation = "ENFORCE"
"#;

#[test]
fn what_only_an_org_would_refuse_is_a_warning_and_is_rendered() {
    let test = Test::new().manifest(REFUSED);
    let said = test.run("render --output out").success();
    let codes = |said: &str| {
        let mut codes: Vec<String> = said
            .lines()
            .filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()) && !line.contains(' '))
            .map(str::to_owned)
            .collect();
        codes.sort();
        codes
    };
    let expected = [
        "invalid-callback",
        "invalid-email",
        "invalid-name",
        "missing-field",
        "value-out-of-range",
        "value-too-long",
    ];
    assert_eq!(codes(&said.stderr), expected);
    assert!(!said.stderr.contains('×'), "{}", said.stderr);
    assert!(
        test.read("out/connectedApps/Orders-App.connectedApp").contains("http://orders.example/callback")
    );
    // Whoever sends it is told that it will not do.
    for command in ["lint", "plan", "deploy --yes"] {
        let said = test.run(command).exits(1);
        assert_eq!(codes(&said.stderr), expected, "{command}");
        assert!(said.stderr.contains('×'), "{}", said.stderr);
    }
}

#[test]
fn what_cannot_be_written_down_is_an_error_even_so() {
    for (broken, code) in [
        (REFUSED.replace("Orders-App", "../../Orders"), "invalid-character"),
        (REFUSED.replace("A label", "A\\u0007label"), "invalid-character"),
        (REFUSED.replace("abc-defgh", "REDACTED"), "placeholder-secret"),
        (REFUSED.replace("\"Api\"", "\"Apis\""), "unknown-value"),
    ] {
        let test = Test::new().manifest(&broken);
        let said = test.run("render --output out").exits(1);
        assert!(said.stderr.lines().any(|line| line == code), "{code}: {}", said.stderr);
        assert!(!test.path("out").exists());
    }
}

#[test]
fn an_element_that_stands_twice_where_one_can_be_is_rendered_twice() {
    let test = Test::new();
    test.write(
        "a.toml",
        "api-version = \"67.0\"\n\n[external-credential.Twice]\nlabel = \"Twice\"\n\n\
         [external-credential.Twice.extra]\nauthenticationProtocol = [\"Oauth\", \"Oauth\"]\n",
    );
    test.run("render a.toml --output out -q").success();
    let xml = test.read("out/externalCredentials/Twice.externalCredential");
    assert_eq!(xml.matches("<authenticationProtocol>Oauth</authenticationProtocol>").count(), 2, "{xml}");
}

#[test]
fn line_breaks_of_a_checkout_on_windows_change_nothing() {
    let manifest = concat!(
        "api-version = \"67.0\"\n\n[named-credential.A]\nlabel = \"A\"\nprotocol = \"NoAuthentication\"\n",
        "principal-type = \"Anonymous\"\nendpoint = \"\"\"\n${org.instance-url}/a\n?b\"\"\"\n\n",
        "[connected-app.A]\nlabel = \"A\"\ncontact-email = \"a@example.com\"\ndescription = \"\"\"\none\ntwo\"\"\"\n\n",
        "[connected-app.A.extra]\nnews = \"\"\"\nthree\nfour\"\"\"\n",
    );
    let test = Test::new();
    test.write("a.toml", manifest);
    test.write("b.toml", manifest.replace('\n', "\r\n"));
    test.run("render a.toml --output a -q").success();
    test.run("render b.toml --output b -q").success();
    for file in ["namedCredentials/A.namedCredential", "connectedApps/A.connectedApp"] {
        let xml = test.read(&format!("a/{file}"));
        assert!(xml.contains("/a\n?b") || xml.contains("one\ntwo") && xml.contains("three\nfour"), "{xml}");
        assert_eq!(test.read(&format!("b/{file}")), xml);
    }
}
