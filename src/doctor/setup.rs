//! Links to the pages of Setup that a remedy names. No document lists their addresses; these are the ones that people
//! see in their browsers, and a page that is not listed gets no link.

/// What people call a page, and its name in the address.
const PAGES: [(&str, &str); 8] = [
    ("App Manager", "NavigationMenus"),
    ("Connected Apps OAuth Usage", "ConnectedAppsUsage"),
    ("My Domain", "OrgDomain"),
    ("Named Credentials", "NamedCredential"),
    ("Profiles", "EnhancedProfiles"),
    ("Session Settings", "SecuritySession"),
    ("Users", "ManageUsers"),
    ("View Setup Audit Trail", "SecurityEvents"),
];

/// The address of the first page that a text names as `Setup > PAGE`, in the org at this address.
pub fn link(text: &str, instance_url: &str) -> Option<String> {
    let named = text.split("Setup > ").skip(1);
    let page = named.filter_map(|rest| PAGES.iter().find(|(name, _)| rest.starts_with(name))).next()?.1;
    Some(format!("{}/lightning/setup/{page}/home", instance_url.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::link;

    #[test]
    fn the_first_page_that_is_known_is_linked() {
        let link = |text: &str| link(text, "https://acme.my.salesforce.com/");
        assert_eq!(
            link("give it: Setup > Users > Permission Sets, or Setup > App Manager").as_deref(),
            Some("https://acme.my.salesforce.com/lightning/setup/ManageUsers/home")
        );
        assert_eq!(link("Setup > Something New, or ask"), None);
        assert_eq!(link("deploy it: orgwire deploy"), None);
    }
}
