//! Asks an org all that a doctor wants to know. What it does not tell is left out; only an org that cannot be reached, or a
//! login that is not taken, ends it.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join;
use serde_json::Value;

use super::{creation, people, tokens};
use crate::command::asked::{approvals, text};
use crate::command::load::Loaded;
use crate::command::target::Opened;
use crate::command::{Failure, version};
use crate::component::{ComponentId, Fields, Scalar};
use crate::doctor::rights::ASKED_FOR;
use crate::doctor::told::{Limit, LoginRow, MyDomain, Person, Refused, Told};
use crate::doctor::{profile, users};
use crate::org::{self, Reader, Record};
use crate::plan;
use crate::reference::{Observed, OrgFacts};
use crate::verify::authorize;
use crate::wire;

/// What is to be found out.
pub struct Wanted<'a> {
    pub user: Option<&'a str>,
    /// There is a symptom: the login history and the flow of each app count too.
    pub symptom: bool,
}

/// The org's answers, and what a deployment would do to it.
pub struct Gathered {
    pub observed: Observed,
    pub planned: BTreeSet<ComponentId>,
    pub told: Told,
}

pub async fn gather(
    wanted: &Wanted<'_>,
    loaded: &mut Loaded,
    opened: &mut Opened,
) -> Result<Gathered, Failure> {
    let (observed, refused) = observe(loaded, opened).await?;
    let (loaded, opened) = (&*loaded, &*opened);
    let reader = opened.org.reader();
    let planned = match refused {
        Some(_) => loaded.desired.components.keys().cloned().collect(),
        None => planned(loaded, &observed),
    };
    let mut told = Told {
        edition: reader.organization().await.ok().and_then(|organization| organization.edition),
        instance_url: opened.org.instance_url().to_owned(),
        newest_api: reader.versions().await.ok().and_then(|all| all.last().map(|newest| newest.number)),
        refused,
        ..Told::default()
    };
    if told.refused.as_ref().is_some_and(|refused| refused.code.starts_with("API_")) {
        // Whatever else is asked is refused in the same way.
        return Ok(Gathered { observed, planned, told });
    }
    told.rights = rights(reader).await;
    (told.people, told.own) = asked_people(wanted, loaded, reader).await;
    (told.settings, told.my_domain) = join(settings(&told, reader), my_domain(reader)).await;
    told.approvals = approvals(reader).await;
    told.limits = limits(reader).await;
    for ask in authorize::asks(&loaded.desired, &observed).0 {
        let page = reader.authorize(&ask.client_id, &ask.redirect_uri).await?;
        let answer = authorize::read(page.status, page.location.as_deref(), &page.text);
        told.probes.push((ask, answer));
    }
    if wanted.symptom {
        told.logins = logins(reader).await;
        told.tokens = tokens::tried(loaded, &observed, opened).await?;
    }
    // At the end, because from then on an interrupt is for the deployment.
    told.creation = creation::ask(loaded, opened, &observed, &planned).await;
    Ok(Gathered { observed, planned, told })
}

/// The components; or the org's words, if it does not let them be read.
async fn observe(loaded: &mut Loaded, opened: &mut Opened) -> Result<(Observed, Option<Refused>), Failure> {
    let mut outcome = wire::observe_named(&mut loaded.desired, &opened.org).await;
    if let Err(wire::Error::Org(error)) = &outcome
        && version::lower(error, loaded, opened).await?
    {
        outcome = wire::observe_named(&mut loaded.desired, &opened.org).await;
    }
    match outcome {
        Ok(observed) => Ok((observed, None)),
        Err(wire::Error::Org(org::Error::Rejected(_, refusal))) => {
            let id = opened.org.reader().organization().await.map(|organization| organization.id);
            let instance_url = opened.org.instance_url().to_owned();
            let facts = id.ok().map(|id| OrgFacts { id, instance_url });
            let refused = Refused { code: refusal.code, message: refusal.message };
            Ok((Observed { org: facts, ..Observed::default() }, Some(refused)))
        }
        Err(error) => Err(error.into()),
    }
}

/// The components that a deployment would create or change.
fn planned(loaded: &Loaded, observed: &Observed) -> BTreeSet<ComponentId> {
    let plan = plan::plan(&loaded.desired, observed);
    plan.changes
        .into_iter()
        .filter(|change| change.action != plan::Action::Keep)
        .map(|change| change.id)
        .collect()
}

/// The login's own permissions, which need no other to be asked for (5.4).
async fn rights(reader: Reader<'_>) -> Option<BTreeMap<String, bool>> {
    let columns: Vec<String> = ASKED_FOR.iter().map(|name| format!("Permissions{name}")).collect();
    let from = "FROM UserPermissionAccess LIMIT 1";
    let row = people::rows(reader, &[], &columns, from).await?.into_iter().next()?;
    let told = row
        .into_iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("Permissions")?.to_owned(), value.as_bool()?)));
    Some(told.collect())
}

/// Those that somebody has named, and the user of this login.
async fn asked_people(
    wanted: &Wanted<'_>,
    loaded: &Loaded,
    reader: Reader<'_>,
) -> (BTreeMap<String, Option<Person>>, Option<Person>) {
    let named = users(&loaded.desired).into_iter().map(|user| user.username);
    let mut names: BTreeSet<String> = named.chain(wanted.user.map(str::to_owned)).collect();
    let own = reader.username().await.ok();
    let is_named = own.as_ref().is_some_and(|own| names.contains(own));
    names.extend(own.clone());
    let mut people = people::named(reader, &names).await;
    let me = own.as_ref().and_then(|own| people.get(own).cloned().flatten());
    if let Some(own) = own.filter(|_| !is_named) {
        people.remove(&own);
    }
    (people, me)
}

/// Settings that nobody has to have written into a manifest to be bound by them.
async fn settings(told: &Told, reader: Reader<'_>) -> Option<BTreeMap<ComponentId, Fields<Scalar>>> {
    let everybody = told.everybody().chain(&told.own);
    let profiles: BTreeSet<&str> = everybody.map(|person| profile::metadata_name(&person.profile)).collect();
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let mut members = BTreeMap::from([
        ("ProfileSessionSetting".to_owned(), words(&["*"])),
        ("Settings".to_owned(), words(&["ConnectedApp", "OauthOidc", "Security"])),
    ]);
    if !profiles.is_empty() {
        members.insert("Profile".to_owned(), profiles.into_iter().map(str::to_owned).collect());
    }
    let found = wire::beside(&members, reader).await.ok()?;
    Some(found.into_iter().map(|(id, held)| (id, held.fields)).collect())
}

/// The policy of My Domain. Manifests cannot have these settings, so that no description reads them: two switches are all
/// that counts (SE-23).
async fn my_domain(reader: Reader<'_>) -> Option<MyDomain> {
    let members = BTreeMap::from([("Settings".to_owned(), vec!["MyDomain".to_owned()])]);
    let retrieved = reader.retrieve(&members).await.ok()?;
    let file = retrieved.files.into_iter().find(|file| file.path.ends_with("settings/MyDomain.settings"))?;
    let text = String::from_utf8(file.bytes).ok()?;
    let is_on = |element: &str| text.contains(&format!("<{element}>true</{element}>"));
    let (only_own_pages, only_own_tokens) =
        (is_on("canOnlyLoginWithMyDomainUrl"), is_on("doesApiLoginRequireOrgDomain"));
    Some(MyDomain { only_own_pages, only_own_tokens })
}

/// The last ones, the newest first.
async fn logins(reader: Reader<'_>) -> Option<Vec<LoginRow>> {
    let soql = "SELECT UserId, Application, LoginSubType, Status, SourceIp, LoginTime FROM LoginHistory ORDER BY \
                LoginTime DESC LIMIT 200";
    let rows = reader.query(soql).await.ok()?;
    let told = |row: &Record, name: &str| text(row, name).unwrap_or_default();
    let one = |row: &Record| LoginRow {
        user_id: told(row, "UserId"),
        application: told(row, "Application"),
        sub_type: told(row, "LoginSubType"),
        status: told(row, "Status"),
        source: told(row, "SourceIp"),
        time: told(row, "LoginTime"),
    };
    Some(rows.iter().map(one).collect())
}

async fn limits(reader: Reader<'_>) -> Option<Vec<Limit>> {
    let Value::Object(all) = reader.rest("limits").await.ok()? else { return None };
    let one = |(name, limit): (&String, &Value)| {
        Some(Limit {
            name: name.clone(),
            most: limit.get("Max")?.as_u64()?,
            left: limit.get("Remaining")?.as_u64()?,
        })
    };
    Some(all.iter().filter_map(one).collect())
}
