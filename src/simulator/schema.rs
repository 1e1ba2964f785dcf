//! A component's XML to its tree of values, as strictly as the platform reads it.
//!
//! The version in package.xml decides which elements exist (MD-23). The first thing wrong ends the reading,
//! with the platform's own words where they are public (CA-5, MD-36).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::rules::Problem;
use super::xml::{self, Element, METADATA};
use crate::component::{Enumeration, Enumerator, Field, Fields, Group, Kind, Scalar, Tree, Type};

/// Enumerations that are ours: the schema has a plain string, so the message cannot be about an enum (CA-40, EC-5).
const PLAIN_STRINGS: [&str; 7] = [
    "DeviceAccess",
    "ExtlClntAppIpRelaxation",
    "ExtlClntAppOauthScope",
    "IpRelaxation",
    "RefreshTokenPolicy",
    "RefreshTokenValidityUnit",
    "SessionPolicyAction",
];

/// Elements whose values an org and its documents spell in different case; an org writes its own.
const ANY_CASE: [&str; 1] = ["ipRelaxationPolicyType"];

pub(super) fn read_file(kind: &Type, bytes: &[u8], version: u16) -> Result<Fields<Scalar>, Problem> {
    let root = xml::read(bytes).map_err(|unreadable| {
        Problem::at(unreadable.at, format!("Error parsing file: {}", unreadable.why))
    })?;
    if root.name != kind.name || root.namespace != METADATA {
        return Err(invalid(&root, &kind.name));
    }
    read_group(&kind.fields, &root, version, true)
}

/// Adds the text of the file that stands beside the one with the elements.
pub(super) fn add_content(kind: &Type, bytes: &[u8], fields: &mut Fields<Scalar>) -> Result<(), Problem> {
    let Some(field) = kind.content_field() else { return Ok(()) };
    let text = std::str::from_utf8(bytes).map_err(|_| {
        Problem::error(format!("the content of this {} is not text (rehearsal wording)", kind.name))
    })?;
    fields.insert(field.name.clone().into(), Tree::Leaf(Scalar::Text(text.to_owned())));
    Ok(())
}

/// Reads the children of an element that stands for a component, whatever the element is called. Calls have no
/// second file: what would be in it is an element in base64.
pub(super) fn read_component(kind: &Type, root: &Element, version: u16) -> Result<Fields<Scalar>, Problem> {
    let content = kind.content_field();
    let is_content = |child: &Element| {
        child.namespace == METADATA && content.is_some_and(|field| field.name == child.name)
    };
    let Some(at) = root.children.iter().position(is_content) else {
        return read_group(&kind.fields, root, version, true);
    };
    let mut root = root.clone();
    let element = root.children.remove(at);
    let mut fields = read_group(&kind.fields, &root, version, true)?;
    let packed: String = element.text.split_whitespace().collect();
    let bytes = STANDARD.decode(packed).map_err(|_| {
        Problem::at(element.at, format!("'{}' is not base64 (rehearsal wording)", element.name))
    })?;
    add_content(kind, &bytes, &mut fields)?;
    Ok(fields)
}

fn read_group(group: &Group, parent: &Element, version: u16, top: bool) -> Result<Fields<Scalar>, Problem> {
    if !parent.trimmed().is_empty() {
        let text =
            format!("Error parsing file: unexpected text in type {} (rehearsal wording, CA-5)", group.name);
        return Err(Problem::at(parent.at, text));
    }
    let mut fields: Fields<Scalar> = Fields::new();
    let mut previous = "";
    for child in &parent.children {
        if top && child.name == "fullName" && child.namespace == METADATA {
            continue; // inherited by every component; the file's name counts
        }
        let field = group
            .field(&child.name)
            .filter(|field| child.namespace == METADATA && field.exists_at(version) && !field.content)
            .ok_or_else(|| invalid(child, &group.name))?;
        let follows_its_like = previous == child.name;
        previous = &child.name;
        if fields.contains_key(field.name.as_str()) && !(field.repeated && follows_its_like) {
            let text = format!(
                "Error parsing file: Element {} is duplicated at this location in type {}",
                child.name, group.name
            );
            return Err(Problem::at(child.at, text));
        }
        let value = read_value(field, child, version)?;
        if !field.repeated {
            fields.insert(field.name.clone().into(), value);
        } else if let Tree::List(items) =
            fields.get_or_insert_with(field.name.clone().into(), || Tree::List(Vec::new()))
        {
            items.push(value);
        }
    }
    for field in &group.fields {
        let given = fields.get(field.name.as_str()).is_some_and(|value| !is_blank(value));
        if field.exists_at(version) && field.is_required_at(version) && !field.content && !given {
            // CA-2, CA-4, AP-2, NC-2; which of MD-36's two wordings these types produce is not public
            return Err(Problem::at(parent.at, format!("Required field is missing: {}", field.name)));
        }
    }
    Ok(fields)
}

fn read_value(field: &Field, element: &Element, version: u16) -> Result<Tree<Scalar>, Problem> {
    if element.nil && element.children.is_empty() {
        return Ok(Tree::Leaf(Scalar::Nil));
    }
    if let Kind::Group(group) = &field.kind {
        return Ok(Tree::Group(read_group(group, element, version, false)?));
    }
    if let Some(child) = element.children.first() {
        return Err(invalid(child, "string"));
    }
    let text = element.trimmed();
    let wrong = |kind: &str| {
        Problem::at(
            element.at,
            format!("Error parsing file: '{text}' is not a valid value for the type {kind}"),
        )
    };
    let scalar = match &field.kind {
        Kind::Flag => match text {
            "true" | "1" => Scalar::Flag(true),
            "false" | "0" => Scalar::Flag(false),
            _ => return Err(wrong("xsd:boolean")),
        },
        Kind::Number => {
            let number: i32 = text.parse().map_err(|_| wrong("xsd:int"))?;
            Scalar::Number(number.into())
        }
        // An empty repeated element means "none", whatever it repeats (CA-51).
        Kind::Enumeration(_) if text.is_empty() && field.repeated => Scalar::Text(String::new()),
        // Several values in one text (EC-5).
        Kind::Enumeration(values) if field.separator.is_some() => {
            for value in field.split(text) {
                read_enumerator(values, value, element, version)?;
            }
            Scalar::Text(text.to_owned())
        }
        Kind::Enumeration(values) => Scalar::Text(read_enumerator(values, text, element, version)?),
        Kind::Binary => Scalar::Text(text.to_owned()),
        _ if text.is_empty() => Scalar::Text(String::new()),
        _ => Scalar::Text(element.text.clone()),
    };
    Ok(Tree::Leaf(scalar))
}

fn read_enumerator(
    values: &Enumeration,
    text: &str,
    element: &Element,
    version: u16,
) -> Result<String, Problem> {
    // `find` would take the aliases that manifests may use; the platform does not.
    let exists = |value: &&Enumerator| {
        value.since_perhaps.or(value.since).is_none_or(|since| since <= version)
            && value.until.is_none_or(|until| version <= until)
    };
    let any_case = ANY_CASE.contains(&element.name.as_str());
    let is_meant =
        |value: &&Enumerator| value.matches(text) || any_case && value.name.eq_ignore_ascii_case(text);
    if let Some(value) = values.values.iter().filter(exists).find(is_meant) {
        return Ok(if any_case { value.name.clone() } else { text.to_owned() });
    }
    let why = if PLAIN_STRINGS.contains(&values.name.as_str()) {
        format!("'{text}' is not a valid value for {} (rehearsal wording)", element.name)
    } else {
        // CA-5; whether "Error parsing file: " stands before it is not public
        format!("'{text}' is not a valid value for the enum '{}'", values.name)
    };
    Err(Problem::at(element.at, why))
}

fn invalid(element: &Element, type_name: &str) -> Problem {
    let text = format!(
        "Error parsing file: Element {} invalid at this location in type {type_name}",
        element.qualified()
    );
    Problem::at(element.at, text)
}

/// True for what counts as not given: empty text, nil, a list of such.
pub(super) fn is_blank(value: &Tree<Scalar>) -> bool {
    match value {
        Tree::Leaf(Scalar::Text(text)) => text.trim().is_empty(),
        Tree::Leaf(Scalar::Nil) => true,
        Tree::Leaf(_) | Tree::Group(_) => false,
        Tree::List(items) => items.iter().all(is_blank),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::type_named;

    fn app(inside: &str, version: u16) -> Result<Fields<Scalar>, Problem> {
        let text = format!(
            "<ConnectedApp xmlns=\"{METADATA}\">\n<contactEmail>a@b.c</contactEmail><label>L</label>\n{inside}</ConnectedApp>"
        );
        read_file(type_named("ConnectedApp").unwrap(), text.as_bytes(), version)
    }

    fn refused(inside: &str, version: u16) -> String {
        app(inside, version).unwrap_err().text
    }

    fn config(inside: &str) -> String {
        format!("<oauthConfig><callbackUrl>https://a.b</callbackUrl>{inside}</oauthConfig>")
    }

    #[test]
    fn values_are_read_by_their_kind() {
        let fields = app(
            &config("<isPkceRequired>true</isPkceRequired><scopes>Api</scopes><scopes>Full</scopes>"),
            62,
        )
        .unwrap();
        let text = |text: &str| Tree::Leaf(Scalar::Text(text.to_owned()));
        let Some(Tree::Group(config)) = fields.get("oauthConfig") else { panic!("no group") };
        assert_eq!(config["isPkceRequired"], Tree::Leaf(Scalar::Flag(true)));
        assert_eq!(config["scopes"], Tree::List(vec![text("Api"), text("Full")]));
        assert_eq!(fields["label"], text("L"));
    }

    #[test]
    fn an_element_newer_than_the_package_is_unknown() {
        let wanted = "Error parsing file: Element {http://soap.sforce.com/2006/04/metadata}isPkceRequired invalid \
                      at this location in type ConnectedAppOauthConfig";
        assert_eq!(refused(&config("<isPkceRequired>true</isPkceRequired>"), 58), wanted);
        assert!(
            refused("<nonsense/>", 62).ends_with("}nonsense invalid at this location in type ConnectedApp")
        );
        assert!(refused("<label xmlns='urn:x'>a</label>", 62).contains("Element {urn:x}label invalid"));
    }

    #[test]
    fn repeats_have_to_stand_together() {
        let duplicated = "Error parsing file: Element scopes is duplicated at this location in type ConnectedAppOauthConfig";
        let apart = "<scopes>Api</scopes><isAdminApproved>true</isAdminApproved><scopes>Full</scopes>";
        assert_eq!(refused(&config(apart), 62), duplicated);
        assert!(refused("<label>M</label>", 62).contains("Element label is duplicated"));
    }

    #[test]
    fn enumerations_are_those_of_the_version_and_have_no_aliases() {
        assert_eq!(
            refused(&config("<scopes>ChatbotApi</scopes>"), 62),
            "'ChatbotApi' is not a valid value for the enum 'ConnectedAppOauthAccessScope'"
        );
        assert!(refused(&config("<scopes>refresh_token</scopes>"), 62).starts_with("'refresh_token'"));
        assert!(refused(&config("<scopes>MCP</scopes>"), 65).starts_with("'MCP'"));
        assert!(app(&config("<scopes>MCP</scopes>"), 66).is_ok());
        let policy = "<oauthPolicy><ipRelaxation>RELAXED</ipRelaxation><refreshTokenPolicy>infinite</refreshTokenPolicy></oauthPolicy>";
        assert_eq!(
            refused(policy, 62),
            "'RELAXED' is not a valid value for ipRelaxation (rehearsal wording)"
        );
    }

    #[test]
    fn wrong_values_and_missing_elements_are_told_with_their_place() {
        let error = app(&config("\n  <isAdminApproved>yes</isAdminApproved>"), 62).unwrap_err();
        assert_eq!(error.text, "Error parsing file: 'yes' is not a valid value for the type xsd:boolean");
        assert_eq!(error.at.map(|at| (at.line, at.column)), Some((4, 3)));
        assert_eq!(refused("<oauthConfig/>", 62), "Required field is missing: callbackUrl");
        assert_eq!(
            refused("<oauthPolicy><ipRelaxation>ENFORCE</ipRelaxation></oauthPolicy>", 62),
            "Required field is missing: refreshTokenPolicy"
        );
        assert!(
            refused("<startUrl><b/></startUrl>", 62).ends_with("}b invalid at this location in type string")
        );
        assert!(refused("text", 62).contains("unexpected text"));
    }

    #[test]
    fn principal_type_was_required_up_to_53() {
        let text = format!("<NamedCredential xmlns=\"{METADATA}\"><label>L</label></NamedCredential>");
        let kind = type_named("NamedCredential").unwrap();
        assert_eq!(
            read_file(kind, text.as_bytes(), 53).unwrap_err().text,
            "Required field is missing: principalType"
        );
        assert!(read_file(kind, text.as_bytes(), 54).is_ok());
    }
}
