//! Forms of the local org's Setup: whatever a deployment would be refused for a form is refused for too, with what was
//! filled in still there, and each form is for those who may.

use std::time::Duration;

use orgwire::simulator::{Neighbours, Options};
use serde_json::Value;

use crate::browser::{Browser, Page};
use crate::simulated::{Org, ask, text};

const OAUTH: &str = "Enable OAuth Settings";
const SCOPES: &str = "Selected OAuth Scopes";

fn start() -> (Org, Browser) {
    let org = Org::start(Options::default());
    let browser = Browser::logged_in(&org);
    (org, browser)
}

fn new_app(browser: &Browser, name: &str, callback: &str) -> Page {
    let form = browser.click(&browser.setup("NavigationMenus"), "New Connected App").form_with("Save");
    let form = form.fill("Connected App Name", name).fill("Contact Email", "ops@example.com").tick(OAUTH);
    browser.submit(&form.fill("Callback URL", callback).choose(SCOPES, &["Full access (full)"]))
}

#[track_caller]
fn is_refused(page: &Page, heading: &str, why: &str) {
    assert_eq!((page.status, page.heading()), (200, heading), "{}", page.html);
    page.says(&format!("<p role=\"alert\"><strong>{why}"));
}

#[test]
fn what_is_refused_is_shown_with_what_was_filled_in() {
    let (org, browser) = start();
    let page = new_app(&browser, "Orders", "http://orders.example/callback");
    is_refused(
        &page,
        "New Connected App",
        "Invalid Callback URL: http://orders.example/callback must use https",
    );
    let mut form = page.form_with("Save");
    assert_eq!(form.shows("Connected App Name"), ["Orders"]);
    assert_eq!((form.shows(OAUTH), form.shows(SCOPES)), (vec!["true".to_owned()], vec!["Full".to_owned()]));
    assert!(!org.has("ConnectedApp", "Orders"));
    let app =
        browser.submit(&form.fill("Callback URL", "https://orders.example/a\r\nhttps://orders.example/b"));
    assert_eq!(app.heading(), "App: Orders");
    assert_eq!(
        org.text("ConnectedApp", "Orders", "oauthConfig.callbackUrl"),
        "https://orders.example/a\nhttps://orders.example/b"
    );
    let again = new_app(&browser, "Orders", "https://orders.example/callback");
    is_refused(&again, "New Connected App", "There is a ConnectedApp named Orders already");
    let nameless = new_app(&browser, "", "https://orders.example/callback");
    is_refused(&nameless, "New Connected App", "Connected App Name: You must enter a value");
    let without = new_app(&browser, "Others", "");
    is_refused(&without, "New Connected App", "Callback URL: You must enter a value");
}

#[test]
fn an_app_without_oauth_has_no_key_and_what_is_emptied_is_gone() {
    let (org, browser) = start();
    let form = browser.click(&browser.setup("NavigationMenus"), "New Connected App").form_with("Save");
    let form = form.fill("Connected App Name", "Plain App").fill("Contact Email", "ops@example.com");
    let app = browser.submit(&form.fill("Description", "old"));
    assert!(!org.knows("ConnectedApp", "Plain_App", "oauthConfig"));
    let mut edit = browser.click(&app, "Edit").form_with("Save");
    assert_eq!(edit.shows("Description"), ["old"]);
    browser.submit(&edit.fill("Description", ""));
    assert!(!org.knows("ConnectedApp", "Plain_App", "description"));
}

#[test]
fn where_creation_is_blocked_the_page_says_so_and_edits_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { folder: Some(folder.path().to_owned()), ..Options::default() };
    let org = Org::start(options());
    new_app(&Browser::logged_in(&org), "Orders", "https://orders.example/a");
    org.stop();
    let org = Org::start(Options { spring_26_block: true, ..options() });
    let browser = Browser::logged_in(&org);
    let apps = browser.setup("NavigationMenus");
    let page = browser.click(&apps, "New Connected App");
    is_refused(&page, "New Connected App", "You can&#39;t create a connected app");
    page.hides("<label");
    let edit = browser.click(&browser.click(&apps, "Orders"), "Edit").form_with("Save");
    browser.submit(&edit.fill("Callback URL", "https://orders.example/b")).says("https://orders.example/b");
}

#[test]
fn policies_of_an_app_are_those_that_metadata_has() {
    let (org, browser) = start();
    let app = new_app(&browser, "Orders", "https://orders.example/a");
    let manage = browser.click(&app, "Manage");
    assert_eq!(manage.detail("IP Relaxation"), "Enforce IP restrictions");
    let form = browser.click(&manage, "Edit Policies").form_with("Save");
    let form = form
        .choose("Permitted Users", &["Admin approved users are pre-authorized"])
        .choose("Profiles", &["System Administrator", "Standard User"])
        .choose("Refresh Token Policy", &["Expire refresh token if not used for"])
        .fill("Refresh Token Policy: how many", "30")
        .choose("Refresh Token Policy: of what", &["Days"]);
    browser.submit(&form);
    assert_eq!(org.text("ConnectedApp", "Orders", "oauthConfig.isAdminApproved"), "true");
    let policy = "oauthPolicy.refreshTokenPolicy";
    assert_eq!(org.text("ConnectedApp", "Orders", policy), "specific_inactivity:30:DAYS");
    let form = browser.click(&manage, "Edit Policies").form_with("Save");
    let refused =
        browser.submit(&form.fill("Refresh Token Policy: how many", "many").choose("Profiles", &[]));
    is_refused(
        &refused,
        "Edit Policies: Orders",
        "&#39;specific_inactivity:many:DAYS&#39; is not a valid value",
    );
    assert!(org.knows("ConnectedApp", "Orders", "profileName"));
    let form = refused.form_with("Save").fill("Refresh Token Policy: how many", "7");
    browser.submit(&form);
    assert!(!org.knows("ConnectedApp", "Orders", "profileName"));
}

#[test]
fn the_timeout_of_jwts_is_told_by_a_query_and_by_no_metadata() {
    let (org, browser) = start();
    let form = browser.click(&browser.setup("NavigationMenus"), "New Connected App").form_with("Save");
    let form = form
        .fill("Connected App Name", "Orders")
        .fill("Contact Email", "ops@example.com")
        .tick(OAUTH)
        .fill("Callback URL", "https://orders.example/a")
        .tick("Issue JSON Web Token (JWT)-based access tokens for named users");
    let app = browser.submit(&form);
    let manage = browser.click(&app, "Manage");
    let timeout = || {
        let query = "q=SELECT+NamedUserUvidTimeout+FROM+ConnectedApplication";
        let url = format!("{}/services/data/v62.0/query?{query}", org.instance_url());
        ask("GET", &url, org.token(), "").1["records"][0]["NamedUserUvidTimeout"].clone()
    };
    assert_eq!(timeout(), Value::Null);
    let choose = |minutes: &str| {
        let form = browser.click(&manage, "Edit Policies").form_with("Save");
        browser.submit(&form.choose("JWT-Based Access Token Timeout", &[minutes]));
    };
    choose("5 minutes");
    assert_eq!(timeout(), 5);
    choose("--None--");
    assert_eq!(timeout(), Value::Null);
}

#[test]
fn a_provider_needs_key_and_secret_and_keeps_a_secret_that_is_left_empty() {
    let (org, browser) = start();
    let form = browser.click(&browser.setup("AuthProviders"), "New").form_with("Save");
    let form = form.fill("Name", "Orders").fill("Consumer Key", "key").fill("Default Scopes", "api");
    let refused = browser.submit(&form);
    is_refused(&refused, "New Auth. Provider", "You must enter a value");
    let provider = browser.submit(&refused.form_with("Save").fill("Consumer Secret", "swordfish"));
    let callback = format!("{}/services/authcallback/Orders", org.instance_url());
    assert_eq!((provider.heading(), provider.detail("Callback URL")), ("Auth. Provider: Orders", callback));
    let edit = browser.click(&provider, "Edit");
    edit.hides("swordfish");
    browser.submit(&edit.form_with("Save").fill("Default Scopes", "api refresh_token"));
    assert_eq!(org.text("AuthProvider", "Orders", "consumerSecret"), "swordfish");
    assert_eq!(org.text("AuthProvider", "Orders", "defaultScopes"), "api refresh_token");
}

#[test]
fn a_credential_is_changed_and_refused_as_by_a_deployment() {
    let (org, browser) = start();
    let form = browser.click(&browser.setup("NamedCredential"), "New Legacy").form_with("Save");
    let form = form.fill("Label", "Orders API").fill("URL", "orders.example");
    let refused = browser.submit(&form.choose("Authentication Protocol", &["OAuth 2.0"]));
    is_refused(&refused, "New Legacy Named Credential", "Authentication Provider: You must enter a value");
    let form = refused.form_with("Save").choose("Authentication Protocol", &["No Authentication"]);
    let refused = browser.submit(&form);
    is_refused(&refused, "New Legacy Named Credential", "Invalid endpoint: orders.example is not a full URL");
    let credential = browser.submit(&refused.form_with("Save").fill("URL", "https://orders.example"));
    assert_eq!(credential.detail("Name"), "Orders_API");
    assert_eq!(org.text("NamedCredential", "Orders_API", "generateAuthorizationHeader"), "true");
    let edit = browser.click(&credential, "Edit").form_with("Save");
    browser.submit(&edit.switch("Generate Authorization Header", false));
    assert_eq!(org.text("NamedCredential", "Orders_API", "generateAuthorizationHeader"), "false");
}

#[test]
fn session_settings_of_a_profile_get_a_name_of_the_orgs_own() {
    let (org, browser) = start();
    let profiles = browser.setup("Profiles");
    let change = |profile: &str, level: &str| {
        let form =
            browser.click(&browser.click(&profiles, profile), "Edit Session Settings").form_with("Save");
        let form = form.choose("Session Security Level Required at Login", &[level]);
        browser.submit(&form.choose("Session Times Out After", &["120 minutes"]))
    };
    let page = change("Marketing User", "High Assurance");
    assert_eq!(page.detail("Session Security Level Required at Login"), "HIGH_ASSURANCE");
    let name = org.profile_session_setting("MarketingProfile");
    assert!(name.starts_with("PT5_profileSessionSetting") && name.len() == 38, "{name}");
    assert_eq!(org.text("ProfileSessionSetting", &name, "sessionTimeout"), "120");
    // Touched again, it keeps its name; None takes the level away (SE-11, SE-12).
    change("Marketing User", "--None--");
    assert_eq!(org.profile_session_setting("MarketingProfile"), name);
    assert!(!org.knows("ProfileSessionSetting", &name, "requiredSessionLevel"));
    let of_admins = org.profile_session_setting("Admin");
    change("System Administrator", "Standard");
    assert_eq!(org.text("ProfileSessionSetting", &of_admins, "requiredSessionLevel"), "STANDARD");
}

#[test]
fn permission_sets_are_made_given_and_taken() {
    let (org, browser) = start();
    let form = browser.click(&browser.setup("PermSets"), "New").form_with("Save");
    let form = form.fill("Label", "Orders User").fill("System Permissions", "ViewSetup");
    let refused = browser.submit(&form.fill("Object Settings", "Account: Read\nLead: Edit"));
    let why = "objectPermissions: allowEdit on Lead depends on allowRead";
    is_refused(&refused, "New Permission Set", why);
    let form = refused.form_with("Save").fill("Object Settings", "Account: Read\nLead: Read, Edit");
    let set = browser.submit(&form);
    assert_eq!(set.detail("Object Settings"), "Account: Read<br>Lead: Read, Edit");

    let (analyst, password) = (org.other("analyst"), org.password_of("analyst"));
    let sees = || Browser::of(&org).log_in_as(&analyst, &password, "/").status;
    assert_eq!(sees(), 403);
    let user = browser.click(&browser.setup("ManageUsers"), "Abel Analyst");
    let assign =
        |sets: &[&str]| browser.submit(&user.form_with("Save").choose("Permission Set Assignments", sets));
    assert_eq!(assign(&["Orders User"]).detail("Permission Sets"), "Orders_User");
    assert_eq!(sees(), 200);
    assert_eq!(assign(&[]).detail("Permission Sets"), "");
    assert_eq!(sees(), 403);
}

#[test]
fn whoever_may_only_look_finds_no_form_and_sends_none() {
    let (_org, admin, browser) = with_permissions("ViewSetup");
    new_app(&admin, "Orders", "https://orders.example/a");
    let doors = ["New", "New Legacy", "New Connected App", "Edit"];
    for page in ["NavigationMenus", "AuthProviders", "NamedCredential", "PermSets"] {
        let list = browser.setup(page);
        assert!(list.status == 200 && !doors.iter().any(|door| list.has_link(door)), "{}", list.html);
        let new = browser.open(&format!("/lightning/setup/{page}/new"));
        assert_eq!((new.status, new.heading()), (403, "Insufficient Privileges"), "{page}");
    }
    let app = browser.click(&browser.setup("NavigationMenus"), "Orders");
    assert!(!app.has_link("Edit") && !app.has_link("Manage"));
    for action in ["e", "manage", "policies"] {
        assert_eq!(browser.open(&format!("{}%2F{action}", app.url)).status, 403, "{action}");
    }
    browser.setup("SecuritySession").says("Session timeout").hides("Timeout Value");
    browser.setup("ConnectedAppsUsage").says("Orders").hides(">Block<");
    let profile = browser.click(&browser.setup("Profiles"), "Standard User");
    assert!(!profile.has_link("Edit Session Settings"));
    // A form of somebody else's, with a token of one's own.
    let logout = browser.setup("SecuritySession").form_in_navigation();
    let sent = browser.submit(&logout.sent_to("/lightning/setup/SecuritySession/home"));
    assert_eq!(sent.status, 403);
    let sent = browser.submit(&logout.sent_to("/lightning/setup/AuthProviders/new"));
    assert_eq!(sent.status, 403);
}

/// The analyst with these permissions, and the administrator.
fn with_permissions(permissions: &str) -> (Org, Browser, Browser) {
    let (org, admin) = start();
    let form = admin.click(&admin.setup("PermSets"), "New").form_with("Save");
    admin.submit(&form.fill("Label", "Some").fill("System Permissions", permissions));
    org.assign("Some", &org.other("analyst"));
    let browser = Browser::of(&org);
    browser.log_in_as(&org.other("analyst"), &org.password_of("analyst"), "/");
    (org, admin, browser)
}

#[test]
fn whoever_may_change_apps_only_leaves_the_profiles_that_are_named() {
    let permissions = "ViewSetup\nCustomizeApplication\nManageRemoteAccess";
    let (org, admin, browser) = with_permissions(permissions);
    let app = new_app(&browser, "Orders", "https://orders.example/a");
    let policies =
        |browser: &Browser| browser.click(&browser.click(&app, "Manage"), "Edit Policies").form_with("Save");
    admin.submit(&policies(&admin).choose("Profiles", &["Standard User"]));
    let edit = browser.click(&app, "Edit").form_with("Save");
    browser.submit(&edit.fill("Callback URL", "https://orders.example/b")).says("https://orders.example/b");
    assert!(!policies(&browser).has("Profiles"));
    let managed = browser.submit(&policies(&browser).choose("IP Relaxation", &["Relax IP restrictions"]));
    assert_eq!(managed.detail("IP Relaxation"), "Relax IP restrictions");
    assert_eq!(managed.detail("Profiles"), "Standard User");
    assert!(org.knows("ConnectedApp", "Orders", "profileName"));
    // AP-7 asks for one more, NC-14 does not.
    assert_eq!(browser.open("/lightning/setup/AuthProviders/new").status, 403);
    assert_eq!(browser.open("/lightning/setup/NamedCredential/new").status, 200);
    assert_eq!(browser.open("/lightning/setup/PermSets/new").status, 403);
}

#[test]
fn apps_are_blocked_and_those_of_other_orgs_installed_on_the_usage_page() {
    let world = Neighbours::default();
    let org = Org::start(Options { neighbours: world.clone(), ..Options::default() });
    let other = Org::start(Options { name: Some("vendor".into()), neighbours: world, ..Options::default() });
    new_app(&Browser::logged_in(&other), "Vendor App", "https://vendor.example/a");
    let browser = Browser::logged_in(&org);
    new_app(&browser, "Orders", "https://orders.example/a");
    let press = |button: &str| browser.submit(&browser.setup("ConnectedAppsUsage").form_with(button));
    press("Block Orders").says(">Blocked<");
    press("Unblock Orders").hides(">Blocked<");
    browser.setup("ConnectedAppsUsage").says(">Not installed<");
    press("Install Vendor App").says(">Installed<");
    let key = other.text("ConnectedApp", "Vendor_App", "oauthConfig.consumerKey");
    assert_eq!(org.control("GET", "setup", "")["installed-apps"], serde_json::json!([key]));
    press("Uninstall Vendor App").says(">Not installed<");
}

#[test]
fn what_others_wrote_is_only_text_in_every_form() {
    let (org, browser) = start();
    new_app(&browser, "Orders", "https://orders.example/a");
    let markup = "</textarea><b>&\"'";
    org.edit("ConnectedApp", "Orders", "label", Some(text(markup)));
    org.edit("ConnectedApp", "Orders", "oauthConfig.callbackUrl", Some(text(markup)));
    let app =
        browser.open(&browser.setup("NavigationMenus").link("&lt;/textarea&gt;&lt;b&gt;&amp;&quot;&#39;"));
    let edit = browser.click(&app, "Edit");
    edit.hides(markup);
    assert_eq!(edit.form_with("Save").shows("Callback URL"), [markup]);
    browser.click(&app, "Manage").hides(markup);
    browser.setup("ConnectedAppsUsage").hides(markup);
}

#[test]
fn a_changed_callback_spreads_as_one_that_was_deployed() {
    let spreading = Options { propagation: Duration::from_secs(300), ..Options::default() };
    let org = Org::start(spreading);
    let browser = Browser::logged_in(&org);
    let app = new_app(&browser, "Orders", "https://orders.example/a");
    org.advance(Duration::from_secs(301));
    let key = org.text("ConnectedApp", "Orders", "oauthConfig.consumerKey");
    let edit = browser.click(&app, "Edit").form_with("Save");
    browser.submit(&edit.fill("Callback URL", "https://orders.example/b"));
    let ask = || {
        let query = format!("response_type=code&client_id={key}&redirect_uri=https://orders.example/b");
        browser.open(&format!("/services/oauth2/authorize?{query}"))
    };
    ask().says("redirect_uri_mismatch");
    org.advance(Duration::from_secs(301));
    assert_eq!(ask().heading(), "Allow access?");
}
