//! Every known word of an org that the local org can say has an entry. Read from its source, so that no word is
//! forgotten; what is said in words of our own (`rehearsal wording`) nobody has to know.

use std::fs;
use std::path::Path;

use super::{ENTRIES, Place, find};

/// Texts of the org that look like status codes and are none.
const NO_CODES: [&str; 3] = ["ENFORCE_RELAXREFRESH", "HIGH_ASSURANCE", "INVALID_HEADER_TYPE"];
/// For somebody at a page of the local org, who has no orgwire to ask.
const ON_PAGES: [&str; 3] =
    ["the named credential has been deleted", "No device waits with this code.", "no such auth provider"];

/// The source of the local org below a folder, without tests.
fn sources(folder: &str) -> String {
    let mut whole = String::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.file_stem().is_some_and(|stem| stem == "tests") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read_to_string(path).unwrap();
                whole.push_str(text.split("#[cfg(test)]\nmod tests").next().unwrap());
            }
        }
    }
    whole
}

/// What is written between quotes, up to the parenthesis that closes what is open at the start, or to the end.
fn literals(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = 0;
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        match first {
            '/' if rest.starts_with('/') => rest = rest.split_once('\n').map_or("", |(_, after)| after),
            // '"', '(' and the like
            '\'' if rest.chars().nth(1) == Some('\'') => rest = rest.split_once('\'').unwrap().1,
            '\'' if rest.starts_with('\\') => rest = rest[2..].split_once('\'').unwrap().1,
            '"' => {
                let (text, after) = literal(rest);
                found.push(text);
                rest = after;
            }
            '(' => open += 1,
            ')' if open == 0 => break,
            ')' => open -= 1,
            _ => {}
        }
    }
    found
}

/// The text of a literal that has begun, and what comes after it.
fn literal(source: &str) -> (String, &str) {
    let mut text = String::new();
    let mut rest = source;
    while let Some(at) = rest.find(['"', '\\']) {
        text.push_str(&rest[..at]);
        let ends = rest[at..].starts_with('"');
        rest = &rest[at + 1..];
        if ends {
            return (text, rest);
        }
        if let Some(next) = rest.strip_prefix('\n') {
            rest = next.trim_start_matches(' ');
        } else if let Some(escaped) = rest.chars().next() {
            text.push(if escaped == 'n' { '\n' } else { escaped });
            rest = &rest[escaped.len_utf8()..];
        }
    }
    (text, "")
}

/// The literals among the arguments of each call of `function`.
fn calls(source: &str, function: &str) -> Vec<Vec<String>> {
    source.split(&format!("{function}(")).skip(1).map(literals).collect()
}

fn is_our_own(text: &str) -> bool {
    text.contains("rehearsal wording")
}

/// Without the holes that `format!` fills.
fn filled(text: &str) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        filled.push('x');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    filled + rest
}

#[test]
fn every_status_code_has_an_entry() {
    let is_code = |text: &String| {
        text.contains('_')
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
            && text.len() > 4
            && !NO_CODES.contains(&text.as_str())
    };
    let source = sources("src/simulator");
    let mut codes: Vec<String> = source.lines().flat_map(literals).filter(is_code).collect();
    codes.sort();
    codes.dedup();
    assert!(codes.len() > 25, "{codes:?}");
    codes.retain(|code| !ENTRIES.iter().any(|(_, entry)| entry.error.contains(code)));
    assert_eq!(codes, Vec::<String>::new());
}

#[test]
fn every_problem_of_a_component_has_an_entry() {
    let source = sources("src/simulator");
    let mut problems: Vec<String> = ["Problem::error", "Problem::at"]
        .iter()
        .flat_map(|function| calls(&source, function))
        .flatten()
        .collect();
    problems.retain(|text| text.len() > 2 && !is_our_own(text));
    assert!(problems.len() > 10, "{problems:?}");
    problems.retain(|text| find(Place::Deploy, "", &filled(text)).is_none());
    assert_eq!(problems, Vec::<String>::new());
}

#[test]
fn every_refused_login_has_an_entry() {
    let source = sources("src/simulator/oauth");
    let grants = calls(&source, "Refused::grant").into_iter();
    let grants = grants.filter_map(|texts| Some(("invalid_grant".to_owned(), texts.first()?.clone())));
    let others = calls(&source, "Refused::new").into_iter();
    let others = others.filter_map(|texts| Some((texts.first()?.clone(), texts.get(1)?.clone())));
    let mut refused: Vec<(String, String)> = grants.chain(others).collect();
    refused.retain(|(_, text)| !is_our_own(text) && !ON_PAGES.contains(&text.as_str()));
    assert!(refused.len() > 25, "{refused:?}");
    refused.retain(|(code, text)| find(Place::OAuth, code, &filled(text)).is_none());
    assert_eq!(refused, Vec::<(String, String)>::new());
}
