//! Finds a deployment again whose answer was lost: by when it was sent, by whom, and by what was in it. The org is
//! asked; nothing is sent a second time in the hope that the first did not arrive.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use reqwest::Method;
use serde_json::Value;

use super::query::soql_text;
use super::request::Payload;
use super::{DeployResult, Error, Reader};

/// Clocks of one org's servers differ by less, and `Date` has whole seconds.
const SLACK: i64 = 5;
/// From sending to the org's creating it: as long as the request may take.
const ARRIVES_WITHIN: i64 = 16 * 60;
/// Deployments of one user in that time that are worth looking into.
const MOST: usize = 20;

/// What is known of a deployment without an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// By the org's clock, in seconds since 1970.
    pub sent_at: i64,
    pub check_only: bool,
    /// The paths in the package, without `package.xml`.
    pub paths: BTreeSet<String>,
}

/// How sure it is that a deployment is the lost one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Likeness {
    /// It tells of the same files.
    Same,
    /// It tells of no file yet.
    Open,
    Other,
}

impl Lost {
    /// Whether a deployment may be this one, by the files that it tells about.
    pub fn may_be(&self, result: &DeployResult) -> bool {
        self.likeness(result) != Likeness::Other
    }

    fn likeness(&self, result: &DeployResult) -> Likeness {
        let mut told = result.rows.iter().map(|row| row.file_name.as_str()).peekable();
        if told.peek().is_none() {
            return Likeness::Open;
        }
        let mut files = told.filter(|path| !path.is_empty() && *path != "package.xml").peekable();
        if files.peek().is_none() && result.done {
            return Likeness::Open;
        }
        match files.all(|path| self.paths.contains(path)) {
            true => Likeness::Same,
            false => Likeness::Other,
        }
    }
}

impl Reader<'_> {
    /// Looks for it, several times: the org may be storing it at this moment. `None` if it has not arrived; an error
    /// if several deployments could be it.
    pub async fn find(&self, lost: &Lost) -> Result<Option<DeployResult>, Error> {
        let user = self.own_user().await?;
        let mut looks = 0;
        loop {
            let mut open = Vec::new();
            for id in self.deployments_of(&user, lost).await? {
                let found = self.deployment(&id).await?;
                match lost.likeness(&found) {
                    Likeness::Same => return Ok(Some(found)),
                    Likeness::Open => open.push(found),
                    Likeness::Other => {}
                }
            }
            looks += 1;
            let wait = self.client.pace.before_retry(looks, None);
            match (open.len(), wait) {
                (1, _) => return Ok(open.pop()),
                (0, None) => return Ok(None),
                (_, None) => {
                    let request = self.client.rest(Method::GET, "tooling/query", &[], Payload::None, FIND);
                    let ids: Vec<String> = open.into_iter().map(|found| found.id).collect();
                    let problem = format!("each of these deployments could be it: {}", ids.join(", "));
                    return Err(self.client.unexpected(&request, &problem));
                }
                (_, Some(wait)) => tokio::time::sleep(wait).await,
            }
        }
    }

    /// The name that the user of this login logs in with.
    pub async fn username(&self) -> Result<String, Error> {
        let request = self.client.user_info();
        let answer = self.client.json(&request).await?;
        match answer.get("preferred_username").and_then(Value::as_str) {
            Some(name) => Ok(name.to_owned()),
            None => Err(self.client.unexpected(&request, "the answer names no user")),
        }
    }

    async fn own_user(&self) -> Result<String, Error> {
        let request = self.client.user_info();
        let answer = self.client.json(&request).await?;
        match answer.get("user_id").and_then(Value::as_str) {
            Some(id) => Ok(id.to_owned()),
            None => Err(self.client.unexpected(&request, "the answer names no user")),
        }
    }

    /// Oldest first.
    async fn deployments_of(&self, user: &str, lost: &Lost) -> Result<Vec<String>, Error> {
        let soql = format!(
            "SELECT Id, CheckOnly FROM DeployRequest WHERE CreatedById = {} AND CreatedDate >= {} AND \
             CreatedDate <= {} ORDER BY CreatedDate LIMIT {MOST}",
            soql_text(user),
            moment(lost.sent_at - SLACK),
            moment(lost.sent_at + ARRIVES_WITHIN),
        );
        let records = self.query_in("tooling/query", &soql, FIND).await?;
        let same_kind = |record: &super::Record| {
            record.get("CheckOnly").and_then(Value::as_bool).is_none_or(|check| check == lost.check_only)
        };
        let ids = records
            .iter()
            .filter(|record| same_kind(record))
            .filter_map(|record| record.get("Id").and_then(Value::as_str).map(str::to_owned));
        Ok(ids.collect())
    }
}

const FIND: &str = "look for a deployment in";

/// A SOQL literal.
fn moment(seconds: i64) -> String {
    let seconds = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + seconds).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::ErrorKind;
    use super::super::script::{Reply, Script, org};
    use super::*;

    fn lost() -> Lost {
        Lost {
            sent_at: 1_767_254_400,
            check_only: false,
            paths: BTreeSet::from(["connectedApps/A.connectedApp".to_owned()]),
        }
    }

    fn user() -> Reply {
        Reply::json(200, r#"{"user_id":"005A"}"#)
    }

    fn rows(ids: &[&str]) -> Reply {
        let records: Vec<Value> = ids.iter().map(|id| json!({"Id": id, "CheckOnly": false})).collect();
        Reply::json(200, &json!({"totalSize": ids.len(), "done": true, "records": records}).to_string())
    }

    fn deployment(id: &str, done: bool, files: &[&str]) -> Reply {
        let rows: Vec<Value> = files.iter().map(|file| json!({"fileName": file, "success": true})).collect();
        let result = json!({"deployResult": {"id": id, "done": done, "status": if done { "Succeeded" } else { "Pending" },
            "success": done, "details": {"componentSuccesses": rows}}});
        Reply::json(200, &result.to_string())
    }

    const OURS: &[&str] = &["package.xml", "connectedApps/A.connectedApp"];
    const THEIRS: &[&str] = &["package.xml", "classes/B.cls"];

    #[tokio::test]
    async fn it_is_found_among_others_by_its_files() {
        let script = Script::new([
            user(),
            rows(&["0AfB", "0AfA"]),
            deployment("0AfB", true, THEIRS),
            deployment("0AfA", true, OURS),
        ]);
        let found = org(&script).reader().find(&lost()).await.unwrap().unwrap();
        assert_eq!(found.id, "0AfA");
        let asked = &script.asked()[1].line;
        for part in ["CreatedById%20%3D%20%27005A%27", "2026-01-01T07%3A59%3A55Z", "2026-01-01T08%3A16%3A00Z"]
        {
            assert!(asked.contains(part), "{part} in {asked}");
        }
    }

    #[tokio::test]
    async fn one_that_runs_and_is_alone_is_taken_for_it() {
        let script = Script::new([user(), rows(&[]), rows(&["0AfA"]), deployment("0AfA", false, &[])]);
        assert_eq!(org(&script).reader().find(&lost()).await.unwrap().unwrap().id, "0AfA");
    }

    #[tokio::test]
    async fn what_did_not_arrive_is_not_found() {
        let mut replies = vec![user()];
        replies.extend((0..5).map(|_| rows(&[])));
        let script = Script::new(replies);
        assert_eq!(org(&script).reader().find(&lost()).await.unwrap(), None);
        assert_eq!(script.asked().len(), 6);
    }

    #[tokio::test]
    async fn none_of_several_is_guessed_at() {
        let mut replies = vec![user()];
        for _ in 0..5 {
            replies.push(rows(&["0AfA", "0AfB"]));
            replies.push(deployment("0AfA", false, &[]));
            replies.push(deployment("0AfB", false, &[]));
        }
        let script = Script::new(replies);
        let error = org(&script).reader().find(&lost()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(std::error::Error::source(&error).unwrap().to_string().ends_with("0AfA, 0AfB"));
    }
}
