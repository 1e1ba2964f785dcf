//! Sends a package to an org and stays with it to the end: one POST that is never repeated, then looks until the org
//! says that it is done, the user has stopped it, or the time is up. What is in the package is not known here.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::deploy_call::{Api, Call, ask};
use super::deploy_result::{Cancel, Count, DeployResult, Outcome};
use super::error::{Error, Left};
use super::request::Request;
use super::{Interrupt, Reader, Writer};

/// For sending a zip of 39 MB over a slow line, and for an org that takes its time to store it.
const POSTED_WITHIN: Duration = Duration::from_secs(15 * 60);
/// As patient as the Salesforce CLI.
const USUAL_WAIT: Duration = Duration::from_secs(33 * 60);
/// Once the org has been asked to cancel, it is given at least this long to do so.
const CANCELED_WITHIN: Duration = Duration::from_secs(5 * 60);

/// How a package is to be deployed. Every option is always sent, because documents contradict each other on the
/// defaults (MD-4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployOptions {
    /// Only validates; nothing is saved and nothing generated (MD-13).
    pub check_only: bool,
    /// All or nothing. Production accepts only this.
    pub rollback_on_error: bool,
    pub ignore_warnings: bool,
    /// `package.xml` lies at the top of the zip (MD-6).
    pub single_package: bool,
    pub allow_missing_files: bool,
    /// Deleted components do not go to the recycle bin; not in production.
    pub purge_on_delete: bool,
    /// `None` leaves it to the org: no tests for packages without Apex (MD-7).
    pub test_level: Option<String>,
    pub run_tests: Vec<String>,
    /// How long to watch before leaving it to itself; zero sends and returns, `None` watches to the end.
    pub wait: Option<Duration>,
}

impl Default for DeployOptions {
    fn default() -> DeployOptions {
        DeployOptions {
            check_only: false,
            rollback_on_error: true,
            ignore_warnings: false,
            single_package: true,
            allow_missing_files: false,
            purge_on_delete: false,
            test_level: None,
            run_tests: Vec::new(),
            wait: Some(USUAL_WAIT),
        }
    }
}

impl DeployOptions {
    pub(super) fn to_json(&self) -> Value {
        let mut options = json!({
            "allowMissingFiles": self.allow_missing_files,
            "autoUpdatePackage": false,
            "checkOnly": self.check_only,
            "ignoreWarnings": self.ignore_warnings,
            "performRetrieve": false,
            "purgeOnDelete": self.purge_on_delete,
            "rollbackOnError": self.rollback_on_error,
            "singlePackage": self.single_package,
        });
        if let Some(level) = &self.test_level {
            options["testLevel"] = json!(level);
        }
        if !self.run_tests.is_empty() {
            options["runTests"] = json!(self.run_tests);
        }
        json!({ "deployOptions": options })
    }
}

/// What happens on the way, for those who watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeployEvent {
    /// The org has it. From here on it can be found again by this id.
    Posted {
        id: String,
    },
    /// The org has not taken it, and may a little later.
    Waiting {
        problem: String,
        wait: Duration,
    },
    /// One look at it.
    Progress {
        state: String,
        detail: Option<String>,
        components: Count,
        tests: Count,
        elapsed: Duration,
    },
    /// A look that failed; there will be others.
    LookFailed {
        problem: String,
    },
    /// The org has been asked to cancel.
    CancelAsked,
    /// It does not want to; the deployment is watched on.
    CancelRefused {
        reason: String,
    },
    Finished {
        outcome: Outcome,
    },
}

/// Whoever is told.
type OnEvent<'a> = &'a mut (dyn FnMut(DeployEvent) + Send);

impl Reader<'_> {
    /// One look at a deployment, whoever has started it.
    pub async fn deployment(&self, id: &str) -> Result<DeployResult, Error> {
        let look = Call::Look { id }.request(self.client)?.leaving(Left::Reading, Left::Reading);
        ask(self.client, &look).await
    }
}

/// The request that looks at a deployment that may be running.
fn look(reader: &Reader<'_>, id: &str) -> Result<Request, Error> {
    let running = Left::Running { id: id.to_owned() };
    Ok(Call::Look { id }.request(reader.client)?.leaving(running.clone(), running))
}

impl Writer<'_> {
    /// Deploys a zip. The result may be that it is still running: then the time was up, or the user would not wait
    /// for the cancellation. An error never means that the org has refused the content; that is a result as well.
    pub async fn deploy(
        &self,
        zip: &[u8],
        options: &DeployOptions,
        interrupt: &Interrupt,
        on_event: OnEvent<'_>,
    ) -> Result<DeployResult, Error> {
        let posted = self.begin(&Call::Deploy { zip, options }, interrupt, on_event).await?;
        self.follow(posted, zip.len(), options.wait, interrupt, on_event).await
    }

    /// Deploys what a validation of the last days has found good, without validating it again (MD-12). The
    /// deployment has an id of its own.
    pub async fn deploy_validated(
        &self,
        validation: &str,
        wait: Option<Duration>,
        interrupt: &Interrupt,
        on_event: OnEvent<'_>,
    ) -> Result<DeployResult, Error> {
        let posted = self.begin(&Call::DeployValidated { validation }, interrupt, on_event).await;
        let posted = posted.map_err(Error::of_a_quick_deployment)?;
        self.follow(posted, 0, wait, interrupt, on_event).await
    }

    /// Sends the one request that starts a deployment. It is sent again only when it is certain that the org has
    /// not taken it: no connection came about, the org was too busy, or it has no REST and SOAP is next.
    async fn begin(
        &self,
        call: &Call<'_>,
        interrupt: &Interrupt,
        on_event: OnEvent<'_>,
    ) -> Result<DeployResult, Error> {
        let mut failed_tries = 0;
        loop {
            let post = call
                .request(self.client)?
                .only_once()
                .answer_within(POSTED_WITHIN)
                .leaving(Left::NothingDeployed, Left::Unknown);
            if interrupt.count() > 0 {
                return Err(self.client.interrupted(&post, Left::NothingSent));
            }
            // A first interrupt waits for the answer: without the id there is nothing to cancel.
            let answer = tokio::select! {
                biased;
                answer = ask(self.client, &post) => answer,
                () = interrupt.reached(2) => return Err(self.client.interrupted(&post, Left::Unknown)),
            };
            let error = match answer {
                Ok(posted) => {
                    on_event(DeployEvent::Posted { id: posted.id.clone() });
                    return Ok(posted);
                }
                Err(error) => error,
            };
            // Of a validation, "not found" means that it cannot be deployed any more (MD-2).
            if matches!(call, Call::Deploy { .. }) && self.client.route.falls_back(&error) {
                continue;
            }
            failed_tries += 1;
            match self.client.pace.before_retry(failed_tries, error.retry_after()) {
                Some(wait) if error.is_untaken() => {
                    on_event(DeployEvent::Waiting { problem: cause(&error), wait });
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = interrupt.reached(1) => {}
                    }
                }
                _ => return Err(error),
            }
        }
    }

    /// Stays with a deployment that has been sent before.
    pub async fn resume(
        &self,
        id: &str,
        wait: Option<Duration>,
        interrupt: &Interrupt,
        on_event: OnEvent<'_>,
    ) -> Result<DeployResult, Error> {
        let unseen = DeployResult { id: id.to_owned(), ..DeployResult::default() };
        self.follow(unseen, 0, wait, interrupt, on_event).await
    }

    /// Asks the org to cancel a deployment. It may still succeed: whatever is finalizing cannot be stopped (MD-8).
    pub async fn cancel(&self, id: &str) -> Result<(), Error> {
        let running = Left::Running { id: id.to_owned() };
        // Wishing twice does no harm, so this request may be repeated.
        let wish = Call::Cancel { id }.request(self.client)?.leaving(running.clone(), running);
        match self.client.route.api() {
            Api::Rest => self.client.send(&wish).await.map(drop),
            Api::Soap => self.client.result(&wish).await.map(drop),
        }
    }

    async fn follow(
        &self,
        mut latest: DeployResult,
        zip_bytes: usize,
        wait: Option<Duration>,
        interrupt: &Interrupt,
        on_event: OnEvent<'_>,
    ) -> Result<DeployResult, Error> {
        let pace = &self.client.pace;
        let look = look(&Reader { client: self.client }, &latest.id)?.only_once();
        let started = Instant::now();
        let mut deadline = wait.and_then(|wait| started.checked_add(wait));
        let (mut looks, mut failed) = (0, 0);
        if wait == Some(Duration::ZERO) && interrupt.count() == 0 {
            return Ok(latest);
        }
        loop {
            if interrupt.count() > 0 && latest.cancel == Cancel::NotAsked {
                latest.cancel = self.ask_to_cancel(&latest.id, interrupt, on_event).await;
                deadline = deadline.map(|deadline| deadline.max(Instant::now() + CANCELED_WITHIN));
            }
            let stop_at = if latest.cancel == Cancel::NotAsked { 1 } else { 2 };
            let seen = tokio::select! {
                biased;
                () = interrupt.reached(stop_at) => None,
                seen = ask(self.client, &look) => Some(seen),
            };
            let pause = match seen {
                None if stop_at == 1 => continue,
                None => return Ok(latest),
                Some(Ok(seen)) => {
                    latest = DeployResult { cancel: latest.cancel, ..seen };
                    on_event(progress(&latest, started.elapsed()));
                    if latest.done {
                        on_event(DeployEvent::Finished { outcome: latest.outcome() });
                        return Ok(latest);
                    }
                    failed = 0;
                    looks += 1;
                    pace.between_looks(looks, zip_bytes)
                }
                Some(Err(error)) if error.is_passing() && failed < pace.patience => {
                    on_event(DeployEvent::LookFailed { problem: cause(&error) });
                    failed += 1;
                    pace.after_failed_look(failed, error.retry_after())
                }
                Some(Err(error)) => return Err(error),
            };
            let pause_until = Instant::now() + pause;
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Ok(latest);
            }
            tokio::select! {
                // One last look when the time is up.
                () = tokio::time::sleep_until(deadline.map_or(pause_until, |end| end.min(pause_until))) => {}
                () = interrupt.reached(stop_at) => {}
            }
        }
    }

    /// What became of the wish. A second interrupt does not wait for the answer to the first.
    async fn ask_to_cancel(&self, id: &str, interrupt: &Interrupt, on_event: OnEvent<'_>) -> Cancel {
        on_event(DeployEvent::CancelAsked);
        let answer = tokio::select! {
            biased;
            answer = self.cancel(id) => answer,
            () = interrupt.reached(2) => return Cancel::Asked,
        };
        match answer {
            Ok(()) => Cancel::Asked,
            Err(error) => {
                let reason = cause(&error);
                on_event(DeployEvent::CancelRefused { reason: reason.clone() });
                Cancel::Refused(reason)
            }
        }
    }
}

fn progress(seen: &DeployResult, elapsed: Duration) -> DeployEvent {
    DeployEvent::Progress {
        state: seen.status.clone(),
        detail: seen.state_detail.clone(),
        components: seen.components,
        tests: seen.tests,
        elapsed,
    }
}

/// What was the matter, without what was being attempted.
fn cause(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::super::script::{Reply, Script, TOKEN, org};
    use super::super::{ErrorKind, Org};
    use super::*;

    const ID: &str = "0AfWs00000AbCdEKAV";
    const POST: &str = "POST /services/data/v62.0/metadata/deployRequest";
    const LOOK: &str =
        "GET /services/data/v62.0/metadata/deployRequest/0AfWs00000AbCdEKAV?includeDetails=true";
    const CANCEL: &str = "PATCH /services/data/v62.0/metadata/deployRequest/0AfWs00000AbCdEKAV";

    fn answer(status: &str, done: bool, details: Value) -> Value {
        json!({"id": ID, "url": format!("https://h/services/data/v62.0/metadata/deployRequest/{ID}"),
            "validatedDeployRequestId": null, "deployOptions": {"rollbackOnError": true, "testLevel": null},
            "deployResult": {"id": ID, "done": done, "success": status == "Succeeded", "status": status,
                "checkOnly": false, "numberComponentsDeployed": 1, "numberComponentsTotal": 3,
                "numberComponentErrors": 0, "numberTestsCompleted": 0, "numberTestsTotal": 0,
                "numberTestErrors": 0, "stateDetail": null, "errorStatusCode": null, "errorMessage": null,
                "canceledBy": null, "canceledByName": null, "details": details}})
    }

    fn posted() -> Reply {
        Reply::json(201, &answer("Pending", false, Value::Null).to_string())
    }

    fn running() -> Reply {
        Reply::json(200, &answer("InProgress", false, json!({"componentFailures": []})).to_string())
    }

    fn ended(status: &str) -> Reply {
        Reply::json(200, &answer(status, true, json!({"componentFailures": []})).to_string())
    }

    /// The names of events, with those of progress run together.
    fn names(events: &[DeployEvent]) -> Vec<String> {
        let mut names: Vec<String> = events
            .iter()
            .map(|event| match event {
                DeployEvent::Progress { state, .. } => state.clone(),
                DeployEvent::Finished { outcome } => format!("Finished {outcome:?}"),
                other => format!("{other:?}").split([' ', '{']).next().unwrap().to_owned(),
            })
            .collect();
        names.dedup();
        names
    }

    struct Run {
        result: Result<DeployResult, Error>,
        events: Vec<DeployEvent>,
        lines: Vec<String>,
        script: Script,
        org: Org,
    }

    /// Deploys against a script; `on_event` may interrupt.
    async fn run(
        replies: Vec<Reply>,
        options: DeployOptions,
        interrupt: &Interrupt,
        mut on_event: impl FnMut(&DeployEvent) + Send,
    ) -> Run {
        let script = Script::new(replies);
        let org = org(&script);
        let mut events = Vec::new();
        let mut tell = |event: DeployEvent| {
            on_event(&event);
            events.push(event);
        };
        let result = org.writer().deploy(b"PK-zip-bytes", &options, interrupt, &mut tell).await;
        let lines = script.asked().into_iter().map(|asked| asked.line).collect();
        Run { result, events, lines, script, org }
    }

    async fn plain(replies: Vec<Reply>) -> Run {
        run(replies, DeployOptions::default(), &Interrupt::new(), |_| {}).await
    }

    #[tokio::test]
    async fn a_deployment_is_sent_watched_and_read() {
        let details = json!({"componentFailures": [], "componentSuccesses": [
            {"componentType": "", "fullName": "package.xml", "fileName": "package.xml", "created": false,
             "changed": true, "deleted": false, "success": true, "problem": null, "problemType": null,
             "lineNumber": null, "columnNumber": null, "id": null},
            {"componentType": "ConnectedApp", "fullName": "Orders_App", "success": true, "created": true,
             "fileName": "connectedApps/Orders_App.connectedApp", "id": "0H4Ws0000000001KAA"}]});
        let last = Reply::json(200, &answer("Succeeded", true, details).to_string());
        let run = plain(vec![posted(), running(), running(), last]).await;
        let result = run.result.unwrap();
        assert_eq!(result.outcome(), Outcome::Succeeded);
        assert_eq!(result.components, Count { done: 1, total: 3, errors: 0 });
        assert_eq!(result.rows.len(), 2);
        assert_eq!(result.rows[1].id.as_deref(), Some("0H4Ws0000000001KAA"));
        assert!(result.rows[1].created && result.rows[1].success);
        assert_eq!(run.lines, [POST, LOOK, LOOK, LOOK]);
        assert_eq!(run.org.requests(), 4);
        assert_eq!(names(&run.events), ["Posted", "InProgress", "Succeeded", "Finished Succeeded"]);
    }

    #[tokio::test]
    async fn the_post_has_two_typed_parts_and_a_length() {
        let options = DeployOptions {
            check_only: true,
            test_level: Some("RunSpecifiedTests".into()),
            run_tests: vec!["OrdersTest".into()],
            ..DeployOptions::default()
        };
        let run = run(vec![posted(), ended("Succeeded")], options, &Interrupt::new(), |_| {}).await;
        run.result.unwrap();
        let post = &run.script.asked()[0];
        assert_eq!(post.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
        assert_eq!(post.header("content-length"), Some(post.body.len().to_string().as_str()));
        let kind = post.header("content-type").unwrap();
        let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
        let text = post.text().replace(boundary, "BOUNDARY").replace("\r\n", "\n");
        let expected = r#"--BOUNDARY
Content-Disposition: form-data; name="json"
Content-Type: application/json

{"deployOptions":{"allowMissingFiles":false,"autoUpdatePackage":false,"checkOnly":true,"ignoreWarnings":false,"performRetrieve":false,"purgeOnDelete":false,"rollbackOnError":true,"singlePackage":true,"testLevel":"RunSpecifiedTests","runTests":["OrdersTest"]}}
--BOUNDARY
Content-Disposition: form-data; name="file"; filename="deploy.zip"
Content-Type: application/zip

PK-zip-bytes
--BOUNDARY--
"#;
        assert_eq!(text, expected);
    }

    #[tokio::test]
    async fn a_failed_deployment_is_a_result() {
        let details = json!({"componentFailures": [{"componentType": "NamedCredential", "fullName": "Orders",
            "fileName": "namedCredentials/Orders.namedCredential", "problemType": "Error", "lineNumber": "7",
            "columnNumber": 12, "success": false, "created": "false",
            "problem": "In field: authProvider - no AuthProvider named Orders_IdP found"}]});
        let run = plain(vec![posted(), Reply::json(200, &answer("Failed", true, details).to_string())]).await;
        let result = run.result.unwrap();
        assert_eq!(result.outcome(), Outcome::Failed);
        let problem = result.problems().next().unwrap();
        assert_eq!((problem.line, problem.column), (Some(7), Some(12)));
        assert_eq!(
            problem.problem.as_deref(),
            Some("In field: authProvider - no AuthProvider named Orders_IdP found")
        );
    }

    #[tokio::test]
    async fn looks_go_on_through_troubles() {
        let troubles = vec![
            posted(),
            Reply::dropped(),
            Reply::text(420, "text/html", "<html>sleeping</html>"),
            Reply::json(503, r#"[{"message":"busy","errorCode":"SERVER_UNAVAILABLE"}]"#)
                .header("Retry-After", "0"),
            running(),
            running().cut(30),
            Reply::json(200, ""),
            Reply::json(
                500,
                r#"[{"message":"An unexpected error occurred.","errorCode":"UNKNOWN_EXCEPTION"}]"#,
            ),
            ended("Succeeded"),
        ];
        let run = plain(troubles).await;
        assert_eq!(run.result.unwrap().outcome(), Outcome::Succeeded);
        assert_eq!(run.org.requests(), 9);
        let failed =
            run.events.iter().filter(|event| matches!(event, DeployEvent::LookFailed { .. })).count();
        assert_eq!(failed, 6);
    }

    #[tokio::test]
    async fn troubles_without_end_give_up_and_name_the_deployment() {
        let mut replies = vec![posted()];
        replies.extend((0..4).map(|_| Reply::dropped()));
        let run = plain(replies).await;
        let error = run.result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Network);
        assert_eq!(error.deployment(), Some(ID));
        assert_eq!(run.lines.len(), 5);
        assert!(error.help().contains(&format!("deployment {ID} may still be running")), "{}", error.help());
    }

    #[tokio::test]
    async fn a_session_that_ends_midway_is_not_waited_for() {
        let expired = r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#;
        let run = plain(vec![posted(), Reply::json(401, expired)]).await;
        let error = run.result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Login);
        assert_eq!(error.deployment(), Some(ID));
    }

    #[tokio::test]
    async fn the_post_is_never_repeated() {
        for (reply, left) in [
            (Reply::dropped(), Left::Unknown),
            (posted().cut(20), Left::Unknown),
            (Reply::json(201, ""), Left::Unknown),
            (Reply::json(201, "{}"), Left::Unknown),
            (Reply::json(502, "[]"), Left::Unknown),
            (Reply::text(503, "text/html", "<html></html>"), Left::Unknown),
            (Reply::text(500, "text/plain", "boom"), Left::Unknown),
            (
                Reply::json(400, r#"[{"message":"bad","errorCode":"INVALID_OPERATION"}]"#),
                Left::NothingDeployed,
            ),
            (
                Reply::json(403, r#"[{"message":"no","errorCode":"INSUFFICIENT_ACCESS"}]"#),
                Left::NothingDeployed,
            ),
            (
                Reply::json(401, r#"[{"message":"no","errorCode":"INVALID_SESSION_ID"}]"#),
                Left::NothingDeployed,
            ),
        ] {
            let told = format!("{reply:?}");
            let run = plain(vec![reply, posted(), ended("Succeeded")]).await;
            let error = run.result.unwrap_err();
            assert_eq!(error.left(), &left, "{told}: {error:?}");
            assert_eq!(run.lines, [POST], "{told}");
            assert!(run.events.is_empty());
        }
    }

    #[tokio::test]
    async fn what_the_org_was_too_busy_for_is_sent_when_it_has_time() {
        let busy =
            || Reply::json(429, r#"[{"message":"slow down","errorCode":"X"}]"#).header("Retry-After", "0");
        let run = plain(vec![busy(), busy(), posted(), ended("Succeeded")]).await;
        assert_eq!(run.result.unwrap().outcome(), Outcome::Succeeded);
        assert_eq!(run.lines, [POST, POST, POST, LOOK]);
        assert_eq!(names(&run.events), ["Waiting", "Posted", "Succeeded", "Finished Succeeded"]);
    }

    #[tokio::test]
    async fn an_org_without_rest_is_deployed_to_over_soap() {
        let said = |call: &str, result: &str| {
            Reply::xml(
                200,
                &format!(
                    "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><{call}Response>\
                     <result>{result}</result></{call}Response></e:Body></e:Envelope>"
                ),
            )
        };
        let none = Reply::json(
            403,
            r#"[{"message":"The REST API is not enabled for this Organization.","errorCode":"API_DISABLED_FOR_ORG"}]"#,
        );
        let posted = said("deploy", &format!("<done>false</done><id>{ID}</id><state>Queued</state>"));
        let done = said(
            "checkDeployStatus",
            &format!("<done>true</done><id>{ID}</id><status>Succeeded</status><success>true</success>"),
        );
        let run = plain(vec![none, posted, done]).await;
        assert_eq!(run.result.unwrap().outcome(), Outcome::Succeeded);
        let soap = "POST /services/Soap/m/62.0";
        assert_eq!(run.lines, [POST, soap, soap]);
        assert!(run.script.asked()[1].text().contains("<deploy><ZipFile>UEstemlwLWJ5dGVz</ZipFile>"));
    }

    #[tokio::test]
    async fn over_soap_and_nothing_else_needs_another_token_than_a_jwt() {
        let mut target = super::super::script::target("http://127.0.0.1:1");
        target.access_token = super::super::AccessToken::new("eyJ0.eyJz.c2ln");
        let error = Org::connect(target, 62).unwrap().deploying_over(Api::Soap).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Settings);
    }

    #[tokio::test]
    async fn a_validation_is_deployed_by_its_id() {
        let script = Script::new([posted(), ended("Succeeded")]);
        let org = org(&script);
        let writer = org.writer();
        let result = writer.deploy_validated("0AfV1", None, &Interrupt::new(), &mut |_| {}).await.unwrap();
        assert_eq!(result.id, ID);
        assert_eq!(script.asked()[0].text(), r#"{"validatedDeployRequestId":"0AfV1"}"#);
    }

    #[tokio::test]
    async fn a_validation_that_is_not_found_is_not_an_address_that_is_not() {
        let body = r#"[{"message":"The requested resource does not exist","errorCode":"NOT_FOUND"}]"#;
        let script = Script::new([Reply::json(404, body)]);
        let org = org(&script);
        let deployed = org.writer().deploy_validated("0AfV1", None, &Interrupt::new(), &mut |_| {}).await;
        let entry = deployed.unwrap_err().entry().unwrap();
        assert_eq!(entry.code, "validation-not-deployable");
    }

    #[tokio::test]
    async fn an_org_that_is_not_there_has_been_sent_nothing() {
        let script = Script::new([]);
        let org = org(&script);
        drop(script);
        let options = DeployOptions::default();
        let error = org.writer().deploy(b"zip", &options, &Interrupt::new(), &mut |_| {}).await.unwrap_err();
        assert_eq!(error.left(), &Left::NothingSent, "{error:?}");
        // No connection came about, so it may be tried again.
        assert_eq!(org.requests(), 5);
    }

    #[tokio::test]
    async fn an_interrupt_cancels_and_waits_for_the_end() {
        for (end, outcome) in [("Canceled", Outcome::Canceled), ("Succeeded", Outcome::Succeeded)] {
            let interrupt = Interrupt::new();
            let canceling = Reply::json(202, &answer("Canceling", false, Value::Null).to_string());
            let replies = vec![posted(), running(), canceling, running(), ended(end)];
            let run = run(replies, DeployOptions::default(), &interrupt, |event| {
                if matches!(event, DeployEvent::Progress { .. }) && interrupt.count() == 0 {
                    interrupt.fire();
                }
            })
            .await;
            let result = run.result.unwrap();
            assert_eq!((result.outcome(), &result.cancel), (outcome, &Cancel::Asked));
            assert_eq!(run.lines, [POST, LOOK, CANCEL, LOOK, LOOK]);
            assert_eq!(run.script.asked()[2].text(), r#"{"deployResult":{"status":"Canceling"}}"#);
            assert_eq!(names(&run.events)[..3], ["Posted", "InProgress", "CancelAsked"]);
        }
    }

    #[tokio::test]
    async fn a_refused_cancellation_is_told_and_the_deployment_watched_on() {
        let interrupt = Interrupt::new();
        let refused = r#"[{"message":"Deployment already completed","errorCode":"INVALID_ID_FIELD"}]"#;
        let replies = vec![posted(), running(), Reply::json(400, refused), ended("Succeeded")];
        let run = run(replies, DeployOptions::default(), &interrupt, |event| {
            if matches!(event, DeployEvent::Progress { state, .. } if state == "InProgress") {
                interrupt.fire();
            }
        })
        .await;
        let result = run.result.unwrap();
        assert_eq!(result.outcome(), Outcome::Succeeded);
        assert_eq!(result.cancel, Cancel::Refused("INVALID_ID_FIELD: Deployment already completed".into()));
    }

    #[tokio::test]
    async fn a_second_interrupt_stops_waiting() {
        let interrupt = Interrupt::new();
        let canceling = Reply::json(202, &answer("Canceling", false, Value::Null).to_string());
        let again = interrupt.clone();
        // The look after the cancellation is never answered.
        let hanging = Reply::silent().then(move || again.fire());
        let replies = vec![posted(), running(), canceling, hanging];
        let run = run(replies, DeployOptions::default(), &interrupt, |event| {
            if matches!(event, DeployEvent::Progress { .. }) {
                interrupt.fire();
            }
        })
        .await;
        let result = run.result.unwrap();
        assert_eq!((result.outcome(), result.cancel), (Outcome::StillRunning, Cancel::Asked));
        assert_eq!(result.id, ID);
    }

    #[tokio::test]
    async fn an_interrupt_before_the_answer_waits_for_the_id() {
        let interrupt = Interrupt::new();
        let early = interrupt.clone();
        let replies = vec![posted().then(move || early.fire()), Reply::json(202, "{}"), ended("Canceled")];
        let run = run(replies, DeployOptions::default(), &interrupt, |_| {}).await;
        assert_eq!(run.result.unwrap().outcome(), Outcome::Canceled);
        assert_eq!(run.lines, [POST, CANCEL, LOOK]);
    }

    #[tokio::test]
    async fn two_interrupts_before_the_answer_leave_things_open() {
        let interrupt = Interrupt::new();
        let early = interrupt.clone();
        let hanging = Reply::silent().then(move || {
            early.fire();
            early.fire();
        });
        let run = run(vec![hanging], DeployOptions::default(), &interrupt, |_| {}).await;
        let error = run.result.unwrap_err();
        assert_eq!((error.kind(), error.left()), (ErrorKind::Interrupted, &Left::Unknown));
    }

    #[tokio::test]
    async fn an_interrupt_before_the_start_sends_nothing() {
        let interrupt = Interrupt::new();
        interrupt.fire();
        let run = run(vec![posted()], DeployOptions::default(), &interrupt, |_| {}).await;
        let error = run.result.unwrap_err();
        assert_eq!((error.kind(), error.left()), (ErrorKind::Interrupted, &Left::NothingSent));
        assert!(run.lines.is_empty());
    }

    #[tokio::test]
    async fn an_interrupt_gives_the_org_time_to_cancel() {
        let interrupt = Interrupt::new();
        let early = interrupt.clone();
        let replies =
            vec![posted().then(move || early.fire()), Reply::json(202, "{}"), running(), ended("Canceled")];
        let options = DeployOptions { wait: Some(Duration::ZERO), ..DeployOptions::default() };
        let run = run(replies, options, &interrupt, |_| {}).await;
        assert_eq!(run.result.unwrap().outcome(), Outcome::Canceled);
        assert_eq!(run.lines, [POST, CANCEL, LOOK, LOOK]);
    }

    #[test]
    fn a_deployment_can_be_moved_to_another_thread() {
        fn is_send<T: Send>(_: T) {}
        let script = Script::new([]);
        let org = org(&script);
        let (options, interrupt) = (DeployOptions::default(), Interrupt::new());
        is_send(org.writer().deploy(b"zip", &options, &interrupt, &mut |_| {}));
        is_send(org.reader().retrieve(&std::collections::BTreeMap::new()));
    }

    #[tokio::test]
    async fn without_time_to_wait_it_is_sent_and_left() {
        let options = DeployOptions { wait: Some(Duration::ZERO), ..DeployOptions::default() };
        let run = run(vec![posted()], options, &Interrupt::new(), |_| {}).await;
        let result = run.result.unwrap();
        assert_eq!((result.id.as_str(), result.outcome()), (ID, Outcome::StillRunning));
        assert_eq!(run.lines, [POST]);
    }

    #[tokio::test]
    async fn when_the_time_is_up_it_is_still_running() {
        let options = DeployOptions { wait: Some(Duration::from_nanos(1)), ..DeployOptions::default() };
        let run = run(vec![posted(), running(), running()], options, &Interrupt::new(), |_| {}).await;
        let result = run.result.unwrap();
        assert_eq!((result.outcome(), result.status.as_str()), (Outcome::StillRunning, "InProgress"));
        assert_eq!(run.lines, [POST, LOOK]);
    }

    #[tokio::test]
    async fn a_deployment_can_be_found_again() {
        let script = Script::new([running(), running(), ended("Succeeded")]);
        let org = org(&script);
        assert_eq!(org.reader().deployment(ID).await.unwrap().outcome(), Outcome::StillRunning);
        let result = org.writer().resume(ID, None, &Interrupt::new(), &mut |_| {}).await.unwrap();
        assert_eq!(result.outcome(), Outcome::Succeeded);
        for wrong in ["", "../../query", "0AfWs00000AbCdEKAV/x"] {
            assert!(org.reader().deployment(wrong).await.is_err(), "{wrong}");
            assert!(org.writer().cancel(wrong).await.is_err(), "{wrong}");
        }
        assert_eq!(script.asked().len(), 3);
    }
}
