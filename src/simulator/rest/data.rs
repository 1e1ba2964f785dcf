//! Versions, limits, queries and records.

use std::collections::HashMap;

use axum::extract::{Query, Request};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::{Answer, Call, Failure, ok};
use crate::component::{NEWEST_API_VERSION, OLDEST_API_VERSION};
use crate::simulator::objects;
use crate::simulator::soql::{self, Kind, QueryError, Table};

/// Rows in one answer.
const PAGE: usize = 2000;

/// Ascending; CumulusCI takes the last.
pub(super) fn versions() -> Value {
    let versions = (OLDEST_API_VERSION..=NEWEST_API_VERSION).map(|version| {
        json!({
            "label": season(version),
            "url": format!("/services/data/v{version}.0"),
            "version": format!("{version}.0"),
        })
    });
    versions.collect()
}

/// Three releases a year, counted from 31.0, Summer '14.
fn season(version: u16) -> String {
    let since = version - 31;
    let name = ["Summer", "Winter", "Spring"][usize::from(since % 3)];
    format!("{name} '{}", 14 + since.div_ceil(3))
}

pub(super) fn resources(call: &Call) -> Answer {
    call.reads()?;
    let mut resources = Map::new();
    for name in ["limits", "metadata", "query", "sobjects", "tooling"] {
        resources.insert(name.to_owned(), format!("/services/data/{}/{name}", call.version).into());
    }
    let ready = &call.org.ready;
    let identity = format!("{}/id/{}/{}", ready.instance_url, ready.organization_id, call.asker.person.id);
    resources.insert("identity".to_owned(), identity.into());
    ok(&Value::Object(resources))
}

pub(super) fn limits(call: &Call) -> Answer {
    call.reads()?;
    let allowance = &call.org.allowance;
    let limit = |most: u64, used: u64| json!({ "Max": most, "Remaining": most.saturating_sub(used) });
    ok(&json!({
        "DailyApiRequests": limit(allowance.most(), allowance.used(call.org.now())),
        "DailyAsyncApexExecutions": limit(250_000, 0),
        "DailyBulkApiBatches": limit(15_000, 0),
        "DataStorageMB": limit(5, 0),
        "FileStorageMB": limit(20, 0),
    }))
}

pub(super) fn query(call: &Call, request: &Request) -> Answer {
    call.reads()?;
    let parameters = parameters(request);
    let Some(text) = parameters.get("q") else {
        return Err(Failure::bad_request("MALFORMED_QUERY", "A query string has to be specified"));
    };
    let about_columns = parameters.get("columns").is_some_and(|columns| columns == "true");
    run(call, text, 0, about_columns)
}

/// The next page. The locator holds the query itself, so that nothing has to be remembered.
pub(super) fn more(call: &Call, locator: &str) -> Answer {
    call.reads()?;
    let (encoded, offset) = locator.rsplit_once('-').unwrap_or_default();
    let text = URL_SAFE_NO_PAD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match (text, offset.parse()) {
        (Some(text), Ok(offset)) if !text.is_empty() => run(call, &text, offset, false),
        _ => Err(Failure::bad_request("INVALID_QUERY_LOCATOR", "invalid query locator")),
    }
}

pub(super) fn parameters(request: &Request) -> HashMap<String, String> {
    Query::try_from_uri(request.uri()).map(|Query(parameters)| parameters).unwrap_or_default()
}

fn run(call: &Call, text: &str, first: usize, about_columns: bool) -> Answer {
    let failed = |error: QueryError| Failure::bad_request(error.code, error.message);
    let query = soql::parse(text).map_err(failed)?;
    let table = table(call, &query.object.text)
        .ok_or_else(|| failed(soql::no_such_object(text, query.object.offset, &query.object.text)))?;
    let records = soql::run(text, &query, &table).map_err(failed)?;
    if about_columns {
        return ok(&columns(&table, &records.columns));
    }
    let total = records.rows.len();
    let mut answer = Map::new();
    answer.insert("totalSize".to_owned(), total.into());
    let page: Vec<Value> = if records.count_only {
        Vec::new()
    } else {
        let rows = records.rows.iter().skip(first).take(PAGE);
        rows.map(|row| table.record(&records.columns, *row, call.version)).collect()
    };
    let next = first + page.len();
    let done = records.count_only || next >= total;
    answer.insert("done".to_owned(), done.into());
    if !done {
        let locator = format!("{}-{next}", URL_SAFE_NO_PAD.encode(text));
        answer.insert(
            "nextRecordsUrl".to_owned(),
            format!(
                "/services/data/{}/{}query/{locator}",
                call.version,
                if call.tooling { "tooling/" } else { "" }
            )
            .into(),
        );
    }
    answer.insert("records".to_owned(), page.into());
    ok(&Value::Object(answer))
}

fn table(call: &Call, name: &str) -> Option<Table> {
    if !call.tooling && objects::TOOLING.iter().any(|tooling| tooling.eq_ignore_ascii_case(name)) {
        return None;
    }
    call.org.store.read(|state| objects::table(name, state, &call.org.ready.instance_url, &call.asker.person))
}

/// `sf data query` asks for these after the rows (protocol, rule 10).
fn columns(table: &Table, columns: &[usize]) -> Value {
    let metadata = columns.iter().map(|at| {
        let column = &table.columns[*at];
        json!({
            "aggregate": false,
            "apexType": column.kind.apex(),
            "booleanType": column.kind == Kind::Flag,
            "columnName": column.name,
            "custom": false,
            "displayName": column.name,
            "foreignKeyName": null,
            "insertable": false,
            "joinColumns": [],
            "numberType": column.kind == Kind::Number,
            "textType": column.kind == Kind::Text,
            "updatable": false,
        })
    });
    json!({
        "columnMetadata": metadata.collect::<Vec<_>>(),
        "entityName": table.name,
        "groupBy": false,
        "idSelected": columns.iter().any(|at| table.columns[*at].name == "Id"),
        "keyPrefix": objects::key_prefix(table.name),
    })
}

pub(super) fn objects(call: &Call) -> Answer {
    call.reads()?;
    let about = |name: &str| {
        json!({ "name": name, "label": name, "keyPrefix": objects::key_prefix(name), "queryable": true,
                "custom": false, "createable": false, "updateable": false, "deletable": false,
                "urls": { "sobject": format!("/services/data/{}/sobjects/{name}", call.version) } })
    };
    ok(
        &json!({ "encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects::of_data_api().map(about).collect::<Vec<_>>() }),
    )
}

pub(super) fn describe(call: &Call, object: &str) -> Answer {
    call.reads()?;
    let table = table(call, object).ok_or_else(Failure::not_found)?;
    let fields = table.columns.iter().filter(|column| !column.name.contains('.')).map(|column| {
        let kind = match column.kind {
            Kind::Id if column.name == "Id" => "id",
            Kind::Id => "reference",
            Kind::Text => "string",
            Kind::Flag => "boolean",
            Kind::Number => "int",
            Kind::Moment => "datetime",
        };
        json!({ "name": column.name, "label": column.name, "type": kind, "filterable": true, "sortable": true,
                "createable": false, "updateable": false, "nillable": column.kind != Kind::Flag })
    });
    ok(&json!({
        "name": table.name,
        "label": table.name,
        "keyPrefix": objects::key_prefix(table.name),
        "queryable": true,
        "custom": false,
        "createable": false,
        "updateable": false,
        "deletable": false,
        "fields": fields.collect::<Vec<_>>(),
    }))
}

pub(super) fn record(call: &Call, object: &str, id: &str, request: &Request) -> Answer {
    call.reads()?;
    let table = table(call, object).ok_or_else(Failure::not_found)?;
    let missing = || {
        let message = format!("Provided external ID field does not exist or is not accessible: {id}");
        Failure::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    };
    let wanted = parameters(request).remove("fields");
    let select = wanted.unwrap_or_else(|| "FIELDS(ALL)".to_owned());
    let legal =
        |text: &str, more: &[char]| text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(&c));
    if !legal(id, &[]) || !legal(&select, &[',', '.', '_', '(', ')']) {
        return Err(missing());
    }
    let text = format!("SELECT {select} FROM {} WHERE Id = '{id}'", table.name);
    let failed = |error: QueryError| Failure::bad_request(error.code, error.message);
    let records = soql::run(&text, &soql::parse(&text).map_err(failed)?, &table).map_err(failed)?;
    let row = records.rows.first().ok_or_else(missing)?;
    ok(&table.record(&records.columns, *row, call.version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_carry_their_season() {
        for (version, label) in [
            (31, "Summer '14"),
            (32, "Winter '15"),
            (62, "Winter '25"),
            (66, "Spring '26"),
            (67, "Summer '26"),
        ] {
            assert_eq!(season(version), label);
        }
    }
}
