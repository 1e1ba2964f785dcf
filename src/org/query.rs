//! SOQL: sends a query, follows its pages, and writes values into queries safely. Knows no object in particular.

use std::fmt::Write as _;

use reqwest::Method;
use serde_json::{Map, Value};

use super::request::Payload;
use super::{Error, Reader};

/// A record: field name to value, in the order of the query.
pub type Record = Map<String, Value>;

/// More pages than any query of ours has; an org that never says `done` is left here.
const MOST_PAGES: usize = 1000;

/// Encoded characters of one query: longer URLs are refused by gateways on the way.
const LONGEST_QUERY: usize = 15_000;

impl Reader<'_> {
    /// All records of a query, page after page, without the `attributes` that describe them.
    pub async fn query(&self, soql: &str) -> Result<Vec<Record>, Error> {
        self.query_in("query", soql, "query").await
    }

    /// The same at one of the places that answer queries: `query` or `tooling/query`.
    pub(super) async fn query_in(
        &self,
        resource: &str,
        soql: &str,
        doing: &str,
    ) -> Result<Vec<Record>, Error> {
        let mut request = self.client.rest(Method::GET, resource, &[("q", soql)], Payload::None, doing);
        let mut records = Vec::new();
        for _ in 0..MOST_PAGES {
            let mut page = self.client.json(&request).await?;
            let Some(Value::Array(rows)) = page.get_mut("records").map(Value::take) else {
                return Err(self.client.unexpected(&request, "the answer to a query has no records"));
            };
            for row in rows {
                let Value::Object(mut record) = row else {
                    return Err(self.client.unexpected(&request, "a record of the answer is no object"));
                };
                drop_attributes(&mut record);
                records.push(record);
            }
            match page.get("nextRecordsUrl").and_then(Value::as_str) {
                Some(next) if page.get("done") != Some(&Value::Bool(true)) => {
                    request = self.client.named_by_org(next, doing)?;
                }
                None if page.get("done") == Some(&Value::Bool(false)) => {
                    let problem = "the answer is not all, and does not say where the rest is";
                    return Err(self.client.unexpected(&request, problem));
                }
                _ => return Ok(records),
            }
        }
        Err(self.client.unexpected(&request, "the pages of the answer do not come to an end"))
    }
}

fn drop_attributes(record: &mut Record) {
    record.shift_remove("attributes");
    for value in record.values_mut() {
        match value {
            Value::Object(related) => drop_attributes(related),
            Value::Array(rows) => {
                rows.iter_mut().filter_map(Value::as_object_mut).for_each(drop_attributes);
            }
            _ => {}
        }
    }
}

/// A value as a SOQL literal, with its quotes.
pub fn soql_text(value: &str) -> String {
    let mut literal = String::with_capacity(value.len() + 2);
    literal.push('\'');
    for character in value.chars() {
        match character {
            '\'' | '\\' => {
                literal.push('\\');
                literal.push(character);
            }
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            '\u{8}' => literal.push_str("\\b"),
            '\u{c}' => literal.push_str("\\f"),
            other => literal.push(other),
        }
    }
    literal.push('\'');
    literal
}

/// `{before} IN ('a', 'b', ...) {after}`, in as many queries as it takes to keep each URL short enough. No values
/// make no query: SOQL knows no empty list.
pub fn soql_in<S: AsRef<str>>(before: &str, values: impl IntoIterator<Item = S>, after: &str) -> Vec<String> {
    let frame = encoded_length(before) + encoded_length(after) + encoded_length(" IN () ");
    let mut queries = Vec::new();
    let mut list = String::new();
    let mut length = frame;
    let mut finish = |list: &mut String| {
        if !list.is_empty() {
            let query = format!("{before} IN ({list}) {after}");
            queries.push(query.trim_end().to_owned());
            list.clear();
        }
    };
    for value in values {
        let literal = soql_text(value.as_ref());
        let added = encoded_length(&literal) + encoded_length(", ");
        if length + added > LONGEST_QUERY {
            finish(&mut list);
            length = frame;
        }
        length += added;
        let comma = if list.is_empty() { "" } else { ", " };
        let _ = write!(list, "{comma}{literal}"); // a String takes everything
    }
    finish(&mut list);
    queries
}

/// What a text grows to inside a URL.
fn encoded_length(text: &str) -> usize {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() || b" *-._".contains(&byte) { 1 } else { 3 })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::super::script::{Reply, Script, org};
    use super::super::{Error, ErrorKind};
    use super::*;

    #[test]
    fn a_literal_cannot_be_left() {
        assert_eq!(soql_text("Orders"), "'Orders'");
        assert_eq!(soql_text(r"O'Hara \' OR Id != ''"), r"'O\'Hara \\\' OR Id != \'\''");
        assert_eq!(soql_text("a\nb\tc"), r"'a\nb\tc'");
    }

    #[test]
    fn long_lists_become_several_queries() {
        let one = soql_in("SELECT Id FROM AuthProvider WHERE DeveloperName", ["A", "B"], "ORDER BY Id");
        assert_eq!(one, ["SELECT Id FROM AuthProvider WHERE DeveloperName IN ('A', 'B') ORDER BY Id"]);
        assert!(soql_in("SELECT", Vec::<&str>::new(), "").is_empty());

        let names: Vec<String> = (0..1000).map(|number| format!("Name_{number}_caf\u{e9}")).collect();
        let queries = soql_in("SELECT Id FROM AuthProvider WHERE DeveloperName", &names, "");
        assert!(queries.len() > 1 && queries.iter().all(|query| encoded_length(query) <= LONGEST_QUERY));
        let whole = queries.concat();
        assert!(names.iter().all(|name| whole.contains(&soql_text(name))));
        assert_eq!(queries.iter().map(|query| query.matches("Name_").count()).sum::<usize>(), 1000);
    }

    #[tokio::test]
    async fn pages_are_followed_and_attributes_dropped() {
        let script = Script::new([
            Reply::json(
                200,
                r#"{"totalSize":2,"done":false,"nextRecordsUrl":"/services/data/v62.0/query/01gx-2000",
                    "records":[{"attributes":{"type":"User"},"Id":"1","Profile":{"attributes":{},"Name":"A"}}]}"#,
            ),
            Reply::json(200, r#"{"totalSize":2,"done":true,"records":[{"attributes":{},"Id":"2"}]}"#),
        ]);
        let org = org(&script);
        let records = org.reader().query("SELECT Id FROM User WHERE Name = 'A&B'").await.unwrap();
        assert_eq!(
            serde_json::to_string(&records).unwrap(),
            r#"[{"Id":"1","Profile":{"Name":"A"}},{"Id":"2"}]"#
        );
        let asked = script.asked();
        assert_eq!(
            asked[0].line,
            "GET /services/data/v62.0/query?q=SELECT%20Id%20FROM%20User%20WHERE%20Name%20%3D%20%27A%26B%27"
        );
        assert_eq!(asked[1].line, "GET /services/data/v62.0/query/01gx-2000");
        assert_eq!(org.requests(), 2);
    }

    #[tokio::test]
    async fn pages_at_another_host_are_not_asked_for() {
        for next in
            ["https://evil.example/services/data/v62.0/query/x", "//evil.example/services/data/x", "/other"]
        {
            let reply = format!(r#"{{"done":false,"nextRecordsUrl":"{next}","records":[]}}"#);
            let script = Script::new([Reply::json(200, &reply)]);
            let error = org(&script).reader().query("SELECT Id FROM User").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol);
            assert_eq!(script.asked().len(), 1);
        }
    }

    #[tokio::test]
    async fn a_malformed_query_keeps_the_words_of_the_org() {
        let reply = r#"[{"message":"unexpected token: FORM","errorCode":"MALFORMED_QUERY"}]"#;
        let script = Script::new([Reply::json(400, reply)]);
        let error = org(&script).reader().query("SELECT Id FORM User").await.unwrap_err();
        let Error::Rejected(_, refusal) = &error else { panic!("{error:?}") };
        assert_eq!(refusal.to_string(), "MALFORMED_QUERY: unexpected token: FORM");
        assert_eq!(error.to_string(), "cannot query org `test`");
        assert_eq!(script.asked().len(), 1, "a refusal is not asked for again");
    }
}
