//! The text of a manifest: every stage comes to an end, and the canonical layout says the same.

use orgwire::layout;
use orgwire::report;

use crate::stages::{Read, read, rendered, told};

pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let read_first = read(text);
    said(&read_first);
    let written = written(&read_first);
    let laid_out = match layout::format(text) {
        Ok(laid_out) => laid_out,
        Err(layout::Error::NotToml) => return,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(layout::format(&laid_out).as_ref(), Ok(&laid_out), "laying out twice changes more");
    let read_again = read(&laid_out);
    assert_eq!(
        codes(&read_first),
        codes(&read_again),
        "{}\n{}\n{laid_out}",
        told(&read_first),
        told(&read_again)
    );
    assert_eq!(written, self::written(&read_again), "the layout means something else:\n{laid_out}");
}

/// Every report can be written.
fn said(read: &Read) {
    told(read);
    report::markdown::diagnostics(&read.sources, &read.diagnostics);
    report::sarif::log(&read.sources, &read.findings, &[]);
}

/// How often each code was found, sorted.
fn codes(read: &Read) -> Vec<&'static str> {
    let all = [read.diagnostics.sorted(), read.findings.sorted()];
    let mut codes: Vec<&str> = all.iter().flatten().map(|finding| finding.code.as_str()).collect();
    codes.sort_unstable();
    codes
}

/// The files of a manifest that can be rendered.
fn written(read: &Read) -> Option<Vec<(String, String)>> {
    if read.diagnostics.has_errors() || read.findings.has_errors() {
        return None;
    }
    let files = rendered(&read.desired).files;
    Some(files.into_iter().map(|file| (file.path, file.content.to_string())).collect())
}
