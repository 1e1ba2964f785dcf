use proptest::prelude::*;

use super::*;
use crate::component::{embedded, type_named};

/// Lays out, and makes sure that doing it again changes nothing.
#[track_caller]
fn laid_out(text: &str) -> String {
    let once = format(text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
    assert_eq!(format(&once).as_ref(), Ok(&once), "laid out twice:\n{text}");
    once
}

#[track_caller]
fn becomes(text: &str, expected: &str) {
    assert_eq!(laid_out(text), expected);
}

#[test]
fn tables_stand_in_the_order_of_types_and_components_as_they_were_written() {
    becomes(
        "[environment.uat]\norg = \"uat\"\n[named-credential.C]\nlabel = \"C\"\n\
         [auth-provider.Z]\nfriendly-name = \"Z\"\n[connected-app.B]\nlabel = \"B\"\n\
         [auth-provider.A]\nfriendly-name = \"A\"\n[variables]\nz = \"1\"\na = \"2\"\n",
        "[variables]\nz = \"1\"\na = \"2\"\n\n[connected-app.B]\nlabel = \"B\"\n\n\
         [auth-provider.Z]\nfriendly-name = \"Z\"\n\n[auth-provider.A]\nfriendly-name = \"A\"\n\n\
         [named-credential.C]\nlabel = \"C\"\n\n[environment.uat]\norg = \"uat\"\n",
    );
}

#[test]
fn fields_stand_before_tables_and_dotted_keys_become_headers() {
    becomes(
        "[connected-app.A]\noauth-config.scopes=[\"Api\"] # few\noauth-config.callback-url='https://a'\n\
         label=\"A\"\nextra={b=1}\ncontact-email=\"a@example.com\"\n",
        "[connected-app.A]\nlabel = \"A\"\ncontact-email = \"a@example.com\"\nextra = { b = 1 }\n\n\
         [connected-app.A.oauth-config]\ncallback-url = \"https://a\"\nscopes = [\"Api\"] # few\n",
    );
}

#[test]
fn inline_groups_become_headers_and_sources_stay_inline() {
    becomes(
        "# the app\nconnected-app.A = { label = \"A\", oauth-config = { consumer-key = { generate = true }, \
         single-logout-url = { nil = true } } } # one line\n\
         auth-provider.P.consumer-secret.env = \"X\"\n",
        "# the app\n[connected-app.A] # one line\nlabel = \"A\"\n\n[connected-app.A.oauth-config]\n\
         consumer-key = { generate = true }\nsingle-logout-url = { nil = true }\n\n\
         [auth-provider.P]\nconsumer-secret = { env = \"X\" }\n",
    );
    becomes(
        "[auth-provider.P]\nfriendly-name = \"P\"\n# kept by us\n[auth-provider.P.consumer-secret] # here\nenv = 'X'\n",
        "[auth-provider.P]\nfriendly-name = \"P\"\n# kept by us\nconsumer-secret = { env = \"X\" } # here\n",
    );
    // A comment inside has no place on one line.
    becomes(
        "[auth-provider.P.consumer-secret]\n# in the vault\nenv = \"X\"\n",
        "[auth-provider.P.consumer-secret]\n# in the vault\nenv = \"X\"\n",
    );
}

#[test]
fn a_group_without_a_value_is_no_table() {
    becomes(
        "[connected-app.A]\noauth-policy = { nil = true }\nsaml-config = {}\n",
        "[connected-app.A]\noauth-policy = { nil = true }\n\n[connected-app.A.saml-config]\n",
    );
}

#[test]
fn lists_of_tables_stay_what_they_are() {
    becomes(
        "[connected-app.A]\nip-ranges = [ {start=\"1.1.1.1\",end=\"1.1.1.2\"} ]\n\
         [[connected-app.A.attributes]]\nkey = \"b\"\nformula = \"1\"\n[[connected-app.A.attributes]]\nkey = \"a\"\n",
        "[connected-app.A]\nip-ranges = [{ start = \"1.1.1.1\", end = \"1.1.1.2\" }]\n\n\
         [[connected-app.A.attributes]]\nkey = \"b\"\nformula = \"1\"\n\n[[connected-app.A.attributes]]\nkey = \"a\"\n",
    );
}

#[test]
fn overlays_are_laid_out_like_components() {
    becomes(
        "[environment.uat]\nvariables = { b = \"1\", a = \"2\" }\nconnected-app.A.oauth-config.scopes = [\"Api\"]\n\
         predict-callback = true\norg = \"uat\"\n",
        "[environment.uat]\norg = \"uat\"\npredict-callback = true\n\n[environment.uat.variables]\nb = \"1\"\na = \"2\"\n\n\
         [environment.uat.connected-app.A.oauth-config]\nscopes = [\"Api\"]\n",
    );
}

#[test]
fn variables_keep_the_shape_their_author_chose() {
    becomes(
        "[variables]\nb = { description = \"x\" }\na.default = \"1\"\n[variables.c]\ndescription = \"y\"\n",
        "[variables]\nb = { description = \"x\" }\na = { default = \"1\" }\n\n[variables.c]\ndescription = \"y\"\n",
    );
}

#[test]
fn a_configuration_has_an_order_too() {
    becomes(
        "lint.relaxed-ip = \"deny\"\nenvironment = { uat = { org = \"uat\" } }\n[org.uat]\ninstance-url = \"https://a.example\"\n\
         [variables]\na = \"1\"\n",
        "[variables]\na = \"1\"\n\n[org.uat]\ninstance-url = \"https://a.example\"\n\n\
         [environment.uat]\norg = \"uat\"\n\n[lint]\nrelaxed-ip = \"deny\"\n",
    );
    becomes("manifests = [\"m\"]\napi-version = \"62.0\"\n", "api-version = \"62.0\"\nmanifests = [\"m\"]\n");
}

#[test]
fn comments_move_with_what_they_are_about() {
    becomes(
        "# The file.\n\n# ---- providers\n\n# about P\n[auth-provider.P] # P\nprovider-type = \"Google\"\n\
         # about its name\nfriendly-name = \"P\" # the name\n# friendly-name = \"Q\"\n\n# about A\n[connected-app.A]\nlabel = \"A\"\n# the end\n",
        "# The file.\n\n# about A\n[connected-app.A]\nlabel = \"A\"\n# the end\n\n# ---- providers\n\n# about P\n[auth-provider.P] # P\n\
         # about its name\nfriendly-name = \"P\" # the name\nprovider-type = \"Google\"\n# friendly-name = \"Q\"\n",
    );
}

#[test]
fn a_comment_below_a_line_and_above_a_gap_stays_with_the_line() {
    becomes(
        "[connected-app.A]\n# for orders\n\nstart-url = \"s\"\n# start-url = \"t\"\n\nlabel = \"A\"\n",
        "[connected-app.A]\n# for orders\nlabel = \"A\"\nstart-url = \"s\"\n# start-url = \"t\"\n",
    );
}

#[test]
fn the_head_stays_first_with_the_line_for_editors() {
    becomes(
        "#:schema ./manifest.schema.json\n\n# What this is.\n\n\n[named-credential.C]\n[connected-app.A]\n",
        "#:schema ./manifest.schema.json\n\n# What this is.\n\n[connected-app.A]\n\n[named-credential.C]\n",
    );
    becomes("# only\n\n\n# comments", "# only\n\n# comments\n");
    becomes("", "");
    becomes("\n\n", "");
}

#[test]
fn a_comment_at_the_end_of_the_file_stays_there() {
    becomes(
        "[connected-app.A]\n[variables]\na = \"1\"\n\n# that is all\n",
        "[variables]\na = \"1\"\n\n[connected-app.A]\n\n# that is all\n",
    );
}

#[test]
fn a_list_has_one_line_or_one_for_each_item() {
    let long = "x".repeat(40);
    becomes(
        &format!(
            "[variables]\n[connected-app.A]\nprofile-name = [\n  \"a\",\n  \"b\"\n]\npermission-set-name = [\"{long}\", \"{long}\"]\n"
        ),
        &format!(
            "[variables]\n\n[connected-app.A]\npermission-set-name = [\n    \"{long}\",\n    \"{long}\",\n]\nprofile-name = [\"a\", \"b\"]\n"
        ),
    );
    // 100 columns fit, 101 do not.
    let line = |length: usize| format!("manifests = [\"{}\"]\n", "x".repeat(length - 16));
    becomes(&line(100), &line(100));
    assert_eq!(laid_out(&line(101)).lines().count(), 3);
}

#[test]
fn comments_in_lists_stay_in_their_lines() {
    becomes(
        "manifests = [ # both\n\"a\", # first\n  # about b\n  \"b\" # second\n  # no more\n]\n",
        "manifests = [\n    # both\n    \"a\", # first\n    # about b\n    \"b\", # second\n    # no more\n]\n",
    );
}

#[test]
fn texts_have_the_quotes_that_need_no_escapes() {
    becomes(
        "[variables]\na = 'plain'\nb = \"say \\\"x\\\"\"\nc = '''a\n  b'''\nd = \"tab\\t\"\ne = \"it's \\\"x\\\"\"\n\
         f = \"\\u200b\"\n\"g h\" = 'C:\\x'\n",
        "[variables]\na = \"plain\"\nb = 'say \"x\"'\nc = '''a\n  b'''\nd = \"tab\\t\"\ne = \"it's \\\"x\\\"\"\n\
         f = \"\\u200b\"\n\"g h\" = 'C:\\x'\n",
    );
}

#[test]
fn line_breaks_become_lf() {
    becomes(
        "# a\r\n\r\n[variables]\r\nb = \"\"\"\r\nx\r\ny\"\"\"\r\n",
        "# a\n\n[variables]\nb = \"\"\"\nx\ny\"\"\"\n",
    );
}

#[test]
fn what_is_no_toml_is_refused() {
    assert_eq!(format("a = \n"), Err(Error::NotToml));
    assert_eq!(format("a = 1\na = 2\n"), Err(Error::NotToml));
    assert_eq!(format("a = 1 # x\r\r\n"), Err(Error::NotToml));
    assert_eq!(format("\u{feff}\u{feff}a = 1\n"), Err(Error::NotToml));
}

#[test]
fn the_examples_are_laid_out() {
    for (stem, text) in embedded::EXAMPLES.iter().chain(embedded::TWINS) {
        assert_eq!(laid_out(text), *text, "{stem}.toml");
    }
}

#[test]
fn fields_that_lead_come_first_and_extra_last() {
    let kind = type_named("ConnectedApp").unwrap();
    let lead = ["label".to_owned(), "contactEmail".to_owned()];
    let rank = field_order(&kind.fields, &lead);
    let mut keys = ["extra", "description", "contact-email", "unknown", "label"];
    keys.sort_by_key(|key| rank(key));
    assert_eq!(keys, ["label", "contact-email", "description", "unknown", "extra"]);
}

/// Pieces of manifests, put together in any way that is TOML.
fn key() -> impl Strategy<Value = String> {
    let known = [
        "label",
        "oauth-config",
        "callback-url",
        "consumer-secret",
        "scopes",
        "attributes",
        "key",
        "extra",
        "env",
        "nil",
        "oauth-policy",
        "variables",
        "A",
        "\"a b\"",
        "ip-ranges",
        "connected-app",
        "auth-provider",
        "environment",
        "org",
    ];
    proptest::sample::select(known.to_vec()).prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("true".to_owned()),
        Just("1_000".to_owned()),
        Just("\"\"\"\na\n\"\"\"".to_owned()),
        "[a-z '\\\\#]{0,30}".prop_map(|text| format!("{text:?}").replace("\\'", "'")),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let gap = prop_oneof![Just(" "), Just("\n"), Just(" # in\n# more\n"), Just("\n\n# x\n")];
        prop_oneof![
            proptest::collection::vec((inner.clone(), gap), 0..4).prop_map(|items| {
                let items: Vec<String> =
                    items.iter().map(|(item, gap)| format!("{gap}{item}{gap}")).collect();
                format!("[{}]", items.join(","))
            }),
            proptest::collection::vec((key(), inner), 0..3).prop_map(|items| {
                let items: Vec<String> = items.iter().map(|(key, item)| format!("{key} = {item}")).collect();
                format!("{{ {} }}", items.join(", "))
            }),
        ]
    })
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just(String::new()),
        2 => "#[ a-z:]{0,8}".prop_map(|comment| comment),
        6 => (proptest::collection::vec(key(), 1..4), value(), prop_oneof![Just(""), Just("  # behind")])
            .prop_map(|(path, value, comment)| format!("{} = {value}{comment}", path.join("."))),
        5 => (proptest::collection::vec(key(), 1..5), prop_oneof![Just(""), Just(" # header")])
            .prop_map(|(path, comment)| format!("[{}]{comment}", path.join("."))),
        1 => proptest::collection::vec(key(), 1..5).prop_map(|path| format!("[[{}]]", path.join("."))),
    ]
}

/// Lines that cannot stand behind those before them are left out, so that most documents are worth a test.
fn document() -> impl Strategy<Value = String> {
    proptest::collection::vec(line(), 0..25).prop_map(|lines| {
        let mut text = String::new();
        for line in lines {
            let longer = format!("{text}{line}\n");
            if longer.parse::<toml::Table>().is_ok() {
                text = longer;
            }
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn any_document_keeps_its_meaning_and_is_laid_out_once(text in document()) {
        let once = format(&text);
        prop_assert!(once.is_ok(), "{:?}\n{}", once, text);
        let once = once.unwrap();
        prop_assert_eq!(format(&once), Ok(once.clone()), "{}", text);
        prop_assert!(once.is_empty() || once.ends_with('\n') && !once.ends_with("\n\n"), "{}", once);
        prop_assert!(!once.contains("\n\n\n"), "{}", once);
    }
}
