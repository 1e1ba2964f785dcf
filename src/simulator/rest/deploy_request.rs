//! Deployments over REST: multipart in, JSON out (protocol, section 6).

use std::collections::HashMap;

use axum::extract::{FromRequest, Multipart, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Answer, Call, Failure, moment};
use crate::simulator::deploy::engine;
use crate::simulator::deploy::{DeployOptions, Deployment, Refused, Row};
use crate::simulator::people;
use crate::simulator::server::LARGEST_BODY;

/// A new deployment from a zip, or a quick one from a validation.
pub(super) async fn submit(call: &Call<'_>, in_path: Option<&str>, request: Request) -> Answer {
    if call.method != Method::POST {
        return Err(Failure::method(&call.method, "POST"));
    }
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let deployment = if kind.starts_with("multipart/form-data") {
        let (options, zip) = parts(request).await?;
        engine::submit(call.org, call.asker, zip, options).map_err(refused)?
    } else if kind.starts_with("application/json") {
        let body = body(request).await?;
        // the documents put the id at the end of the path as well, clients do not
        let id = body.get("validatedDeployRequestId").and_then(Value::as_str).or(in_path);
        let id = id.ok_or_else(|| {
            Failure::bad_request(
                "JSON_PARSER_ERROR",
                "validatedDeployRequestId is missing (rehearsal wording)",
            )
        })?;
        engine::submit_validated(call.org, call.asker, id).map_err(|refusal| match refusal.code {
            "INVALID_ID_FIELD" => Failure::new(StatusCode::NOT_FOUND, "NOT_FOUND", refusal.message),
            _ => refused(refusal),
        })?
    } else {
        let message = format!("Unsupported content type: {kind}");
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message));
    };
    Ok(super::with_json(StatusCode::CREATED, &told(call, &deployment, false)))
}

pub(super) fn status(call: &Call, id: &str, request: &Request) -> Answer {
    if !matches!(call.method, Method::GET | Method::HEAD) {
        return Err(Failure::method(&call.method, "GET,HEAD,PATCH,POST"));
    }
    let parameters = Query::<HashMap<String, String>>::try_from_uri(request.uri());
    let details = parameters.is_ok_and(|Query(parameters)| {
        parameters.get("includeDetails").is_some_and(|value| value.eq_ignore_ascii_case("true"))
    });
    let deployment =
        call.org.store.read(|state| state.deployment(id).cloned()).ok_or_else(Failure::not_found)?;
    super::ok(&told(call, &deployment, details))
}

pub(super) async fn cancel(call: &Call<'_>, id: &str, request: Request) -> Answer {
    let body = body(request).await?;
    if body.pointer("/deployResult/status").and_then(Value::as_str) != Some("Canceling") {
        let message = "deployResult.status can only be set to Canceling (rehearsal wording)";
        return Err(Failure::bad_request("INVALID_FIELD", message));
    }
    let deployment = engine::cancel(call.org, call.asker, id).map_err(|refusal| match refusal.code {
        "INVALID_CROSS_REFERENCE_KEY" => Failure::not_found(),
        _ => refused(refusal),
    })?;
    Ok(super::with_json(StatusCode::ACCEPTED, &told(call, &deployment, false)))
}

fn refused(refused: Refused) -> Failure {
    match refused.code {
        // the org's own trouble, such as a full disk
        "UNKNOWN_EXCEPTION" => {
            Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN_EXCEPTION", refused.message)
        }
        "SERVER_UNAVAILABLE" => {
            Failure::new(StatusCode::SERVICE_UNAVAILABLE, "SERVER_UNAVAILABLE", refused.message)
        }
        code => Failure::bad_request(code, refused.message),
    }
}

async fn body(request: Request) -> Result<Value, Failure> {
    let broken = |why: String| Failure::bad_request("JSON_PARSER_ERROR", why);
    let bytes = axum::body::to_bytes(request.into_body(), LARGEST_BODY).await;
    let bytes = bytes.map_err(|error| broken(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| broken(error.to_string()))
}

/// The two parts, told apart by their type: names and order differ from client to client.
async fn parts(request: Request) -> Result<(DeployOptions, Vec<u8>), Failure> {
    let broken = |why: String| Failure::bad_request("INVALID_MULTIPART_REQUEST", why);
    let mut multipart =
        Multipart::from_request(request, &()).await.map_err(|error| broken(error.body_text()))?;
    let (mut options, mut zip) = (None, None);
    while let Some(part) = multipart.next_field().await.map_err(|error| broken(error.body_text()))? {
        let kind = part.content_type().unwrap_or_default().to_ascii_lowercase();
        let bytes = part.bytes().await.map_err(|error| match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Failure::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "REQUEST_LIMIT_EXCEEDED",
                "Maximum size of request reached. Maximum size of request is 52428800 bytes.", // MD-21
            ),
            _ => broken(error.body_text()),
        })?;
        if kind.starts_with("application/json") {
            let value: Value = serde_json::from_slice(&bytes)
                .map_err(|error| Failure::bad_request("JSON_PARSER_ERROR", error.to_string()))?;
            options = Some(read_options(&value)?);
        } else if kind.contains("zip") || bytes.starts_with(b"PK") {
            zip = Some(bytes.to_vec());
        }
    }
    match (options, zip) {
        (Some(options), Some(zip)) => Ok((options, zip)),
        (None, _) => Err(broken(
            "a part of type application/json with deployOptions is missing (rehearsal wording)".to_owned(),
        )),
        (_, None) => Err(broken("a part of type application/zip is missing (rehearsal wording)".to_owned())),
    }
}

/// CumulusCI sends booleans as strings, and null for what it leaves open.
pub(super) fn read_options(value: &Value) -> Result<DeployOptions, Failure> {
    let wrong = |name: &str| {
        Failure::bad_request(
            "JSON_PARSER_ERROR",
            format!("deployOptions.{name} has the wrong type (rehearsal wording)"),
        )
    };
    let given = value.get("deployOptions").and_then(Value::as_object).ok_or_else(|| {
        Failure::bad_request("JSON_PARSER_ERROR", "deployOptions is missing (rehearsal wording)")
    })?;
    let mut options = DeployOptions::default();
    for (name, value) in given {
        let flag = match value {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            Value::Null => Some(false),
            _ => None,
        };
        let flag = || flag.ok_or_else(|| wrong(name));
        match name.as_str() {
            "allowMissingFiles" => options.allow_missing_files = flag()?,
            "autoUpdatePackage" => options.auto_update_package = flag()?,
            "checkOnly" => options.check_only = flag()?,
            "ignoreWarnings" => options.ignore_warnings = flag()?,
            "performRetrieve" => options.perform_retrieve = flag()?,
            "purgeOnDelete" => options.purge_on_delete = flag()?,
            "rollbackOnError" => options.rollback_on_error = flag()?,
            "singlePackage" => options.single_package = flag()?,
            "testLevel" => {
                options.test_level = value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
            }
            "runTests" => {
                options.run_tests = match value {
                    Value::Null => None,
                    Value::String(text) => Some(vec![text.clone()]),
                    Value::Array(items) => {
                        Some(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
                    }
                    _ => return Err(wrong(name)),
                }
            }
            _ => {} // runAllTests and other things of older versions
        }
    }
    Ok(options)
}

/// Every key is there, null where empty (protocol, rule 7).
fn told(call: &Call, deployment: &Deployment, details: bool) -> Value {
    let person = |id: &str| call.org.store.read(|state| people::with_id(&state.identity, id));
    let creator = person(&deployment.created_by);
    let canceler = deployment.canceled_by.as_deref().map(person);
    let url = format!(
        "{}/services/data/{}/metadata/deployRequest/{}",
        call.org.ready.instance_url, call.version, deployment.id
    );
    let done = deployment.status.is_done();
    let (code, message) = match &deployment.failure {
        Some((code, message)) => (json!(code), json!(message)),
        None => (Value::Null, Value::Null),
    };
    json!({
        "id": deployment.id,
        "url": url,
        "validatedDeployRequestId": deployment.validated,
        "deployOptions": deployment.options,
        "deployResult": {
            "id": deployment.id,
            "done": done,
            "success": deployment.succeeded(),
            "status": deployment.status.name(),
            "checkOnly": deployment.options.check_only,
            "ignoreWarnings": deployment.options.ignore_warnings,
            "rollbackOnError": deployment.options.rollback_on_error,
            "runTestsEnabled": deployment.options.runs_tests(),
            "numberComponentsDeployed": deployment.deployed,
            "numberComponentsTotal": deployment.total,
            "numberComponentErrors": deployment.errors,
            "numberTestsCompleted": 0,
            "numberTestsTotal": 0,
            "numberTestErrors": 0,
            "createdDate": deployment.created.json(),
            "createdBy": creator.id,
            "createdByName": creator.full_name(),
            "startDate": moment(deployment.started),
            "completedDate": moment(deployment.completed),
            "lastModifiedDate": deployment.modified.json(),
            "stateDetail": null,
            "errorStatusCode": code,
            "errorMessage": message,
            "canceledBy": canceler.as_ref().map(|person| person.id.as_str()),
            "canceledByName": canceler.as_ref().map(|person| person.full_name()),
            "details": if details { told_details(deployment) } else { Value::Null },
        },
    })
}

fn told_details(deployment: &Deployment) -> Value {
    json!({
        "componentFailures": deployment.failures().map(told_row).collect::<Vec<_>>(),
        "componentSuccesses": deployment.successes().map(told_row).collect::<Vec<_>>(),
        "retrieveResult": null,
        "runTestResult": {
            "numFailures": 0,
            "numTestsRun": 0,
            "successes": [],
            "failures": [],
            "codeCoverage": [],
            "codeCoverageWarnings": [],
            "totalTime": 0.0,
        },
    })
}

fn told_row(row: &Row) -> Value {
    let (kind, problem) = match &row.problem {
        Some((severity, text)) => (json!(severity), json!(text)),
        None => (Value::Null, Value::Null),
    };
    json!({
        "changed": row.changed,
        "columnNumber": row.place.map(|(_, column)| column),
        "componentType": row.component_type,
        "created": row.created,
        "createdDate": row.at.json(),
        "deleted": row.deleted,
        "fileName": row.file_name,
        "fullName": row.full_name,
        "id": row.id,
        "lineNumber": row.place.map(|(line, _)| line),
        "problem": problem,
        "problemType": kind,
        "success": row.success,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_taken_as_flags_as_strings_and_as_null() {
        let value = json!({ "deployOptions": { "checkOnly": "false", "rollbackOnError": "True", "singlePackage": true,
            "testLevel": null, "runTests": "ATest", "runAllTests": false, "purgeOnDelete": null } });
        let wanted = DeployOptions {
            rollback_on_error: true,
            single_package: true,
            run_tests: Some(vec!["ATest".to_owned()]),
            ..DeployOptions::default()
        };
        assert_eq!(read_options(&value).ok(), Some(wanted));
        assert!(read_options(&json!({ "deployOptions": { "checkOnly": 3 } })).is_err());
        assert!(read_options(&json!({})).is_err());
    }
}
