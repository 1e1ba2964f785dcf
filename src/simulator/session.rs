//! Sessions: who holds which token, for how long, and whether a request may pass with it.
//!
//! [`admit`] is the one door that REST, SOAP and the identity services have. Who passes is an [`Asker`]; who does
//! not gets a [`Refusal`], which each protocol tells in its own words.

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use axum::extract::{ConnectInfo, Request};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::Org;
use super::bounds::Peer;
use super::clock::Moment;
use super::ids;
use super::people::{self, Person};
use super::permission;
use super::rules::{flag, group, text};
use super::state::State;
use crate::component::{Scalar, Tree};

/// More than any client keeps open; a bound for programs that log in without end.
const MOST_SESSIONS: usize = 5000;

/// Sessions of the org, the newest last. The token that the org prints is not among them: it never ends.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Sessions(Vec<Session>);

/// One session.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Session {
    pub token: String,
    pub user_id: String,
    /// Where it came in: none for SOAP login() and for the token that the org prints.
    pub app: Option<SessionApp>,
    /// OAuth scopes by their OAuth names; a session without an app may do everything.
    pub scopes: Vec<String>,
    pub opened: Moment,
    pub used: Moment,
    pub lasts: Lasts,
    pub form: Form,
    pub ip: IpAddr,
    pub level: Level,
}

/// The app that a session was opened for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SessionApp {
    /// Of the component; a session ends with its app, and not when the app's key is rotated.
    pub id: String,
    pub consumer_key: String,
    /// The approval that it rests on, if it rests on one: revoking that ends the session.
    pub approval: Option<String>,
    /// The component is in another org (CA-75).
    #[serde(default)]
    pub is_foreign: bool,
}

/// When a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Lasts {
    Forever,
    /// So many minutes after its last use (OA-11).
    Idle(i64),
    /// So many minutes after it was opened (OA-12).
    Fixed(i64),
}

/// What the token looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Form {
    Opaque,
    Jwt,
}

/// Session security level (SE-11), the lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Level {
    Standard,
    HighAssurance,
}

impl Session {
    pub fn ends(&self) -> Option<Moment> {
        match self.lasts {
            Lasts::Forever => None,
            Lasts::Idle(minutes) => Some(self.used.minutes_after(minutes)),
            Lasts::Fixed(minutes) => Some(self.opened.minutes_after(minutes)),
        }
    }

    /// CA-35: `full` covers all that is data, `refresh_token` and `openid` nothing of it.
    fn opens_api(&self) -> bool {
        self.app.is_none() || self.scopes.iter().any(|scope| scope == "api" || scope == "full")
    }

    pub fn is_over(&self, now: Moment) -> bool {
        self.ends().is_some_and(|end| end <= now)
    }
}

impl Sessions {
    /// Adds a session, and forgets those that are over; the oldest too when there are very many.
    pub fn open(&mut self, session: Session) {
        let now = session.opened;
        self.0.retain(|session| !session.is_over(now));
        if self.0.len() >= MOST_SESSIONS {
            self.0.remove(0);
        }
        self.0.push(session);
    }

    pub fn get(&self, token: &str) -> Option<&Session> {
        self.0.iter().find(|session| is_same(&session.token, token))
    }

    fn get_mut(&mut self, token: &str) -> Option<&mut Session> {
        self.0.iter_mut().find(|session| is_same(&session.token, token))
    }

    /// Ends the sessions that `ends` says so of.
    pub fn end(&mut self, ends: impl Fn(&Session) -> bool) {
        self.0.retain(|session| !ends(session));
    }

    pub fn close(&mut self, token: &str) {
        self.end(|session| is_same(&session.token, token));
    }
}

/// Compared without stopping at the first difference, so that time tells nothing about a secret.
pub(super) fn is_same(right: &str, given: &str) -> bool {
    let (right, given) = (right.as_bytes(), given.as_bytes());
    right.len() == given.len() && right.iter().zip(given).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

/// Who asks: the person, and the session that says so.
#[derive(Clone)]
pub(super) struct Asker {
    pub person: Person,
    pub session: Session,
}

/// Where a request knocks. Not every session opens every door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    Rest,
    /// Metadata, partner and enterprise SOAP.
    Soap,
    /// User info and the identity URL, which tell about the session itself.
    Identity,
}

/// Why a request may not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    NoToken,
    /// Never given out, closed, or of a user or an app that is gone.
    UnknownToken,
    /// SE-42
    TimedOut,
    /// OA-12
    JwtInSoap,
    /// SE-40
    OtherAddress,
    /// SE-41
    LevelTooLow,
    /// SE-43
    AppNotApproved,
    /// The token has no scope for the API (Salesforce Help 005226515).
    NoScope,
    /// SE-30, SE-33
    NoApi,
    /// SE-33
    NoApiForUser,
}

/// SE-33: of the two codes that were seen, the one that tells user from edition.
const NO_API_FOR_USER: (&str, &str) = ("API_CURRENTLY_DISABLED", "API is disabled for this User");

impl Refusal {
    /// Status, code and message of the REST API. Many causes share one text (SE-40 to SE-44).
    pub fn rest(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Refusal::AppNotApproved | Refusal::NoScope => (
                StatusCode::UNAUTHORIZED,
                "INVALID_SESSION_ID",
                "This session is not valid for use with the REST API",
            ),
            Refusal::NoApi => (
                StatusCode::FORBIDDEN,
                "API_DISABLED_FOR_ORG",
                "The REST API is not enabled for this Organization.",
            ),
            Refusal::NoApiForUser => (StatusCode::FORBIDDEN, NO_API_FOR_USER.0, NO_API_FOR_USER.1),
            _ => (StatusCode::UNAUTHORIZED, "INVALID_SESSION_ID", "Session expired or invalid"),
        }
    }

    /// Code and text of a SOAP fault. Clients know how the text begins; the rest is a hash that we do not have.
    pub fn soap(self) -> (&'static str, &'static str) {
        match self {
            Refusal::NoApi => ("API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner"),
            Refusal::NoApiForUser => NO_API_FOR_USER,
            // seen in public logs; that a lack of scope is behind it is unsure
            Refusal::NoScope => ("INVALID_SESSION_ID", "This session is not valid for use with the API"),
            _ => (
                "INVALID_SESSION_ID",
                "Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session \
                 hash: not told by the local org",
            ),
        }
    }

    /// What the identity services say, with 403.
    pub fn identity(self) -> &'static str {
        match self {
            Refusal::NoToken => "Missing_OAuth_Token",
            _ => "Bad_OAuth_Token",
        }
    }
}

/// Lets a request pass, and notes that its session was used.
pub(super) fn admit(org: &Org, token: Option<&str>, door: Door, ip: IpAddr) -> Result<Asker, Refusal> {
    let token = token.filter(|token| !token.is_empty()).ok_or(Refusal::NoToken)?;
    let now = org.now();
    let asker = look(org, token, now)?;
    if door != Door::Identity {
        if !org.nature.has_api() {
            return Err(Refusal::NoApi);
        }
        if !asker.session.opens_api() {
            return Err(Refusal::NoScope);
        }
    }
    // The token that the org prints opens it whatever its settings: nobody is to lock themselves out.
    if asker.session.lasts != Lasts::Forever
        && let Some(refusal) = org.store.read(|state| barred(state, &asker, door, ip))
    {
        return Err(refusal);
    }
    if door == Door::Soap && asker.session.form == Form::Jwt {
        return Err(Refusal::JwtInSoap);
    }
    if matches!(asker.session.lasts, Lasts::Idle(_)) {
        // not worth writing to disk: it goes there with the next change
        org.store.change_unsaved(|state| {
            if let Some(session) = state.sessions.get_mut(token) {
                session.used = now;
            }
        });
    }
    Ok(asker)
}

/// Settings of the org that keep a living session out. Those that make a session count for nothing, at the identity
/// services too, are told in the words of an ended one; the others bar it from the API alone.
fn barred(state: &State, asker: &Asker, door: Door, ip: IpAddr) -> Option<Refusal> {
    let Asker { person, session } = asker;
    let settings = |kind: &str, name: &str| state.holdings.get(kind, name).map(|found| &found.fields);
    let security =
        settings("SecuritySettings", "Security").and_then(|fields| group(fields, "sessionSettings"));
    if session.ip != ip && security.is_some_and(|fields| flag(fields, "lockSessionsToIp") == Some(true)) {
        return Some(Refusal::OtherAddress);
    }
    // SE-4, CA-42: ranges count for each request, and not at the login only
    let on_every_request =
        security.is_some_and(|fields| flag(fields, "enforceIpRangesEveryRequest") == Some(true));
    if on_every_request && !is_in_login_ranges(state, person, ip) {
        return Some(Refusal::OtherAddress);
    }
    let mut of_profile =
        state.holdings.of_type("ProfileSessionSetting").map(|(_, component)| &component.fields);
    let asks_for_more = of_profile.any(|fields| {
        text(fields, "profile").is_some_and(|name| person.profile.is_called(name))
            && text(fields, "requiredSessionLevel") == Some("HIGH_ASSURANCE")
    });
    if asks_for_more && session.level < Level::HighAssurance {
        return Some(Refusal::LevelTooLow);
    }
    if door != Door::Identity && !permission::has(state, person, "ApiEnabled") {
        return Some(Refusal::NoApiForUser);
    }
    let controlled = settings("ConnectedAppSettings", "ConnectedApp")
        .is_some_and(|fields| flag(fields, "enableAdminApprovedAppsOnly") == Some(true));
    let approved = session.app.as_ref().is_none_or(|app| {
        if app.is_foreign {
            return state.setup.is_installed(&app.consumer_key);
        }
        let mut apps = state.holdings.of_type("ConnectedApp").map(|(_, component)| component);
        let own = apps.find(|component| component.id == app.id);
        // External client apps need no approval here (EC-18a).
        own.is_none_or(|own| {
            group(&own.fields, "oauthConfig")
                .is_some_and(|config| flag(config, "isAdminApproved") == Some(true))
        })
    });
    let may_anyway = || permission::has(state, person, "UseAnyApiAuth");
    (door == Door::Rest && controlled && !approved && !may_anyway()).then_some(Refusal::AppNotApproved)
}

/// Whether the profile of this person lets them in from here. One without ranges does from everywhere (CA-41).
pub(super) fn is_in_login_ranges(state: &State, person: &Person, ip: IpAddr) -> bool {
    let mut profiles = state.holdings.of_type("Profile");
    let profile = profiles.find(|(name, _)| person.profile.is_called(name));
    let ranges = match profile.and_then(|(_, profile)| profile.fields.get("loginIpRanges")) {
        Some(Tree::List(ranges)) if !ranges.is_empty() => ranges,
        _ => return true,
    };
    ranges.iter().any(|range| {
        let Tree::Group(range) = range else { return false };
        let end = |name: &str| text(range, name).and_then(|text| text.trim().parse::<IpAddr>().ok());
        matches!((end("startAddress"), end("endAddress")), (Some(from), Some(to)) if from <= ip && ip <= to)
    })
}

/// Who holds this token, without counting it as a use.
pub(super) fn look(org: &Org, token: &str, now: Moment) -> Result<Asker, Refusal> {
    org.store.read(|state| {
        let first = is_same(&state.identity.access_token, token).then(|| Session {
            token: token.to_owned(),
            user_id: state.identity.user_id(),
            app: None,
            scopes: Vec::new(),
            opened: state.identity.created,
            used: now,
            lasts: Lasts::Forever,
            form: Form::Opaque,
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            level: Level::Standard,
        });
        let session = first.or_else(|| state.sessions.get(token).cloned()).ok_or(Refusal::UnknownToken)?;
        if session.is_over(now) {
            return Err(Refusal::TimedOut);
        }
        if session.app.as_ref().is_some_and(|app| !app.is_foreign && !has_app(state, &app.id)) {
            return Err(Refusal::UnknownToken);
        }
        let person = people::of(&state.identity).into_iter().find(|person| person.id == session.user_id);
        Ok(Asker { person: person.ok_or(Refusal::UnknownToken)?, session })
    })
}

fn has_app(state: &State, id: &str) -> bool {
    let kinds = ["ConnectedApp", "ExtlClntAppGlobalOauthSettings"];
    kinds.iter().any(|kind| state.holdings.of_type(kind).any(|(_, app)| app.id == id))
}

/// Opens a session for somebody who came with a password and no app. The error is a lack of random numbers.
pub(super) fn open_by_login(state: &mut State, person: &Person, ip: IpAddr) -> io::Result<String> {
    let token = ids::access_token(&state.identity.organization_id)?;
    let now = state.holdings.clock.now();
    let lasts = Lasts::Idle(idle_minutes(state, person));
    state.sessions.open(Session {
        token: token.clone(),
        user_id: person.id.clone(),
        app: None,
        scopes: Vec::new(),
        opened: now,
        used: now,
        lasts,
        form: Form::Opaque,
        ip,
        level: Level::Standard,
    });
    Ok(token)
}

/// In minutes.
const TWO_HOURS: i64 = 120;

/// How long a session of this person lives unused: their profile's setting, or else the org's (OA-11, SE-2, SE-13).
pub(super) fn idle_minutes(state: &State, person: &Person) -> i64 {
    let settings = state.holdings.of_type("ProfileSessionSetting").map(|(_, component)| &component.fields);
    let mut of_profile =
        settings.filter(|fields| text(fields, "profile").is_some_and(|name| person.profile.is_called(name)));
    if let Some(Tree::Leaf(Scalar::Number(minutes))) =
        of_profile.next().and_then(|fields| fields.get("sessionTimeout"))
    {
        // A profile that has a value does not follow the org's, and 0 is two hours.
        return if *minutes > 0 { *minutes } else { TWO_HOURS };
    }
    let security = state.holdings.get("SecuritySettings", "Security");
    let session = security.and_then(|security| group(&security.fields, "sessionSettings"));
    match session.and_then(|session| text(session, "sessionTimeout")) {
        Some("FifteenMinutes") => 15,
        Some("ThirtyMinutes") => 30,
        Some("SixtyMinutes") => 60,
        Some("NinetyMinutes") => 90,
        Some("FourHours") => 240,
        Some("EightHours") => 480,
        Some("TwelveHours") => 720,
        Some("TwentyFourHours") => 1440,
        _ => TWO_HOURS,
    }
}

/// The address a request came from.
pub(super) fn address_of(request: &Request) -> IpAddr {
    let info = request.extensions().get::<ConnectInfo<Peer>>();
    info.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(Peer(address))| address.ip())
}
