//! deploy, checkDeployStatus, cancelDeploy and deployRecentValidation.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::retrieving::short;
use super::{Call, Fault, is_true, optional};
use crate::simulator::deploy::engine;
use crate::simulator::deploy::{DeployOptions, Deployment, Refused, Row};
use crate::simulator::people;
use crate::simulator::xml::{Element, Node};

fn refused(refused: Refused) -> Fault {
    Fault::platform(refused.code, &refused.message)
}

pub(super) fn deploy(call: &Call, request: &Element) -> Result<Vec<Node>, Fault> {
    let zip: String = request
        .child("ZipFile")
        .map(|zip| zip.text.split_ascii_whitespace().collect())
        .ok_or_else(|| Fault::client("deploy has no ZipFile"))?;
    let zip = STANDARD.decode(zip).map_err(|_| Fault::client("ZipFile is not base64"))?;
    let options = request.child("DeployOptions").map(read_options).unwrap_or_default();
    let deployment = engine::submit(call.org, call.asker, zip, options).map_err(refused)?;
    let result =
        vec![Node::leaf("done", false), Node::leaf("id", deployment.id), Node::leaf("state", "Queued")];
    Ok(vec![Node::group("result", result)])
}

fn read_options(options: &Element) -> DeployOptions {
    let flag = |name: &str| options.child(name).is_some_and(is_true);
    let tests: Vec<String> =
        options.children_named("runTests").map(|test| test.trimmed().to_owned()).collect();
    // simple-salesforce writes `None` where it has no level
    let level =
        options.child("testLevel").map(Element::trimmed).filter(|level| !["", "None"].contains(level));
    DeployOptions {
        allow_missing_files: flag("allowMissingFiles"),
        auto_update_package: flag("autoUpdatePackage"),
        check_only: flag("checkOnly"),
        ignore_warnings: flag("ignoreWarnings"),
        perform_retrieve: flag("performRetrieve"),
        purge_on_delete: flag("purgeOnDelete"),
        rollback_on_error: flag("rollbackOnError"),
        run_tests: (!tests.is_empty()).then_some(tests),
        single_package: flag("singlePackage"),
        test_level: level.map(str::to_owned),
    }
}

/// The first argument, whatever a client calls it: asyncProcessId, String, id, validationId.
fn id(request: &Element) -> &str {
    request.children.first().map(Element::trimmed).unwrap_or_default()
}

pub(super) fn check_deploy_status(call: &Call, request: &Element) -> Result<Vec<Node>, Fault> {
    let details = request.children.get(1).is_some_and(is_true);
    let deployment = call
        .org
        .store
        .read(|state| state.deployment(id(request)).cloned())
        .ok_or_else(|| Fault::platform("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"))?;
    Ok(vec![told(call, &deployment, details)])
}

pub(super) fn cancel_deploy(call: &Call, request: &Element) -> Result<Vec<Node>, Fault> {
    let deployment = engine::cancel(call.org, call.asker, id(request)).map_err(refused)?;
    let done = deployment.status.is_done();
    Ok(vec![Node::group("result", vec![Node::leaf("done", done), Node::leaf("id", deployment.id)])])
}

pub(super) fn deploy_recent_validation(call: &Call, request: &Element) -> Result<Vec<Node>, Fault> {
    let deployment = engine::submit_validated(call.org, call.asker, id(request)).map_err(refused)?;
    Ok(vec![Node::leaf("result", deployment.id)])
}

/// A DeployResult, in the WSDL's order.
fn told(call: &Call, deployment: &Deployment, details: bool) -> Node {
    let person = |id: &str| call.org.store.read(|state| people::with_id(&state.identity, id));
    let creator = person(&deployment.created_by);
    let canceler = deployment.canceled_by.as_deref().map(person);
    let options = &deployment.options;
    let mut nodes = Vec::new();
    optional(&mut nodes, "canceledBy", canceler.as_ref().map(|person| short(&person.id)));
    optional(&mut nodes, "canceledByName", canceler.as_ref().map(|person| person.full_name()));
    nodes.push(Node::leaf("checkOnly", options.check_only));
    optional(&mut nodes, "completedDate", deployment.completed.map(|moment| moment.soap()));
    nodes.push(Node::leaf("createdBy", short(&creator.id)));
    nodes.push(Node::leaf("createdByName", creator.full_name()));
    nodes.push(Node::leaf("createdDate", deployment.created.soap()));
    nodes.push(told_details(deployment, details));
    nodes.push(Node::leaf("done", deployment.status.is_done()));
    optional(&mut nodes, "errorMessage", deployment.failure.as_ref().map(|(_, message)| message));
    optional(&mut nodes, "errorStatusCode", deployment.failure.as_ref().map(|(code, _)| code));
    nodes.push(Node::leaf("id", &deployment.id));
    nodes.push(Node::leaf("ignoreWarnings", options.ignore_warnings));
    nodes.push(Node::leaf("lastModifiedDate", deployment.modified.soap()));
    nodes.push(Node::leaf("numberComponentErrors", deployment.errors));
    nodes.push(Node::leaf("numberComponentsDeployed", deployment.deployed));
    nodes.push(Node::leaf("numberComponentsTotal", deployment.total));
    nodes.push(Node::leaf("numberTestErrors", 0));
    nodes.push(Node::leaf("numberTestsCompleted", 0));
    nodes.push(Node::leaf("numberTestsTotal", 0));
    nodes.push(Node::leaf("rollbackOnError", options.rollback_on_error));
    nodes.push(Node::leaf("runTestsEnabled", options.runs_tests()));
    optional(&mut nodes, "startDate", deployment.started.map(|moment| moment.soap()));
    nodes.push(Node::leaf("status", deployment.status.name()));
    nodes.push(Node::leaf("success", deployment.succeeded()));
    Node::group("result", nodes)
}

fn told_details(deployment: &Deployment, details: bool) -> Node {
    let mut nodes = Vec::new();
    if details {
        nodes.extend(deployment.failures().map(|row| told_row("componentFailures", row)));
        nodes.extend(deployment.successes().map(|row| told_row("componentSuccesses", row)));
    }
    let tests =
        vec![Node::leaf("numFailures", 0), Node::leaf("numTestsRun", 0), Node::leaf("totalTime", "0.0")];
    nodes.push(Node::group("runTestResult", tests));
    Node::group("details", nodes)
}

fn told_row(name: &'static str, row: &Row) -> Node {
    let mut nodes = vec![Node::leaf("changed", row.changed)];
    optional(&mut nodes, "columnNumber", row.place.map(|(_, column)| column));
    nodes.push(Node::leaf("componentType", &row.component_type));
    nodes.push(Node::leaf("created", row.created));
    nodes.push(Node::leaf("createdDate", row.at.soap()));
    nodes.push(Node::leaf("deleted", row.deleted));
    nodes.push(Node::leaf("fileName", &row.file_name));
    nodes.push(Node::leaf("fullName", &row.full_name));
    optional(&mut nodes, "id", row.id.as_ref());
    optional(&mut nodes, "lineNumber", row.place.map(|(line, _)| line));
    optional(&mut nodes, "problem", row.problem.as_ref().map(|(_, text)| text));
    optional(&mut nodes, "problemType", row.problem.as_ref().map(|(severity, _)| format!("{severity:?}")));
    nodes.push(Node::leaf("success", row.success));
    Node::group(name, nodes)
}
