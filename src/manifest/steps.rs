//! `[manual-step.NAME]`: what a guide asks for and no metadata can do. Written down where the components are, so that it
//! is announced, printed and asked for like them.

use toml::Spanned;
use toml::de::DeValue;

use super::each_table;
use super::moves::address_of;
use crate::component::ComponentId;
use crate::diagnostic::{Code, Diagnostic, Located, Span};
use crate::setting::{Context, Text};

const KEYS: [&str; 6] = ["component", "what", "who", "link", "done-when", "minutes"];

/// One step, as written.
#[derive(Debug, Clone)]
pub struct ManualStep {
    pub name: String,
    pub at: Span,
    /// What it is about: without that component there is nothing to do.
    pub component: Located<ComponentId>,
    pub what: Located<Text>,
    /// Whose hands it needs.
    pub who: Option<String>,
    /// Where: a path of the org's Setup, or an address elsewhere.
    pub link: Option<Located<Text>>,
    pub done_when: DoneWhen<Located<Text>>,
}

/// How a step is known to be done; `M` is a number of minutes, as written or as it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoneWhen<M = i64> {
    /// Nothing tells: whoever did it says so.
    Told,
    /// Somebody has let the app in (`OauthToken`, CA-85).
    Approved,
    /// Somebody has the permission set.
    Assigned,
    /// Tokens of the app count this long.
    TokenMinutes(M),
}

impl DoneWhen {
    pub const NAMES: [&'static str; 4] = ["told", "approved", "assigned", "token-minutes"];
}

pub(super) fn read(context: &mut Context<'_>, value: &Spanned<DeValue<'_>>) -> Vec<ManualStep> {
    let mut steps = Vec::new();
    each_table(context, value, "`manual-step`", |context, name, at, table| {
        let what_it_is = format!("manual step `{name}`");
        let (mut component, mut what, mut who, mut link) = (None, None, None, None);
        let (mut done_when, mut minutes) = (None, None);
        let mut broken = false;
        for (key, value) in table {
            let at = context.span(value);
            match (&**key.get_ref(), value.get_ref()) {
                ("component", DeValue::String(address)) => {
                    component = address_of(context, address, value).map(|id| Located::new(id, at));
                    broken |= component.is_none();
                }
                ("what", DeValue::String(text)) => what = Some(Located::new(context.text(text, at), at)),
                ("link", DeValue::String(text)) => link = Some(Located::new(context.text(text, at), at)),
                ("who", DeValue::String(text)) => who = Some(text.clone().into_owned()),
                ("done-when", DeValue::String(text)) if DoneWhen::NAMES.contains(&&**text) => {
                    done_when = Some(text.clone().into_owned());
                }
                ("done-when", DeValue::String(text)) => {
                    broken = true;
                    context.error(
                        Diagnostic::error(
                            Code::UnknownValue,
                            format!("`done-when` of {what_it_is} cannot be `{text}`"),
                        )
                        .label(at, "no way to tell")
                        .help(format!("one of: {}", DoneWhen::NAMES.join(", "))),
                    );
                }
                ("minutes", DeValue::Integer(number)) => {
                    minutes = Some(Located::new(Text::literal(number.as_str()), at));
                }
                ("minutes", DeValue::String(text)) => {
                    minutes = Some(Located::new(context.text(text, at), at));
                }
                (known, _) if KEYS.contains(&known) => {
                    broken = true;
                    let wanted =
                        if known == "minutes" { "a number, or a text with a variable" } else { "a string" };
                    context.wrong_type(&format!("`{known}` of {what_it_is}"), value, wanted, None);
                }
                _ => {
                    broken = true;
                    context.unknown_key(key, value, &what_it_is, KEYS);
                }
            }
        }
        let mut missing = |key: &str, label: &str, help: &str| {
            context.error(
                Diagnostic::error(Code::MissingField, format!("{what_it_is} needs `{key}`"))
                    .label(at, label)
                    .help(help),
            );
        };
        if broken {
            return;
        }
        let Some(component) = component else {
            return missing("component", "not said what it is about", "component = \"connected-app.NAME\"");
        };
        let Some(what) = what else { return missing("what", "not said what to do", "what = \"...\"") };
        let done_when = match (done_when.as_deref(), minutes) {
            (Some("token-minutes"), Some(minutes)) => DoneWhen::TokenMinutes(minutes),
            (Some("token-minutes"), None) => return missing("minutes", "not said how many", "minutes = 30"),
            (_, Some(_)) => {
                let help = "done-when = \"token-minutes\", or no minutes";
                return missing("done-when", "minutes belong to token-minutes", help);
            }
            (Some("approved"), None) => DoneWhen::Approved,
            (Some("assigned"), None) => DoneWhen::Assigned,
            (_, None) => DoneWhen::Told,
        };
        steps.push(ManualStep { name: name.to_owned(), at, component, what, who, link, done_when });
    });
    steps
}
