//! The gate of an org: answers what belongs to logins as a test wants it, and passes everything else on to a local
//! org. So the real client meets tokens that end, are refused, or belong to another org.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What the token endpoint answers, in order; the last answer stays.
#[derive(Clone)]
pub enum Grant {
    /// A session of the org behind, with more JSON members, such as `,"refresh_token":"..."`.
    Session(String),
    /// A token that the org does not know.
    Dead,
    /// For an org at another address.
    Elsewhere(String),
    /// An OAuth pair.
    Refused(&'static str, &'static str),
}

pub struct Front {
    url: String,
    shared: Arc<Shared>,
}

struct Shared {
    url: String,
    /// Host and port of the org behind.
    behind: String,
    token: String,
    grants: Mutex<VecDeque<Grant>>,
    forms: Mutex<Vec<String>>,
}

impl Front {
    pub fn before(instance_url: &str, token: &str, grants: impl IntoIterator<Item = Grant>) -> Front {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            url: url.clone(),
            behind: instance_url.trim_start_matches("http://").to_owned(),
            token: token.to_owned(),
            grants: Mutex::new(grants.into_iter().collect()),
            forms: Mutex::default(),
        });
        let server = Arc::clone(&shared);
        // It ends with the process of the tests.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let server = Arc::clone(&server);
                // A client that hangs up is none of our business.
                std::thread::spawn(move || server.serve(stream.unwrap()).unwrap_or_default());
            }
        });
        Front { url, shared }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// What was posted to the OAuth endpoints: the path's last word, and the form.
    pub fn forms(&self) -> Vec<String> {
        self.shared.forms.lock().unwrap().clone()
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let mut head = line.clone();
        let mut length = 0;
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
                break;
            }
            let lower = header.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if !lower.starts_with("connection:") {
                head += &header;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let path = line.split_whitespace().nth(1).unwrap_or_default();
        let (status, answer) = match path.strip_prefix("/services/oauth2/") {
            Some(endpoint @ ("token" | "revoke")) => {
                let form = String::from_utf8_lossy(&body);
                self.forms.lock().unwrap().push(format!("{endpoint} {form}"));
                if endpoint == "revoke" { (200, String::new()) } else { self.grant() }
            }
            _ => {
                let mut org = TcpStream::connect(&self.behind)?;
                org.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes())?;
                org.write_all(&body)?;
                std::io::copy(&mut org, &mut stream)?;
                return Ok(());
            }
        };
        let length = answer.len();
        let head =
            format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n");
        stream.write_all(format!("{head}Connection: close\r\n\r\n{answer}").as_bytes())
    }

    fn grant(&self) -> (u16, String) {
        let mut grants = self.grants.lock().unwrap();
        let grant = if grants.len() > 1 { grants.pop_front() } else { grants.front().cloned() };
        let granted = |token: &str, url: &str, more: &str| {
            let id = format!("{url}/id/00Dxx0000001gPLEAY/005xx000001X8UzAAK");
            format!(
                r#"{{"access_token":"{token}","instance_url":"{url}","id":"{id}","token_type":"Bearer"{more}}}"#
            )
        };
        match grant.unwrap() {
            Grant::Session(more) => (200, granted(&self.token, &self.url, &more)),
            Grant::Dead => (200, granted("00Dxx0000001gPL!AQ4dead_canary_session", &self.url, "")),
            Grant::Elsewhere(url) => (200, granted("00Dxx0000001gPL!AQ4canary_session", &url, "")),
            Grant::Refused(error, description) => {
                (400, format!(r#"{{"error":"{error}","error_description":"{description}"}}"#))
            }
        }
    }
}
