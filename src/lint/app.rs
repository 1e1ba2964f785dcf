//! What several rules ask of apps, which are components of two kinds: a connected app is one component, an external
//! client app several.

use std::borrow::Cow;

use crate::component::{FieldPath, Scalar, Tree};
use crate::diagnostic::Span;
use crate::reference::{Part, Reference};
use crate::resolve::{Component, Desired, Leaf, Wanted};
use crate::secret::SecretSource;

/// Whether it is a connected app that people log in with. Client credentials have no people (CA-56, OA-4).
pub(super) fn is_for_people(component: &Component) -> bool {
    component.id.kind.name == "ConnectedApp"
        && component.get(&FieldPath::of("oauthConfig")).is_some()
        && component.flag("oauthConfig.isClientCredentialEnabled") != Some(true)
}

/// Whether a switch is off or left out; not if its value cannot be read.
pub(super) fn is_off(component: &Component, switch: &str) -> bool {
    match component.flag(switch) {
        Some(on) => !on,
        None => !component.has(&FieldPath::of(switch)),
    }
}

/// The scopes that an app gives, as the API spells them, and where they are written.
pub(super) struct Scopes<'a> {
    pub given: Vec<&'a str>,
    /// The component that has them, and the field.
    pub of: &'a Component,
    pub field: FieldPath,
}

/// The scopes of an app; `None` unless all of them are known. Those of an external client app stand in another
/// component than its key and callback.
pub(super) fn scopes_of<'a>(desired: &'a Desired, app: &'a Component) -> Option<Scopes<'a>> {
    if app.id.kind.name == "ConnectedApp" {
        return Some(Scopes { given: scopes(app)?, of: app, field: FieldPath::of("oauthConfig.scopes") });
    }
    let name = app.text("externalClientApplication")?;
    let settings = desired.components.values().find(|other| {
        other.id.kind.name == "ExtlClntAppOauthSettings"
            && other.text("externalClientApplication") == Some(name)
    })?;
    let text = settings.text("commaSeparatedOauthScopes")?;
    let given = text.split(',').map(str::trim).filter(|scope| !scope.is_empty()).collect();
    Some(Scopes { given, of: settings, field: FieldPath::of("commaSeparatedOauthScopes") })
}

/// The scopes of a connected app; `None` unless all of them are known.
pub(super) fn scopes(app: &Component) -> Option<Vec<&str>> {
    let Tree::List(scopes) = app.get(&FieldPath::of("oauthConfig.scopes"))? else { return None };
    let text = |scope| match scope {
        &Tree::Leaf(Leaf { wanted: Wanted::Known(Scalar::Text(ref text)), .. }) => Some(text.as_str()),
        _ => None,
    };
    scopes.iter().map(text).collect()
}

/// The callback URLs of an app that stand in the manifest, and where. What an org tells is left out of them.
pub(super) fn callbacks(app: &Component) -> Option<(Vec<String>, Span)> {
    let path = match app.id.kind.name.as_str() {
        "ConnectedApp" => "oauthConfig.callbackUrl",
        "ExtlClntAppGlobalOauthSettings" => "callbackUrl",
        _ => return None,
    };
    let leaf = app.get(&FieldPath::of(path))?.as_leaf()?;
    let text = match &leaf.wanted {
        Wanted::Known(Scalar::Text(text)) => text.clone(),
        Wanted::Formula(formula) => formula.fill(|_| Some(Cow::Borrowed("")))?,
        _ => return None,
    };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Some((lines.map(str::to_owned).collect(), leaf.at))
}

/// The host of a URL, without its port.
pub(super) fn host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority.rsplit('@').next()?;
    let host = match authority.strip_prefix('[') {
        Some(address) => address.split(']').next()?,
        None => authority.split(':').next()?,
    };
    (!host.is_empty()).then_some(host)
}

/// Where the key of an app stands, in the components that have one.
fn key_field(app: &Component) -> Option<&'static str> {
    match app.id.kind.name.as_str() {
        "ConnectedApp" => Some("oauthConfig.consumerKey"),
        "ExtlClntAppGlobalOauthSettings" => Some("consumerKey"),
        _ => None,
    }
}

/// The app of the project that an auth provider presents the key of: the component that has its key and callback.
pub(super) fn app_of<'a>(desired: &'a Desired, provider: &Component) -> Option<&'a Component> {
    if provider.id.kind.name != "AuthProvider" {
        return None;
    }
    let key = provider.get(&FieldPath::of("consumerKey"))?.as_leaf()?;
    let id = match &key.wanted {
        Wanted::Formula(formula) => match formula.0.as_slice() {
            [Part::Reference(Reference::Attribute { of, .. })] => of,
            _ => return None,
        },
        Wanted::Secret(SecretSource::Generated(generated)) => &generated.owner,
        wanted => {
            let has_key = |app: &&Component| {
                let key = key_field(app).and_then(|field| app.get(&FieldPath::of(field))?.as_leaf());
                key.is_some_and(|key| key.wanted == *wanted)
            };
            return desired.components.values().find(has_key);
        }
    };
    desired.components.get(id).filter(|app| key_field(app).is_some())
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn a_host_has_no_port_and_no_path() {
        assert_eq!(host("https://a.example:8443/cb"), Some("a.example"));
        assert_eq!(host("http://[::1]:80/x"), Some("::1"));
        assert_eq!(host("https://u@a.example?x"), Some("a.example"));
        assert_eq!(host("myapp://callback"), Some("callback"));
        assert_eq!(host("com.example:/oauth"), None);
        assert_eq!(host("https:///x"), None);
    }
}
