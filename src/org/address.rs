//! Checks where an org is said to be, before a token is sent there: https anywhere, http to this machine only.

use std::net::IpAddr;

use reqwest::Url;

use super::Error;

/// The address of an org as the client needs it: scheme, host and port, nothing else.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub base: Url,
    pub text: String,
    pub loopback: bool,
}

/// The host says `localhost` or is an address of this machine.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Hosts that show pages to people and do not serve the API, with the host that does.
fn api_host(host: &str) -> Option<String> {
    const PAGES: [(&str, &str); 3] = [
        (".lightning.force.com", ".my.salesforce.com"),
        (".my.salesforce-setup.com", ".my.salesforce.com"),
        (".salesforce-setup.com", ".my.salesforce.com"),
    ];
    PAGES.iter().find_map(|(page, api)| Some(format!("{}{api}", host.strip_suffix(page)?)))
}

impl Address {
    pub fn parse(text: &str) -> Result<Address, Error> {
        let text = text.trim();
        let refuse = |shown: &str, problem: &str, remedy: String| Error::Address {
            address: shown.to_owned(),
            problem: problem.to_owned(),
            remedy,
        };
        // Text that is no URL may still hold a password, so it is shown only where that is out of the question.
        let harmless =
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-.:/".contains(c));
        let shown = if harmless { text } else { "(hidden)" };
        let example = || "write it as `https://acme.my.salesforce.com`".to_owned();
        if text.is_empty() {
            return Err(refuse("", "it is empty", example()));
        }
        if !text.contains("://") {
            let remedy = if harmless { format!("write it as `https://{text}`") } else { example() };
            return Err(refuse(shown, "it does not say https", remedy));
        }
        let url = Url::parse(text).map_err(|cause| refuse(shown, &format!("{cause}"), example()))?;
        let Some(host) = url.host_str() else { return Err(refuse(shown, "it names no host", example())) };
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let plain = format!("{}://{host}{port}", url.scheme());
        let secure = format!("https://{host}{port}");
        let loopback = is_loopback(host);

        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => {
                let problem = "over plain http anyone on the way could read the access token";
                return Err(refuse(&plain, problem, format!("write `{secure}`")));
            }
            _ => return Err(refuse(&plain, "only https is spoken to an org", example())),
        }
        if !url.username().is_empty() || url.password().is_some() {
            let remedy = format!("write `{plain}` and let the login come from its own setting");
            return Err(refuse(&plain, "it holds a user name or password", remedy));
        }
        let has_path = url.path().chars().any(|c| c != '/');
        if has_path || url.query().is_some() || url.fragment().is_some() {
            return Err(refuse(&plain, "something follows the host", format!("write `{plain}`")));
        }
        if let Some(api) = api_host(host) {
            let problem = "this host shows pages and does not serve the API";
            return Err(refuse(&plain, problem, format!("write `https://{api}`")));
        }
        let base = Url::parse(&plain).map_err(|cause| refuse(&plain, &format!("{cause}"), example()))?;
        Ok(Address { base, text: plain, loopback })
    }

    pub fn host(&self) -> &str {
        self.base.host_str().unwrap_or_default()
    }

    /// Both lead to the same org. This machine has many names, and one org at each port.
    pub fn is_same_place(&self, other: &Address) -> bool {
        let (here, there) = (&self.base, &other.base);
        here.origin() == there.origin()
            || (self.loopback
                && other.loopback
                && here.scheme() == there.scheme()
                && here.port_or_known_default() == there.port_or_known_default())
    }

    pub fn is_plain(&self) -> bool {
        self.base.scheme() == "http"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_and_loopback_are_taken_without_their_slashes() {
        for (typed, kept) in [
            ("https://acme.my.salesforce.com/", "https://acme.my.salesforce.com"),
            ("https://ACME.my.salesforce.com", "https://acme.my.salesforce.com"),
            (
                "https://acme--uat.sandbox.my.salesforce.com:8443//",
                "https://acme--uat.sandbox.my.salesforce.com:8443",
            ),
            (" http://localhost:8931/\n", "http://localhost:8931"),
            ("http://127.8.9.1:1", "http://127.8.9.1:1"),
            ("http://[::1]:1//", "http://[::1]:1"),
        ] {
            assert_eq!(Address::parse(typed).unwrap().text, kept);
        }
    }

    #[test]
    fn anything_else_is_refused_with_a_remedy() {
        let told = |text: &str| match Address::parse(text) {
            Err(Error::Address { address, problem, remedy }) => format!("{address} | {problem} | {remedy}"),
            other => panic!("{text}: {other:?}"),
        };
        let all = [
            "",
            "acme.my.salesforce.com",
            "http://acme.my.salesforce.com/",
            "http://127.0.0.1.example.com",
            "http://10.0.0.7",
            "ftp://acme.my.salesforce.com",
            "https://ada:hunter2@acme.my.salesforce.com",
            "ada:hunter2@acme.my.salesforce.com",
            "https://acme.my.salesforce.com/?sid=hunter2",
            "https://acme.my.salesforce.com/lightning/page/home",
            "https://acme--uat.sandbox.lightning.force.com",
        ]
        .map(told)
        .join("\n");
        assert!(!all.contains("hunter2"));
        insta::assert_snapshot!(all, @r#"
         | it is empty | write it as `https://acme.my.salesforce.com`
        acme.my.salesforce.com | it does not say https | write it as `https://acme.my.salesforce.com`
        http://acme.my.salesforce.com | over plain http anyone on the way could read the access token | write `https://acme.my.salesforce.com`
        http://127.0.0.1.example.com | over plain http anyone on the way could read the access token | write `https://127.0.0.1.example.com`
        http://10.0.0.7 | over plain http anyone on the way could read the access token | write `https://10.0.0.7`
        ftp://acme.my.salesforce.com | only https is spoken to an org | write it as `https://acme.my.salesforce.com`
        https://acme.my.salesforce.com | it holds a user name or password | write `https://acme.my.salesforce.com` and let the login come from its own setting
        (hidden) | it does not say https | write it as `https://acme.my.salesforce.com`
        https://acme.my.salesforce.com | something follows the host | write `https://acme.my.salesforce.com`
        https://acme.my.salesforce.com | something follows the host | write `https://acme.my.salesforce.com`
        https://acme--uat.sandbox.lightning.force.com | this host shows pages and does not serve the API | write `https://acme--uat.sandbox.my.salesforce.com`
        "#);
    }
}
