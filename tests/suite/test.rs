//! A project in a folder of its own, and the commands run in it.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use assert_cmd::Command;
use tempfile::TempDir;

const ORGWIRE: &str = env!("CARGO_BIN_EXE_orgwire");
/// Longer than anything takes, so that a test that waits in vain ends.
const PATIENCE: Duration = Duration::from_secs(120);

/// A project under test.
pub struct Test {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// What a command said.
pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Test {
    pub fn new() -> Test {
        Test { folder: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    /// A project with one of the manifests that come with orgwire.
    pub fn example(name: &str) -> Test {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests").join(format!("{name}.toml"));
        Test::new().manifest(&fs::read_to_string(path).unwrap())
    }

    /// The same system in the successor's form, from `manifests/external-client-app`.
    pub fn twin(name: &str) -> Test {
        Test::example(&format!("external-client-app/{name}"))
    }

    /// Writes `manifests/main.toml`. Lines may be indented as the test is.
    pub fn manifest(self, text: &str) -> Test {
        self.file("manifests/main.toml", &unindent(text))
    }

    pub fn file(self, path: &str, text: &str) -> Test {
        self.write(path, text);
        self
    }

    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no {from:?}");
        self.write(path, text.replace(from, to));
    }

    pub fn variable(mut self, name: &str, value: &str) -> Test {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Runs `orgwire` with these words, split at blanks.
    pub fn run(&self, words: &str) -> Said {
        self.run_words(&words.split_whitespace().collect::<Vec<_>>())
    }

    pub fn run_words(&self, words: &[&str]) -> Said {
        self.said(self.command(words).output().unwrap())
    }

    /// Runs a shell script in the project, with `$ORGWIRE` as the program.
    pub fn run_script(&self, script: &str) -> Said {
        self.said(Command::from_std(self.program("sh", &["-c", script])).timeout(PATIENCE).output().unwrap())
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::from_std(self.program(ORGWIRE, words));
        command.timeout(PATIENCE);
        command
    }

    /// Starts `orgwire` and does not wait for it.
    pub fn start(&self, words: &str) -> Running {
        self.start_words(&words.split_whitespace().collect::<Vec<_>>())
    }

    pub fn start_words(&self, words: &[&str]) -> Running {
        Running::of(self.program(ORGWIRE, words))
    }

    /// Without variables of the machine that change what orgwire does or how it looks.
    fn program(&self, program: &str, words: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(program);
        command.current_dir(self.folder.path()).args(words).env_clear().env("ORGWIRE", ORGWIRE);
        for name in ["PATH", "HOME", "TMPDIR", "SYSTEMROOT"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    fn said(&self, output: Output) -> Said {
        Said {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Commits everything to the project's own repository, and tags it.
    pub fn commit(&self, tag: &str) {
        const GIT: &str = "git -c user.name=Test -c user.email=test@example.com -c commit.gpgsign=false";
        let script = format!(
            "git init -q . 2>/dev/null; git add -A && {GIT} commit -q --allow-empty -m {tag} && git tag {tag}"
        );
        self.run_script(&script).success();
    }

    /// Every file of the project, with its path as the user would write it.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let shown = path.strip_prefix(self.folder.path()).unwrap().display().to_string();
                    found.push((shown, fs::read(&path).unwrap()));
                }
            }
        }
        found.sort();
        found
    }
}

/// A command that runs beside the test, and what it has said so far.
pub struct Running {
    child: Child,
    lines: Receiver<(Stream, String)>,
    stdout: String,
    stderr: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stream {
    Out,
    Err,
}

impl Running {
    fn of(mut command: std::process::Command) -> Running {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (send, lines) = channel();
        let listen = |stream, pipe: Box<dyn Read + Send>| {
            let send = send.clone();
            std::thread::spawn(move || {
                let mut pipe = BufReader::new(pipe);
                let mut line = String::new();
                while pipe.read_line(&mut line).unwrap() > 0 {
                    let _ = send.send((stream, std::mem::take(&mut line)));
                }
            });
        };
        listen(Stream::Out, Box::new(child.stdout.take().unwrap()));
        listen(Stream::Err, Box::new(child.stderr.take().unwrap()));
        Running { child, lines, stdout: String::new(), stderr: String::new() }
    }

    /// Waits until it says a line that contains `text`, and returns the line.
    #[track_caller]
    pub fn until(&mut self, text: &str) -> String {
        loop {
            match self.next() {
                Some(line) if line.contains(text) => return line,
                Some(_) => {}
                None => panic!("never said {text:?}\n{}\n{}", self.stdout, self.stderr),
            }
        }
    }

    fn next(&mut self) -> Option<String> {
        let (stream, line) = self.lines.recv_timeout(PATIENCE).ok()?;
        match stream {
            Stream::Out => self.stdout.push_str(&line),
            Stream::Err => self.stderr.push_str(&line),
        }
        Some(line)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal such as `INT`.
    pub fn signal(&self, name: &str) {
        let signal = format!("-{name}");
        let sent = std::process::Command::new("kill").args([&signal, &self.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(mut self) -> Said {
        while self.next().is_some() {}
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        Said { code, stdout: std::mem::take(&mut self.stdout), stderr: std::mem::take(&mut self.stderr) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After `end` there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Said {
    #[track_caller]
    pub fn success(self) -> Said {
        self.exits(0)
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Said {
        assert_eq!(self.code, code, "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }

    /// Both streams, with what differs from run to run replaced.
    pub fn talk(&self) -> String {
        steady(&self.stderr)
    }

    pub fn result(&self) -> String {
        steady(&self.stdout)
    }
}

/// Replaces ports and record ids, which differ from run to run.
pub fn steady(text: &str) -> String {
    let mut steady = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("127.0.0.1:") {
        let after = at + "127.0.0.1:".len();
        steady.push_str(&rest[..after]);
        let digits = rest[after..].bytes().take_while(u8::is_ascii_digit).count();
        steady.push_str("PORT");
        rest = &rest[after + digits..];
    }
    steady.push_str(rest);
    let words: Vec<String> =
        steady.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()).map(id).collect();
    words.concat()
}

/// `0Af...` and the like stand for record ids; `%2F` before one is kept.
fn id(word: &str) -> String {
    for prefix in ["0Af", "00D", "0XA", "0SO", "0H4", "005"] {
        if let Some(at) = word.find(prefix)
            && word[at..].bytes().take_while(u8::is_ascii_alphanumeric).count() == 18
            && (at == 0 || word[..at].ends_with("2F"))
        {
            return format!("{}{prefix}ID{}", &word[..at], &word[at + 18..]);
        }
    }
    word.to_owned()
}

/// Looks until it is so, for as long as anything may take.
#[track_caller]
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "{what}: it never does");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Removes the indentation that all lines share.
pub fn unindent(text: &str) -> String {
    let text = text.strip_prefix('\n').unwrap_or(text);
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let shared = text.lines().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    let lines = text.lines().map(|line| line.get(shared..).unwrap_or("").trim_end());
    lines.collect::<Vec<_>>().join("\n").trim_end().to_owned() + "\n"
}
