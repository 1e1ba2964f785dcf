//! `localhost-callback`: a login that comes back to this very machine, as clients in development do (CA-27). In
//! production any program on a user's machine may be waiting there.

use super::app::{callbacks, host};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired};

pub fn check(_: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    let Some((lines, at)) = callbacks(component) else { return };
    for line in lines.iter().filter(|line| host(line).is_some_and(is_this_machine)) {
        diagnostics.push(
            Diagnostic::warning(
                Code::LocalhostCallback,
                format!("logins of `{}` may come back to `{line}`", component.id),
            )
            .label(at, "whatever listens on the user's machine gets the code")
            .help("leave it out here, with an overlay for the environments that develop"),
        );
    }
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Code;
    use crate::lint::testing::{app, found_by};

    #[test]
    fn a_line_of_this_machine_is_found_among_others() {
        let found = |callback: &str| {
            let config = format!("callback-url = {callback}\nscopes = [\"Api\"]");
            found_by(Code::LocalhostCallback, &app(&config, ""))
        };
        assert_eq!(
            found(
                "[\"https://a.example/cb\", \"http://localhost:1717/OauthRedirect\", \"http://127.0.0.1/x\"]"
            ),
            [
                "logins of `connected-app.App` may come back to `http://127.0.0.1/x`",
                "logins of `connected-app.App` may come back to `http://localhost:1717/OauthRedirect`",
            ]
        );
        assert!(found("[\"https://localhost.example/cb\", \"myapp://callback\"]").is_empty());
    }
}
