//! Sections to text.

use super::reader::{Layout, Line, Section};

pub fn write(layout: &Layout) -> String {
    let mut text = String::new();
    lines(&mut text, &layout.head);
    for section in &layout.sections {
        if !section.says_nothing() {
            write_section(&mut text, section);
        }
    }
    if !layout.end.is_empty() {
        gap(&mut text);
        lines(&mut text, &layout.end);
    }
    text
}

impl Section {
    fn says_nothing(&self) -> bool {
        let around = &self.around;
        let is_bare = around.before.is_empty() && around.after.is_empty() && self.comment.is_none();
        let is_empty = self.lines.is_empty() && self.tail.is_empty();
        is_bare && is_empty && (self.is_implied || self.header.is_none())
    }
}

fn write_section(text: &mut String, section: &Section) {
    gap(text);
    lines(text, &section.around.before);
    if section.around.apart && !section.around.before.is_empty() {
        text.push('\n');
    }
    if let Some(header) = &section.header {
        text.push_str(header);
        end_line(text, section.comment.as_deref());
    }
    lines(text, &section.around.after);
    for line in &section.lines {
        write_line(text, line);
    }
    lines(text, &section.tail);
}

fn write_line(text: &mut String, line: &Line) {
    for comment in line.around.before.iter().filter(|comment| !comment.is_empty()) {
        text.push_str(&format!("{comment}\n"));
    }
    // The part in front of a value.
    let column = line.key.chars().count() + " = ".len();
    text.push_str(&format!("{} = {}", line.key, line.node.write(column, 0)));
    end_line(text, line.comment.as_deref());
    lines(text, &line.around.after);
}

fn end_line(text: &mut String, comment: Option<&str>) {
    if let Some(comment) = comment {
        text.push(' ');
        text.push_str(comment);
    }
    text.push('\n');
}

fn lines(text: &mut String, lines: &[String]) {
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
}

/// One empty line, except at the start.
fn gap(text: &mut String) {
    if !text.is_empty() {
        text.push('\n');
    }
}
