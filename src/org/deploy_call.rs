//! The calls of a deployment in the two protocols of the Metadata API: how each is put, and how its answer is read.
//! When to make them, and what it means when one fails, is for `deploy`.

use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reqwest::Method;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::client::Client;
use super::deploy_result::DeployResult;
use super::request::{Payload, Request};
use super::soap::{self, Element, Xml, element, leaf};
use super::{DeployOptions, Error};

const DEPLOY_REQUEST: &str = "metadata/deployRequest";
const WATCH: &str = "watch a deployment in";
const CANCEL: &str = "cancel a deployment in";
const NO_RESULT: &str = "the answer says nothing about a deployment";

/// A protocol of the Metadata API that takes deployments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    Rest,
    /// Not with JWT access tokens (OA-12).
    Soap,
}

/// Which of the two a connection uses: the one that was asked for, else REST as long as the org has it.
#[derive(Debug, Default)]
pub(super) struct Route {
    pub asked: Option<Api>,
    rest_refused: AtomicBool,
}

impl Route {
    pub fn api(&self) -> Api {
        match self.asked {
            Some(api) => api,
            None if self.rest_refused.load(Ordering::Relaxed) => Api::Soap,
            None => Api::Rest,
        }
    }

    /// Whether to go on over SOAP after this refusal, from now on.
    pub fn falls_back(&self, error: &Error) -> bool {
        let refused = self.asked.is_none() && self.api() == Api::Rest && has_no_rest(error);
        if refused {
            self.rest_refused.store(true, Ordering::Relaxed);
        }
        refused
    }
}

/// The org says that it takes no deployments over REST, and not that this one is wrong.
fn has_no_rest(error: &Error) -> bool {
    match error {
        Error::Rejected(_, refusal) => {
            matches!(refusal.status, 404 | 405)
                || (refusal.code == "API_DISABLED_FOR_ORG" && refusal.message.contains("REST"))
        }
        _ => false,
    }
}

/// One call of a deployment.
pub(super) enum Call<'a> {
    /// A package; the zip may hold secrets.
    Deploy {
        zip: &'a [u8],
        options: &'a DeployOptions,
    },
    /// What a validation has found good.
    DeployValidated {
        validation: &'a str,
    },
    Look {
        id: &'a str,
    },
    Cancel {
        id: &'a str,
    },
}

impl Call<'_> {
    /// The request; whether it may be repeated is decided by the caller.
    pub fn request(&self, client: &Client) -> Result<Request, Error> {
        let request = match client.route.api() {
            Api::Rest => self.over_rest(client),
            Api::Soap => self.over_soap(client),
        };
        // An id may have been typed, and goes into a path.
        if let Some(id) = self.id()
            && (id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        {
            return Err(client.unexpected(&request, &format!("{id:?} is not the id of a deployment")));
        }
        Ok(request)
    }

    fn id(&self) -> Option<&str> {
        match self {
            Call::Deploy { .. } => None,
            Call::DeployValidated { validation: id } | Call::Look { id } | Call::Cancel { id } => Some(id),
        }
    }

    fn over_rest(&self, client: &Client) -> Request {
        let of = |id: &str| format!("{DEPLOY_REQUEST}/{id}");
        match self {
            Call::Deploy { zip, options } => {
                let payload = Payload::Package {
                    options: Bytes::from(options.to_json().to_string()),
                    // This copy is wiped like the original.
                    zip: Bytes::from_owner(Zeroizing::new(zip.to_vec())),
                };
                client.rest(Method::POST, DEPLOY_REQUEST, &[], payload, deploying(options))
            }
            Call::DeployValidated { validation } => {
                let body = json!({ "validatedDeployRequestId": validation }).to_string();
                let payload = Payload::Json(Bytes::from(body));
                client.rest(Method::POST, DEPLOY_REQUEST, &[], payload, "deploy a validation to")
            }
            Call::Look { id } => {
                client.rest(Method::GET, &of(id), &[("includeDetails", "true")], Payload::None, WATCH)
            }
            Call::Cancel { id } => {
                let wish = json!({ "deployResult": { "status": "Canceling" } }).to_string();
                client.rest(Method::PATCH, &of(id), &[], Payload::Json(Bytes::from(wish)), CANCEL)
            }
        }
    }

    fn over_soap(&self, client: &Client) -> Request {
        let (doing, body) = match self {
            Call::Deploy { zip, options } => (deploying(options), deploy_body(zip, options)),
            Call::DeployValidated { validation } => {
                let call = |xml: &mut Xml| leaf(xml, "validationId", validation);
                (
                    "deploy a validation to",
                    soap::body(|xml| element(xml, "deployRecentValidation", call)).map(Zeroizing::new),
                )
            }
            Call::Look { id } => {
                let call = |xml: &mut Xml| {
                    leaf(xml, "asyncProcessId", id)?;
                    leaf(xml, "includeDetails", "true")
                };
                (WATCH, soap::body(|xml| element(xml, "checkDeployStatus", call)).map(Zeroizing::new))
            }
            Call::Cancel { id } => {
                let call = |xml: &mut Xml| leaf(xml, "String", id);
                (CANCEL, soap::body(|xml| element(xml, "cancelDeploy", call)).map(Zeroizing::new))
            }
        };
        // Writing to memory does not fail.
        client.soap(Bytes::from_owner(body.unwrap_or_default()), doing)
    }
}

fn deploying(options: &DeployOptions) -> &'static str {
    if options.check_only { "validate a package in" } else { "deploy to" }
}

/// The zip goes in as base64, in a buffer that has its size from the start and is wiped.
fn deploy_body(zip: &[u8], options: &DeployOptions) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let frame = soap::body(|xml| {
        element(xml, "deploy", |xml| {
            leaf(xml, "ZipFile", "")?;
            element(xml, "DeployOptions", |xml| options_as_xml(options, xml))
        })
    })?;
    const START: &[u8] = b"<deploy><ZipFile>";
    let rest = frame.strip_prefix(START).unwrap_or_default();
    let packed = Zeroizing::new(STANDARD.encode(zip));
    let mut body = Zeroizing::new(Vec::with_capacity(START.len() + packed.len() + rest.len()));
    body.extend_from_slice(START);
    body.extend_from_slice(packed.as_bytes());
    body.extend_from_slice(rest);
    Ok(body)
}

/// In the WSDL's order.
fn options_as_xml(options: &DeployOptions, xml: &mut Xml) -> std::io::Result<()> {
    let flags = [
        ("allowMissingFiles", options.allow_missing_files),
        ("autoUpdatePackage", false),
        ("checkOnly", options.check_only),
        ("ignoreWarnings", options.ignore_warnings),
        ("performRetrieve", false),
        ("purgeOnDelete", options.purge_on_delete),
        ("rollbackOnError", options.rollback_on_error),
    ];
    flags.iter().try_for_each(|(name, value)| leaf(xml, name, if *value { "true" } else { "false" }))?;
    options.run_tests.iter().try_for_each(|test| leaf(xml, "runTests", test))?;
    leaf(xml, "singlePackage", if options.single_package { "true" } else { "false" })?;
    match &options.test_level {
        Some(level) => leaf(xml, "testLevel", level),
        None => Ok(()),
    }
}

/// Makes a call, and reads what it says about a deployment.
pub(super) async fn ask(client: &Client, request: &Request) -> Result<DeployResult, Error> {
    let answer = match request.payload {
        Payload::Soap(_) => client.answer(request, read_soap).await?,
        _ => client.json(request).await?,
    };
    DeployResult::read(&answer).ok_or_else(|| client.unexpected(request, NO_RESULT))
}

/// The result of a SOAP call in the shape that REST gives it: deployRecentValidation says an id and nothing else.
pub(super) fn read_soap(text: &str) -> Result<Value, soap::NoResult> {
    let result = soap::response(text)?.into_result();
    Ok(match result.children.is_empty() {
        true => json!({ "id": result.text.trim(), "status": "Pending", "done": false }),
        false => as_json(result),
    })
}

fn as_json(element: Element) -> Value {
    if element.children.is_empty() {
        return Value::String(element.text);
    }
    let mut object = Map::new();
    for child in element.children {
        let name = child.name.clone();
        let value = as_json(child);
        match object.get_mut(&name) {
            Some(Value::Array(rows)) => rows.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
            None => drop(object.insert(name, value)),
        }
    }
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_put_into_soap_with_every_option() {
        let options = DeployOptions {
            test_level: Some("RunSpecifiedTests".into()),
            run_tests: vec!["A".into(), "B".into()],
            check_only: true,
            ..DeployOptions::default()
        };
        let body = deploy_body(b"PK\x03\x04", &options).unwrap();
        assert_eq!(
            String::from_utf8(body.to_vec()).unwrap(),
            "<deploy><ZipFile>UEsDBA==</ZipFile><DeployOptions><allowMissingFiles>false</allowMissingFiles>\
             <autoUpdatePackage>false</autoUpdatePackage><checkOnly>true</checkOnly>\
             <ignoreWarnings>false</ignoreWarnings><performRetrieve>false</performRetrieve>\
             <purgeOnDelete>false</purgeOnDelete><rollbackOnError>true</rollbackOnError><runTests>A</runTests>\
             <runTests>B</runTests><singlePackage>true</singlePackage><testLevel>RunSpecifiedTests</testLevel>\
             </DeployOptions></deploy>"
        );
    }

    #[test]
    fn rows_in_soap_read_like_those_in_json() {
        let row = |name: &str| {
            format!(
                "<componentFailures><fullName>{name}</fullName><lineNumber>7</lineNumber></componentFailures>"
            )
        };
        let said = |rows: &str| {
            format!(
                "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><checkDeployStatusResponse>\
                 <result><details>{rows}</details><done>true</done><id>0AfA1</id><status>Failed</status></result>\
                 </checkDeployStatusResponse></e:Body></e:Envelope>"
            )
        };
        for count in 1..=3 {
            let rows: String = ["A", "B", "C"].iter().take(count).map(|name| row(name)).collect();
            let result = DeployResult::read(&read_soap(&said(&rows)).unwrap()).unwrap();
            assert_eq!(result.rows.len(), count);
            assert!(result.rows.iter().all(|row| row.line == Some(7) && !row.success));
            assert!(result.done && result.id == "0AfA1");
        }
    }

    #[test]
    fn a_quick_deploy_over_soap_is_told_by_its_id() {
        let text = "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>\
                    <deployRecentValidationResponse><result>0AfA2</result></deployRecentValidationResponse></e:Body></e:Envelope>";
        let result = DeployResult::read(&read_soap(text).unwrap()).unwrap();
        assert_eq!((result.id.as_str(), result.done), ("0AfA2", false));
    }
}
