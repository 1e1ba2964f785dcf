//! `invalid-callback`: a callback URL must be https, a scheme of an app's own, or plain http on this very
//! machine (CA-27). How long they may be together (CA-26) is the description's business.

use crate::component::FieldPath;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::resolve::{Component, Desired};

const FIELD: &str = "oauthConfig.callbackUrl";

pub fn check(_: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    if component.id.kind.name != "ConnectedApp" {
        return;
    }
    let Some(text) = component.text(FIELD) else { return };
    let at = value_at(component);
    let id = &component.id;
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        diagnostics.push(
            Diagnostic::error(Code::InvalidCallback, format!("`{id}` has no callback URL"))
                .label(at, "empty")
                .help("even flows that never redirect need one, for example \"https://login.salesforce.com/services/oauth2/success\""),
        );
    }
    for line in lines {
        if let Err(why) = usable(line) {
            diagnostics.push(
                Diagnostic::error(Code::InvalidCallback, format!("`{line}` is not a callback URL that an org accepts"))
                    .label(at, why)
                    .help("use https://, a scheme of your app's own (myapp://...), or http://localhost for development"),
            );
        }
    }
}

fn value_at(component: &Component) -> Span {
    let path = FieldPath::of(FIELD);
    component
        .get(&path)
        .and_then(|tree| tree.as_leaf())
        .map_or_else(|| component.key_at(&path), |leaf| leaf.at)
}

fn usable(line: &str) -> Result<(), &'static str> {
    let Some((scheme, rest)) = line.split_once(':') else { return Err("has no scheme") };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter));
    if !is_scheme {
        return Err("does not begin with a scheme");
    }
    if line.chars().any(char::is_whitespace) {
        return Err("has a blank in it");
    }
    let authority =
        rest.strip_prefix("//").map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    match scheme.to_ascii_lowercase().as_str() {
        "https" | "http" if authority.is_none_or(str::is_empty) => Err("has no host"),
        "https" => Ok(()),
        "http" if authority.is_some_and(is_loopback) => Ok(()),
        "http" => Err("plain http is accepted for localhost only"),
        "javascript" | "data" | "file" | "vbscript" | "about" => Err("no app can own this scheme"),
        _ if rest.is_empty() => Err("has nothing behind its scheme"),
        _ => Ok(()),
    }
}

/// Whether 127.0.0.1 counts as localhost is not confirmed (CA-27); it is let through.
fn is_loopback(authority: &str) -> bool {
    let host = authority.rsplit('@').next().unwrap_or(authority);
    if host.starts_with("[::1]") {
        return true;
    }
    let host = host.split(':').next().unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::usable;

    #[test]
    fn schemes_are_judged_as_setup_judges_them() {
        for good in [
            "https://app-h.cyclr.com/connector/callback",
            "Https://a.example",
            "http://localhost:1717/OauthRedirect",
            "http://127.0.0.1:8931/services/authcallback/X",
            "http://[::1]:80/x",
            "mymobileapp://callback",
            "com.example.app:/oauth",
        ] {
            assert_eq!(usable(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("http://a.example/cb", "plain http is accepted for localhost only"),
            ("http://localhost.evil.example/cb", "plain http is accepted for localhost only"),
            ("a.example/cb", "has no scheme"),
            ("https://", "has no host"),
            ("https:///x", "has no host"),
            ("javascript:alert(1)", "no app can own this scheme"),
            ("1x://a", "does not begin with a scheme"),
            ("https://a b", "has a blank in it"),
        ] {
            assert_eq!(usable(bad), Err(why), "{bad}");
        }
    }
}
