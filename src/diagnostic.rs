//! A problem in what the user wrote: a code, a sentence, the places it is about, and what to do.
//!
//! Stages take `&mut Diagnostics` and keep going, so that the user sees every problem at once. How a
//! diagnostic looks on a screen or in JSON is `report`'s business.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use crate::component::ComponentId;

/// A file of the project.
#[derive(Debug, Clone)]
pub struct Source {
    /// As the user would write it: relative to where the command runs.
    pub path: String,
    /// How messages call it: the path, and where it is from if that is not the disk.
    pub name: String,
    pub text: String,
}

/// Every file that was read, in the order of reading.
#[derive(Debug, Clone, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> SourceId {
        let path = path.into();
        self.add_named(path.clone(), path, text)
    }

    /// A file that messages call by another name than its path: `manifests/axsy.toml (at origin/main)`.
    pub fn add_named(
        &mut self,
        path: impl Into<String>,
        name: impl Into<String>,
        text: impl Into<String>,
    ) -> SourceId {
        self.0.push(Source { path: path.into(), name: name.into(), text: text.into() });
        SourceId(u32::try_from(self.0.len() - 1).expect("a project has fewer than 2^32 files"))
    }

    pub fn get(&self, id: SourceId) -> &Source {
        &self.0[id.0 as usize]
    }

    /// `manifests/axsy.toml:7:33`, lines and columns (in characters) from 1.
    pub fn position(&self, span: Span) -> Position<'_> {
        let source = self.get(span.source);
        let before = &source.text[..floor(&source.text, span.start())];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position {
            path: &source.name,
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// The largest character boundary at or below `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A place for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position<'a> {
    pub path: &'a str,
    pub line: usize,
    pub column: usize,
}

impl fmt::Display for Position<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path, self.line, self.column)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

/// A piece of a file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub source: SourceId,
    // Every value of a project carries one, and no file is larger than 8 MB.
    start: u32,
    end: u32,
}

impl Span {
    pub fn new(source: SourceId, range: Range<usize>) -> Self {
        let short = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span { source, start: short(range.start), end: short(range.end) }
    }

    pub fn start(self) -> usize {
        self.start as usize
    }

    pub fn end(self) -> usize {
        self.end as usize
    }
}

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    pub value: T,
    pub at: Span,
}

impl<T> Located<T> {
    pub fn new(value: T, at: Span) -> Self {
        Located { value, at }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is sent.
    Error,
    /// Worth knowing; does not stop anything.
    Warning,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// Declares an enumeration of stable names, so that the list, the spelling and the order cannot drift apart.
macro_rules! codes {
    ($(#[$about:meta])* $name:ident { $($(#[$comment:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$comment])* $variant,)* }

        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
        }
    };
}
pub(crate) use codes;

codes! {
/// The stable name of a problem. Each has a story in `docs/diagnostics/`, told by `explain`.
Code {
    // reading the project
    EmptyProject = "empty-project",
    FileTooLarge = "file-too-large",
    NotUtf8 = "not-utf-8",
    InvalidToml = "invalid-toml",
    InvalidTemplate = "invalid-template",
    UnknownTemplate = "unknown-template",
    // the manifest's shape
    UnknownKey = "unknown-key",
    WrongType = "wrong-type",
    InvalidApiVersion = "invalid-api-version",
    MixedApiVersions = "mixed-api-versions",
    DuplicateComponent = "duplicate-component",
    UnknownComponent = "unknown-component",
    UnknownEnvironment = "unknown-environment",
    UnknownOrg = "unknown-org",
    IncompleteLogin = "incomplete-login",
    ExtraElement = "extra-element",
    // references
    InvalidReference = "invalid-reference",
    UnknownReference = "unknown-reference",
    UnknownAttribute = "unknown-attribute",
    UnknownVariable = "unknown-variable",
    UnsetVariable = "unset-variable",
    ReferenceCycle = "reference-cycle",
    // secrets
    PlainSecret = "plain-secret",
    InvalidSecretSource = "invalid-secret-source",
    MisplacedSecret = "misplaced-secret",
    UnsetSecret = "unset-secret",
    PlaceholderSecret = "placeholder-secret",
    UnusableSecret = "unusable-secret",
    // values
    UnknownValue = "unknown-value",
    ValueTooLong = "value-too-long",
    ValueOutOfRange = "value-out-of-range",
    InvalidCharacter = "invalid-character",
    InvalidName = "invalid-name",
    FieldTooNew = "field-too-new",
    ApiVersionLowered = "api-version-lowered",
    FieldRetired = "field-retired",
    DoubtfulVersion = "doubtful-version",
    DoubtfulValue = "doubtful-value",
    ReadOnlyField = "read-only-field",
    MissingField = "missing-field",
    InvalidCallback = "invalid-callback",
    InvalidEmail = "invalid-email",
    // what a plan finds in the org
    GeneratedSecretUnknown = "generated-secret-unknown",
    CreateOnlyChange = "create-only-change",
    IrreversibleChange = "irreversible-change",
    MissingComponent = "missing-component",
    UnsendableCycle = "unsendable-cycle",
    StillUsed = "still-used",
    InvalidMove = "invalid-move",
    NotRestorable = "not-restorable",
    // policy
    RefreshTokenMissing = "refresh-token-missing",
    RelaxedIp = "relaxed-ip",
    NobodyApproved = "nobody-approved",
    NoScopes = "no-scopes",
    ClientCredentialsScope = "client-credentials-scope",
    FullScope = "full-scope",
    SelfAuthorizedUsers = "self-authorized-users",
    LocalhostCallback = "localhost-callback",
    ForeignCallback = "foreign-callback",
    MisnamedCallback = "misnamed-callback",
    PkceOff = "pkce-off",
    InfiniteRefreshToken = "infinite-refresh-token",
    UncoveredScope = "uncovered-scope",
    SharedKey = "shared-key",
    IgnoredApprovals = "ignored-approvals",
    LegacyCredential = "legacy-credential",
    NewConnectedApp = "new-connected-app",
    VendorGuide = "vendor-guide",
    InvalidWaiver = "invalid-waiver",
    ExpiredWaiver = "expired-waiver",
    UnusedWaiver = "unused-waiver",
    // importing and comparing files
    UnreadableMetadata = "unreadable-metadata",
    DuplicateMember = "duplicate-member",
    LostContent = "lost-content",
    NoMetadata = "no-metadata",
    // the org's answer
    RejectedByOrg = "rejected-by-org",
}
}

impl Code {
    /// Opinions about security and good sense, whose level a project can set. Unless it does, they warn; those
    /// [for production](Code::FOR_PRODUCTION) only there.
    pub const POLICIES: &[Code] = &[
        Code::RefreshTokenMissing,
        Code::RelaxedIp,
        Code::NobodyApproved,
        Code::NoScopes,
        Code::ClientCredentialsScope,
        Code::FullScope,
        Code::SelfAuthorizedUsers,
        Code::LocalhostCallback,
        Code::ForeignCallback,
        Code::MisnamedCallback,
        Code::PkceOff,
        Code::InfiniteRefreshToken,
        Code::UncoveredScope,
        Code::SharedKey,
        Code::IgnoredApprovals,
        Code::LegacyCredential,
        Code::NewConnectedApp,
        Code::VendorGuide,
    ];

    /// Policies about what is usual while something is tried and built, and worth a decision where people work.
    pub const FOR_PRODUCTION: &[Code] = &[
        Code::FullScope,
        Code::SelfAuthorizedUsers,
        Code::LocalhostCallback,
        Code::PkceOff,
        Code::InfiniteRefreshToken,
        Code::SharedKey,
        Code::LegacyCredential,
        Code::NewConnectedApp,
    ];

    /// Policies that take more than the project to be found: a plan.
    pub const FOUND_LATER: &[Code] = &[Code::NewConnectedApp];

    /// What only an org minds: it would refuse the component, but what the manifest says is clear and can be
    /// written down. Whoever imports old files or reviews a difference must see what they say, even where the
    /// org of today would not take it; so these are warnings to `render`, which sends nothing, and errors to
    /// `lint`, `plan` and `deploy`.
    pub const FOR_THE_ORG: &[Code] = &[
        Code::ValueTooLong,
        Code::ValueOutOfRange,
        Code::InvalidName,
        Code::FieldTooNew,
        Code::FieldRetired,
        Code::ReadOnlyField,
        Code::MissingField,
        Code::InvalidCallback,
        Code::InvalidEmail,
    ];

    pub fn named(name: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.as_str() == name)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    /// One line in lower case without a full stop, about the user's thing by its address.
    pub message: String,
    /// The component that a lint found it at.
    pub about: Option<ComponentId>,
    /// Places, the main one first, each with what it is.
    pub labels: Vec<(Span, String)>,
    /// Something to do, ready to paste.
    pub help: Option<String>,
    /// Somebody else's words, unchanged: the org's, or a parser's.
    pub cause: Option<String>,
    /// What the org's words are to us, by the [`dictionary`](crate::dictionary).
    pub org_code: Option<&'static str>,
}

impl Diagnostic {
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    fn new(severity: Severity, code: Code, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            severity,
            message: message.into(),
            about: None,
            labels: Vec::new(),
            help: None,
            cause: None,
            org_code: None,
        }
    }

    pub fn label(mut self, at: Span, text: impl Into<String>) -> Self {
        self.labels.push((at, text.into()));
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub fn org_code(mut self, code: &'static str) -> Self {
        self.org_code = Some(code);
        self
    }

    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }
}

/// All problems found so far, and the pieces of files that must not be shown.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
    hidden: BTreeMap<SourceId, Vec<Range<usize>>>,
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, more: I) {
        self.found.extend(more);
    }
}

impl Diagnostics {
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// Never show this piece of text: it is a secret, or may be one.
    pub fn hide(&mut self, span: Span) {
        self.hidden.entry(span.source).or_default().push(span.start()..span.end());
    }

    pub fn has_errors(&self) -> bool {
        self.found.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether one of those after the first `known` is an error.
    pub fn has_errors_after(&self, known: usize) -> bool {
        self.found.iter().skip(known).any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// In the order of the files and of the places in them, so that one run reads from top to bottom.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut sorted: Vec<&Diagnostic> = self.found.iter().collect();
        sorted.sort_by_key(|diagnostic| {
            let place = diagnostic.labels.first().map(|(span, _)| *span);
            (place.is_none(), place, diagnostic.code, diagnostic.message.clone())
        });
        sorted
    }

    /// Notes the component that everything found since then is about.
    pub fn note_about(&mut self, component: &ComponentId, since: usize) {
        self.found.iter_mut().skip(since).for_each(|found| found.about = Some(component.clone()));
    }

    pub fn merge(&mut self, other: Diagnostics) {
        self.found.extend(other.found);
        for (source, ranges) in other.hidden {
            self.hidden.entry(source).or_default().extend(ranges);
        }
    }

    /// Applies what the project says about each code: drops it, or changes its severity.
    pub fn retain(&mut self, keep: impl FnMut(&mut Diagnostic) -> bool) {
        self.found.retain_mut(keep);
    }

    /// The text of a source with `(hidden)` in place of what must not be shown, and a function from its
    /// positions to those of the shown text. Line breaks inside a hidden piece are kept, so that line
    /// numbers stay true.
    pub fn shown(&self, source: SourceId, text: &str) -> Shown {
        let mut hidden = self.hidden.get(&source).cloned().unwrap_or_default();
        hidden.sort_by_key(|range| (range.start, range.end));
        let mut shown = Shown { text: String::with_capacity(text.len()), moved: Vec::new() };
        let mut at = 0;
        for range in hidden {
            let range = floor(text, range.start).max(at)..floor(text, range.end);
            if range.start >= range.end {
                continue;
            }
            shown.text.push_str(&text[at..range.start]);
            let start = shown.text.len();
            shown.text.push_str("(hidden)");
            let breaks = text[range.clone()].matches('\n').count();
            shown.text.extend(std::iter::repeat_n('\n', breaks));
            shown.moved.push((range.clone(), start..shown.text.len()));
            at = range.end;
        }
        shown.text.push_str(&text[at..]);
        shown
    }
}

/// A source without its secrets, see [`Diagnostics::shown`].
#[derive(Debug)]
pub struct Shown {
    pub text: String,
    /// Pieces of the original, and what stands in their place.
    moved: Vec<(Range<usize>, Range<usize>)>,
}

impl Shown {
    /// The place in the shown text that stands for this one in the original.
    pub fn position(&self, original: usize) -> usize {
        let mut shift = (0, 0);
        for (from, to) in &self.moved {
            if original < from.start {
                break;
            }
            if original < from.end {
                return to.start;
            }
            shift = (from.end, to.end);
        }
        shift.1 + (original - shift.0)
    }
}

/// The closest of `known` to `written`, if close enough to be what was meant.
pub fn suggestion<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = written.to_lowercase();
    known
        .into_iter()
        .map(|candidate| {
            let other = candidate.to_lowercase();
            // In a short word one slip weighs too much: `evn` for `env`.
            let slip = wanted.len() > 2 && strsim::osa_distance(&wanted, &other) == 1;
            (strsim::jaro_winkler(&wanted, &other).max(if slip { 0.83 } else { 0.0 }), candidate)
        })
        .filter(|(score, _)| *score > 0.82)
        .max_by(|(a, left), (b, right)| a.total_cmp(b).then_with(|| right.cmp(left)))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let mut sources = Sources::default();
        let id = sources.add("a.toml", "x = 1\nÄÖ = 2\n");
        let at = |start| sources.position(Span::new(id, start..start + 1)).to_string();
        assert_eq!(at(0), "a.toml:1:1");
        assert_eq!(at(6), "a.toml:2:1");
        assert_eq!(at(11), "a.toml:2:4");
    }

    #[test]
    fn hidden_text_is_not_shown_and_positions_still_match() {
        let mut sources = Sources::default();
        let text = "secret = \"\"\"a\nb\"\"\"\nlabel = \"x\"\n";
        let id = sources.add("a.toml", text);
        let mut diagnostics = Diagnostics::default();
        diagnostics.hide(Span::new(id, 9..18));
        let shown = diagnostics.shown(id, text);
        assert_eq!(shown.text, "secret = (hidden)\n\nlabel = \"x\"\n");
        assert_eq!(shown.position(0), 0);
        assert_eq!(shown.position(12), 9);
        let label = text.find("label").unwrap();
        assert_eq!(&shown.text[shown.position(label)..][..5], "label");
    }

    #[test]
    fn overlapping_hidden_pieces_hide_all_of_it() {
        let mut sources = Sources::default();
        let text = "abcdefghij";
        let id = sources.add("a", text);
        let mut diagnostics = Diagnostics::default();
        diagnostics.hide(Span::new(id, 2..6));
        diagnostics.hide(Span::new(id, 4..8));
        assert_eq!(diagnostics.shown(id, text).text, "ab(hidden)(hidden)ij");
    }

    #[test]
    fn a_near_miss_is_suggested_and_a_far_one_is_not() {
        assert_eq!(suggestion("calback-url", ["callback-url", "label"]), Some("callback-url"));
        assert_eq!(suggestion("connected_app", ["connected-app", "auth-provider"]), Some("connected-app"));
        assert_eq!(suggestion("zebra", ["callback-url", "label"]), None);
    }

    #[test]
    fn codes_are_unique_and_sorted_by_nothing_else() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
