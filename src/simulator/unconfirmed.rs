//! What the org does without anybody having confirmed that Salesforce does it. Users are told, so that a
//! rehearsal does not promise more than it knows.

/// Fact and what is assumed about it, sorted by fact. The facts' own texts say why they are unsure.
pub fn unconfirmed() -> &'static [(&'static str, &'static str)] {
    &[
        ("AP-10", "provider types that only some schemas list are refused"),
        ("AP-13", "a Salesforce provider without default scopes asks for `id`"),
        ("AP-23", "a deployed `Placeholder_Value` overwrites the provider's secret"),
        ("AP-24", "another secret for a provider that exists takes effect"),
        ("AP-31", "turning `includeOrgIdInIdentifier` off is an error, in our words"),
        ("AP-45", "kickoff URLs in a deployed file are passed over without a word"),
        ("AP-50", "the id prefix of auth providers is 0SO"),
        ("AP-51", "PKCE is on for new providers that say nothing about it"),
        ("CA-2", "the words about a contact address that is none"),
        ("CA-5", "enumeration errors have no `Error parsing file: ` before them"),
        ("CA-11", "the words about a consumer key of a wrong form"),
        ("CA-12", "consumer keys may hold `.` and `_`"),
        ("CA-13", "a consumer secret needs 32 characters, in our words"),
        ("CA-14", "a sandbox has its apps with the keys and secrets of the org it is copied from"),
        ("CA-15", "the words about a secret that another app has"),
        ("CA-17", "the same consumer key on update is accepted with a note"),
        ("CA-19", "a consumer secret on update is ignored with a warning"),
        ("CA-27", "127.0.0.1 and [::1] count as localhost; the words about a callback URL that is refused"),
        ("CA-35", "no scope but `api` and `full` opens REST and SOAP; the words over SOAP"),
        ("CA-37", "an app without scopes deploys"),
        ("CA-40", "the words about a policy value that does not exist"),
        ("CA-45", "the words about a logout URL that is not https"),
        ("CA-43", "the months of a refresh token policy have thirty days"),
        ("CA-54", "the words about a name that is listed twice"),
        ("CA-60", "the words about a run-as user without the switch or the key"),
        ("CA-61", "a new run-as user on an app that exists needs its key in the file"),
        (
            "CA-64",
            "a JWT access token lives 30 minutes where nobody chose a timeout in Setup or the app does not say",
        ),
        ("CA-69", "the words when a flow without a person in it needs High Assurance"),
        ("CA-73", "the words about a connected app that cannot be created"),
        (
            "CA-75",
            "JWT logins of an app of another org are told that it is not installed before anything else",
        ),
        (
            "CA-82",
            "elements that are absent from an update stay as they are, unless another line says otherwise",
        ),
        (
            "Certificate",
            "an end a year or two after the deploy, by the size of the key, whatever the text says",
        ),
        ("describeValueType", "a value's label is its name, and values with a part that varies are left out"),
        ("EC-3", "the words about an `orgScopedExternalApp` of another org"),
        (
            "EC-4",
            "the words about an `oauthLink` that leads elsewhere; settings that come first get theirs later",
        ),
        ("EC-9", "a client credentials policy without its user is refused, in our words"),
        ("EC-10", "the words about minutes that no token lives"),
        ("EC-12", "an app has one component of each kind; policies of its own replace those the org made"),
        ("EC-13", "header and satellites of an external client app deploy in one package or in several"),
        ("EC-14", "the words about a connected app of the same name"),
        ("EC-15", "the key and secret of an external client app follow the rules of connected apps"),
        ("EC-19", "which error goes with which words about an external client app of another org"),
        ("EC-21", "the fields of external client apps that queries know"),
        (
            "EC-16",
            "keys and secrets over REST need View Client Secret as well; the code when they may not be seen",
        ),
        ("EC-24", "the words of the warning about a rotation"),
        ("EC-43", "the words about a parameter that names no provider"),
        (
            "EC-45",
            "the address where a principal is authenticated, who may ask for it, and the codes and words where it is refused; \
             the browser comes back to a page of this org only",
        ),
        ("EC-46", "what a principal holds stays under its name until the external credential is gone"),
        (
            "named-credentials API",
            "principals are told without id, parameters and `principalAccess`; one that signs JWTs counts as configured",
        ),
        (
            "ExternalClientApplication",
            "a header without `contactEmail` is refused; deleting one takes its satellites along",
        ),
        ("ExtlClntAppGlobalOauthSettings", "a certificate that is left out of an update is taken away"),
        ("hybrid grants", "which web sessions there are, by scope; they open nothing here"),
        ("LoginHistory", "the kinds and words of logins that no source names"),
        ("MD-12", "a validation that ran no tests cannot be quick deployed"),
        (
            "MD-15",
            "which text tells that the right to a feature is missing; types that no source tells of need none",
        ),
        ("MD-33", "a file that package.xml does not name is a warning"),
        ("MD-36", "the words about missing elements, lengths and ranges"),
        ("MD-39", "deploying the same again reports `changed` false"),
        ("MD-40", "an auth provider that a credential uses cannot be deleted, in our words"),
        ("MD-41", "retrieves and lists call all settings `Settings`, deploys call each by its own type"),
        (
            "NC-4",
            "the words about a credential of the newer model that lacks a parameter or has a legacy element",
        ),
        ("NC-7", "a legacy credential needs `endpoint`, and with Oauth `authProvider`; nothing else"),
        ("NC-10", "the words about an endpoint that is not a URL"),
        (
            "NC-13",
            "another provider, scope, protocol, identity type or kind drops the login of a legacy credential, and nothing \
             else does",
        ),
        (
            "NC-24",
            "the address works with and without the org's id, and only for whoever is logged in and may edit the \
             credential",
        ),
        ("OA-8", "asset tokens need no actor token; other token exchanges are refused, for want of Apex"),
        ("OA-9", "the sixth approval revokes the oldest"),
        (
            "OA-14",
            "a user has 3600 logins an hour, counted from the first; the words over SOAP when they are used up",
        ),
        ("OA-25", "the code and words about a client credentials flow that is off"),
        ("OA-28", "the code for a `scope` sent with client credentials"),
        ("OA-41", "the words over SOAP about an org that is locked"),
        ("OA-42", "the words about PKCE"),
        (
            "OA-45",
            "the words about a blocked app; the token endpoint says them too, and blocking ends the app's sessions",
        ),
        (
            "PermissionSet",
            "a list that is sent replaces the whole list, and from API 40 on user permissions that are not listed go; the \
             words about permissions that need others",
        ),
        ("PermissionSetAssignment", "rows are about permission sets only, and not about what profiles give"),
        (
            "Profile",
            "a list that is sent adds to the list there is, login IP ranges aside; which lists come back only with what \
             they are about, and that objects nobody may read are not listed",
        ),
        (
            "renameMetadata",
            "external client apps, settings and session settings keep their names, and so do standard profiles; \
             everything else that names a component follows",
        ),
        ("SE-4", "a request from outside of the login ranges is told that its session has ended"),
        (
            "SE-7",
            "what is left out of a settings file stays, and an element without value counts as left out",
        ),
        ("SE-12", "session settings without `requiredSessionLevel` take it away"),
        ("SE-13", "the words about minutes that Setup does not offer"),
        (
            "SE-14",
            "a second session setting for a profile is refused, in our words; what Setup calls their switches",
        ),
        ("SE-22", "switches of API Access Control are taken with a note"),
        ("SE-23", "the words at a login host that the org's policy for its My Domain closes"),
        ("SE-25", "`MFA for API Logins` is told by queries, and no login here asks for a second factor"),
        (
            "SE-33",
            "a user without API Enabled gets API_CURRENTLY_DISABLED, and an org without an API refuses at the first \
             request, not at the login",
        ),
        ("SE-40", "user info refuses a session that its address or its level keeps out; SE-41 likewise"),
        ("SE-43", "API Access Control refuses with 401 over REST and does not refuse over SOAP"),
        (
            "Setup pages",
            "the addresses of all pages but those of named credentials; a password stands for the code sent by mail before \
             a consumer secret is shown; which permission opens the forms for sessions, permission sets, users and OAuth \
             usage; a run-as user can be chosen for an app that exists; the words about what is missing or there already",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fact_is_listed_once() {
        let mut facts: Vec<_> = unconfirmed().iter().map(|(fact, _)| fact).collect();
        facts.sort();
        facts.dedup();
        assert_eq!(facts.len(), unconfirmed().len());
    }
}
