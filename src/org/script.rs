//! An org for the tests of this door: it answers what it is told to, in order, and remembers what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::{AccessToken, Org, Pace, Target};

pub(super) const TOKEN: &str = "00Dxx0000001gPL!AQ4AQ.verysecret_text";

/// An org at the other end of a script, without any waiting.
pub(super) fn org(script: &Script) -> Org {
    Org::connect(target(&script.url()), 62).unwrap().at_pace(Pace::at_once())
}

pub(super) fn target(url: &str) -> Target {
    Target {
        name: "test".into(),
        instance_url: url.into(),
        access_token: AccessToken::new(TOKEN),
        simulated: true,
    }
}

/// One request as it came.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Method and target, such as `GET /services/data`.
    pub line: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// One answer, or the lack of it.
pub(super) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    fate: Fate,
    before: Option<Box<dyn FnOnce() + Send>>,
}

#[derive(Debug, Clone, Copy)]
enum Fate {
    Sent,
    /// Only the first bytes of the body, then the end.
    Cut(usize),
    Dropped,
    Silent,
}

impl fmt::Debug for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {:?} {:?}", self.status, self.fate, String::from_utf8_lossy(&self.body))
    }
}

impl Reply {
    pub fn text(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Reply {
        let headers = vec![("Content-Type".to_owned(), kind.to_owned())];
        Reply { status, headers, body: body.into(), fate: Fate::Sent, before: None }
    }

    pub fn json(status: u16, body: &str) -> Reply {
        Reply::text(status, "application/json;charset=UTF-8", body)
    }

    pub fn xml(status: u16, body: &str) -> Reply {
        Reply::text(status, "text/xml;charset=UTF-8", body)
    }

    /// Takes the request and hangs up.
    pub fn dropped() -> Reply {
        Reply { fate: Fate::Dropped, ..Reply::text(200, "text/plain", "") }
    }

    /// Takes the request and says nothing.
    pub fn silent() -> Reply {
        Reply { fate: Fate::Silent, ..Reply::text(200, "text/plain", "") }
    }

    pub fn cut(self, bytes: usize) -> Reply {
        Reply { fate: Fate::Cut(bytes), ..self }
    }

    pub fn header(mut self, name: &str, value: &str) -> Reply {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Does something when the request has come, before it is answered.
    pub fn then(self, action: impl FnOnce() + Send + 'static) -> Reply {
        Reply { before: Some(Box::new(action)), ..self }
    }
}

#[derive(Default)]
struct Shared {
    replies: Mutex<VecDeque<Reply>>,
    asked: Mutex<Vec<Asked>>,
    open: Mutex<Vec<TcpStream>>,
    over: AtomicBool,
}

/// The server. It goes away, port and all, when dropped.
pub(super) struct Script {
    shared: Arc<Shared>,
    port: u16,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Script {
    pub fn new(replies: impl IntoIterator<Item = Reply>) -> Script {
        Script::telling(|_| replies.into_iter().collect())
    }

    /// The same for answers that tell the server's own address.
    pub fn telling(replies: impl FnOnce(&str) -> Vec<Reply>) -> Script {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        shared.replies.lock().unwrap().extend(replies(&format!("http://127.0.0.1:{port}")));
        let server = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if server.over.load(Ordering::SeqCst) {
                    return;
                }
                // A client that hangs up early is part of some scripts.
                let _ = serve(&server, stream.unwrap());
            }
        });
        Script { shared, port, thread: Some(thread) }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(shared: &Shared, mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':') {
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let line = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    shared.asked.lock().unwrap().push(Asked { line, headers, body });

    let reply = shared.replies.lock().unwrap().pop_front();
    let mut reply = reply.unwrap_or_else(|| Reply::text(599, "text/plain", "the script is over"));
    if let Some(action) = reply.before.take() {
        action();
    }
    let sent = match reply.fate {
        Fate::Dropped => return Ok(()),
        Fate::Silent => {
            shared.open.lock().unwrap().push(stream);
            return Ok(());
        }
        Fate::Cut(bytes) => &reply.body[..bytes],
        Fate::Sent => &reply.body[..],
    };
    let mut head = format!("HTTP/1.1 {} X\r\nConnection: close\r\n", reply.status);
    head += &format!("Content-Length: {}\r\n", reply.body.len());
    for (name, value) in &reply.headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all(head.as_bytes())?;
    stream.write_all(b"\r\n")?;
    stream.write_all(sent)
}
