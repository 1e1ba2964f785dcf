//! Words of flags that are more than text.

use std::path::PathBuf;

use crate::component::{ComponentId, Type, type_with_key, types};
use crate::diagnostic::suggestion;
use crate::secret::SecretSource;
use crate::verify::refresh::Given;

pub(super) fn api_version(text: &str) -> Result<u16, String> {
    let known = crate::component::OLDEST_API_VERSION..=crate::component::NEWEST_API_VERSION;
    let version = text.strip_suffix(".0").unwrap_or(text).parse::<u16>().ok();
    version
        .filter(|version| known.contains(version))
        .ok_or_else(|| format!("write a version from {}.0 to {}.0", known.start(), known.end()))
}

pub(super) fn metadata_type(text: &str) -> Result<&'static Type, String> {
    type_with_key(text).ok_or_else(|| {
        let near = suggestion(text, types().iter().map(|kind| kind.key.as_str()));
        near.map_or("no type has this name".to_owned(), |near| format!("did you mean {near}?"))
    })
}

pub(super) fn refresh_token(text: &str) -> Result<Given, String> {
    let wrong =
        || "write ADDRESS=env:NAME or ADDRESS=file:PATH, such as connected-app.Orders=env:TOKEN".to_owned();
    let (address, source) = text.split_once('=').ok_or_else(wrong)?;
    let token = match source.split_once(':').ok_or_else(wrong)? {
        ("env", name) if !name.is_empty() => SecretSource::Environment(name.to_owned()),
        ("file", path) if !path.is_empty() => SecretSource::File(PathBuf::from(path)),
        _ => return Err(wrong()),
    };
    let component = ComponentId::parse(address).ok_or_else(wrong)?;
    Ok(Given { component, token })
}

pub(super) fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}
