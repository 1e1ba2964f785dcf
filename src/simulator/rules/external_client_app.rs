//! Rules of external client apps: a header and the files that name it, of each kind one. Key, secret and links are
//! the org's to give, and belong to it alone.

use super::connected_app::{check_callbacks, check_logout_url, looks_like_email};
use super::consumer::{self, KeyLetters};
use super::{
    Accepted, Incoming, Problem, Severity, assume, check_person, flag, leaf, no_randomness, no_such, text,
};
use crate::component::{self, Fields, Scalar, Tree, Type};
use crate::simulator::ids;
use crate::simulator::state::Holdings;

const HEADER: &str = "ExternalClientApplication";
const GLOBAL: &str = "ExtlClntAppGlobalOauthSettings";
const SETTINGS: &str = "ExtlClntAppOauthSettings";
const POLICIES: &str = "ExtlClntAppOauthConfigurablePolicies";
/// The element that names the header. Names of files merely begin with it, as a rule (EC-12).
const APP: &str = "externalClientApplication";

/// EC-10, with the API version that brought them.
const JWT_MINUTES: [(u16, &[i64]); 2] = [(61, &[1, 5, 10, 15, 30]), (65, &[60, 90, 120, 240, 480, 720])];

pub(super) fn check_header(incoming: &Incoming, accepted: &mut Accepted) -> Result<(), Problem> {
    if incoming.stored.is_none() && incoming.holdings.get("ConnectedApp", incoming.name).is_some() {
        return Err(Problem::error(format!(
            "A connected app named {} exists; delete or rename it first (rehearsal wording, EC-14)",
            incoming.name
        )));
    }
    // The schema does not demand it; orgs were seen to.
    match text(&accepted.fields, "contactEmail") {
        None => return Err(Problem::error("Required field is missing: contactEmail")),
        Some(email) if !looks_like_email(email) => {
            let problem = format!("Contact Email: invalid email address: {email} (rehearsal wording, CA-2)");
            return Err(Problem::error(problem));
        }
        Some(_) => {}
    }
    assume(&mut accepted.fields, "distributionState", Scalar::Text("Local".to_owned()));
    let own = format!("{}:{}", incoming.org.short_id(), incoming.name);
    match text(incoming.sent, "orgScopedExternalApp") {
        Some(sent) if sent != own => Err(Problem::error(format!(
            "orgScopedExternalApp: {sent} is not this app in this org; leave it out (rehearsal wording, EC-3)"
        ))),
        _ => {
            accepted.fields.insert("orgScopedExternalApp".into(), leaf(own)); // EC-3
            Ok(())
        }
    }
}

/// The header must be there, in the org or earlier in the package (EC-13, the stance), and have no other component
/// of this kind.
pub(super) fn check_only_one(incoming: &Incoming, accepted: &Accepted) -> Result<String, Problem> {
    let app = text(&accepted.fields, APP).unwrap_or_default().to_owned();
    if incoming.holdings.get(HEADER, &app).is_none() {
        return Err(no_such(APP, HEADER, &app));
    }
    let default = default_policies(&app);
    let mut others = incoming.holdings.of_type(&incoming.kind.name).filter(|(name, other)| {
        *name != incoming.name && *name != default && text(&other.fields, APP) == Some(app.as_str())
    });
    match others.next() {
        Some((other, _)) => Err(Problem::error(format!(
            "{app} has its {} in {other}; deploy them under that name (rehearsal wording, EC-12)",
            incoming.kind.name
        ))),
        None => Ok(app),
    }
}

/// Key and secret as with connected apps (EC-15), rotated on demand (EC-24).
pub(super) fn check_global(incoming: &Incoming, accepted: &mut Accepted) -> Result<(), Problem> {
    check_only_one(incoming, accepted)?;
    if let Some(callbacks) = text(incoming.sent, "callbackUrl") {
        check_callbacks(callbacks)?;
    }
    if !incoming.sent.contains_key("certificate") {
        accepted.fields.remove("certificate"); // unsure: one report saw that leaving it out takes it away
    }
    let stored = incoming.stored.map(|stored| &stored.fields);
    match stored.filter(|stored| stored.contains_key("consumerKey")) {
        Some(stored) => {
            let mut remarks = consumer::keep(incoming.sent, stored, &mut accepted.fields)?;
            accepted.remarks.append(&mut remarks);
            rotate(incoming, accepted)?;
        }
        None => {
            consumer::give(incoming, incoming.sent, &mut accepted.fields, KeyLetters::OfExternalClientApps)?;
        }
    }
    // Wishes, and none once they are granted.
    for wish in ["shouldRotateConsumerKey", "shouldRotateConsumerSecret"] {
        accepted.fields.insert(wish.into(), Tree::Leaf(Scalar::Flag(false)));
    }
    Ok(())
}

/// EC-24: the platform answers a rotation with a warning.
fn rotate(incoming: &Incoming, accepted: &mut Accepted) -> Result<(), Problem> {
    let wishes = [
        ("shouldRotateConsumerKey", "consumerKey", ids::consumer_key as fn() -> std::io::Result<String>),
        ("shouldRotateConsumerSecret", "consumerSecret", ids::consumer_secret),
    ];
    for (wish, element, make) in wishes {
        if flag(incoming.sent, wish) == Some(true) {
            let fresh = make().map_err(|error| no_randomness(&error))?;
            accepted.fields.insert(element.into(), leaf(fresh));
            accepted.remarks.push(Problem {
                severity: Severity::Warning,
                text: format!(
                    "{element}: a new one takes the place of the old one (rehearsal wording, EC-24)"
                ),
                at: None,
            });
        }
    }
    Ok(())
}

pub(super) fn check_settings(incoming: &Incoming, accepted: &mut Accepted) -> Result<(), Problem> {
    let app = check_only_one(incoming, accepted)?;
    check_logout_url(incoming.sent)?;
    let own = link_of(incoming.holdings, incoming.org.short_id(), &app);
    match (text(incoming.sent, "oauthLink"), own) {
        (Some(sent), own) if own.as_deref() != Some(sent) => Err(Problem::error(format!(
            "oauthLink: {sent} leads to no consumer of this app in this org; leave it out (rehearsal wording, EC-4)"
        ))),
        (_, Some(own)) => {
            accepted.fields.insert("oauthLink".into(), leaf(own));
            Ok(())
        }
        (_, None) => Ok(()),
    }
}

/// EC-4: the org and its consumer, which is the record of the app's global settings.
fn link_of(holdings: &Holdings, org: &str, app: &str) -> Option<String> {
    let (_, global) = of_app(holdings, GLOBAL, app).next()?;
    Some(format!("{org}:{}", ids::short(&global.id)))
}

pub(super) fn check_policies(incoming: &Incoming, accepted: &mut Accepted) -> Result<(), Problem> {
    check_only_one(incoming, accepted)?;
    check_logout_url(incoming.sent)?;
    let fields = &accepted.fields;
    check_person(incoming, "clientCredentialsFlowUser", fields)?;
    check_person(incoming, "executeHandlerAs", fields)?;
    let flow = "isClientCredentialsFlowEnabled";
    if flag(fields, flow) == Some(true) && text(fields, "clientCredentialsFlowUser").is_none() {
        return Err(Problem::error(format!(
            "{flow}: needs clientCredentialsFlowUser (rehearsal wording, EC-9)"
        )));
    }
    for name in ["namedUserJwtTimeout", "guestJwtTimeout"] {
        let Some(Tree::Leaf(Scalar::Number(minutes))) = incoming.sent.get(name) else { continue };
        let known = JWT_MINUTES.iter().filter(|(since, _)| *since <= incoming.version);
        let known: Vec<i64> = known.flat_map(|(_, minutes)| minutes.iter().copied()).collect();
        if !known.contains(minutes) {
            let known: Vec<String> = known.iter().map(ToString::to_string).collect();
            return Err(Problem::error(format!(
                "{name}: {minutes} is not one of {} (rehearsal wording, EC-10)",
                known.join(", ")
            )));
        }
    }
    Ok(())
}

/// A policy without an end has no period, whatever the default is.
pub(super) fn drop_idle_period(fields: &mut Fields<Scalar>, sent: &Fields<Scalar>) {
    if matches!(text(fields, "refreshTokenPolicyType"), Some("Infinite" | "Zero")) {
        for name in ["refreshTokenValidityPeriod", "refreshTokenValidityUnit"] {
            if !sent.contains_key(name) {
                fields.remove(name);
            }
        }
    }
}

/// Name of the policies that an org makes when none are deployed (EC-12).
fn default_policies(app: &str) -> String {
    format!("{app}_defaultPolicy")
}

fn of_app<'a>(
    holdings: &'a Holdings,
    type_name: &str,
    app: &str,
) -> impl Iterator<Item = (&'a str, &'a crate::simulator::state::Component)> {
    let app = app.to_owned();
    holdings
        .of_type(type_name)
        .filter(move |(_, component)| text(&component.fields, APP) == Some(app.as_str()))
}

/// Policies of somebody's own take the place of those that the org made; tells what is gone.
pub(super) fn make_room(
    holdings: &mut Holdings,
    kind: &Type,
    name: &str,
    fields: &Fields<Scalar>,
) -> Option<(String, String)> {
    let app = text(fields, APP).filter(|_| kind.name == POLICIES)?;
    let default = default_policies(app);
    if default == name {
        return None;
    }
    holdings.remove(POLICIES, &default, false)?;
    Some((POLICIES.to_owned(), default))
}

/// Settings that came before the consumer get their link when it is there; tells which.
pub(super) fn link(holdings: &mut Holdings, kind: &Type, name: &str) -> Option<(String, String)> {
    let global = holdings.get(GLOBAL, name).filter(|_| kind.name == GLOBAL)?;
    let app = text(&global.fields, APP)?.to_owned();
    let header = text(&holdings.get(HEADER, &app)?.fields, "orgScopedExternalApp")?;
    let link = link_of(holdings, header.split(':').next()?, &app)?;
    let (settings, component) = of_app(holdings, SETTINGS, &app).next()?;
    if text(&component.fields, "oauthLink") == Some(link.as_str()) {
        return None;
    }
    let settings = settings.to_owned();
    holdings.get_mut(SETTINGS, &settings)?.fields.insert("oauthLink".into(), leaf(link));
    Some((SETTINGS.to_owned(), settings))
}

/// EC-7: an app with OAuth has policies, and where nobody deployed any, the org's own. Tells which were made.
pub(super) fn add_policies(holdings: &mut Holdings) -> Vec<(String, String)> {
    let Some(kind) = component::type_named(POLICIES) else { return Vec::new() };
    let apps = holdings.of_type(HEADER).map(|(name, _)| name);
    let lacking: Vec<String> = apps
        .filter(|app| {
            let has = |type_name: &str| of_app(holdings, type_name, app).next().is_some();
            (has(GLOBAL) || has(SETTINGS)) && !has(POLICIES)
        })
        .map(str::to_owned)
        .collect();
    let mut made = Vec::new();
    for app in lacking {
        let name = default_policies(&app);
        let mut fields: Fields<Scalar> =
            Fields::from([(APP.into(), leaf(app)), ("label".into(), leaf(name.clone()))]);
        super::fill_defaults(&kind.fields, &mut fields);
        holdings.put(POLICIES, &name, fields);
        made.push((POLICIES.to_owned(), name));
    }
    made
}

/// Whether components of this type are an app's header or satellite.
pub(super) fn is_part_of_one(kind: &Type) -> bool {
    kind.name == HEADER || kind.fields.field(APP).is_some()
}

/// What goes along when a header is deleted.
pub(super) fn satellites(holdings: &Holdings, kind: &Type, name: &str) -> Vec<(String, String)> {
    if kind.name != HEADER {
        return Vec::new();
    }
    let kinds = component::types().iter().filter(|kind| is_part_of_one(kind) && kind.name != HEADER);
    kinds
        .flat_map(|kind| {
            of_app(holdings, &kind.name, name).map(|(name, _)| (kind.name.clone(), name.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::Org;
    use super::super::{complete, deletion};
    use super::*;

    const MAIL: &str = "<contactEmail>ops@orders.example</contactEmail>";

    fn satellite(more: &str) -> String {
        // In an order that keeps equal names together, which is all that counts.
        format!("{more}<externalClientApplication>Orders</externalClientApplication>")
    }

    /// An org with the header.
    fn with_header() -> Org {
        let mut org = Org::new();
        org.save(HEADER, "Orders", MAIL).unwrap();
        org
    }

    fn told(org: &Org, type_name: &str, name: &str, element: &str) -> String {
        org.fields(type_name, name)
            .get(element)
            .map_or(String::new(), |value| value.as_leaf().unwrap().to_string())
    }

    #[test]
    fn the_header_belongs_to_its_org() {
        let mut org = with_header();
        let own = told(&org, HEADER, "Orders", "orgScopedExternalApp");
        let short = org.circumstances.short_id().to_owned();
        assert_eq!(own, format!("{short}:Orders"));
        assert_eq!(told(&org, HEADER, "Orders", "distributionState"), "Local");
        let link = |link: &str| format!("{MAIL}<orgScopedExternalApp>{link}</orgScopedExternalApp>");
        assert_eq!(org.save(HEADER, "Orders", &link(&own)), Ok(vec![]));
        assert!(org.save(HEADER, "Orders", &link("00D000000000001:Orders")).unwrap_err().contains("EC-3"));
        assert_eq!(org.save(HEADER, "Other", ""), Err("Required field is missing: contactEmail".to_owned()));
    }

    #[test]
    fn a_connected_app_of_the_same_name_is_in_the_way() {
        let mut org = Org::new();
        org.save("ConnectedApp", "Orders", "<contactEmail>a@b.example</contactEmail><label>L</label>")
            .unwrap();
        assert!(org.save(HEADER, "Orders", MAIL).unwrap_err().contains("EC-14"));
    }

    #[test]
    fn satellites_need_the_header_and_there_is_one_of_each() {
        let mut org = Org::new();
        assert_eq!(
            org.save(GLOBAL, "Orders_glbloauth", &satellite("")),
            Err("In field: externalClientApplication - no ExternalClientApplication named Orders found"
                .to_owned())
        );
        org.save(HEADER, "Orders", MAIL).unwrap();
        org.save(GLOBAL, "Orders_glbloauth", &satellite("")).unwrap();
        assert!(org.save(GLOBAL, "Other", &satellite("")).unwrap_err().contains("EC-12"));
    }

    #[test]
    fn key_and_secret_are_given_once_and_rotated_with_a_warning() {
        let mut org = with_header();
        org.save(GLOBAL, "G", &satellite("")).unwrap();
        let key = told(&org, GLOBAL, "G", "consumerKey");
        assert!(key.starts_with("3MVG9"));
        assert_eq!(told(&org, GLOBAL, "G", "isPkceRequired"), "true", "EC-8");
        assert_eq!(
            org.save(GLOBAL, "G", &satellite("<consumerKey>abcdefgh</consumerKey>")),
            Err("You cannot provide a Consumer Key".to_owned())
        );
        let rotation = satellite("<shouldRotateConsumerKey>true</shouldRotateConsumerKey>");
        let remarks = org.save(GLOBAL, "G", &rotation).unwrap();
        assert!(remarks[0].starts_with("Warning: ") && remarks[0].contains("EC-24"), "{remarks:?}");
        assert_ne!(told(&org, GLOBAL, "G", "consumerKey"), key);
        assert_eq!(told(&org, GLOBAL, "G", "shouldRotateConsumerKey"), "false");
    }

    #[test]
    fn a_key_is_unique_among_apps_of_both_kinds() {
        let mut org = with_header();
        let key = "<consumerKey>YWJj+ZGVm/Z2hp==</consumerKey>";
        org.save(GLOBAL, "G", &satellite(key)).unwrap();
        org.save(HEADER, "Other", MAIL).unwrap();
        let other = satellite(key).replace("Orders", "Other");
        assert_eq!(org.save(GLOBAL, "H", &other), Err("The consumer key is already taken.".to_owned()));
        let secret = format!("<consumerSecret>{}</consumerSecret>", "a1B2".repeat(10));
        let app = |key: &str| {
            format!(
                "<contactEmail>a@b.example</contactEmail><label>L</label><oauthConfig><callbackUrl>https://a.b</callbackUrl>\
                 {key}{secret}</oauthConfig>"
            )
        };
        org.save("ConnectedApp", "A", &app("")).unwrap();
        let taken = satellite(&secret).replace("Orders", "Other");
        assert!(org.save(GLOBAL, "H", &taken).unwrap_err().contains("CA-15"));
    }

    #[test]
    fn a_certificate_that_is_left_out_is_taken_away() {
        let mut org = with_header();
        org.save(GLOBAL, "G", &satellite("<certificate>MIIB</certificate>")).unwrap();
        assert_eq!(told(&org, GLOBAL, "G", "certificate"), "MIIB");
        org.save(GLOBAL, "G", &satellite("")).unwrap();
        assert_eq!(told(&org, GLOBAL, "G", "certificate"), "");
    }

    #[test]
    fn the_link_leads_to_the_consumer_whichever_came_first() {
        let mut org = with_header();
        org.save(SETTINGS, "S", &satellite("")).unwrap();
        assert_eq!(told(&org, SETTINGS, "S", "oauthLink"), "");
        org.save(GLOBAL, "G", &satellite("")).unwrap();
        let link = told(&org, SETTINGS, "S", "oauthLink");
        assert!(link.contains(":888") && link.len() == 31, "{link}");
        let with = |link: &str| satellite(&format!("<oauthLink>{link}</oauthLink>"));
        assert_eq!(org.save(SETTINGS, "S", &with(&link)), Ok(vec![]));
        let foreign = with("00D000000000001:888000000000001");
        assert!(org.save(SETTINGS, "S", &foreign).unwrap_err().contains("EC-4"));
    }

    #[test]
    fn an_app_with_oauth_gets_policies_until_it_has_its_own() {
        let mut org = with_header();
        assert!(complete(&mut org.holdings).is_empty(), "an app without OAuth");
        org.save(GLOBAL, "G", &satellite("")).unwrap();
        let made = complete(&mut org.holdings);
        assert_eq!(made, [(POLICIES.to_owned(), "Orders_defaultPolicy".to_owned())]);
        assert_eq!(told(&org, POLICIES, "Orders_defaultPolicy", "refreshTokenValidityPeriod"), "365");
        org.save(POLICIES, "P", &satellite("")).unwrap();
        assert!(org.holdings.get(POLICIES, "Orders_defaultPolicy").is_none());
        assert!(complete(&mut org.holdings).is_empty());
        let endless = satellite("<refreshTokenPolicyType>Infinite</refreshTokenPolicyType>");
        org.save(POLICIES, "P", &endless).unwrap();
        assert_eq!(told(&org, POLICIES, "P", "refreshTokenValidityPeriod"), "");
    }

    #[test]
    fn policies_know_users_minutes_and_values_in_any_case() {
        let mut org = with_header();
        let mut policies = |more: &str| org.save(POLICIES, "P", &satellite(more));
        let on = "<isClientCredentialsFlowEnabled>true</isClientCredentialsFlowEnabled>";
        assert!(policies(on).unwrap_err().contains("EC-9"));
        let user = "<clientCredentialsFlowUser>x@y.z</clientCredentialsFlowUser>";
        assert_eq!(
            policies(&format!("{on}{user}")),
            Err("In field: clientCredentialsFlowUser - no User named x@y.z found".to_owned())
        );
        assert!(policies("<namedUserJwtTimeout>7</namedUserJwtTimeout>").unwrap_err().contains("EC-10"));
        assert_eq!(policies("<namedUserJwtTimeout>60</namedUserJwtTimeout>"), Ok(vec![]));
        policies("<ipRelaxationPolicyType>ENFORCE_RelaxRefresh</ipRelaxationPolicyType>").unwrap();
        assert_eq!(told(&org, POLICIES, "P", "ipRelaxationPolicyType"), "Enforce_relaxrefresh");
    }

    #[test]
    fn the_header_takes_its_satellites_along() {
        let mut org = with_header();
        org.save(GLOBAL, "G", &satellite("")).unwrap();
        org.save(SETTINGS, "S", &satellite("")).unwrap();
        complete(&mut org.holdings);
        let kind = component::type_named(HEADER).unwrap();
        let deleted = deletion::delete(&mut org.holdings, kind, "Orders").unwrap();
        assert_eq!(deleted.touched.len(), 4);
        assert!([GLOBAL, SETTINGS, POLICIES].iter().all(|kind| org.holdings.of_type(kind).next().is_none()));
    }
}
