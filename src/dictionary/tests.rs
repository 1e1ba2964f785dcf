use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use Place::{Api, Deploy, OAuth};

/// Where, with which code, in which words, and what it is to us.
const CASES: &[(Place, &str, &str, &str)] = &[
    (Deploy, "", "The consumer key is already taken.", "consumer-key-taken"),
    (Deploy, "", "You cannot provide a Consumer Key", "consumer-key-on-update"),
    (
        Deploy,
        "",
        "This URL Suffix already exists or has been previously used. Please choose a different name.",
        "url-suffix-burnt",
    ),
    (Deploy, "", "You must enter a value", "value-required"),
    (Deploy, "REQUIRED_FIELD_MISSING", "Required fields are missing: [label]", "missing-required-field"),
    (Deploy, "", "Required field is missing: endpoint", "missing-required-field"),
    (Deploy, "", "In field: executionUser - no User named ada@acme.com found", "no-such-user"),
    (
        Deploy,
        "",
        "Cannot find a user that matches any of the following usernames: ada@acme.com",
        "no-such-user",
    ),
    (Deploy, "", "In field: authProvider - no AuthProvider named Orders found", "no-such-reference"),
    (
        Deploy,
        "",
        "Error parsing file: Element {http://soap.sforce.com/2006/04/metadata}x invalid at this location in type ConnectedApp",
        "unknown-element",
    ),
    (
        Deploy,
        "",
        "'ID' is not a valid value for the enum 'ConnectedAppOauthAccessScope'",
        "unknown-enum-value",
    ),
    (
        Deploy,
        "",
        "A.connectedApp(3,4): Error parsing file: XML document structures must start",
        "unreadable-component",
    ),
    (Deploy, "", "Field:scopes, value:Api appears more than once", "listed-twice"),
    (
        Deploy,
        "",
        "An object 'X' of type ConnectedApp was named in package.xml, but was not found in zipped directory",
        "not-in-zip",
    ),
    (Deploy, "", "Not in package.xml", "not-in-package-xml"),
    (Deploy, "", "No package.xml found", "no-package-xml"),
    (Deploy, "", "No ConnectedApp named: X found", "nothing-to-delete"),
    (Deploy, "", "Entity of type 'ConnectedApp' named 'X' cannot be found", "nothing-to-retrieve"),
    (Deploy, "", "Load of metadata from db failed for metadata of type:ConnectedApp", "nothing-to-retrieve"),
    (
        Deploy,
        "DUPLICATE_VALUE",
        "duplicate value found: <unknown> duplicates value on record with id: <unknown>",
        "duplicate-value",
    ),
    (Deploy, "DUPLICATE_DEVELOPER_NAME", "This name is used", "duplicate-value"),
    (Deploy, "ALREADY_IN_PROCESS", "x", "setup-locked"),
    (Deploy, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record", "setup-locked"),
    (
        Deploy,
        "",
        "However, the administration setup has already been locked by another change. Please wait",
        "setup-locked",
    ),
    (Deploy, "", "because it interferes with another operation already in progress", "setup-locked"),
    (Deploy, "", "Not available for deploy for this organization", "no-right-to-deploy-this"),
    (Deploy, "", "insufficient access rights on cross-reference id", "no-right-to-deploy-this"),
    (Deploy, "INVALID_OPERATION", "Too many files in zip", "too-many-files"),
    (Deploy, "STRING_TOO_LONG", "Label: data value too large", "text-too-long"),
    (Deploy, "", "Cross-org OAuth flows are not supported for this external client app", "cross-org-app"),
    (Deploy, "", "External client app is not installed in this org", "cross-org-app"),
    (Deploy, "OAUTH_EC_APP_NOT_FOUND", "OAUTH_EC_APP_NOT_FOUND", "cross-org-app"),
    (
        Deploy,
        "UNKNOWN_EXCEPTION",
        "An unexpected error occurred. Please include this ErrorId if you contact support: 1234567-89 (-1)",
        "unexpected-error",
    ),
    (Deploy, "FIELD_INTEGRITY_EXCEPTION", "x", "integrity"),
    (Deploy, "INVALID_CROSS_REFERENCE_KEY", "x", "used-elsewhere"),
    (Deploy, "", "no NamedCredential named X found", "nothing-to-delete"),
    (Deploy, "LIMIT_EXCEEDED", "x", "package-too-large"),
    (Deploy, "INVALID_TYPE", "x", "type-unknown"),
    (Deploy, "INSUFFICIENT_ACCESS", "x", "no-right-to-deploy-this"),
    (Deploy, "", "INSUFFICIENT_ACCESS: insufficient access rights on object id", "no-right-to-deploy-this"),
    (Deploy, "", "UNKNOWN_EXCEPTION: something nobody has seen", "unexpected-error"),
    (Deploy, "", "INVALID_OPERATION: Too many files in zip", "too-many-files"),
    (Deploy, "", "STRING_TOO_LONG: label: data value too large: x (max length=80)", "text-too-long"),
    (Deploy, "DELETE_FAILED", "x", "used-elsewhere"),
    (
        Deploy,
        "",
        "You can't create a connected app: since Spring '26 creating connected apps is blocked in this org",
        "app-creation-blocked",
    ),
    (
        Deploy,
        "",
        "The URL Suffix can only contain underscores and alphanumeric characters. It must be unique, begin with a letter",
        "name-illegal",
    ),
    (
        Deploy,
        "",
        "settings/X.settings is not a valid metadata object. Check the name and casing of the file.",
        "file-misnamed",
    ),
    (
        Deploy,
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "Record rolled back because not all records were valid",
        "all-or-none",
    ),
    (Api, "INVALID_SESSION_ID", "Session expired or invalid", "session-invalid"),
    (
        Api,
        "INVALID_SESSION_ID",
        "Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session hash: x",
        "session-invalid",
    ),
    (
        Api,
        "INVALID_SESSION_ID",
        "This session is not valid for use with the REST API",
        "session-not-for-rest",
    ),
    (Api, "INVALID_SESSION_ID", "This session is not valid for use with the API", "session-not-for-rest"),
    (Api, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE", "auth-header"),
    (Api, "URL_NOT_RESET", "x", "wrong-host"),
    (Api, "Bad_OAuth_Token", "the token is not taken here", "token-unknown"),
    (Api, "Missing_OAuth_Token", "x", "token-unknown"),
    (Api, "API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization.", "api-not-in-edition"),
    (
        Api,
        "API_DISABLED_FOR_ORG",
        "API is not enabled for this Organization or Partner",
        "api-not-in-edition",
    ),
    (Api, "API_CURRENTLY_DISABLED", "API is disabled for this User", "api-not-for-user"),
    (
        Api,
        "INSUFFICIENT_ACCESS",
        "use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata permissions",
        "no-metadata-api-right",
    ),
    (Api, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", "requests-used-up"),
    (Api, "LIMIT_EXCEEDED", "x", "too-much-at-once"),
    (Api, "EXCEEDED_ID_LIMIT", "record limit reached", "too-much-at-once"),
    (
        Api,
        "",
        "Maximum size of request reached. Maximum size of request is 52428800 bytes.",
        "too-much-at-once",
    ),
    (Api, "UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL", "version-unknown"),
    (Api, "NOT_FOUND", "The requested resource does not exist", "no-such-resource"),
    (
        Api,
        "NOT_FOUND",
        "Provided external ID field does not exist or is not accessible: X",
        "no-such-resource",
    ),
    (Api, "NOT_FOUND", "no validation with this id can be quick deployed", "validation-not-deployable"),
    (
        Api,
        "INVALID_ID_FIELD",
        "no validation with this id can be quick deployed",
        "validation-not-deployable",
    ),
    (Api, "JSON_PARSER_ERROR", "Unexpected character", "body-unreadable"),
    (Api, "INVALID_MULTIPART_REQUEST", "x", "body-unreadable"),
    (Api, "METHOD_NOT_ALLOWED", "HTTP Method 'PUT' not allowed. Allowed are GET", "method-not-allowed"),
    (Api, "UNSUPPORTED_MEDIA_TYPE", "x", "media-type"),
    (Api, "SERVER_UNAVAILABLE", "x", "org-unavailable"),
    (Api, "MALFORMED_QUERY", "unexpected token: 'FROM'", "query-malformed"),
    (Api, "INVALID_TYPE", "sObject type 'X' is not supported.", "query-unknown-type"),
    (Api, "INVALID_TYPE", "Unknown type:X", "query-unknown-type"),
    (Api, "INVALID_FIELD", "No such column 'X' on entity 'Y'.", "query-unknown-field"),
    (Api, "MALFORMED_ID", "x", "id-malformed"),
    (Api, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", "id-unknown"),
    (Api, "INVALID_LOCATOR", "x", "id-unknown"),
    (Api, "INVALID_ID_FIELD", "Deployment already completed", "deployment-over"),
    (
        Api,
        "INVALID_OPERATION",
        "testLevel of NoTestRun cannot be used in production organizations",
        "operation-refused",
    ),
    (
        Api,
        "INVALID_LOGIN",
        "Invalid username, password, security token; or user locked out.",
        "login-invalid",
    ),
    (Api, "INVALID_OPERATION", "SOAP API login() is disabled by default in this org.", "soap-login-off"),
    (Api, "INVALID_CROSS_REFERENCE_KEY", "no NamedCredential named X found", "no-such-component"),
    (Api, "LOGIN_RATE_EXCEEDED", "x", "too-many-logins"),
    (Api, "ORG_LOCKED", "x", "org-locked"),
    (Api, "", "The feature is not currently enabled for this user", "feature-not-for-user"),
    (Api, "POST_BODY_PARSE_ERROR", "x", "body-unreadable"),
    (
        Api,
        "INSUFFICIENT_ACCESS",
        "the user may not authenticate this principal (rehearsal wording)",
        "principal-not-for-user",
    ),
    (
        Api,
        "INVALID_OPERATION",
        "nobody logs in to this credential with a browser (rehearsal wording)",
        "principal-without-login",
    ),
    (Api, "LOGIN_MUST_USE_SECURITY_TOKEN", "x", "login-locked"),
    (Api, "PASSWORD_LOCKOUT", "x", "login-locked"),
    (Api, "ALREADY_IN_PROCESS", "x", "setup-locked-request"),
    (
        Api,
        "UNKNOWN_EXCEPTION",
        "An unexpected error occurred. Please include this ErrorId",
        "salesforce-failed",
    ),
    (OAuth, "invalid_client_id", "client identifier invalid", "oauth-client-unknown"),
    (OAuth, "invalid_client", "invalid client credentials", "oauth-client-secret"),
    (OAuth, "invalid_client", "invalid client", "oauth-client-gone"),
    (OAuth, "OAUTH_EC_APP_NOT_FOUND", "x", "oauth-cross-org"),
    (
        OAuth,
        "invalid_client",
        "Cross-org OAuth flows are not supported for this external client app",
        "oauth-cross-org",
    ),
    (OAuth, "authorization_pending", "x", "oauth-device-pending"),
    (OAuth, "slow_down", "x", "oauth-device-pending"),
    (OAuth, "server_error", "x", "oauth-server-error"),
    (OAuth, "redirect_uri_mismatch", "redirect_uri must match configuration", "oauth-redirect-uri-mismatch"),
    (OAuth, "invalid_grant", "ip restricted", "oauth-ip-restricted"),
    (OAuth, "invalid_grant", "no client credentials user enabled", "oauth-no-run-as-user"),
    (OAuth, "invalid_grant", "client credentials flow not enabled", "oauth-client-credentials-off"),
    (OAuth, "invalid_client", "client credentials flow not enabled", "oauth-client-credentials-off"),
    (OAuth, "invalid_grant", "no valid scopes defined", "oauth-no-scopes"),
    (OAuth, "invalid_grant", "request not supported on this domain", "oauth-wrong-domain"),
    (OAuth, "invalid_request", "scope parameter not supported", "oauth-scope-parameter"),
    (OAuth, "invalid_grant", "authentication failure", "oauth-authentication-failure"),
    (OAuth, "invalid_grant", "expired access/refresh token", "oauth-token-ended"),
    (OAuth, "invalid_grant", "expired authorization code", "oauth-code-spent"),
    (OAuth, "invalid_grant", "invalid authorization code", "oauth-code-spent"),
    (OAuth, "invalid_grant", "user hasn't approved this consumer", "oauth-not-approved"),
    (OAuth, "invalid_grant", "Audience validation failed", "oauth-audience"),
    (OAuth, "invalid_grant", "audience is invalid", "oauth-audience"),
    (OAuth, "invalid_grant", "invalid assertion", "oauth-assertion"),
    (
        OAuth,
        "invalid_app_access",
        "user is not admin approved to access this app",
        "oauth-not-admin-approved",
    ),
    (OAuth, "access_denied", "end-user denied authorization", "oauth-denied"),
    (OAuth, "invalid_client", "app must be installed into org", "oauth-app-not-installed"),
    (OAuth, "invalid_app_access", "Orders is not installed in this org", "oauth-app-not-installed"),
    (OAuth, "unsupported_grant_type", "grant type not supported", "oauth-grant-type"),
    (OAuth, "unsupported_response_type", "response type not supported", "oauth-response-type"),
    (OAuth, "invalid_scope", "the requested scope is not allowed", "oauth-scope"),
    (OAuth, "inactive_user", "user is inactive", "oauth-user-inactive"),
    (OAuth, "invalid_grant", "inactive user", "oauth-user-inactive"),
    (OAuth, "inactive_org", "organization is locked, closed, or suspended", "oauth-org-inactive"),
    (OAuth, "invalid_request", "missing required code challenge", "oauth-pkce"),
    (OAuth, "invalid_grant", "invalid code verifier", "oauth-pkce"),
    (OAuth, "rate_limit_exceeded", "number of logins exceeded", "oauth-too-many-logins"),
    (
        OAuth,
        "OAUTH_APPROVAL_ERROR_GENERIC",
        "An unexpected error has occurred during authentication.",
        "oauth-approval-error",
    ),
    (OAuth, "OAUTH_APP_BLOCKED", "this app is blocked by admin", "oauth-app-blocked"),
    (OAuth, "OAUTH_APP_ACCESS_DENIED", "x", "oauth-app-blocked"),
    (OAuth, "1702", "Failed: Missing Consumer Key Parameter", "oauth-no-client-id"),
    (
        OAuth,
        "invalid_client",
        "You cannot install a sandbox app outside a non-sandbox organization.",
        "oauth-sandbox-app",
    ),
    (
        OAuth,
        "",
        "Problem Logging In: We can't log you in because of an authentication error.",
        "oauth-page-refused",
    ),
    (OAuth, "", "CSRF: No CSRF cookie", "oauth-no-csrf-cookie"),
    (OAuth, "invalid_grant", "expired device code", "oauth-device-code"),
    (OAuth, "invalid_token", "invalid token", "oauth-token-unknown"),
    (OAuth, "invalid_request", "missing required parameter: code", "oauth-request-malformed"),
    (OAuth, "HTTP 302", "", "vendor-redirects"),
];

#[test]
fn every_message_is_known() {
    for (place, code, message, expected) in CASES {
        let found = find(*place, code, message).map(|entry| entry.code.as_str());
        assert_eq!(found, Some(*expected), "{place:?} {code}: {message}");
    }
}

#[test]
fn every_entry_is_met_by_a_message() {
    let met: BTreeSet<&str> = CASES.iter().map(|(.., code)| *code).collect();
    assert_eq!(codes().filter(|code| !met.contains(code)).collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn an_unknown_message_has_no_entry() {
    assert!(find(Deploy, "", "Something new").is_none());
    assert!(find(Api, "SOMETHING_NEW", "Something new").is_none());
    // An error that means many things means nothing without words that are known.
    for error in ["invalid_grant", "invalid_request", "invalid_client", "invalid_app_access"] {
        assert!(find(OAuth, error, "something nobody has seen").is_none(), "{error}");
    }
    // A text that belongs to another error is another matter.
    assert!(find(OAuth, "something_new", "ip restricted").is_none());
}

/// What two entries claim alike would go to the first of the file.
#[test]
fn no_message_is_two_things() {
    for (place, code, message, expected) in CASES {
        let here: Vec<&Entry> =
            ENTRIES.iter().filter(|(said, _)| said == place).map(|(_, entry)| entry).collect();
        let (code, message) = if code.is_empty() { spoken(&here, message) } else { (*code, *message) };
        let weights: Vec<usize> = here.iter().map(|entry| entry.weight(code, message)).collect();
        let best = weights.iter().max().unwrap();
        assert_eq!(weights.iter().filter(|weight| *weight == best).count(), 1, "{expected}: {message}");
    }
}

#[test]
fn codes_are_our_own_and_stand_for_one_thing() {
    let mut seen: BTreeSet<&str> = crate::explain::all().map(|(name, _)| name).collect();
    for code in codes() {
        assert!(
            code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
            "{code}"
        );
        assert!(seen.insert(code), "{code} is there twice");
    }
}

#[test]
fn entries_read_well() {
    for (_, entry) in ENTRIES.iter() {
        assert!(entry.cause.ends_with('.'), "{}", entry.code);
        let first = entry.remedy.chars().next().unwrap();
        assert!(first.is_lowercase() && !entry.remedy.ends_with('.'), "{}", entry.code);
        assert!(!entry.error.is_empty() || !entry.says.is_empty(), "{}", entry.code);
        assert!(entry.story().contains("What the org says:"));
    }
}

#[test]
fn the_page_in_docs_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/org-errors.md");
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == page(),
        "docs/org-errors.md is stale; write it again: cargo run -- explain --org-errors > docs/org-errors.md"
    );
}
