//! Diagnostics and errors as people see them: headline, cause, the piece of the manifest, help.

use std::error::Error;
use std::fmt;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};

use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Sources};
use crate::report::values::visible;

/// Labels further apart than this are not drawn in one picture.
const NEAR_LINES: usize = 3;

/// One diagnostic with its piece of text, ending in a line break.
pub fn diagnostic(
    diagnostic: &Diagnostic,
    sources: &Sources,
    all: &Diagnostics,
    colour: bool,
    width: usize,
) -> String {
    let mut shown = Shown {
        code: Some(diagnostic.code.as_str().to_owned()),
        severity: diagnostic.severity,
        message: visible(&diagnostic.message).into_owned(),
        cause: diagnostic.cause.as_deref().map(Cause::from),
        help: diagnostic.help.clone(),
        labels: Vec::new(),
        source: None,
    };
    if let Some((main, _)) = diagnostic.labels.first() {
        let source = sources.get(main.source);
        let text = all.shown(main.source, &source.text);
        let mut elsewhere = Vec::new();
        let main_line = sources.position(*main).line;
        for (at, label) in &diagnostic.labels {
            // Everything between two labels is drawn, so a distant one is told by its position instead.
            let is_near = sources.position(*at).line.abs_diff(main_line) <= NEAR_LINES;
            if at.source == main.source && is_near {
                // Behind the last line break nothing can be pointed at.
                let start = text.position(at.start()).min(text.text.trim_end().len());
                let end = text.position(at.end()).max(start);
                shown.labels.push((start, end - start, label.clone()));
            } else {
                elsewhere.push(format!("{}: {label}", sources.position(*at)));
            }
        }
        if !elsewhere.is_empty() {
            let help = shown.help.take().map(|help| format!("{help}\n")).unwrap_or_default();
            shown.help = Some(format!("{help}{}", elsewhere.join("\n")));
        }
        shown.source = Some(NamedSource::new(&source.name, text.text).with_language("toml"));
    }
    draw(&shown, colour, width)
}

/// An error of the world, with its causes. `code` is the name by which it is explained.
pub fn error(code: &str, error: &dyn Error, help: Option<&str>, colour: bool, width: usize) -> String {
    let shown = Shown {
        code: Some(code.to_owned()),
        severity: Severity::Error,
        message: visible(&error.to_string()).into_owned(),
        cause: error.source().map(Cause::of),
        help: help.map(str::to_owned),
        labels: Vec::new(),
        source: None,
    };
    draw(&shown, colour, width)
}

fn draw(shown: &Shown, colour: bool, width: usize) -> String {
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(width)
        .with_links(false)
        .with_context_lines(1)
        .with_wrap_lines(true)
        // Addresses and paths are searched for and pasted, so they stay in one piece.
        .with_break_words(false)
        .with_word_separator(textwrap::WordSeparator::AsciiSpace)
        .with_word_splitter(textwrap::WordSplitter::NoHyphenation);
    let mut text = String::new();
    // Formatting into a string fails only if a Display of ours does.
    let _ = handler.render_report(&mut text, shown);
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text.push('\n');
    text
}

/// A problem in the form that miette draws.
#[derive(Debug)]
struct Shown {
    code: Option<String>,
    severity: Severity,
    message: String,
    cause: Option<Cause>,
    help: Option<String>,
    /// Start and length in the shown text, and what it is.
    labels: Vec<(usize, usize, String)>,
    source: Option<NamedSource<String>>,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Shown {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as &(dyn Error + 'static))
    }
}

impl miette::Diagnostic for Shown {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.as_ref().map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        if self.labels.is_empty() {
            return None;
        }
        let labels = self.labels.iter().enumerate().map(|(index, (start, length, label))| {
            // The main place decides which position stands in the heading.
            if index == 0 {
                LabeledSpan::new_primary_with_span(Some(label.clone()), (*start, *length))
            } else {
                LabeledSpan::new(Some(label.clone()), *start, *length)
            }
        });
        Some(Box::new(labels))
    }
}

/// A chain of causes, taken out of whatever error it came from.
#[derive(Debug)]
struct Cause {
    text: String,
    next: Option<Box<Cause>>,
}

impl Cause {
    fn of(error: &dyn Error) -> Cause {
        Cause {
            text: visible(&error.to_string()).into_owned(),
            next: error.source().map(|source| Box::new(Cause::of(source))),
        }
    }
}

impl From<&str> for Cause {
    fn from(text: &str) -> Cause {
        Cause { text: visible(text).into_owned(), next: None }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.next.as_deref().map(|next| next as &(dyn Error + 'static))
    }
}
