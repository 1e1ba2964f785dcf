//! A picture of the wiring for Mermaid, which pull requests draw by themselves.

use std::fmt::Write as _;

use super::picture::{Mark, Picture};
use super::values::visible;

/// A `flowchart LR`: dashed arrows wait for an org, classes tell what came, went and changed.
pub fn flowchart(picture: &Picture) -> String {
    let mut text = "flowchart LR\n".to_owned();
    for (at, one) in picture.boxes.iter().enumerate() {
        // A box that no manifest declares has round ends.
        let (open, close) = if one.declared { ("[", "]") } else { ("([", "])") };
        let label = format!("{}<br/>{}", plain(&one.id.kind.key), plain(&one.id.name));
        let class = match one.mark {
            Mark::Same => String::new(),
            mark => format!(":::{}", mark.as_str()),
        };
        let _ = writeln!(text, "    n{at}{open}\"{label}\"{close}{class}");
    }
    for arrow in &picture.arrows {
        let line = if arrow.deferred { "-.->" } else { "-->" };
        let _ = writeln!(text, "    n{} {line}|\"{}\"| n{}", arrow.from, plain(arrow.word()), arrow.to);
    }
    classes(&mut text, picture);
    text
}

/// Colours for what is marked; readable on light and dark ground.
fn classes(text: &mut String, picture: &Picture) {
    for mark in Mark::ALL {
        let (line, ground) = match mark {
            Mark::Same => continue,
            Mark::Added => ("#1a7f37", "#dafbe1"),
            Mark::Removed => ("#cf222e", "#ffebe9"),
            Mark::Changed => ("#9a6700", "#fff8c5"),
        };
        let dashes = if mark == Mark::Removed { ",stroke-dasharray:4 3" } else { "" };
        if picture.boxes.iter().any(|one| one.mark == mark) {
            let _ = writeln!(
                text,
                "    classDef {} stroke:{line},fill:{ground},color:#1f2328,stroke-width:2px{dashes}",
                mark.as_str()
            );
        }
        let marked = picture.arrows.iter().enumerate().filter(|(_, arrow)| arrow.mark == mark);
        let numbers: Vec<String> = marked.map(|(at, _)| at.to_string()).collect();
        if !numbers.is_empty() {
            let _ = writeln!(text, "    linkStyle {} stroke:{line},stroke-width:2px", numbers.join(","));
        }
    }
}

/// Text inside quotes: whatever could mean something to Mermaid, HTML or Markdown is a number.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in visible(text).chars() {
        if letter.is_ascii_alphanumeric() || matches!(letter, ' ' | '-' | '.' | '_') {
            plain.push(letter);
        } else {
            let _ = write!(plain, "#{};", u32::from(letter));
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::picture::{picture, testing};
    use super::*;
    use crate::component::ComponentId;
    use crate::wiring::{Node, Wiring};

    #[test]
    fn the_trio_reads_from_left_to_right() {
        let wiring = testing::wiring(
            &["connected-app.A", "named-credential.N"],
            &[
                "auth-provider.P .> connected-app.A: callback-url callbackUrl",
                "auth-provider.P -> named-credential.N: name authProvider",
            ],
        );
        assert_eq!(
            flowchart(&picture(None, &wiring, &BTreeSet::new())),
            "flowchart LR\n    n0([\"auth-provider<br/>P\"])\n    n1[\"connected-app<br/>A\"]\n    \
             n2[\"named-credential<br/>N\"]\n    n0 -.->|\"callback\"| n1\n    n0 -->|\"name\"| n2\n"
        );
    }

    #[test]
    fn what_changed_has_a_class_and_a_colour() {
        let before = testing::wiring(
            &["connected-app.A", "auth-provider.P"],
            &["connected-app.A -> auth-provider.P: consumer-key consumerKey"],
        );
        let after = testing::wiring(
            &["connected-app.A", "auth-provider.Q"],
            &["connected-app.A -> auth-provider.Q: consumer-key consumerKey"],
        );
        assert_eq!(
            flowchart(&picture(Some(&before), &after, &BTreeSet::from([testing::id("connected-app.A")]))),
            "flowchart LR\n    n0[\"auth-provider<br/>P\"]:::removed\n    n1[\"auth-provider<br/>Q\"]:::added\n    \
             n2[\"connected-app<br/>A\"]:::changed\n    n2 -->|\"key\"| n0\n    n2 -->|\"key\"| n1\n    \
             classDef added stroke:#1a7f37,fill:#dafbe1,color:#1f2328,stroke-width:2px\n    \
             linkStyle 1 stroke:#1a7f37,stroke-width:2px\n    \
             classDef removed stroke:#cf222e,fill:#ffebe9,color:#1f2328,stroke-width:2px,stroke-dasharray:4 3\n    \
             linkStyle 0 stroke:#cf222e,stroke-width:2px\n    \
             classDef changed stroke:#9a6700,fill:#fff8c5,color:#1f2328,stroke-width:2px\n"
        );
    }

    #[test]
    fn no_name_breaks_out() {
        let kind = testing::id("connected-app.A").kind;
        let id = ComponentId::new(kind, "\"] --> x\n```\n<b>#quot;&é\u{9b}");
        let wiring = Wiring { nodes: vec![Node { id, declared: true }], edges: Vec::new() };
        assert_eq!(
            flowchart(&picture(None, &wiring, &BTreeSet::new())),
            "flowchart LR\n    n0[\"connected-app<br/>#34;#93; --#62; x#10;#96;#96;#96;#10;#60;b#62;#35;quot#59;#38;#233;\
             #92;u#123;9b#125;\"]\n"
        );
    }
}
