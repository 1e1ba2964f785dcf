//! The policies of an app as the org has them, beside what the manifests want (002-R2 to R6, 003-R6, 003-R7, 004-R5).

use super::app::{App, Side};
use super::told::Person;
use super::{About, Case, Finding, listed, profile};
use crate::component::ComponentId;
use crate::verify::authorize::Answer;

const REFRESH: About = About("refresh-policy", &["002-R2", "003-R6", "CA-43", "CA-44", "CA-77"]);
const IP: About = About("ip-relaxation", &["002-R3", "001-R6", "004-R2", "CA-41"]);
const USERS: About = About("permitted-users", &["002-R4", "004-R4", "CA-50", "CA-55", "OA-34"]);
const BLOCKED: About = About("app-blocked", &["002-R4", "OA-45"]);
const KNOWN: About = About("app-known", &["CA-90", "OA-20", "004-R3"]);
const SCOPES: About = About("scopes", &["002-R6", "000-R3", "003-R2", "004-R2", "001-R3"]);
const SESSION: About = About("session-policy", &["003-R6", "CA-69", "OA-11"]);
const PKCE: About = About("pkce", &["003-R7", "004-R5", "CA-65", "EC-8"]);
const FLOW: About = About("client-credentials", &["001-R1", "001-R2", "CA-60", "CA-61", "EC-9"]);

const DEPLOY: &str = "deploy it: orgwire deploy";

pub fn findings(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for app in &case.apps {
        let Some(held) = &app.held else { continue };
        findings.push(refresh(app, held));
        findings.push(ip(case, app, held));
        findings.extend(permitted(case, app, held));
        findings.push(scopes(app, held));
        findings.extend(session(app, held));
        findings.extend(pkce(case, app, held));
        findings.extend(flow(app, held));
        findings.extend(reached(case, app));
    }
    findings
}

fn id(app: &App) -> &[ComponentId] {
    std::slice::from_ref(&app.id)
}

/// What an app has that nobody has said anything about (CA-46).
const USUAL_REFRESH: &str = "infinite";
const USUAL_IP: &str = "ENFORCE";

fn refresh(app: &App, held: &Side) -> Finding {
    let has = held.refresh_policy().unwrap_or_else(|| USUAL_REFRESH.to_owned());
    let wanted = app.wanted.refresh_policy();
    let uses = app.wanted.scopes().iter().any(|scope| scope == "RefreshToken");
    if has == "zero" && uses && wanted.as_deref() != Some("zero") {
        let found = REFRESH.blocks(id(app), format!("refresh tokens of {} end at once", app.id));
        return found.why("the connection ends with its first access token").mend(mended_refresh(app));
    }
    match wanted {
        Some(wanted) if wanted != has => {
            let what =
                format!("the refresh token policy of {} is {has}, and the manifest wants {wanted}", app.id);
            REFRESH.weakens(id(app), what).why("the connection ends when the org's policy says").mend(DEPLOY)
        }
        None if uses && has != USUAL_REFRESH => {
            let what = format!("the refresh token policy of {} is {has}", app.id);
            let found = REFRESH.advice(id(app), what);
            found.why("somebody has to connect again when that has passed").mend(mended_refresh(app))
        }
        _ if has == USUAL_REFRESH => REFRESH.fine(format!(
            "refresh tokens of {} count until they are revoked, unless the org limits idle ones to 30 days",
            app.id
        )),
        _ => REFRESH.fine(format!("the refresh token policy of {} is {has}, as wanted", app.id)),
    }
}

/// Lines that say it for good.
fn mended_refresh(app: &App) -> String {
    match app.is_external() {
        true => {
            "refresh-token-policy-type = \"Infinite\" among the OAuth policies of the app, and orgwire deploy"
                .to_owned()
        }
        false => format!(
            "[connected-app.{}.oauth-policy]\nip-relaxation = \"{}\"\nrefresh-token-policy = \"infinite\"",
            app.id.name,
            app.wanted.ip_relaxation().unwrap_or_else(|| USUAL_IP.to_owned())
        ),
    }
}

/// Those whose addresses count: the one an app logs in as, or else the one who connects.
fn ranges_of(case: &Case<'_>, app: &App) -> Option<(String, Vec<String>)> {
    let run_as = app.wanted.run_as().and_then(|name| case.told.people.get(&name)?.as_ref());
    let person: &Person = run_as.or_else(|| case.connecting())?;
    let ranges = profile::login_ranges(case.told, person)?;
    (!ranges.is_empty()).then(|| (person.profile.clone(), ranges))
}

fn ip(case: &Case<'_>, app: &App, held: &Side) -> Finding {
    let has = held.ip_relaxation().unwrap_or_else(|| USUAL_IP.to_owned());
    let wanted = app.wanted.ip_relaxation();
    let ranges = ranges_of(case, app);
    let restricts = has.starts_with("ENFORCE");
    match (&wanted, &ranges) {
        (Some(wanted), Some((profile, ranges))) if *wanted != has && restricts => IP
            .blocks(id(app), format!("the IP relaxation of {} is {has}, and the manifest wants {wanted}", app.id))
            .why(format!("the profile `{profile}` lets people in from {} only: others get `ip restricted`", listed(ranges)))
            .mend(DEPLOY),
        (Some(wanted), _) if *wanted != has => IP
            .weakens(id(app), format!("the IP relaxation of {} is {has}, and the manifest wants {wanted}", app.id))
            .why("it matters as soon as a profile gets login ranges: callers from elsewhere get `ip restricted`")
            .mend(DEPLOY),
        (None, Some((profile, ranges))) if restricts => IP
            .weakens(id(app), format!("{} enforces the login ranges of the profile `{profile}`", app.id))
            .why(format!("a caller from elsewhere than {} gets `ip restricted`", listed(ranges)))
            .mend("add the vendor's addresses to the login ranges: Setup > Profiles > Login IP Ranges"),
        _ => IP.fine(format!("the IP relaxation of {} is {has}, and keeps nobody out that is meant", app.id)),
    }
}

fn permitted(case: &Case<'_>, app: &App, held: &Side) -> Vec<Finding> {
    let (has, wanted) = (held.admin_approved() == Some(true), app.wanted.admin_approved());
    let mut findings = Vec::new();
    if wanted.is_some_and(|wanted| wanted != has) {
        let (is, meant) =
            if has { ("only approved users", "everybody") } else { ("everybody", "only approved users") };
        let what = format!("the org lets {is} use {}, and the manifest means {meant}", app.id);
        let found = USERS.weakens(id(app), what);
        findings.push(found.why("who can connect is not what was agreed").mend(DEPLOY));
    }
    // The user that an app logs in as needs no approval (CA-56).
    if !has || app.wanted.client_credentials() {
        if findings.is_empty() {
            findings.push(USERS.fine(format!("the users of {} may let it in", app.id)));
        }
        return findings;
    }
    let (profiles, sets) = (held.profiles(), held.permission_sets());
    if profiles.is_empty() && sets.is_empty() {
        let found =
            USERS.blocks(id(app), format!("{} takes approved users only, and nobody is listed", app.id));
        findings.push(
            found.why("everybody gets `user is not admin approved to access this app`").mend(approve(app)),
        );
    } else if let Some(person) = case.user.and_then(|_| case.connecting()) {
        let by_profile = profiles.iter().any(|name| profile::is_called(&person.profile, name));
        let by_set = sets.iter().any(|name| person.sets.contains(name));
        if by_profile || by_set {
            findings.push(USERS.fine(format!("{} is approved for {}", person.username, app.id)));
        } else {
            let what = format!("{} is not among the approved users of {}", person.username, app.id);
            let why = format!(
                "listed are {}, the user has the profile {}",
                listed(&[profiles, sets].concat()),
                person.profile
            );
            findings.push(USERS.blocks(id(app), what).why(why).mend(approve(app)));
        }
    } else if findings.is_empty() {
        let all = [profiles, sets].concat();
        findings.push(USERS.fine(format!("users with {} may use {}", listed(&all), app.id)));
    }
    findings
}

fn approve(app: &App) -> String {
    match app.is_external() {
        true => "list the profile in comma-separated-profile, or the permission set by its id, among the app's policies"
            .to_owned(),
        false => format!(
            "[connected-app.{}]\nprofile-name = [\"PROFILE OF THE USERS\"]\n(or permission-set-name, and give the users \
             that permission set)",
            app.id.name
        ),
    }
}

fn scopes(app: &App, held: &Side) -> Finding {
    let has = held.scopes();
    let wanted = app.wanted.scopes();
    let covers = |scope: &String| {
        // Full is everything but refresh tokens (CA-35).
        has.contains(scope) || scope != "RefreshToken" && has.iter().any(|it| it == "Full")
    };
    let missing: Vec<&String> = wanted.iter().filter(|scope| !covers(scope)).collect();
    if missing.is_empty() {
        return SCOPES.fine(format!("{} has the scopes {}", app.id, listed(&has)));
    }
    let what = format!("{} lacks the scopes {}", app.id, listed(&missing));
    if missing.iter().any(|scope| *scope == "RefreshToken") {
        let found = SCOPES.blocks(id(app), what);
        return found
            .why("the connection gets no refresh token, and ends with its first session")
            .mend(DEPLOY);
    }
    let usable = |scope: &&String| !matches!(scope.as_str(), "Full" | "Web" | "RefreshToken");
    if app.wanted.client_credentials() && has.iter().filter(usable).count() == 0 {
        let found = SCOPES.blocks(id(app), what);
        return found.why("the client credentials flow ends in `no valid scopes defined`").mend(DEPLOY);
    }
    SCOPES.weakens(id(app), what).why("clients that ask for them are refused").mend(DEPLOY)
}

fn session(app: &App, held: &Side) -> Vec<Finding> {
    let mut findings = Vec::new();
    if held.high_assurance() && !app.wanted.high_assurance() {
        let found = SESSION.blocks(id(app), format!("the session policy of {} wants High Assurance", app.id));
        let why = "flows without a person in them get no session at all";
        findings
            .push(found.why(why).mend("take the policy off: Setup > App Manager > Manage > Edit Policies"));
    }
    if let Some(minutes) = held.session_minutes()
        && app.wanted.session_minutes() != Some(minutes)
    {
        let found = SESSION.weakens(
            id(app),
            format!("the session policy of {} ends sessions after {minutes} minutes", app.id),
        );
        let why = "it goes before the timeouts of the profile and the org";
        findings
            .push(found.why(why).mend("take the timeout off: Setup > App Manager > Manage > Edit Policies"));
    }
    if findings.is_empty() {
        findings.push(
            SESSION
                .fine(format!("{} has no session policy of its own that the manifest does not want", app.id)),
        );
    }
    findings
}

/// A client that sends no code challenge is refused where one is required.
fn pkce(case: &Case<'_>, app: &App, held: &Side) -> Option<Finding> {
    let wanted = app.wanted.pkce_required();
    let by_app = held.pkce_required() == Some(true) && wanted != Some(true);
    let by_org =
        case.told.switch("OauthOidcSettings", "isPkceRequired") == Some(true) && wanted != Some(true);
    let why = "a vendor whose client sends no code challenge gets `missing required code challenge`: ask the vendor";
    if by_app && app.is_external() && wanted.is_none() {
        let found =
            PKCE.advice(id(app), format!("{} requires PKCE, as external client apps do by default", app.id));
        return Some(found.why(why).mend("is-pkce-required = false in the global OAuth settings"));
    }
    if by_app {
        let found = PKCE.weakens(id(app), format!("{} requires PKCE, and the manifest does not", app.id));
        let mend = match app.is_external() {
            true => DEPLOY.to_owned(),
            false => format!("[connected-app.{}.oauth-config]\nis-pkce-required = false", app.id.name),
        };
        return Some(found.why(why).mend(mend));
    }
    if by_org {
        let found = PKCE.weakens(id(app), "the org requires PKCE of every app");
        return Some(found.why(why).mend("Setup > OAuth and OpenID Connect Settings > Require PKCE"));
    }
    Some(PKCE.fine(format!("PKCE is required of {} only if the manifest says so", app.id)))
}

/// The flow in which the app itself logs in (001-R1, 001-R2).
fn flow(app: &App, held: &Side) -> Vec<Finding> {
    if !app.wanted.client_credentials() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if !held.client_credentials() {
        let found = FLOW.blocks(id(app), format!("the client credentials flow of {} is off", app.id));
        findings.push(found.why("token calls end in `client credentials flow not enabled`").mend(DEPLOY));
    }
    let (has, wanted) = (held.run_as(), app.wanted.run_as());
    if has.is_none() {
        let found = FLOW.blocks(id(app), format!("{} has no user to run as", app.id));
        findings.push(found.why("token calls end in `no client credentials user enabled`").mend(RUN_AS));
    } else if wanted.is_some() && wanted != has {
        let what = format!("{} runs as {}, and the manifest wants {}", app.id, shown(&has), shown(&wanted));
        findings.push(FLOW.weakens(id(app), what).why("tokens stand for another user").mend(RUN_AS));
    }
    if app.wanted.jwt_tokens() && !held.jwt_tokens() {
        let found =
            FLOW.blocks(id(app), format!("{} hands out opaque tokens, and the manifest wants JWTs", app.id));
        findings.push(found.why("a vendor that reads the token refuses it").mend(DEPLOY));
    }
    if findings.is_empty() {
        findings.push(FLOW.fine(format!("{} logs in by itself as {}", app.id, shown(&has))));
    }
    findings
}

/// Metadata can set it at the creation of an app only (CA-61).
pub const RUN_AS: &str = "Setup > App Manager > Manage > Edit Policies > Client Credentials Flow > Run As: an app that is \
                          there does not take it by a deployment";

fn shown(name: &Option<String>) -> &str {
    name.as_deref().unwrap_or("nobody")
}

/// What the login servers say to the app's key.
fn reached(case: &Case<'_>, app: &App) -> Option<Finding> {
    let of_app = case.told.probes.iter().filter(|(ask, _)| ask.component == app.id);
    let answers: Vec<&Answer> = of_app.map(|(_, answer)| answer).collect();
    let refused = |names: &[&str]| {
        answers
            .iter()
            .any(|answer| matches!(answer, Answer::Refused { error, .. } if names.contains(&error.as_str())))
    };
    if answers.is_empty() {
        return None;
    }
    Some(if refused(&["OAUTH_APP_BLOCKED", "OAUTH_APP_ACCESS_DENIED"]) {
        let found = BLOCKED.blocks(id(app), format!("an administrator has blocked {}", app.id));
        found.why("nobody can log in with it").mend("Setup > Connected Apps OAuth Usage > Unblock")
    } else if refused(&["invalid_client_id"]) {
        let found = KNOWN.weakens(id(app), format!("the login servers do not know {}", app.id));
        let why = "logins end in invalid_client_id until they do";
        found.why(why).mend("wait up to ten minutes after its creation: orgwire verify --wait 10")
    } else {
        BLOCKED.fine(format!("{} is this org's own, known to the login servers, and not blocked", app.id))
    })
}
