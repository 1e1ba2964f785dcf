//! Questions in SOQL that several commands ask; what this login may not see is `None`.

use crate::org::{self, Reader, Record};
use crate::verify::principal::Assignment;
use crate::verify::standing::Approval;

/// A text of a row.
pub fn text(row: &Record, name: &str) -> Option<String> {
    row.get(name)?.as_str().map(str::to_owned)
}

/// All that this login may see; other users' take a permission (CA-85).
pub async fn approvals(reader: Reader<'_>) -> Option<Vec<Approval>> {
    let rows = reader.query("SELECT AppName, UserId FROM OauthToken").await.ok()?;
    let one = |row: &Record| Some(Approval { app: text(row, "AppName")?, user_id: text(row, "UserId")? });
    Some(rows.iter().filter_map(one).collect())
}

/// How many minutes the JWTs of connected apps count, by the app's name (CA-64, CA-84). No metadata has it.
pub async fn token_minutes(reader: Reader<'_>) -> Vec<(String, i64)> {
    let rows = reader.query("SELECT Name, NamedUserUvidTimeout FROM ConnectedApplication").await;
    let one = |row: &Record| {
        let minutes = row.get("NamedUserUvidTimeout")?;
        let number = minutes.as_i64().or_else(|| minutes.as_str()?.parse().ok())?;
        Some((text(row, "Name")?, number))
    };
    rows.unwrap_or_default().iter().filter_map(one).collect()
}

/// Active users with one of these permission sets.
pub async fn assignments(sets: &[String], reader: Reader<'_>) -> Option<Vec<Assignment>> {
    let mut found = Vec::new();
    for set in sets {
        let soql = format!(
            "SELECT Assignee.Username FROM PermissionSetAssignment WHERE PermissionSet.Name = {} AND \
             Assignee.IsActive = true",
            org::soql_text(set)
        );
        let rows = reader.query(&soql).await.ok()?;
        let usernames = rows.iter().filter_map(|row| row.get("Assignee")?.get("Username")?.as_str());
        found.extend(
            usernames
                .map(|username| Assignment { permission_set: set.clone(), username: username.to_owned() }),
        );
    }
    Some(found)
}
