//! The local org's pages, followed as the guides say: log in, open the credential, start its authentication, allow.
//! What a browser with Chromium does in `.ci/axsy`, a small one does here.

use std::time::Duration;

use orgwire::component::{Scalar, Tree};
use orgwire::simulator::Options;

use crate::browser::{Browser, Page};
use crate::simulated::Org;
use crate::test::Test;

/// `manifests/axsy.toml` in an org, and the address of its manual step.
fn deployed(options: Options) -> (Test, Org, String) {
    let test = Test::example("axsy");
    let org = Org::start(Options { folder: Some(test.path(".orgwire/local")), ..options });
    let told = test.run("deploy --json").json();
    let step = &told["manual_steps"][0];
    assert_eq!(step["component"], "named-credential.AxsyApexAPI", "{told}");
    let url = step["url"].as_str().unwrap_or_else(|| panic!("{step}")).to_owned();
    (test, org, url)
}

/// From the manual step to where the login of the credential ends.
fn started(browser: &Browser, org: &Org, step: &str) -> Page {
    let edit = browser.log_in(org, step);
    edit.says("Start Authentication Flow on Save").says(">Pending<");
    browser.send(&edit, &[("start-authentication", "on")])
}

fn allow(browser: &Browser, org: &Org, consent: &Page) -> Page {
    let filled = [("username", org.username()), ("password", &org.password()), ("decision", "allow")];
    browser.send(consent, &filled)
}

#[test]
fn the_credential_is_authenticated_by_following_the_manual_step() {
    let (_test, org, step) = deployed(Options::default());
    let browser = Browser::of(&org);
    let consent = started(&browser, &org, &step);
    assert_eq!((consent.status, consent.heading()), (200, "Allow access?"));
    consent.says("AxsyApexAPI asks to use the local org in your name.").says("full, refresh_token");
    let credential = allow(&browser, &org, &consent);
    assert_eq!((credential.status, credential.heading()), (200, "Named Credential: AxsyApexAPI"));
    let authenticated = format!("Authenticated as {}", org.username());
    credential.says(&authenticated).hides("5Aep861").hides("!AQ");
    let list = browser.open("/lightning/setup/NamedCredential/home");
    list.says(&authenticated);
    assert_eq!(list.link("AxsyApexAPI"), credential.url.strip_prefix(org.instance_url()).unwrap());
    browser.open("/lightning/setup/ConnectedAppsUsage/home").says("AxsyApexAPI").says(org.username());
    // Saving without the tick starts nothing.
    let saved = browser.send(&browser.open(&step), &[]);
    saved.says(&authenticated);
    assert_eq!(saved.url, credential.url);
    // NC-13: another scope needs another login.
    org.edit("NamedCredential", "AxsyApexAPI", "oauthScope", Some(leaf("full")));
    browser.open(&credential.url).says(">Pending<");
}

fn leaf(text: &str) -> Tree<Scalar> {
    Tree::Leaf(Scalar::Text(text.to_owned()))
}

#[test]
fn without_the_second_pass_it_ends_in_redirect_uri_mismatch() {
    let (_test, org, step) = deployed(Options::default());
    org.edit(
        "ConnectedApp",
        "AxsyApexAPI",
        "oauthConfig.callbackUrl",
        Some(leaf("https://placeholder.example")),
    );
    let browser = Browser::of(&org);
    let page = started(&browser, &org, &step);
    assert_eq!((page.status, page.heading()), (400, "OAuth Error"));
    page.says("error=redirect_uri_mismatch");
}

#[test]
fn before_the_app_has_spread_it_ends_in_invalid_client_id() {
    let (_test, org, step) =
        deployed(Options { propagation: Duration::from_secs(300), ..Options::default() });
    let browser = Browser::of(&org);
    let page = started(&browser, &org, &step);
    assert_eq!((page.status, page.heading()), (400, "OAuth Error"));
    page.says("error=invalid_client_id");
    org.advance(Duration::from_secs(301));
    let consent = browser.send(&browser.open(&step), &[("start-authentication", "on")]);
    allow(&browser, &org, &consent).says("Authenticated as ");
}

#[test]
fn a_provider_with_a_wrong_secret_authenticates_nothing() {
    let (_test, org, step) = deployed(Options::default());
    org.edit("AuthProvider", "AxsyApexAPI", "consumerSecret", Some(leaf("Placeholder_Value")));
    let browser = Browser::of(&org);
    let consent = started(&browser, &org, &step);
    let page = allow(&browser, &org, &consent);
    assert_eq!((page.status, page.heading()), (400, "Problem Logging In"));
    page.says("ErrorCode=invalid_client");
    browser.open(&step).says(">Pending<");
}

#[test]
fn whoever_says_no_leaves_the_credential_pending() {
    let (_test, org, step) = deployed(Options::default());
    let browser = Browser::of(&org);
    let consent = started(&browser, &org, &step);
    browser.send(&consent, &[("decision", "deny")]).says("ErrorCode=access_denied");
    browser.open(&step).says(">Pending<");
}

#[test]
fn a_login_that_another_browser_began_is_not_ended_in_this_one() {
    let (_test, org, step) = deployed(Options::default());
    let (browser, other) = (Browser::of(&org), Browser::of(&org));
    let consent = started(&browser, &org, &step);
    // Nobody is logged in to Setup there (NC-22).
    allow(&other, &org, &consent).says("CSRF: No CSRF cookie");
    browser.open(&step).says(">Pending<");
}

#[test]
fn forms_are_taken_only_with_their_token() {
    let (_test, org, step) = deployed(Options::default());
    let browser = Browser::of(&org);
    let edit = browser.log_in(&org, &step);
    let refused = browser.send(&edit, &[("csrf", "forged"), ("start-authentication", "on")]);
    assert_eq!((refused.status, refused.heading()), (403, "Not accepted"));
    let stranger = Browser::of(&org);
    let login = stranger.open(&step);
    stranger.cookies.borrow_mut().clear();
    let again = stranger.send(&login, &[("username", org.username()), ("password", &org.password())]);
    again.says("This form was too old.");
}

#[test]
fn setup_is_for_those_who_may_view_it() {
    let (_test, org, step) = deployed(Options::default());
    let browser = Browser::of(&org);
    let login = browser.open(&step);
    let wrong = browser.send(&login, &[("username", org.username()), ("password", "wrong")]);
    wrong.says("Please check your username and password.");
    let password = org.password_of("analyst");
    let page = browser.send(&wrong, &[("username", &org.other("analyst")), ("password", &password)]);
    assert_eq!((page.status, page.heading()), (403, "Insufficient Privileges"));
}

#[test]
fn setup_tells_what_was_deployed_and_a_secret_only_when_asked() {
    let (_test, org, _) = deployed(Options::default());
    let browser = Browser::of(&org);
    browser.log_in(&org, "/").says("Local org (a simulation)");
    let key = org.text("ConnectedApp", "AxsyApexAPI", "oauthConfig.consumerKey");
    let secret = org.text("ConnectedApp", "AxsyApexAPI", "oauthConfig.consumerSecret");
    let callback = format!("{}/services/authcallback/AxsyApexAPI", org.instance_url());
    let providers = browser.open("/lightning/setup/AuthProviders/home");
    let provider = browser.open(&providers.link("AxsyApexAPI"));
    provider.says(&callback).says(&key).says("/services/auth/test/AxsyApexAPI").hides(&secret);
    provider.says("/services/auth/oauth/AxsyApexAPI");
    let apps = browser.open("/lightning/setup/NavigationMenus/home");
    let app = browser.open(&apps.link("AxsyApexAPI"));
    app.says(&key).says(&callback).says("RefreshToken").hides(&secret);
    browser.send(&app, &[("password", "wrong")]).says("This password is not right.").hides(&secret);
    browser.send(&app, &[("password", &org.password())]).says(&secret);
    browser.open("/lightning/setup/SecuritySession/home").says("Session timeout");
    let left = browser.follow("/logout", Some(&app.form().1));
    assert_eq!(left.heading(), "Log In to the local org");
    assert_eq!(browser.open("/").heading(), "Log In to the local org");
}

#[test]
fn what_others_wrote_is_only_text_on_every_page() {
    let (_test, org, step) = deployed(Options::default());
    let markup = "<b>&\"'";
    for (type_name, path) in
        [("NamedCredential", "label"), ("ConnectedApp", "label"), ("AuthProvider", "friendlyName")]
    {
        org.edit(type_name, "AxsyApexAPI", path, Some(leaf(markup)));
    }
    let browser = Browser::of(&org);
    let shown = "&lt;b&gt;&amp;&quot;&#39;";
    let consent = started(&browser, &org, &step);
    consent.says(shown).hides(markup);
    for page in ["NamedCredential", "AuthProviders", "NavigationMenus"] {
        browser.open(&format!("/lightning/setup/{page}/home")).says(shown).hides(markup);
    }
}
