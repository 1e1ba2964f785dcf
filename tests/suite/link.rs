//! The line between a command and an org, on which things go wrong at a chosen moment. It passes on one request at a
//! time, and writes down what passed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// One request, by what it is for in a deployment of two passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The deployment of a pass is on its way to the org: the fault comes before it.
    Post(usize),
    /// It has arrived: the fault takes its answer.
    PostAnswer(usize),
    /// The first look at the deployment of a pass.
    Poll(usize),
    /// The callback URL is asked for.
    BetweenPasses,
    /// The org is read once more after the last pass.
    ReadBack,
    /// Whatever comes.
    Next,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// kill -9
    Kill,
    /// Ctrl-C
    Interrupt,
    Drop,
    Delay,
    Unavailable,
    Truncated,
    Page,
    /// The session has ended, as far as this request is concerned.
    Expired,
}

/// A request that passed to the org.
#[derive(Debug, Clone)]
pub struct Passed {
    /// Method and path, and the call in a SOAP body.
    pub line: String,
    pub answer: String,
}

pub struct Link {
    url: String,
    shared: Arc<Shared>,
}

struct Shared {
    behind: String,
    strike: Mutex<Option<(Moment, Fault)>>,
    passed: Mutex<Vec<Passed>>,
    /// The process at this end, once it is known.
    process: Mutex<Option<u32>>,
    known: Condvar,
    /// The org has no newer API version.
    newest: u16,
}

impl Link {
    pub fn to(instance_url: &str) -> Link {
        Link::with(instance_url, u16::MAX)
    }

    /// To an org that is behind.
    pub fn to_older(instance_url: &str, newest: u16) -> Link {
        Link::with(instance_url, newest)
    }

    fn with(instance_url: &str, newest: u16) -> Link {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            behind: instance_url.trim_start_matches("http://").to_owned(),
            strike: Mutex::default(),
            passed: Mutex::default(),
            process: Mutex::default(),
            known: Condvar::new(),
            newest,
        });
        let server = Arc::clone(&shared);
        // It ends with the process of the tests.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let server = Arc::clone(&server);
                // A client that hangs up is part of it.
                std::thread::spawn(move || server.serve(stream.unwrap()).unwrap_or_default());
            }
        });
        Link { url, shared }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on, once.
    pub fn strike(&self, moment: Moment, fault: Fault) {
        *self.shared.strike.lock().unwrap() = Some((moment, fault));
    }

    /// Whether the fault has happened.
    pub fn has_struck(&self) -> bool {
        self.shared.strike.lock().unwrap().is_none()
    }

    /// Says which process is to be killed or interrupted.
    pub fn watch(&self, process: u32) {
        *self.shared.process.lock().unwrap() = Some(process);
        self.shared.known.notify_all();
    }

    pub fn passed(&self) -> Vec<Passed> {
        self.shared.passed.lock().unwrap().clone()
    }

    /// The deployments that the org has been sent, by their ids.
    pub fn deployments(&self) -> Vec<String> {
        let posts = self.passed().into_iter().filter(|passed| is_post(&passed.line));
        posts
            .map(|passed| {
                let body = passed.answer.split_once("\r\n\r\n").unwrap().1;
                let answer: serde_json::Value = serde_json::from_str(body).unwrap();
                answer["id"].as_str().unwrap().to_owned()
            })
            .collect()
    }
}

fn is_post(line: &str) -> bool {
    line.starts_with("POST ") && line.contains("/metadata/deployRequest")
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut first = String::new();
        reader.read_line(&mut first)?;
        let (mut head, mut length) = (first.clone(), 0);
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
                break;
            }
            let lower = header.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            // A packed answer cannot be looked into.
            if !lower.starts_with("connection:") && !lower.starts_with("accept-encoding:") {
                head += &header;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let line = described(&first, &body);
        match self.fault(&line, false) {
            Some(fault) if !self.lets_pass(fault) => return strike(fault, &mut stream),
            _ => {}
        }
        if let Some(answer) = self.refused_as_too_new(&line) {
            return stream.write_all(answer.as_bytes());
        }
        let mut org = TcpStream::connect(&self.behind)?;
        org.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes())?;
        org.write_all(&body)?;
        let mut answer = Vec::new();
        org.read_to_end(&mut answer)?;
        let passed = Passed { line: line.clone(), answer: String::from_utf8_lossy(&answer).into_owned() };
        self.passed.lock().unwrap().push(passed);
        match self.fault(&line, true) {
            Some(Fault::Truncated) => stream.write_all(&answer[..answer.len() - 20]),
            Some(fault) if !self.lets_pass(fault) => strike(fault, &mut stream),
            _ => stream.write_all(&answer),
        }
    }

    /// What an org of an older release says.
    fn refused_as_too_new(&self, line: &str) -> Option<String> {
        let version = ["/services/data/v", "/services/Soap/m/"]
            .iter()
            .find_map(|start| line.split_once(start)?.1.split_once(".0")?.0.parse::<u16>().ok());
        let (status, kind, body) = if line == "GET /services/data" && self.newest < u16::MAX {
            let newest = self.newest;
            let rows = (newest - 2..=newest).map(|version| {
                format!(r#"{{"label":"Release {version}","url":"/services/data/v{version}.0","version":"{version}.0"}}"#)
            });
            ("200 OK", "application/json", format!("[{}]", rows.collect::<Vec<_>>().join(",")))
        } else if version.is_none_or(|version| version <= self.newest) {
            return None;
        } else if line.contains("/Soap/") {
            let fault = "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body>\
                <soapenv:Fault><faultcode>sf:UNSUPPORTED_API_VERSION</faultcode><faultstring>UNSUPPORTED_API_VERSION: \
                Invalid Api version specified on URL</faultstring></soapenv:Fault></soapenv:Body></soapenv:Envelope>";
            ("500 Internal Server Error", "text/xml", fault.to_owned())
        } else {
            let body = r#"[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]"#;
            ("404 Not Found", "application/json", body.to_owned())
        };
        Some(format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        ))
    }

    /// The fault that meets this request on its way there, or its answer on the way back.
    fn fault(&self, line: &str, is_answer: bool) -> Option<Fault> {
        let posts = self.passed.lock().unwrap().iter().filter(|passed| is_post(&passed.line)).count();
        let mut strike = self.strike.lock().unwrap();
        let (moment, fault) = (*strike)?;
        let is_look = line.starts_with("GET ") && line.contains("/metadata/deployRequest/");
        let is_here = match moment {
            Moment::Post(pass) => !is_answer && is_post(line) && posts + 1 == pass,
            Moment::PostAnswer(pass) => is_answer && is_post(line) && posts == pass,
            Moment::Poll(pass) => is_answer && is_look && posts == pass,
            Moment::BetweenPasses => is_answer && line.contains("/query") && posts == 1,
            Moment::Next => !is_answer,
            Moment::ReadBack => is_answer && line.ends_with("readMetadata") && posts == 2,
        };
        if is_here {
            *strike = None;
        }
        // What an org has taken it does not refuse: the answer is lost, and then the session ends.
        if is_here && fault == Fault::Expired && matches!(moment, Moment::PostAnswer(_)) {
            *strike = Some((Moment::Next, fault));
            return Some(Fault::Drop);
        }
        is_here.then_some(fault)
    }

    /// What a fault does beside the line; whether the request goes on.
    fn lets_pass(&self, fault: Fault) -> bool {
        match fault {
            Fault::Kill => {
                self.signal("-KILL");
                false
            }
            Fault::Interrupt => {
                self.signal("-INT");
                // The signal is to be there before the answer.
                std::thread::sleep(Duration::from_millis(50));
                true
            }
            Fault::Delay => {
                std::thread::sleep(Duration::from_millis(400));
                true
            }
            _ => false,
        }
    }

    fn signal(&self, signal: &str) {
        let process = self.process.lock().unwrap();
        let process = self.known.wait_while(process, |process| process.is_none()).unwrap().unwrap();
        let sent = std::process::Command::new("kill").args([signal, &process.to_string()]).status();
        assert!(sent.unwrap().success());
    }
}

/// `POST /services/Soap/m/62.0 readMetadata`
fn described(first: &str, body: &[u8]) -> String {
    let line = first.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    let text = String::from_utf8_lossy(body);
    let call = text.split_once("soapenv:Body").and_then(|(_, rest)| {
        let rest = rest.split_once('>')?.1.strip_prefix('<')?;
        Some(rest[..rest.find(['>', ' ', '/'])?].to_owned())
    });
    call.map_or(line.clone(), |call| format!("{line} {call}"))
}

fn strike(fault: Fault, stream: &mut TcpStream) -> std::io::Result<()> {
    let (status, kind, body) = match fault {
        Fault::Unavailable => (
            "503 Service Unavailable",
            "application/json",
            r#"[{"message":"down","errorCode":"SERVER_UNAVAILABLE"}]"#,
        ),
        Fault::Page => ("200 OK", "text/html", "<html><body>We are down for maintenance</body></html>"),
        Fault::Expired => (
            "401 Unauthorized",
            "application/json",
            r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#,
        ),
        Fault::Truncated => {
            return stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{");
        }
        // Nothing is said, and the connection ends.
        _ => return Ok(()),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n"
    );
    stream.write_all(format!("{head}\r\n{body}").as_bytes())
}
