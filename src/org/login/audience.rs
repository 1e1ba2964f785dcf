//! Whom a JWT is meant for: the login host of an org, told from the form of its address.

use super::Address;

const PRODUCTION: &str = "https://login.salesforce.com";
const SANDBOX: &str = "https://test.salesforce.com";

/// The `aud` of an assertion for the org at this address (OA-5, host forms in AP-42).
pub(super) fn audience(address: &Address) -> String {
    let host = address.host();
    if let Some(name) = host.strip_suffix(".my.salesforce.com") {
        let (domain, partition) = name.split_once('.').unwrap_or((name, ""));
        // `acme--uat` is a sandbox with and without its partition; a scratch org has a partition and no `--`.
        let tried_out = domain.contains("--") || matches!(partition, "sandbox" | "scratch");
        return if tried_out { SANDBOX } else { PRODUCTION }.to_owned();
    }
    match host.strip_suffix(".salesforce.com") {
        // Instances of the old kind: `cs12` holds sandboxes, `na12` and the like hold production orgs.
        Some("test") => SANDBOX.to_owned(),
        Some(instance) if instance.starts_with("cs") && instance[2..].bytes().all(|b| b.is_ascii_digit()) => {
            SANDBOX.to_owned()
        }
        Some(instance) if !instance.contains('.') => PRODUCTION.to_owned(),
        // A site of an org, an org on this machine.
        _ => address.text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_host_tells_sandboxes_from_production() {
        let told = |host: &str| audience(&Address::parse(&format!("https://{host}")).unwrap());
        for host in [
            "acme.my.salesforce.com",
            "acme-dev-ed.my.salesforce.com",
            "acme-dev-ed.develop.my.salesforce.com",
            "acme.trailblaze.my.salesforce.com",
            "login.salesforce.com",
            "na139.salesforce.com",
        ] {
            assert_eq!(told(host), PRODUCTION, "{host}");
        }
        for host in [
            "acme--uat.sandbox.my.salesforce.com",
            "acme--uat.my.salesforce.com",
            "acme--uat.cs12.my.salesforce.com",
            "enterprise-ability-1234.scratch.my.salesforce.com",
            "test.salesforce.com",
            "cs12.salesforce.com",
        ] {
            assert_eq!(told(host), SANDBOX, "{host}");
        }
        assert_eq!(told("acme.my.site.com"), "https://acme.my.site.com");
        let local = Address::parse("http://127.0.0.1:8931/").unwrap();
        assert_eq!(audience(&local), "http://127.0.0.1:8931");
    }
}
