//! Asks about a principal of an external credential: whether it is authenticated, and where a person does that. What
//! holds for legacy credentials cannot be asked (NC-28).

use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};

use super::request::Payload;
use super::{Error, Reader};

/// One identity of an external credential, as the org calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal<'a> {
    pub external_credential: &'a str,
    pub name: &'a str,
    pub kind: &'a str,
}

impl Reader<'_> {
    /// `Configured`, `NotConfigured` or `Unknown`; nothing of what the principal holds is read.
    pub async fn principal_status(&self, principal: &Principal<'_>) -> Result<String, Error> {
        let query = [
            ("externalCredential", principal.external_credential),
            ("principalName", principal.name),
            ("principalType", principal.kind),
        ];
        let resource = "named-credentials/credential";
        let request =
            self.client.rest(Method::GET, resource, &query, Payload::None, "ask about a principal of");
        let answer = self.client.json(&request).await?;
        let status = answer["authenticationStatus"].as_str().map(str::to_owned);
        status.ok_or_else(|| self.client.unexpected(&request, "the answer has no authenticationStatus"))
    }

    /// Where a person authenticates the principal (EC-45). It is a POST, and only tells.
    pub async fn authentication_url(&self, principal: &Principal<'_>) -> Result<String, Error> {
        let body = json!({
            "externalCredential": principal.external_credential,
            "principalName": principal.name,
            "principalType": principal.kind,
        });
        let resource = "named-credentials/credential/auth-url/o-auth";
        let payload = Payload::Json(Bytes::from(body.to_string()));
        let request =
            self.client.rest(Method::POST, resource, &[], payload, "ask where a principal logs in to");
        let answer: Value = self.client.json(&request).await?;
        let url = answer["authenticationUrl"].as_str().map(unescaped);
        url.ok_or_else(|| self.client.unexpected(&request, "the answer has no authenticationUrl"))
    }
}

/// The address comes as it would stand in a page.
fn unescaped(url: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
        .iter()
        .fold(url.to_owned(), |url, (escaped, letter)| url.replace(escaped, letter))
}

#[cfg(test)]
mod tests {
    use super::super::script::{Reply, Script, org};
    use super::*;

    const PRINCIPAL: Principal<'static> =
        Principal { external_credential: "Orders", name: "Sync User", kind: "NamedPrincipal" };

    #[tokio::test]
    async fn an_address_is_told_as_a_browser_takes_it() {
        let told =
            r#"{"authenticationUrl":"https://acme.example/services/auth/x?a=1&amp;b=2","principalName":"x"}"#;
        let script = Script::new([Reply::json(200, told)]);
        let org = org(&script);
        let url = org.reader().authentication_url(&PRINCIPAL).await.unwrap();
        assert_eq!(url, "https://acme.example/services/auth/x?a=1&b=2");
    }

    #[tokio::test]
    async fn an_answer_without_a_status_is_none() {
        let script = Script::new([
            Reply::json(200, r#"{"authenticationStatus":"Configured"}"#),
            Reply::json(200, "{}"),
        ]);
        let org = org(&script);
        assert_eq!(org.reader().principal_status(&PRINCIPAL).await.unwrap(), "Configured");
        assert!(org.reader().principal_status(&PRINCIPAL).await.is_err());
    }
}
