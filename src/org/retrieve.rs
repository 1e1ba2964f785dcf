//! Reads components out of an org: asks for a retrieve, waits until it is done, and opens its zip. Only SOAP can do
//! this (MD-3). What the files say is left to the caller.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::time::Instant;

use super::archive::{self, package_path, percent_decoded};
use super::error::{Misfit, Refusal, Trouble};
use super::request::Request;
use super::soap::{self, Element, element, leaf};
use super::{Error, Reader};

/// One retrieve may hold 10,000 files (MD-20), and a component has two of them at most.
const MEMBERS_A_CALL: usize = 5_000;
/// A zip of 50 MB in base64 (MD-21) with the properties of 10,000 files around it.
const LONGEST_ANSWER: usize = 160 << 20;
const ANSWER_WITHIN: Duration = Duration::from_secs(300);
const DOING: &str = "retrieve from";

/// What came out of an org.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Retrieved {
    /// Sorted by path.
    pub files: Vec<RetrievedFile>,
    /// What was asked for and is not there, sorted.
    pub missing: Vec<Missing>,
    /// Whatever else the org remarked.
    pub messages: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct RetrievedFile {
    /// Such as `ConnectedApp`, or `Settings`; `None` where the org told no properties of the file.
    pub type_name: Option<String>,
    /// Inside the package, such as `connectedApps/Orders_App.connectedApp`. The file's name is the member's:
    /// percent-encoded where the org encodes it.
    pub path: String,
    pub record_id: Option<String>,
    pub bytes: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    pub type_name: String,
    pub full_name: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.type_name, self.full_name)
    }
}

/// A retrieve that is over: its files, or the news that the zip is gone.
enum Collected {
    Whole(Retrieved),
    /// The zip is handed out once, and that answer was lost on its way.
    ZipGone(Error),
}

impl Reader<'_> {
    /// Retrieves these members (type name to full names; `*` for all of a type). No members, no request.
    pub async fn retrieve(&self, members: &BTreeMap<String, Vec<String>>) -> Result<Retrieved, Error> {
        let mut whole = Retrieved::default();
        let mut waiting = VecDeque::from(parts(members, MEMBERS_A_CALL));
        while let Some(part) = waiting.pop_front() {
            let retrieved = match self.retrieve_part(&part).await {
                // How large the files are shows only when they are packed (MD-21, MD-22).
                Err(Error::Rejected(_, refusal)) if is_too_much(&refusal) && count(&part) > 1 => {
                    for half in halves(part).into_iter().rev() {
                        waiting.push_front(half);
                    }
                    continue;
                }
                retrieved => retrieved?,
            };
            whole.files.extend(retrieved.files);
            whole.missing.extend(retrieved.missing);
            whole.messages.extend(retrieved.messages);
        }
        whole.files.sort_by(|a, b| a.path.cmp(&b.path));
        whole.missing.sort();
        whole.missing.dedup();
        Ok(whole)
    }

    async fn retrieve_part(&self, part: &Part<'_>) -> Result<Retrieved, Error> {
        match self.collect(&self.start(part).await?).await? {
            Collected::Whole(retrieved) => return Ok(retrieved),
            Collected::ZipGone(_) => {}
        }
        match self.collect(&self.start(part).await?).await? {
            Collected::Whole(retrieved) => Ok(retrieved),
            Collected::ZipGone(error) => Err(error),
        }
    }

    /// Asks for a retrieve, and gives its id. Asking twice does no harm, so this request may be repeated.
    async fn start(&self, part: &Part<'_>) -> Result<String, Error> {
        let version = self.client.version_text();
        let body = soap::body(|xml| {
            element(xml, "retrieve", |xml| {
                element(xml, "retrieveRequest", |xml| {
                    leaf(xml, "apiVersion", &version)?;
                    leaf(xml, "singlePackage", "true")?;
                    element(xml, "unpackaged", |xml| {
                        for (type_name, names) in part {
                            element(xml, "types", |xml| {
                                names.iter().try_for_each(|name| leaf(xml, "members", name))?;
                                leaf(xml, "name", type_name)
                            })?;
                        }
                        leaf(xml, "version", &version)
                    })
                })
            })
        });
        let request = self.client.soap(body.unwrap_or_default().into(), DOING);
        let result = self.client.result(&request).await?;
        match result.text_of("id") {
            Some(id) => Ok(id.to_owned()),
            None => Err(self.client.unexpected(&request, "the org gave the retrieve no id")),
        }
    }

    /// Looks until the retrieve is done. The zip comes with the last look: asking for it separately would be one
    /// more request in every run, for the rare answer that is lost.
    async fn collect(&self, id: &str) -> Result<Collected, Error> {
        let body = soap::body(|xml| {
            element(xml, "checkRetrieveStatus", |xml| {
                leaf(xml, "asyncProcessId", id)?;
                leaf(xml, "includeZip", "true")
            })
        });
        let request = self
            .client
            .soap(body.unwrap_or_default().into(), DOING)
            .only_once()
            .longest_answer(LONGEST_ANSWER)
            .answer_within(ANSWER_WITHIN);
        let pace = &self.client.pace;
        let started = Instant::now();
        let (mut looks, mut failed, mut lost) = (0, 0, false);
        loop {
            let wait = match self.client.result(&request).await {
                Ok(result) if result.is_true("done") => return self.read(&request, result, lost),
                Ok(_) => {
                    failed = 0;
                    looks += 1;
                    pace.between_looks(looks, 0)
                }
                Err(error) if error.is_passing() && failed < pace.patience => {
                    failed += 1;
                    lost = true;
                    pace.after_failed_look(failed, None)
                }
                Err(error @ Error::Rejected(..)) if lost => return Ok(Collected::ZipGone(error)),
                Err(error) => return Err(error),
            };
            if started.elapsed() >= pace.retrieve_within {
                let seconds = pace.retrieve_within.as_secs();
                let trouble = Trouble::Silent { host: self.client.instance_url().to_owned(), seconds };
                let context = self.client.context(&request, super::Left::Reading);
                return Err(Error::network(context, trouble));
            }
            tokio::time::sleep(wait).await;
        }
    }

    fn read(&self, request: &Request, mut result: Element, lost: bool) -> Result<Collected, Error> {
        let context = || self.client.context(request, super::Left::Reading);
        let bad_zip = |problem: String| Error::protocol(context(), Misfit::Zip(problem));
        let code = result.text_of("errorStatusCode");
        let message = result.text_of("errorMessage");
        if code.is_some() || message.is_some() || result.text_of("status") == Some("Failed") {
            let code = code.unwrap_or("RETRIEVE_FAILED").to_owned();
            let message = self.client.scrub(message.unwrap_or("(no message)"));
            return Err(Error::refused(context(), Refusal { status: 200, code, message }));
        }

        let Some(zip) = result.take_text_of("zipFile") else {
            let gone = bad_zip("is not in the answer".into());
            return if lost { Ok(Collected::ZipGone(gone)) } else { Err(gone) };
        };
        let mut zip = zip;
        zip.retain(|character| !character.is_ascii_whitespace());
        let zip = STANDARD.decode(zip).map_err(|cause| bad_zip(format!("is not base64 ({cause})")))?;
        let mut retrieved = files(archive::open(&zip).map_err(bad_zip)?, &result).map_err(bad_zip)?;
        for message in result.all("messages") {
            let problem = message.text_of("problem").unwrap_or_default();
            match missing(problem) {
                Some(missing) => retrieved.missing.push(missing),
                None if problem.is_empty() => {}
                None => retrieved.messages.push(self.client.scrub(problem)),
            }
        }
        Ok(Collected::Whole(retrieved))
    }
}

/// Brings files and their properties together.
fn files(entries: Vec<archive::Entry>, result: &Element) -> Result<Retrieved, String> {
    let mut properties: BTreeMap<String, &Element> = BTreeMap::new();
    for row in result.all("fileProperties") {
        // The manifest is no component, and has a row all the same.
        if let Some(file) = row.text_of("fileName").filter(|_| row.text_of("type") != Some("Package")) {
            // Encoded in one place and not in the other, a path is the same.
            properties.insert(percent_decoded(package_path(file)), row);
        }
    }
    let mut retrieved = Retrieved::default();
    let mut seen = std::collections::BTreeSet::new();
    for archive::Entry { path, bytes } in entries {
        if path == "package.xml" {
            continue;
        }
        let decoded = percent_decoded(&path);
        let row = properties.get(&decoded);
        let text = |name: &str| row.and_then(|row| row.text_of(name)).map(str::to_owned);
        let (type_name, record_id) = (text("type"), text("id"));
        if !seen.insert(decoded) {
            return Err(format!("has `{path}` twice"));
        }
        retrieved.files.push(RetrievedFile { type_name, record_id, bytes, path });
    }
    // A component without its file would pass for one that does not exist, and be created anew.
    match properties.keys().find(|path| !seen.contains(*path)) {
        Some(path) => Err(format!("lacks `{path}`, which the org says it retrieved")),
        None => Ok(retrieved),
    }
}

/// The component that a message reports as absent (MD-35).
fn missing(problem: &str) -> Option<Missing> {
    let inner = problem.strip_prefix("Entity of type '")?.strip_suffix("' cannot be found")?;
    let (type_name, full_name) = inner.split_once("' named '")?;
    Some(Missing { type_name: type_name.to_owned(), full_name: full_name.to_owned() })
}

/// What one call asks for: type names with the names of members.
type Part<'a> = Vec<(&'a str, Vec<&'a str>)>;

fn count(part: &Part<'_>) -> usize {
    part.iter().map(|(_, names)| names.len()).sum()
}

/// The first and the second half of a part's members.
fn halves(part: Part<'_>) -> [Part<'_>; 2] {
    let mut room = count(&part) / 2;
    let (mut first, mut second) = (Part::new(), Part::new());
    for (type_name, mut names) in part {
        let rest = names.split_off(room.min(names.len()));
        room -= names.len();
        first.extend((!names.is_empty()).then_some((type_name, names)));
        second.extend((!rest.is_empty()).then_some((type_name, rest)));
    }
    [first, second]
}

/// Whether a smaller question may have an answer.
fn is_too_much(refusal: &Refusal) -> bool {
    refusal.code == "LIMIT_EXCEEDED"
        || refusal.message.contains("Too many files")
        || refusal.message.contains("Maximum size of request")
}

/// Splits members into calls of at most `most` each.
fn parts(members: &BTreeMap<String, Vec<String>>, most: usize) -> Vec<Part<'_>> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    let mut room = 0;
    for (type_name, names) in members {
        let mut rest: &[String] = names;
        while !rest.is_empty() {
            if room == 0 {
                parts.push(Vec::new());
                room = most;
            }
            let (now, later) = rest.split_at(room.min(rest.len()));
            if let Some(part) = parts.last_mut() {
                part.push((type_name, now.iter().map(String::as_str).collect()));
            }
            room -= now.len();
            rest = later;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::super::archive::tests::zipped;
    use super::super::script::{Reply, Script, TOKEN, org};
    use super::super::{ErrorKind, Left};
    use super::*;

    fn members(all: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        all.iter().map(|(type_name, names)| ((*type_name).to_owned(), owned(names))).collect()
    }

    fn one() -> BTreeMap<String, Vec<String>> {
        members(&[("ConnectedApp", &["Orders_App", "Gone"])])
    }

    fn envelope(call: &str, result: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope \
             xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
             xmlns=\"http://soap.sforce.com/2006/04/metadata\"><soapenv:Body><{call}Response><result>{result}</result>\
             </{call}Response></soapenv:Body></soapenv:Envelope>"
        )
    }

    fn started() -> Reply {
        Reply::xml(200, &envelope("retrieve", "<done>false</done><id>09SA1</id><state>Queued</state>"))
    }

    fn running() -> Reply {
        let result = "<done>false</done><id>09SA1</id><status>InProgress</status><success>false</success>\
                      <zipFile xsi:nil=\"true\"/>";
        Reply::xml(200, &envelope("checkRetrieveStatus", result))
    }

    fn row(file: &str, name: &str, type_name: &str, id: &str) -> String {
        format!(
            "<fileProperties><createdByName>Ada</createdByName><fileName>{file}</fileName><fullName>{name}</fullName>\
             <id>{id}</id><type>{type_name}</type></fileProperties>"
        )
    }

    fn done(files: &[(&str, &str)], rest: &str) -> Reply {
        let zip = STANDARD.encode(zipped(files));
        let result = format!(
            "<done>true</done>{rest}<id>09SA1</id><status>Succeeded</status><success>true</success><zipFile>{zip}</zipFile>"
        );
        Reply::xml(200, &envelope("checkRetrieveStatus", &result))
    }

    fn whole() -> Reply {
        let rows = row("unpackaged/package.xml", "unpackaged/package.xml", "Package", "")
            + &row("unpackaged/connectedApps/Orders_App.connectedApp", "Orders_App", "ConnectedApp", "0H4A1")
            + "<messages><fileName>unpackaged/package.xml</fileName><problem>Entity of type &apos;ConnectedApp&apos; \
               named &apos;Gone&apos; cannot be found</problem></messages>";
        let files = [
            ("unpackaged/package.xml", "<Package/>"),
            ("unpackaged/connectedApps/Orders_App.connectedApp", "<ConnectedApp/>"),
        ];
        done(&files, &rows)
    }

    fn fault(code: &str, text: &str) -> Reply {
        Reply::xml(
            500,
            &format!(
                "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
                 xmlns:sf=\"http://soap.sforce.com/2006/04/metadata\"><soapenv:Body><soapenv:Fault>\
                 <faultcode>sf:{code}</faultcode><faultstring>{code}: {text}</faultstring></soapenv:Fault>\
                 </soapenv:Body></soapenv:Envelope>"
            ),
        )
    }

    fn expected() -> Retrieved {
        Retrieved {
            files: vec![RetrievedFile {
                type_name: Some("ConnectedApp".into()),
                path: "connectedApps/Orders_App.connectedApp".into(),
                record_id: Some("0H4A1".into()),
                bytes: b"<ConnectedApp/>".to_vec(),
            }],
            missing: vec![Missing { type_name: "ConnectedApp".into(), full_name: "Gone".into() }],
            messages: Vec::new(),
        }
    }

    #[tokio::test]
    async fn files_and_absent_names_come_back() {
        let script = Script::new([started(), running(), whole()]);
        let org = org(&script);
        assert_eq!(org.reader().retrieve(&one()).await.unwrap(), expected());
        assert_eq!(org.requests(), 3);
        let asked = script.asked();
        assert!(asked.iter().all(|asked| asked.line == "POST /services/Soap/m/62.0"));
        assert_eq!(asked[0].header("content-type"), Some("text/xml; charset=UTF-8"));
        assert_eq!(asked[0].header("soapaction"), Some("\"\""));
        assert!(asked[0].text().contains(&format!("<sessionId>{TOKEN}</sessionId>")));
        assert!(asked[0].text().contains(
            "<retrieve><retrieveRequest><apiVersion>62.0</apiVersion><singlePackage>true</singlePackage><unpackaged>\
             <types><members>Orders_App</members><members>Gone</members><name>ConnectedApp</name></types>\
             <version>62.0</version></unpackaged></retrieveRequest></retrieve>"
        ));
        assert!(asked[2].text().contains(
            "<checkRetrieveStatus><asyncProcessId>09SA1</asyncProcessId><includeZip>true</includeZip>"
        ));
    }

    #[tokio::test]
    async fn a_path_is_the_same_without_the_top_folder_and_encoded_or_not() {
        let rows = row("connectedApps/My (x).connectedApp", "My (x)", "ConnectedApp", "0H4A1");
        let script = Script::new([started(), done(&[("connectedApps/My %28x%29.connectedApp", "x")], &rows)]);
        let retrieved = org(&script).reader().retrieve(&one()).await.unwrap();
        assert_eq!(retrieved.files[0].path, "connectedApps/My %28x%29.connectedApp");
        assert_eq!(retrieved.files[0].type_name.as_deref(), Some("ConnectedApp"));
    }

    #[tokio::test]
    async fn no_members_need_no_request() {
        let script = Script::new([]);
        let members = members(&[("ConnectedApp", &[])]);
        assert_eq!(org(&script).reader().retrieve(&members).await.unwrap(), Retrieved::default());
        assert!(script.asked().is_empty());
    }

    #[tokio::test]
    async fn looks_go_on_through_troubles() {
        let script = Script::new([
            started(),
            Reply::dropped(),
            Reply::text(503, "text/html", "<html>Down for maintenance</html>"),
            running().cut(40),
            whole(),
        ]);
        let org = org(&script);
        assert_eq!(org.reader().retrieve(&one()).await.unwrap(), expected());
        assert_eq!(org.requests(), 5);
    }

    #[tokio::test]
    async fn a_zip_lost_on_its_way_is_retrieved_again() {
        let gone = fault("INVALID_LOCATOR", "retrieve result already deleted: 09SA1");
        let script = Script::new([started(), whole().cut(200), gone, started(), whole()]);
        let org = org(&script);
        assert_eq!(org.reader().retrieve(&one()).await.unwrap(), expected());
        assert_eq!(org.requests(), 5);
    }

    #[tokio::test]
    async fn starting_is_repeated_while_the_org_is_away() {
        let script = Script::new([Reply::json(503, "[]"), Reply::dropped(), started(), whole()]);
        let org = org(&script);
        assert_eq!(org.reader().retrieve(&one()).await.unwrap(), expected());
        assert_eq!(org.requests(), 4);
    }

    #[tokio::test]
    async fn an_expired_session_is_a_login_matter() {
        let text = format!("Invalid Session ID found in SessionHeader: Illegal Session {TOKEN}");
        let script = Script::new([fault("INVALID_SESSION_ID", &text)]);
        let error = org(&script).reader().retrieve(&one()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Login);
        assert_eq!(error.refusal().unwrap().code, "INVALID_SESSION_ID");
        let told = format!("{error:?} {error} {} {}", error.refusal().unwrap(), error.help());
        assert!(!told.contains(TOKEN), "{told}");
        assert_eq!(script.asked().len(), 1);
    }

    #[tokio::test]
    async fn a_failed_retrieve_keeps_the_words_of_the_org() {
        let result = "<done>true</done><errorMessage>You can only retrieve 10000 files</errorMessage>\
                      <errorStatusCode>LIMIT_EXCEEDED</errorStatusCode><status>Failed</status><success>false</success>";
        let script = Script::new([started(), Reply::xml(200, &envelope("checkRetrieveStatus", result))]);
        let members = members(&[("ConnectedApp", &["Orders_App"])]);
        let error = org(&script).reader().retrieve(&members).await.unwrap_err();
        assert_eq!(error.refusal().unwrap().to_string(), "LIMIT_EXCEEDED: You can only retrieve 10000 files");
        assert_eq!(error.left(), &Left::Reading);
    }

    #[tokio::test]
    async fn a_zip_that_leads_outside_or_lacks_a_file_is_refused() {
        let outside = done(&[("connectedApps/../../evil", "x")], "");
        let lacking =
            done(&[("package.xml", "x")], &row("connectedApps/A.connectedApp", "A", "ConnectedApp", "1"));
        for reply in [outside, lacking] {
            let script = Script::new([started(), reply]);
            let error = org(&script).reader().retrieve(&one()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{error:?}");
        }
    }

    #[tokio::test]
    async fn what_is_too_much_at_once_is_asked_for_in_halves() {
        let result = "<done>true</done><errorMessage>too much</errorMessage><errorStatusCode>LIMIT_EXCEEDED</errorStatusCode>\
                      <status>Failed</status><success>false</success>";
        let too_much = Reply::xml(200, &envelope("checkRetrieveStatus", result));
        let file = |name: &str| {
            let path = format!("connectedApps/{name}.connectedApp");
            done(&[(path.as_str(), "<ConnectedApp/>")], "")
        };
        let script =
            Script::new([started(), too_much, started(), file("Gone"), started(), file("Orders_App")]);
        let retrieved = org(&script).reader().retrieve(&one()).await.unwrap();
        assert_eq!(retrieved.files.len(), 2);
        assert!(script.asked()[2].text().contains("<types><members>Orders_App</members><name>"));
        assert!(script.asked()[4].text().contains("<types><members>Gone</members><name>"));
        let part = vec![("A", vec!["1", "2"]), ("B", vec!["3"])];
        assert_eq!(halves(part), [vec![("A", vec!["1"])], vec![("A", vec!["2"]), ("B", vec!["3"])]]);
    }

    #[test]
    fn many_members_become_several_calls() {
        let members = members(&[("A", &["1", "2", "3"]), ("B", &["4", "5"]), ("C", &[])]);
        let parts = parts(&members, 2);
        assert_eq!(
            parts,
            [vec![("A", vec!["1", "2"])], vec![("A", vec!["3"]), ("B", vec!["4"])], vec![("B", vec!["5"])]]
        );
    }
}
