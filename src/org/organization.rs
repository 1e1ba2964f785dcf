//! Which org this is: its id, name and edition, and the API versions it has.

use reqwest::Method;
use serde_json::Value;

use super::request::Payload;
use super::{Error, Reader};

/// What an org says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// 18 characters.
    pub id: String,
    pub name: String,
    /// The server it lives on, such as `CS42`.
    pub instance_name: Option<String>,
    pub is_sandbox: bool,
    /// Such as `Developer Edition`.
    pub edition: Option<String>,
}

/// One version of the API that an org has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiVersion {
    /// 62 for `62.0`.
    pub number: u16,
    /// Such as `Winter '25`.
    pub label: String,
}

impl Reader<'_> {
    pub async fn organization(&self) -> Result<Organization, Error> {
        let soql = "SELECT Id, Name, InstanceName, IsSandbox, OrganizationType FROM Organization";
        let records = self.query(soql).await?;
        let text = |name: &str| {
            let value = records.first().and_then(|record| record.get(name))?.as_str()?;
            (!value.is_empty()).then(|| value.to_owned())
        };
        let Some(id) = text("Id") else {
            let request = self.client.rest(Method::GET, "query", &[], Payload::None, "identify");
            return Err(self.client.unexpected(&request, "the org does not tell its own id"));
        };
        Ok(Organization {
            id: id18(&id),
            name: text("Name").unwrap_or_default(),
            instance_name: text("InstanceName"),
            is_sandbox: records.first().and_then(|record| record.get("IsSandbox")).is_some_and(is_true),
            edition: text("OrganizationType"),
        })
    }

    /// The API versions of the org, oldest first. Needs no login, so the token stays at home.
    pub async fn versions(&self) -> Result<Vec<ApiVersion>, Error> {
        let request = self.client.unversioned("list the API versions of");
        let answer = self.client.json(&request).await?;
        let rows = answer.as_array().map(Vec::as_slice).unwrap_or_default();
        let mut versions: Vec<ApiVersion> = rows
            .iter()
            .filter_map(|row| {
                let number = row.get("version")?.as_str()?.split('.').next()?.parse().ok()?;
                let label = row.get("label").and_then(Value::as_str).unwrap_or_default().to_owned();
                Some(ApiVersion { number, label })
            })
            .collect();
        if versions.is_empty() {
            return Err(self.client.unexpected(&request, "the answer names no API version"));
        }
        versions.sort();
        Ok(versions)
    }

    /// A resource below `/services/data/vNN.0/`, such as `limits`.
    pub async fn rest(&self, resource: &str) -> Result<Value, Error> {
        let doing = format!("read `{resource}` of");
        self.client.json(&self.client.rest(Method::GET, resource, &[], Payload::None, &doing)).await
    }
}

fn is_true(value: &Value) -> bool {
    value == &Value::Bool(true) || value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

/// The 18-character form of an id. The three last characters tell which of the others are capitals, five bits each,
/// for systems that do not keep the case.
pub fn id18(id: &str) -> String {
    if id.len() != 15 || !id.is_ascii() {
        return id.to_owned();
    }
    let checksum = id.as_bytes().chunks(5).map(|five| {
        let bits = five.iter().enumerate().filter(|(_, byte)| byte.is_ascii_uppercase());
        let index = bits.fold(0usize, |sum, (place, _)| sum | 1 << place);
        char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[index])
    });
    id.chars().chain(checksum).collect()
}

#[cfg(test)]
mod tests {
    use super::super::script::{Reply, Script, org};
    use super::*;

    #[test]
    fn ids_grow_to_18_characters() {
        assert_eq!(id18("00DA0000000c3Nm"), "00DA0000000c3NmMAI");
        assert_eq!(id18("00DA0000000c3NmMAI"), "00DA0000000c3NmMAI");
    }

    #[tokio::test]
    async fn an_org_tells_what_it_is() {
        let script = Script::new([Reply::json(
            200,
            r#"{"totalSize":1,"done":true,"records":[{"attributes":{"type":"Organization"},"Id":"00DA0000000c3Nm",
                "Name":"Acme","InstanceName":"CS42","IsSandbox":true,"OrganizationType":"Developer Edition"}]}"#,
        )]);
        let organization = org(&script).reader().organization().await.unwrap();
        assert_eq!(
            organization,
            Organization {
                id: "00DA0000000c3NmMAI".into(),
                name: "Acme".into(),
                instance_name: Some("CS42".into()),
                is_sandbox: true,
                edition: Some("Developer Edition".into()),
            }
        );
    }

    #[tokio::test]
    async fn versions_are_asked_for_without_a_token() {
        let script = Script::new([Reply::json(
            200,
            r#"[{"label":"Spring '26","url":"/services/data/v66.0","version":"66.0"},
                {"label":"Winter '25","url":"/services/data/v62.0","version":"62.0"}]"#,
        )]);
        let versions = org(&script).reader().versions().await.unwrap();
        assert_eq!(versions.iter().map(|version| version.number).collect::<Vec<_>>(), [62, 66]);
        assert_eq!(script.asked()[0].line, "GET /services/data");
        assert_eq!(script.asked()[0].header("authorization"), None);
    }
}
