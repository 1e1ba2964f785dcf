//! Generated keys and secrets for a system outside the org: to a file that its owner alone reads, to commands, to a
//! person's terminal. All of it before anything is sent, because a secret that nobody could take would be lost.

mod pipe;
mod screen;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use zeroize::Zeroizing;

use crate::cli;
use crate::command::{Attempt, Failure, Trouble};
use crate::report::Terminal;
use crate::secret::{Generated, Secret, Secrets};

pub use pipe::Pipe;

/// Who gets them.
#[derive(Debug, Clone, Default)]
pub struct HandOver {
    file: Option<PathBuf>,
    pipes: Vec<Pipe>,
    show: bool,
    /// The file was not there before; whoever gives up needs to know.
    is_written: Arc<AtomicBool>,
}

/// One of them, with the words for where it belongs.
struct Value<'a> {
    component: String,
    /// As manifests call it: `consumer-secret`.
    key: String,
    secret: &'a Secret,
}

impl HandOver {
    /// What was asked for, if it can be done at all.
    pub fn of(flags: &cli::HandOver) -> Result<HandOver, Failure> {
        let pipes = flags.secret_to_command.iter().map(|text| Pipe::parse(text));
        if flags.show_secrets {
            screen::check()?;
        }
        Ok(HandOver {
            file: flags.secret_out.clone(),
            pipes: pipes.collect::<Result<_, _>>()?,
            show: flags.show_secrets,
            is_written: Arc::default(),
        })
    }

    pub fn is_asked(&self) -> bool {
        self.file.is_some() || !self.pipes.is_empty() || self.show
    }

    /// Hands them over, and tells whether there were any.
    pub fn hand_over(&self, secrets: &Secrets, terminal: &Terminal) -> Result<bool, Failure> {
        if !self.is_asked() {
            return Ok(false);
        }
        let values: Vec<Value<'_>> = secrets.generated().map(value).collect();
        if values.is_empty() {
            terminal.talk("No key or secret is generated in this deployment; none is handed over.\n");
            return Ok(false);
        }
        // What cannot be told apart is found before the first of them leaves.
        let chosen: Vec<&Value<'_>> =
            self.pipes.iter().map(|pipe| pipe.choose(&values)).collect::<Result<_, _>>()?;
        if let Some(path) = &self.file {
            write(path, &values, terminal)?;
            self.is_written.store(true, Ordering::Relaxed);
        }
        for (at, (pipe, value)) in self.pipes.iter().zip(chosen).enumerate() {
            if let Err(failure) = pipe.give(value) {
                self.take_back_from(&self.pipes[..at], terminal);
                return Err(failure);
            }
            let (component, key) = (&value.component, &value.key);
            terminal.talk(&format!("Gave {key} of {component} to `{}`.\n", pipe.program()));
        }
        if self.show {
            screen::show(&values)?;
        }
        Ok(true)
    }

    /// Removes secrets that no org took. What a command was given stays with it.
    pub fn take_back(&self, terminal: &Terminal) {
        self.take_back_from(&self.pipes, terminal);
    }

    fn take_back_from(&self, given: &[Pipe], terminal: &Terminal) {
        for pipe in given {
            terminal.talk(&format!(
                "What `{}` was given is not in the org: the next deployment gives it another.\n",
                pipe.program()
            ));
        }
        self.remove_file();
    }

    /// Removes the file, if it is ours. Where it cannot be removed it does no harm but that of an unused secret.
    pub fn remove_file(&self) {
        if let Some(path) = self.file.as_ref().filter(|_| self.is_written.load(Ordering::Relaxed)) {
            let _ = fs::remove_file(path);
        }
    }
}

fn value<'a>((generated, secret): (&Generated, &'a Secret)) -> Value<'a> {
    let path = generated.field.to_string();
    let key = path.rsplit('.').next().unwrap_or(&path).to_owned();
    Value { component: generated.owner.to_string(), key, secret }
}

fn write(path: &Path, values: &[Value<'_>], terminal: &Terminal) -> Result<(), Failure> {
    let components: BTreeSet<&str> = values.iter().map(|value| value.component.as_str()).collect();
    // Written by hand, so that no copy of a secret stays in a JSON value: keys and secrets have letters and
    // digits only.
    let mut text = Zeroizing::new(String::with_capacity(64 * 1024));
    text.push_str("{\n");
    for (at, component) in components.into_iter().enumerate() {
        let comma = if at == 0 { "" } else { ",\n" };
        text.push_str(&format!("{comma}  \"{component}\": {{"));
        let own = values.iter().filter(|value| value.component == component);
        for (index, value) in own.enumerate() {
            let comma = if index == 0 { "" } else { "," };
            text.push_str(&format!("{comma}\n    \"{}\": \"", value.key));
            text.push_str(value.secret.expose());
            text.push('"');
        }
        text.push_str("\n  }");
    }
    text.push_str("\n}\n");
    let failed = |error| {
        let what = format!("cannot write generated secrets to `{}`", path.display());
        Failure::new(Trouble::UnwritableFile, Attempt::new(what, error))
            .help("name a new file in a folder you can write to; nothing was sent")
    };
    let mut file = private(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| {
        let _ = fs::remove_file(path);
        failed(error)
    })?;
    terminal.talk(&format!(
        "Wrote generated keys and secrets to `{}` (readable by you alone).\n",
        path.display()
    ));
    Ok(())
}

/// A file that did not exist and that only its owner can read.
pub fn private(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
