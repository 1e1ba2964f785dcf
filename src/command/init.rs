//! `init`: a first manifest and orgwire.toml. Never overwrites.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::cli::{self, Start};
use crate::command::{Attempt, Exit, Failure, Trouble};
use crate::component::embedded::{EXAMPLES, TWINS};
use crate::project::{CONFIGURATION_FILE, DEFAULT_FOLDER};
use crate::report::{Format, Terminal, json};

const CONFIGURATION: &str = "\
# Orgs and environments of this project. `local` is the org inside orgwire and needs no entry.

# [org.uat]
# instance-url = \"https://acme--uat.sandbox.my.salesforce.com\"

# [environment.uat]
# org = \"uat\"
# variables = { contact = \"uat@example.com\" }

# Lints that stop a deployment (exit code 5) or stay silent: \"deny\", \"warn\", \"allow\".
# [lint]
# relaxed-ip = \"deny\"
";

const BLANK: &str = "\
# What should exist in the org. `orgwire plan` shows what would change, `orgwire explain connected-app` lists
# the fields of a type.

api-version = \"62.0\"

[variables]
contact = \"ops@example.com\"

[connected-app.My_App]
label = \"My App\"
contact-email = \"${var.contact}\"

[connected-app.My_App.oauth-config]
callback-url = \"https://example.com/oauth/callback\"
consumer-key = { generate = true }
consumer-secret = { generate = true }
scopes = [\"Api\", \"RefreshToken\"]
";

const BLANK_TWIN: &str = "\
# What should exist in the org. `orgwire plan` shows what would change, `orgwire explain external-client-application`
# lists the fields of a type.

api-version = \"66.0\"

[variables]
contact = \"ops@example.com\"

[external-client-application.My_App]
label = \"My App\"
contact-email = \"${var.contact}\"
distribution-state = \"Local\"

[extl-clnt-app-global-oauth-settings.My_App_glbloauth]
label = \"My_App_glbloauth\"
external-client-application = \"My_App\"
callback-url = \"https://example.com/oauth/callback\"
consumer-key = { generate = true }
consumer-secret = { generate = true }
is-pkce-required = true # turn it off for a client that sends no proof

[extl-clnt-app-oauth-settings.My_App_oauth]
label = \"My_App_oauth\"
external-client-application = \"My_App\"
comma-separated-oauth-scopes = [\"Api\", \"RefreshToken\"]

[extl-clnt-app-oauth-configurable-policies.My_App_oauthPlcy]
label = \"My_App_oauthPlcy\"
external-client-application = \"My_App\"
permitted-users-policy-type = \"AllSelfAuthorized\"
ip-relaxation-policy-type = \"Enforce\"
refresh-token-policy-type = \"SpecificInactivity\"
refresh-token-validity-period = 30
refresh-token-validity-unit = \"Days\"
";

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is already there")]
struct Exists(String);

pub fn run(arguments: &cli::Init, terminal: &Terminal) -> Result<Exit, Failure> {
    let (name, text) = start(arguments);
    let folder = arguments.folder.strip_prefix(".").unwrap_or(&arguments.folder);
    let manifest = folder.join(DEFAULT_FOLDER).join(format!("{name}.toml"));
    let configuration = folder.join(CONFIGURATION_FILE);
    if manifest.exists() {
        let failure = Failure::new(Trouble::FileExists, Exists(manifest.display().to_string()));
        return Err(
            failure.help("remove or rename it first, or start in another folder: orgwire init FOLDER")
        );
    }
    let mut written = vec![write_new(&manifest, text)?];
    // One configuration serves all manifests, so a second `init` keeps it.
    if !configuration.exists() {
        written.push(write_new(&configuration, CONFIGURATION)?);
    }
    let ignored = folder.join(".gitignore");
    if !ignored.exists() {
        written.push(write_new(&ignored, ".orgwire/\n")?);
    }
    match terminal.format {
        Format::Json => {
            let body = serde_json::json!({ "format_version": json::FORMAT_VERSION, "written": written });
            terminal.result(&json::text(&body))?;
        }
        _ => {
            let list: String = written.iter().map(|path| format!("wrote {path}\n")).collect();
            terminal.result(&list)?;
            let path = &written[0];
            terminal.talk(&format!(
                "next: orgwire plan {path}, then orgwire deploy {path}; both use the local org\n"
            ));
        }
    }
    Ok(Exit::Done)
}

/// Name and text of the first manifest. A system has one name in both forms, so that a project holds one of them.
fn start(arguments: &cli::Init) -> (&'static str, &'static str) {
    let name = match arguments.from {
        Start::Axsy => "axsy",
        Start::Logik => "logik",
        Start::Ampersand => "ampersand",
        Start::Cyclr => "cyclr",
        Start::Agilepoint => "agilepoint",
        Start::Blank => "my-app",
    };
    let (all, blank) = match arguments.external_client_app {
        true => (TWINS, BLANK_TWIN),
        false => (EXAMPLES, BLANK),
    };
    let found = all.iter().find(|(stem, _)| *stem == name);
    (name, found.map_or(blank, |(_, text)| *text))
}

fn write_new(path: &Path, text: &str) -> Result<String, Failure> {
    let shown = path.display().to_string();
    let failed =
        |error| Failure::new(Trouble::UnwritableFile, Attempt::new(format!("cannot write `{shown}`"), error));
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    Ok(shown)
}
