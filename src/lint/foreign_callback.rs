//! `foreign-callback`: a callback URL of an org that another environment goes to. It was copied: logins here would be
//! answered there.

use super::app::{callbacks, host};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired};

pub fn check(desired: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    let Some((lines, at)) = callbacks(component) else { return };
    for line in &lines {
        let Some(host) = host(line) else { continue };
        let Some(environment) = desired.foreign_hosts.get(&host.to_ascii_lowercase()) else { continue };
        diagnostics.push(
            Diagnostic::warning(
                Code::ForeignCallback,
                format!("`{}` sends logins back to the org of `{environment}`", component.id),
            )
            .label(at, format!("`{host}` is another org"))
            .help("refer to the org at hand: \"${auth-provider.NAME.callback-url}\", or \"${org.instance-url}/...\""),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::configuration;
    use crate::diagnostic::{Code, Diagnostics, Sources};
    use crate::lint::testing::{app, in_environment};

    fn found(callback: &str, environment: Option<&str>) -> Vec<String> {
        let mut sources = Sources::default();
        let orgwire = "[org.uat]\ninstance-url = \"https://Acme--uat.sandbox.my.salesforce.com\"\n\
                       [org.live]\ninstance-url = \"https://acme.my.salesforce.com\"\n\
                       [environment.uat]\norg = \"uat\"\n[environment.production]\norg = \"live\"\n";
        let id = sources.add("orgwire.toml", orgwire);
        let mut diagnostics = Diagnostics::default();
        let configuration = configuration::read(id, sources.get(id), &mut diagnostics);
        let manifest = app(&format!("callback-url = \"{callback}\"\nscopes = [\"Api\"]"), "");
        let desired = in_environment(&mut sources, &manifest, &configuration, environment);
        crate::lint::lint(&desired, &mut diagnostics);
        let found = diagnostics.sorted().into_iter().filter(|found| found.code == Code::ForeignCallback);
        found.map(|found| found.message.clone()).collect()
    }

    #[test]
    fn a_host_of_another_environment_is_found_and_ones_own_is_not() {
        let uat = "https://acme--uat.sandbox.my.salesforce.com/services/authcallback/P";
        assert_eq!(
            found(uat, Some("production")),
            ["`connected-app.App` sends logins back to the org of `uat`"]
        );
        assert!(found(uat, Some("uat")).is_empty());
        assert!(found("https://a.example/cb", Some("production")).is_empty());
        assert!(found("${org.instance-url}/services/authcallback/P", Some("production")).is_empty());
        assert!(found(uat, None).is_empty());
    }
}
