//! A project in a folder of its own, and the commands run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use tempfile::TempDir;

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
        let mut command = Command::new("sh");
        command.current_dir(self.folder.path()).args(["-c", script]);
        self.said(self.surroundings(&mut command).output().unwrap())
    }

    /// Without variables of the machine that change what orgwire does or how it looks.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orgwire"));
        command.current_dir(self.folder.path()).args(words);
        self.surroundings(&mut command);
        command
    }

    fn surroundings<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env_clear().env("ORGWIRE", env!("CARGO_BIN_EXE_orgwire"));
        for name in ["PATH", "HOME", "TMPDIR", "SYSTEMROOT"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.timeout(std::time::Duration::from_secs(120))
    }

    fn said(&self, output: Output) -> Said {
        Said {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What the local org holds, as it is kept on disk.
    pub fn org(&self) -> serde_json::Value {
        serde_json::from_str(&self.read(".orgwire/local/org.json")).unwrap()
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

/// Removes the indentation that all lines share.
pub fn unindent(text: &str) -> String {
    let text = text.strip_prefix('\n').unwrap_or(text);
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let shared = text.lines().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    let lines = text.lines().map(|line| line.get(shared..).unwrap_or("").trim_end());
    lines.collect::<Vec<_>>().join("\n").trim_end().to_owned() + "\n"
}
