//! What OAuth needs to know of an app, whichever kind it is: a connected app, or an external client app with its
//! settings and policies. The differences between the two end here.

use crate::component::{self, Fields, Kind, Scalar, Tree};
use crate::simulator::clock::Moment;
use crate::simulator::people::Person;
use crate::simulator::rules::{flag, group, text};
use crate::simulator::state::{Component, State};

/// Life of a JWT access token where the app says nothing (CA-64 lists what Setup offers).
const JWT_MINUTES: i64 = 30;

#[derive(Clone)]
pub(super) struct Client {
    /// Of the component that holds its key.
    pub id: String,
    pub name: String,
    pub consumer_key: String,
    pub consumer_secret: String,
    pub callbacks: Vec<String>,
    /// By their OAuth names.
    pub scopes: Vec<String>,
    pub certificate: Option<String>,
    pub is_external: bool,
    /// Of another org.
    pub is_foreign: bool,
    pub secret_optional: bool,
    pub secret_for_refresh: bool,
    pub secret_for_exchange: bool,
    pub pkce_required: bool,
    pub rotates: bool,
    pub introspects_all: bool,
    pub jwt_tokens: bool,
    /// None takes the user's session timeout (EC-10).
    pub jwt_minutes: Option<i64>,
    pub id_token_minutes: i64,
    pub client_credentials: bool,
    pub run_as: Option<String>,
    pub device_flow: bool,
    pub token_exchange: bool,
    pub admin_approved: bool,
    profiles: Vec<String>,
    permission_sets: Vec<String>,
    pub refresh: RefreshPolicy,
    /// CA-44: no idle refresh token lives longer than 30 days.
    pub idle_limit: bool,
    pub relaxes_ip: bool,
    pub relaxes_ip_for_refresh: bool,
    pub session_minutes: Option<i64>,
    /// The app wants a High Assurance session, and whether it blocks all others (CA-69).
    pub high_assurance: bool,
    pub blocks: bool,
    /// Lifetime, audiences of asset tokens.
    pub asset: Option<(i64, String)>,
}

/// CA-43: looked at when a refresh token is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefreshPolicy {
    Infinite,
    Zero,
    /// So many milliseconds after the last use, or after the approval.
    Inactivity(i64),
    Lifetime(i64),
}

impl Client {
    /// The app with this consumer key, if the login servers know it by now (CA-90, OA-20).
    pub fn find(state: &State, key: &str, propagation: i64) -> Option<Client> {
        let now = state.holdings.clock.now();
        let known = |component: &Component| component.created.milliseconds_after(propagation) <= now;
        let holdings = &state.holdings;
        let apps = holdings.of_type("ConnectedApp");
        let mut connected = apps.filter(|(_, app)| {
            known(app)
                && group(&app.fields, "oauthConfig").and_then(|config| text(config, "consumerKey"))
                    == Some(key)
        });
        if let Some((name, app)) = connected.next() {
            return connected_app(state, name, app, now, propagation);
        }
        let mut external = holdings
            .of_type("ExtlClntAppGlobalOauthSettings")
            .filter(|(_, app)| known(app) && text(&app.fields, "consumerKey") == Some(key));
        external.next().and_then(|(_, global)| external_client_app(state, global, now, propagation))
    }

    /// As another org sees it: what administrators decide they decide for their own org, and nobody has yet.
    pub fn into_foreign(self) -> Client {
        Client {
            is_foreign: true,
            admin_approved: false,
            profiles: Vec::new(),
            permission_sets: Vec::new(),
            run_as: None,
            ..self
        }
    }

    /// CA-50 to CA-55, EC-6.
    pub fn is_approved_for(&self, state: &State, person: &Person) -> bool {
        let assigned = |wanted: &String| {
            state.holdings.of_type("PermissionSet").any(|(name, set)| {
                let named = name == wanted
                    || text(&set.fields, "label") == Some(wanted)
                    || crate::simulator::ids::same(&set.id, wanted);
                named && state.oauth.is_assigned(name, &person.id)
            })
        };
        !self.admin_approved
            || self.profiles.iter().any(|name| person.profile.is_called(name))
            || self.permission_sets.iter().any(assigned)
    }

    /// CA-36: the scopes a request gets, or none if it asks for one that the app lacks. `full` covers all scopes for
    /// data, and not the one for refresh tokens (CA-35).
    pub fn grant(&self, requested: Option<&str>) -> Option<Vec<String>> {
        let requested: Vec<&str> = requested.unwrap_or_default().split_whitespace().collect();
        if requested.is_empty() {
            return Some(self.scopes.clone());
        }
        let has = |name: &str| self.scopes.iter().any(|scope| scope == name);
        let allowed = |name: &str| {
            has(name)
                || match name {
                    "id" => true, // every answer has the identity URL
                    "refresh_token" | "offline_access" => has("refresh_token"),
                    "profile" | "email" | "address" | "phone" => has("id") || has("full"),
                    "visualforce" => has("web") || has("full"),
                    _ => has("full"),
                }
        };
        let all = requested.iter().all(|name| allowed(name));
        all.then(|| requested.into_iter().map(str::to_owned).collect())
    }
}

/// Whether these scopes ask for a refresh token.
pub(super) fn wants_refresh(scopes: &[String]) -> bool {
    scopes.iter().any(|scope| scope == "refresh_token" || scope == "offline_access")
}

fn connected_app(
    state: &State,
    name: &str,
    app: &Component,
    now: Moment,
    propagation: i64,
) -> Option<Client> {
    let none = Fields::new();
    let config = group(&app.fields, "oauthConfig")?;
    let policy = group(&app.fields, "oauthPolicy").unwrap_or(&none);
    let session = group(&app.fields, "sessionPolicy").unwrap_or(&none);
    let asset = group(config, "assetTokenConfig").map(|asset| {
        let audiences = text(asset, "assetAudiences").unwrap_or_default().to_owned();
        (number(asset, "assetValidityPeriod").unwrap_or(60), audiences)
    });
    let relaxation = text(policy, "ipRelaxation").unwrap_or("ENFORCE");
    Some(Client {
        id: app.id.clone(),
        name: text(&app.fields, "label").unwrap_or(name).to_owned(),
        consumer_key: text(config, "consumerKey")?.to_owned(),
        consumer_secret: text(config, "consumerSecret")?.to_owned(),
        callbacks: callbacks(app, text(config, "callbackUrl"), now, propagation),
        scopes: list(config, "scopes").iter().filter_map(|name| oauth_name(name)).collect(),
        certificate: text(config, "certificate").map(str::to_owned),
        is_external: false,
        is_foreign: false,
        secret_optional: is_on(config, "isConsumerSecretOptional"),
        secret_for_refresh: flag(config, "isSecretRequiredForRefreshToken") != Some(false),
        secret_for_exchange: is_on(config, "isSecretRequiredForTokenExchange"),
        pkce_required: is_on(config, "isPkceRequired"),
        rotates: is_on(config, "isRefreshTokenRotationEnabled"),
        introspects_all: is_on(config, "isIntrospectAllTokens"),
        jwt_tokens: is_on(config, "isNamedUserJwtEnabled"),
        jwt_minutes: Some(state.setup.jwt_minutes(&app.id).unwrap_or(JWT_MINUTES)),
        id_token_minutes: id_token_minutes(config, "idTokenValidity"),
        client_credentials: is_on(config, "isClientCredentialEnabled"),
        run_as: text(config, "oauthClientCredentialUser").map(str::to_owned),
        device_flow: true, // Setup has a switch for it, metadata up to API 67 has not
        token_exchange: is_on(config, "isTokenExchangeEnabled"),
        admin_approved: is_on(config, "isAdminApproved"),
        profiles: list(&app.fields, "profileName"),
        permission_sets: list(&app.fields, "permissionSetName"),
        refresh: refresh_policy(text(policy, "refreshTokenPolicy").unwrap_or("infinite")),
        idle_limit: false,
        relaxes_ip: matches!(relaxation, "BYPASS" | "BYPASS_2FACTOR"),
        relaxes_ip_for_refresh: relaxation == "ENFORCE_RELAXREFRESH",
        session_minutes: number(session, "sessionTimeout"),
        high_assurance: text(session, "sessionLevel") == Some("HIGH_ASSURANCE"),
        blocks: text(session, "policyAction") != Some("RaiseSessionLevel"),
        asset,
    })
}

fn external_client_app(state: &State, global: &Component, now: Moment, propagation: i64) -> Option<Client> {
    const APP: &str = "externalClientApplication";
    let none = Fields::new();
    let app = text(&global.fields, APP)?;
    let satellite = |type_name: &str| {
        let mut found =
            state.holdings.of_type(type_name).filter(|(_, found)| text(&found.fields, APP) == Some(app));
        found.next().map_or(&none, |(_, found)| &found.fields)
    };
    let settings = satellite("ExtlClntAppOauthSettings");
    let policies = satellite("ExtlClntAppOauthConfigurablePolicies");
    let header = state.holdings.get("ExternalClientApplication", app)?;
    let global_fields = &global.fields;
    let split = |fields: &Fields<Scalar>, name: &str| -> Vec<String> {
        let names = text(fields, name).unwrap_or_default().split(',').map(str::trim);
        names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    let period = number(policies, "refreshTokenValidityPeriod").unwrap_or(365);
    let milliseconds =
        period.saturating_mul(unit(text(policies, "refreshTokenValidityUnit").unwrap_or("Days")));
    let relaxation = text(policies, "ipRelaxationPolicyType").unwrap_or("Enforce").to_ascii_lowercase();
    Some(Client {
        id: global.id.clone(),
        name: text(&header.fields, "label").unwrap_or(app).to_owned(),
        consumer_key: text(global_fields, "consumerKey")?.to_owned(),
        consumer_secret: text(global_fields, "consumerSecret")?.to_owned(),
        callbacks: callbacks(global, text(global_fields, "callbackUrl"), now, propagation),
        scopes: split(settings, "commaSeparatedOauthScopes")
            .iter()
            .filter_map(|name| oauth_name(name))
            .collect(),
        certificate: text(global_fields, "certificate").map(str::to_owned),
        is_external: true,
        is_foreign: false,
        secret_optional: is_on(global_fields, "isConsumerSecretOptional"),
        secret_for_refresh: flag(global_fields, "isSecretRequiredForRefreshToken") != Some(false),
        secret_for_exchange: is_on(global_fields, "isSecretRequiredForTokenExchange"),
        pkce_required: flag(global_fields, "isPkceRequired") != Some(false), // EC-8
        rotates: is_on(global_fields, "isRefreshTokenRotationEnabled"),
        introspects_all: is_on(global_fields, "isIntrospectAllTokens"),
        jwt_tokens: is_on(global_fields, "isNamedUserJwtEnabled"),
        jwt_minutes: match text(policies, "namedUserJwtSessionTimeoutType") {
            Some("UserSession") => None,
            _ => Some(number(policies, "namedUserJwtTimeout").unwrap_or(JWT_MINUTES)),
        },
        id_token_minutes: id_token_minutes(global_fields, "idTokenValidityInMinutes"),
        // EC-9: the developer's switch and the administrator's
        client_credentials: is_on(global_fields, "isClientCredentialsFlowEnabled")
            && is_on(policies, "isClientCredentialsFlowEnabled"),
        run_as: text(policies, "clientCredentialsFlowUser").map(str::to_owned),
        device_flow: is_on(global_fields, "isDeviceFlowEnabled"),
        token_exchange: is_on(global_fields, "isTokenExchangeEnabled")
            && is_on(policies, "isTokenExchangeFlowEnabled"),
        admin_approved: text(policies, "permittedUsersPolicyType") == Some("AdminApprovedPreAuthorized"),
        profiles: split(policies, "commaSeparatedProfile"),
        permission_sets: split(policies, "commaSeparatedPermissionSet"),
        refresh: match text(policies, "refreshTokenPolicyType") {
            Some("Infinite") => RefreshPolicy::Infinite,
            Some("Zero") => RefreshPolicy::Zero,
            Some("SpecificInactivity") => RefreshPolicy::Inactivity(milliseconds),
            _ => RefreshPolicy::Lifetime(milliseconds), // EC-7
        },
        idle_limit: is_on(global_fields, "isEnforceRefreshTokenTTL"),
        relaxes_ip: relaxation.starts_with("bypass"),
        relaxes_ip_for_refresh: relaxation == "enforce_relaxrefresh",
        session_minutes: number(policies, "sessionTimeoutInMinutes"),
        high_assurance: text(policies, "requiredSessionLevel") == Some("HIGH_ASSURANCE"),
        blocks: text(policies, "policyAction") == Some("Block"),
        asset: text(settings, "assetTokenSigningCertificate").map(|_| {
            let audiences = text(settings, "assetTokenAudiences").unwrap_or_default().to_owned();
            (number(settings, "assetTokenValidity").unwrap_or(60), audiences)
        }),
    })
}

/// CA-25: one URL a line. A change takes its time to reach the login servers (CA-90).
fn callbacks(app: &Component, current: Option<&str>, now: Moment, propagation: i64) -> Vec<String> {
    let former = app.former_callbacks.as_ref();
    let former = former.filter(|former| former.until.milliseconds_after(propagation) > now);
    let lines = former.map_or(current.unwrap_or_default(), |former| former.lines.as_str());
    lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn is_on(fields: &Fields<Scalar>, name: &str) -> bool {
    flag(fields, name) == Some(true)
}

fn number(fields: &Fields<Scalar>, name: &str) -> Option<i64> {
    match fields.get(name)? {
        Tree::Leaf(Scalar::Number(number)) => Some(*number),
        _ => None,
    }
}

fn list(fields: &Fields<Scalar>, name: &str) -> Vec<String> {
    match fields.get(name) {
        Some(Tree::List(items)) => {
            items.iter().filter_map(|item| item.as_leaf().map(ToString::to_string)).collect()
        }
        Some(Tree::Leaf(leaf)) => vec![leaf.to_string()],
        _ => Vec::new(),
    }
}

/// Two minutes unless the app says otherwise.
fn id_token_minutes(config: &Fields<Scalar>, element: &str) -> i64 {
    group(config, "idTokenConfig").and_then(|config| number(config, element)).unwrap_or(2)
}

/// `specific_lifetime:3:DAYS` and the like.
fn refresh_policy(written: &str) -> RefreshPolicy {
    let parts: Vec<&str> = written.split(':').collect();
    let span = |count: &str, of: &str| count.parse::<i64>().unwrap_or(0).saturating_mul(unit(of));
    match parts.as_slice() {
        ["zero"] => RefreshPolicy::Zero,
        ["specific_inactivity", count, of] => RefreshPolicy::Inactivity(span(count, of)),
        ["specific_lifetime", count, of] => RefreshPolicy::Lifetime(span(count, of)),
        _ => RefreshPolicy::Infinite,
    }
}

/// Milliseconds. A month is counted as thirty days; how the platform counts it is not public.
fn unit(name: &str) -> i64 {
    const HOUR: i64 = 3_600_000;
    match name.to_ascii_uppercase().as_str() {
        "HOURS" => HOUR,
        "MONTHS" => 30 * 24 * HOUR,
        _ => 24 * HOUR,
    }
}

/// The first OAuth name that the type's description has for a scope of metadata.
fn oauth_name(scope: &str) -> Option<String> {
    let kind = component::type_named("ConnectedApp")?;
    let Kind::Group(config) = &kind.fields.field("oauthConfig")?.kind else { return None };
    let Kind::Enumeration(scopes) = &config.field("scopes")?.kind else { return None };
    let value = scopes.values.iter().find(|value| value.name == scope)?;
    value.aliases.first().cloned()
}
