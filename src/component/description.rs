//! Descriptions of metadata types, read from `templates/<Type>.toml`.
//!
//! A description says everything orgwire knows about a type: what may be written, since which API version,
//! what an org never gives back and what can never be changed. It is data because then parsing, checking,
//! rendering, comparing and the local org all follow from one place, and a new type needs no Rust.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{ComponentId, FieldPath, Fields, Scalar, Tree, kebab, type_with_key};

/// One metadata type.
#[derive(Debug)]
pub struct Type {
    /// The API's name, also the root element: `ConnectedApp`.
    pub name: String,
    /// The name in manifests and addresses: `connected-app`.
    pub key: String,
    /// Folder in a package: `connectedApps`.
    pub directory: String,
    /// File name ending without its dot: `connectedApp`.
    pub suffix: String,
    /// The name in package.xml, which is another one for settings: `Settings`.
    pub package_type: String,
    /// First API version (major number) that knows the type.
    pub since: u16,
    pub doc: String,
    /// Fields that a person writes before all others, in this order, by API name.
    pub lead: Vec<String>,
    /// Where the type stands in package.xml: lower first, by name where equal. Orgs order types themselves,
    /// but nobody documents how (MD-31).
    pub order: u8,
    pub member: Member,
    pub fields: Group,
    /// Values other components can refer to, by key: `callback-url`.
    pub attributes: BTreeMap<String, Attribute>,
    /// What a person has to do in the org after a component was created.
    pub manual_steps: Vec<ManualStep>,
    /// Elements left out on purpose, with the reason: internal, reserved, or newer than the descriptions.
    pub left_out: BTreeMap<String, String>,
}

/// Rules for the full name of a component.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Member {
    /// In characters.
    pub max_length: usize,
    /// True where a name stays reserved after deletion (AP-5).
    #[serde(default)]
    pub burnt_after_deletion: bool,
    /// What is gone for good with a component, for people who are about to remove it.
    #[serde(default)]
    pub lost_with_it: Vec<String>,
    /// What Setup calls the name, where that differs from "API name".
    #[serde(default)]
    pub called: Option<String>,
    /// The only name there is: settings exist once per org.
    #[serde(default)]
    pub fixed: Option<String>,
    /// True where any character may stand in a name, as in those of profiles.
    #[serde(default)]
    pub free: bool,
    /// Why names fit one org only, where the org makes them up itself (SE-14).
    #[serde(default)]
    pub generated: Option<String>,
    /// The field, by API name, that tells which of an org's components is meant, where names fit one org only.
    #[serde(default)]
    pub matched_on: Option<String>,
}

impl Type {
    /// Where the elements of a component stand in a package: `connectedApps/Orders.connectedApp`.
    pub fn path(&self, name: &str) -> String {
        let companion = if self.content_field().is_some() { "-meta.xml" } else { "" };
        format!("{}/{name}.{}{companion}", self.directory, self.suffix)
    }

    /// Where the value of an attribute stands, if a component itself holds it: `consumer-key` of an app.
    pub fn attribute_field(&self, attribute: &str) -> Option<&FieldPath> {
        match &self.attributes.get(attribute)?.source {
            AttributeSource::Field(path) => Some(path),
            AttributeSource::Query { .. } => None,
        }
    }

    /// The field that is no element but a file of its own, beside the one with the elements.
    pub fn content_field(&self) -> Option<&Field> {
        self.fields.fields.iter().find(|field| field.content)
    }

    /// Where that file stands in a package: `certs/Orders.crt`.
    pub fn content_path(&self, name: &str) -> Option<String> {
        self.content_field().map(|_| format!("{}/{name}.{}", self.directory, self.suffix))
    }
}

/// The elements one parent can hold, in the order in which an org writes them.
#[derive(Debug)]
pub struct Group {
    /// The schema's name of the complex type: `ConnectedAppOauthConfig`.
    pub name: String,
    pub fields: Vec<Field>,
}

impl Group {
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.binary_search_by(|field| field.name.as_str().cmp(name)).ok().map(|at| &self.fields[at])
    }

    pub fn field_with_key(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// What an org assumes for the fields of this group itself.
    pub fn defaults(&self) -> Fields<Scalar> {
        let value = |field: &Field| {
            let scalar = field.kind.scalar(field.default.as_ref()?);
            Some((field.name.clone().into(), Tree::Leaf(scalar)))
        };
        self.fields.iter().filter_map(value).collect()
    }

    /// Calls `visit` with every field below this group and its path from here.
    pub fn each_field<'a>(&'a self, visit: &mut impl FnMut(&FieldPath, &'a Field)) {
        self.walk(&FieldPath::root(), visit);
    }

    fn walk<'a>(&'a self, at: &FieldPath, visit: &mut impl FnMut(&FieldPath, &'a Field)) {
        for field in &self.fields {
            let path = at.element(field.name.clone());
            visit(&path, field);
            if let Kind::Group(group) = &field.kind {
                group.walk(&path, visit);
            }
        }
    }
}

/// One element.
#[derive(Debug)]
pub struct Field {
    /// The API's name: `callbackUrl`.
    pub name: String,
    /// The name in manifests: `callback-url`.
    pub key: String,
    pub kind: Kind,
    /// The schema demands it.
    pub required: bool,
    /// The schema demanded it up to and including this API version.
    pub required_until: Option<u16>,
    /// The element may occur several times; a list in manifests.
    pub repeated: bool,
    /// What stands between the values of an element whose text is a list of them, such as a line break; text
    /// or a list in manifests.
    pub separator: Option<String>,
    /// No element: the text of a file beside the one with the elements.
    pub content: bool,
    /// Child elements, by API name, that tell the items of a repeated group apart.
    pub identity: Vec<String>,
    /// First API version (major number) at which the element may be sent.
    pub since: u16,
    /// An earlier one that some source tells of.
    pub since_perhaps: Option<u16>,
    /// Last API version that knows the element.
    pub until: Option<u16>,
    /// A later one that some source tells of.
    pub until_perhaps: Option<u16>,
    /// In characters.
    pub max_length: Option<usize>,
    /// Inclusive bounds of a number.
    pub range: Option<(i64, i64)>,
    /// Must never be written down as text.
    pub secret: bool,
    /// No secret, and yet often kept where secrets are, such as a key: may be sourced like one.
    pub sourced: bool,
    /// Computed by the org; never sent.
    pub read_only: bool,
    /// Accepted on deploy, never given back.
    pub write_only: bool,
    /// What an org gives back in place of the value, if there is one.
    pub masked: Option<String>,
    /// Where these fields, by API name, have these values, there is a value of this one, though an org never
    /// gives it back.
    pub implied_by: BTreeMap<String, String>,
    /// The text of a certificate, which counts without its first and last line and its line breaks.
    pub pem: bool,
    /// The value fits one org only.
    pub org_bound: bool,
    /// Where no value is given the org makes one up, so that leaving it out changes nothing.
    pub assigned: bool,
    /// An empty element takes away what was there; leaving it out does not.
    pub clears: bool,
    /// Leaving it out of a component that exists takes away what was there (SE-12, by its stance).
    pub gone_if_left_out: bool,
    /// Accepted when the component is created, refused or ignored afterwards.
    pub create_only: bool,
    /// Once it has this value the org keeps it for ever.
    pub irreversible: Option<String>,
    /// What the org assumes when a component is created without the element.
    pub default: Option<String>,
    /// The key of the metadata type whose component this text names: `auth-provider`.
    pub names: Option<String>,
    /// The key of the metadata type whose component stands before the first hyphen of this text (EC-41).
    pub names_before_hyphen: Option<String>,
    /// That component has to be in the org before this one is sent; in the same package is not early enough (EC-13).
    pub names_first: bool,
    /// The field may be `{ generate = true }`.
    pub generate: Option<Generate>,
    /// One line for users.
    pub doc: String,
    /// What nobody could confirm about the field.
    pub unsure: Option<String>,
    /// Ids of the facts behind these rules, e.g. `CA-16`.
    pub facts: Vec<String>,
}

impl Field {
    /// The component that a text in this field names, if it is one that does.
    pub fn named(&self, text: &str) -> Option<ComponentId> {
        let (key, name) = match (&self.names, &self.names_before_hyphen) {
            (Some(key), _) => (key, text),
            // Names of components have no hyphen.
            (None, Some(key)) => (key, text.split_once('-')?.0),
            (None, None) => return None,
        };
        (!name.is_empty()).then(|| Some(ComponentId::new(type_with_key(key)?, name)))?
    }

    pub fn is_required_at(&self, api_version: u16) -> bool {
        self.required || self.required_until.is_some_and(|last| api_version <= last)
    }

    /// Whether the element may be sent, giving every source the benefit of the doubt.
    pub fn exists_at(&self, api_version: u16) -> bool {
        self.since_perhaps.unwrap_or(self.since) <= api_version
            && self.until_perhaps.or(self.until).is_none_or(|last| api_version <= last)
    }

    /// Whether the sources disagree about the element at this API version.
    pub fn is_doubtful_at(&self, api_version: u16) -> bool {
        self.exists_at(api_version)
            && !(self.since <= api_version && self.until.is_none_or(|last| api_version <= last))
    }

    /// The values in a text that is a list of them; the text itself where it is none.
    pub fn split<'t>(&self, text: &'t str) -> Vec<&'t str> {
        match self.separator.as_deref() {
            None => vec![text],
            Some("\n") => text.lines().map(str::trim).filter(|line| !line.is_empty()).collect(),
            Some(separator) if separator.trim().is_empty() => text.split_whitespace().collect(),
            Some(separator) => {
                text.split(separator.trim()).map(str::trim).filter(|value| !value.is_empty()).collect()
            }
        }
    }
}

/// What an element holds.
#[derive(Debug)]
pub enum Kind {
    Text,
    Flag,
    Number,
    /// Base64 text.
    Binary,
    Enumeration(Enumeration),
    Group(Group),
}

impl Kind {
    /// A value of this kind, as descriptions write it.
    pub fn scalar(&self, text: &str) -> Scalar {
        match self {
            Kind::Flag => Scalar::Flag(text == "true"),
            Kind::Number => text.parse().map_or(Scalar::Nil, Scalar::Number),
            _ => Scalar::Text(text.to_owned()),
        }
    }
}

/// The values a text may have.
#[derive(Debug, Clone)]
pub struct Enumeration {
    /// The schema's name; ours where the schema has a plain string.
    pub name: String,
    /// In the schema's order.
    pub values: Vec<Enumerator>,
}

impl Enumeration {
    /// The value as the API spells it, given the API's spelling or an alias.
    pub fn find(&self, written: &str) -> Option<&Enumerator> {
        self.values
            .iter()
            .find(|value| value.matches(written))
            .or_else(|| self.values.iter().find(|value| value.aliases.iter().any(|alias| alias == written)))
    }

    /// Position in the schema's order, for sorting repeated elements.
    pub fn position(&self, value: &str) -> usize {
        self.values.iter().position(|known| known.matches(value)).unwrap_or(self.values.len())
    }
}

/// One value of an enumeration.
#[derive(Debug, Clone, Default)]
pub struct Enumerator {
    /// As the API spells it. A word in braces stands for a part that varies, see [`Enumerator::matches`]:
    /// `specific_lifetime:{count}:{unit}`.
    pub name: String,
    pub since: Option<u16>,
    /// An earlier API version that some source tells of.
    pub since_perhaps: Option<u16>,
    pub until: Option<u16>,
    /// Other spellings that manifests may use, e.g. OAuth's scope names.
    pub aliases: Vec<String>,
    /// The value an org gives back in its place.
    pub folds_into: Option<String>,
    /// What nobody could confirm about the value.
    pub unsure: Option<String>,
}

impl Enumerator {
    /// Whether `written` is this value. `{count}` matches a positive whole number without a leading zero,
    /// `{unit}` one of HOURS, DAYS, MONTHS (the grammar of refresh token policies, CA-40).
    pub fn matches(&self, written: &str) -> bool {
        if !self.name.contains('{') {
            return self.name == written;
        }
        let mut wanted = self.name.split(':');
        let mut found = written.split(':');
        loop {
            match (wanted.next(), found.next()) {
                (None, None) => return true,
                (Some("{count}"), Some(count)) => {
                    let digits = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
                    if !digits || count.starts_with('0') {
                        return false;
                    }
                }
                (Some("{unit}"), Some(unit)) if ["HOURS", "DAYS", "MONTHS"].contains(&unit) => {}
                (Some(wanted), Some(found)) if wanted == found => {}
                _ => return false,
            }
        }
    }
}

/// What `{ generate = true }` makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Generate {
    /// 85 letters and digits, the length of Salesforce's own keys (CA-12).
    ConsumerKey,
    /// 64 letters and digits: at least 32 (CA-13), and fits a provider's 100 (AP-4).
    ConsumerSecret,
}

/// A value of a component that others can refer to.
#[derive(Debug)]
pub struct Attribute {
    pub doc: String,
    pub source: AttributeSource,
}

/// Where the value of an attribute comes from.
#[derive(Debug)]
pub enum AttributeSource {
    /// A field of the component, by API names. Known from the manifest if set there.
    Field(FieldPath),
    /// Only the org can tell, by SOQL.
    Query {
        object: String,
        /// The column that holds the component's name.
        member: String,
        column: String,
        /// Replaced in the column's value, once: from, to.
        replace: Option<(String, String)>,
        /// What the value will be, with `{instance-url}` and `{name}`.
        predicted: Option<String>,
        /// What stands in a field until the value is known.
        placeholder: String,
    },
}

/// Something that has to be done by hand after a component was created.
#[derive(Debug, Clone)]
pub struct ManualStep {
    /// Only where these fields (by API name) have these values.
    pub when: BTreeMap<String, String>,
    pub what: String,
    /// Path in the org, with `{id}` for the component's record id.
    pub path: String,
    /// Fields, by API name, whose change may undo it.
    pub again_after: Vec<String>,
    pub facts: Vec<String>,
}

impl Type {
    /// Reads a description. The error is for whoever writes descriptions: it says what is wrong and where.
    pub fn parse(text: &str) -> Result<Type, String> {
        let written: WrittenType = toml::from_str(text).map_err(|error| error.to_string())?;
        let reader = Reader { since: written.since, groups: &written.types, enums: &written.enums };
        let fields = reader.group(&written.name, &written.fields, 0)?;
        let mut attributes = BTreeMap::new();
        for (key, attribute) in written.attributes {
            attributes
                .insert(key.clone(), attribute.read().map_err(|why| format!("attribute `{key}`: {why}"))?);
        }
        Ok(Type {
            key: kebab(&written.name),
            package_type: written.package_type.unwrap_or_else(|| written.name.clone()),
            name: written.name,
            lead: written.lead,
            directory: written.directory,
            suffix: written.suffix,
            since: written.since,
            doc: written.doc,
            order: written.order,
            member: written.member,
            fields,
            attributes,
            manual_steps: written
                .manual_steps
                .into_iter()
                .map(|step| ManualStep {
                    when: step.when,
                    what: step.what,
                    path: step.path,
                    again_after: step.again_after,
                    facts: step.facts,
                })
                .collect(),
            left_out: written.left_out,
        })
    }
}

struct Reader<'a> {
    since: u16,
    groups: &'a BTreeMap<String, BTreeMap<String, WrittenField>>,
    enums: &'a BTreeMap<String, Vec<WrittenEnumerator>>,
}

impl Reader<'_> {
    fn group(
        &self,
        name: &str,
        fields: &BTreeMap<String, WrittenField>,
        depth: usize,
    ) -> Result<Group, String> {
        if depth > 8 {
            return Err(format!("type `{name}` holds itself"));
        }
        let fields = fields
            .iter()
            .map(|(field, written)| {
                self.field(field, written, depth).map_err(|why| format!("{name}.{field}: {why}"))
            })
            .collect::<Result<_, _>>()?;
        Ok(Group { name: name.to_owned(), fields })
    }

    fn field(&self, name: &str, written: &WrittenField, depth: usize) -> Result<Field, String> {
        let kind = match written.kind.as_str() {
            "string" => Kind::Text,
            "boolean" => Kind::Flag,
            "int" => Kind::Number,
            "base64" => Kind::Binary,
            other => match (self.enums.get(other), self.groups.get(other)) {
                (Some(values), None) => Kind::Enumeration(Enumeration {
                    name: other.to_owned(),
                    values: values.iter().map(WrittenEnumerator::read).collect(),
                }),
                (None, Some(fields)) => Kind::Group(self.group(other, fields, depth + 1)?),
                _ => return Err(format!("type `{other}` is not declared, or declared twice")),
            },
        };
        let written = written.clone();
        Ok(Field {
            name: name.to_owned(),
            key: kebab(name),
            kind,
            required: written.required,
            required_until: written.required_until,
            repeated: written.repeated,
            separator: written.separator.or_else(|| written.lines.then(|| "\n".to_owned())),
            content: written.content,
            identity: written.identity,
            since: written.since.unwrap_or(self.since),
            since_perhaps: written.since_perhaps,
            until: written.until,
            until_perhaps: written.until_perhaps,
            max_length: written.max_length,
            range: written.range,
            secret: written.secret,
            sourced: written.sourced || written.secret || written.generate.is_some(),
            read_only: written.read_only,
            write_only: written.write_only || written.secret,
            masked: written.masked,
            implied_by: written.implied_by,
            pem: written.pem,
            org_bound: written.org_bound,
            assigned: written.assigned,
            clears: written.clears,
            gone_if_left_out: written.gone_if_left_out,
            create_only: written.create_only,
            irreversible: written.irreversible,
            default: written.default,
            names: written.names,
            names_before_hyphen: written.names_before_hyphen,
            names_first: written.names_first,
            generate: written.generate,
            doc: written.doc,
            unsure: written.unsure,
            facts: written.facts,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenType {
    name: String,
    package_type: Option<String>,
    #[serde(default)]
    lead: Vec<String>,
    directory: String,
    suffix: String,
    since: u16,
    doc: String,
    #[serde(default)]
    order: u8,
    member: Member,
    #[serde(default)]
    left_out: BTreeMap<String, String>,
    #[serde(default)]
    attributes: BTreeMap<String, WrittenAttribute>,
    #[serde(default)]
    manual_steps: Vec<WrittenStep>,
    fields: BTreeMap<String, WrittenField>,
    #[serde(default)]
    types: BTreeMap<String, BTreeMap<String, WrittenField>>,
    #[serde(default)]
    enums: BTreeMap<String, Vec<WrittenEnumerator>>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenField {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    required: bool,
    required_until: Option<u16>,
    #[serde(default)]
    repeated: bool,
    #[serde(default)]
    lines: bool,
    separator: Option<String>,
    #[serde(default)]
    content: bool,
    #[serde(default)]
    identity: Vec<String>,
    since: Option<u16>,
    since_perhaps: Option<u16>,
    until: Option<u16>,
    until_perhaps: Option<u16>,
    max_length: Option<usize>,
    range: Option<(i64, i64)>,
    #[serde(default)]
    secret: bool,
    #[serde(default)]
    sourced: bool,
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    write_only: bool,
    masked: Option<String>,
    #[serde(default)]
    implied_by: BTreeMap<String, String>,
    #[serde(default)]
    pem: bool,
    #[serde(default)]
    org_bound: bool,
    #[serde(default)]
    assigned: bool,
    #[serde(default)]
    clears: bool,
    #[serde(default)]
    gone_if_left_out: bool,
    #[serde(default)]
    create_only: bool,
    irreversible: Option<String>,
    default: Option<String>,
    names: Option<String>,
    names_before_hyphen: Option<String>,
    #[serde(default)]
    names_first: bool,
    generate: Option<Generate>,
    doc: String,
    unsure: Option<String>,
    #[serde(default)]
    facts: Vec<String>,
}

/// `"Get"`, or `{ name = "PageLayout", since = 33 }`. A table alone would do; plain names keep long
/// enumerations readable.
#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenEnumerator {
    Name(String),
    Table(WrittenEnumeratorTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenEnumeratorTable {
    name: String,
    since: Option<u16>,
    since_perhaps: Option<u16>,
    until: Option<u16>,
    #[serde(default)]
    aliases: Vec<String>,
    folds_into: Option<String>,
    unsure: Option<String>,
}

impl WrittenEnumerator {
    fn read(&self) -> Enumerator {
        match self {
            WrittenEnumerator::Name(name) => Enumerator { name: name.clone(), ..Enumerator::default() },
            WrittenEnumerator::Table(table) => Enumerator {
                name: table.name.clone(),
                since: table.since,
                since_perhaps: table.since_perhaps,
                until: table.until,
                aliases: table.aliases.clone(),
                folds_into: table.folds_into.clone(),
                unsure: table.unsure.clone(),
            },
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenAttribute {
    doc: String,
    field: Option<String>,
    query: Option<WrittenQuery>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenQuery {
    object: String,
    member: String,
    column: String,
    replace: Option<(String, String)>,
    predicted: Option<String>,
    placeholder: String,
}

impl WrittenAttribute {
    fn read(self) -> Result<Attribute, String> {
        let source = match (self.field, self.query) {
            (Some(field), None) => AttributeSource::Field(FieldPath::of(&field)),
            (None, Some(query)) => AttributeSource::Query {
                object: query.object,
                member: query.member,
                column: query.column,
                replace: query.replace,
                predicted: query.predicted,
                placeholder: query.placeholder,
            },
            _ => return Err("needs either `field` or `query`".to_owned()),
        };
        Ok(Attribute { doc: self.doc, source })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenStep {
    #[serde(default)]
    when: BTreeMap<String, String>,
    what: String,
    path: String,
    #[serde(default)]
    again_after: Vec<String>,
    #[serde(default)]
    facts: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::{embedded, type_named, types};

    fn parse(fields: &str) -> Result<Type, String> {
        Type::parse(&format!(
            "name = \"Thing\"\ndirectory = \"things\"\nsuffix = \"thing\"\nsince = 40\ndoc = \"A thing.\"\n\
             [member]\nmax-length = 80\n{fields}"
        ))
    }

    #[test]
    fn nested_types_and_enumerations_are_found_by_name() {
        let kind = parse(
            "[fields]\ninner = { type = \"Inner\", doc = \"Nested.\" }\n\
             [types.Inner]\ncolour = { type = \"Colour\", since = 45, doc = \"Its colour.\" }\n\
             [enums]\nColour = [\"Red\", { name = \"Blue\", since = 50, aliases = [\"azure\"] }]\n",
        )
        .unwrap();
        let Kind::Group(inner) = &kind.fields.field("inner").unwrap().kind else { panic!("not a group") };
        let colour = inner.field("colour").unwrap();
        let Kind::Enumeration(values) = &colour.kind else { panic!("not an enumeration") };
        assert_eq!((kind.fields.field("inner").unwrap().since, colour.since), (40, 45));
        assert_eq!(values.find("azure").unwrap().name, "Blue");
        assert_eq!(values.position("Blue"), 1);
    }

    #[test]
    fn a_description_that_names_an_undeclared_type_is_refused() {
        let error = parse("[fields]\ninner = { type = \"Nowhere\", doc = \"x\" }\n").unwrap_err();
        assert_eq!(error, "Thing.inner: type `Nowhere` is not declared, or declared twice");
    }

    #[test]
    fn a_policy_grammar_matches_counts_and_units() {
        let policy =
            Enumerator { name: "specific_lifetime:{count}:{unit}".to_owned(), ..Enumerator::default() };
        for (text, expected) in [
            ("specific_lifetime:60:MONTHS", true),
            ("specific_lifetime:0:DAYS", false),
            ("specific_lifetime:060:DAYS", false),
            ("specific_lifetime:6:days", false),
            ("specific_lifetime:6:YEARS", false),
            ("specific_lifetime:6", false),
            ("specific_lifetime:6:DAYS:x", false),
            ("specific_lifetime::DAYS", false),
        ] {
            assert_eq!(policy.matches(text), expected, "{text}");
        }
    }

    #[test]
    fn the_built_in_descriptions_can_be_read() {
        assert!(types().iter().all(|kind| type_named(&kind.name).is_some()));
        assert_eq!(type_with_key("connected-app").unwrap().name, "ConnectedApp");
    }

    #[test]
    fn what_a_built_in_description_points_at_exists() {
        for kind in types() {
            let mut paths = BTreeMap::new();
            kind.fields.each_field(&mut |path, field| {
                paths.insert(path.clone(), field);
            });
            for (path, field) in &paths {
                let at = format!("{}: {path}", kind.name);
                let named = field.names.as_deref().or(field.names_before_hyphen.as_deref());
                let named = named.map(type_with_key);
                assert!(named.is_none_or(|found| found.is_some()), "{at} names a type without description");
                assert!(!(field.read_only && (field.required || field.secret)), "{at} is never sent");
                let Kind::Group(items) = &field.kind else {
                    assert!(field.identity.is_empty(), "{at} has no children");
                    continue;
                };
                let tells = |name: &String| items.field(name).is_some_and(|child| !child.repeated);
                assert!(field.identity.iter().all(tells), "{at}: identity");
            }
            let leads = kind.lead.iter().all(|name| kind.fields.field(name).is_some());
            assert!(leads, "{}: lead", kind.name);
            for (path, field) in &paths {
                let at = format!("{}: {path}", kind.name);
                assert!(field.doc.ends_with('.') && !field.doc.contains('\n'), "{at}: doc is no sentence");
                let Kind::Enumeration(values) = &field.kind else { continue };
                for value in &values.values {
                    let target = value.folds_into.as_deref().unwrap_or(&value.name);
                    assert!(values.values.iter().any(|other| other.name == target), "{at}: {target}");
                }
                let mut spellings: Vec<_> = values
                    .values
                    .iter()
                    .flat_map(|value| value.aliases.iter().chain([&value.name]))
                    .collect();
                spellings.sort();
                assert!(
                    spellings.windows(2).all(|pair| pair[0] != pair[1]),
                    "{at}: two values, one spelling"
                );
            }
            for (key, attribute) in &kind.attributes {
                let AttributeSource::Field(path) = &attribute.source else { continue };
                assert!(paths.contains_key(path), "{}: attribute {key}", kind.name);
            }
            let fields = |step: &ManualStep| -> Vec<String> {
                step.when.keys().chain(&step.again_after).cloned().collect()
            };
            for field in &kind.manual_steps.iter().flat_map(fields).collect::<Vec<_>>() {
                assert!(paths.contains_key(&FieldPath::of(field)), "{}: manual step on {field}", kind.name);
            }
            for left_out in kind.left_out.keys() {
                assert!(!paths.contains_key(&FieldPath::of(left_out)), "{}: {left_out}", kind.name);
            }
        }
    }

    #[test]
    fn scopes_may_be_written_as_oauth_spells_them() {
        let app = type_named("ConnectedApp").unwrap();
        let Kind::Group(oauth) = &app.fields.field("oauthConfig").unwrap().kind else {
            panic!("not a group")
        };
        let Kind::Enumeration(scopes) = &oauth.field("scopes").unwrap().kind else { panic!("not values") };
        let found = |written| scopes.find(written).map(|scope| scope.name.as_str());
        assert_eq!(found("refresh_token"), Some("RefreshToken"));
        assert_eq!(found("offline_access"), Some("RefreshToken"));
        assert_eq!(found("OfflineAccess"), Some("OfflineAccess"));
        assert_eq!(found("ID"), None);
    }

    /// A light check, by the descriptions alone; what a manifest means is for others to test.
    #[test]
    fn examples_use_what_is_described() {
        fn check(at: &str, group: &Group, table: &toml::Table, api_version: u16) {
            for (key, value) in table {
                let at = format!("{at}.{key}");
                let field = group.field_with_key(key).unwrap_or_else(|| panic!("{at} is not described"));
                assert!(field.exists_at(api_version) && !field.read_only, "{at}");
                match (&field.kind, value) {
                    (Kind::Group(inner), toml::Value::Table(table)) => check(&at, inner, table, api_version),
                    (Kind::Group(inner), toml::Value::Array(tables)) if field.repeated => {
                        let tables = tables.iter().map(|table| table.as_table().unwrap());
                        tables.for_each(|table| check(&at, inner, table, api_version));
                    }
                    (Kind::Enumeration(values), toml::Value::Array(items))
                        if field.repeated || field.separator.is_some() =>
                    {
                        assert!(
                            items.iter().all(|item| values.find(item.as_str().unwrap()).is_some()),
                            "{at}"
                        );
                    }
                    (Kind::Enumeration(values), toml::Value::String(written)) => {
                        assert!(values.find(written).is_some(), "{at}: {written}");
                    }
                    (Kind::Text, toml::Value::String(written)) => {
                        assert!(!field.secret || written.starts_with("${"), "{at} is written down");
                    }
                    (Kind::Text, toml::Value::Table(_)) => assert!(field.generate.is_some(), "{at}"),
                    (Kind::Flag, toml::Value::Boolean(_)) | (Kind::Number, toml::Value::Integer(_)) => {}
                    _ => panic!("{at} has another type"),
                }
            }
            for field in group.fields.iter().filter(|field| field.is_required_at(api_version)) {
                assert!(table.contains_key(&field.key), "{at} lacks {}", field.key);
            }
        }
        // The successor's form is for orgs since Spring '26 (CA-70).
        let versions = [(62, embedded::EXAMPLES), (66, embedded::TWINS)];
        let all = versions.iter().flat_map(|(version, all)| all.iter().map(move |one| (version, one)));
        for (version, (stem, text)) in all {
            let example: toml::Table = text.parse().unwrap();
            assert!(text.starts_with('#'), "{stem} does not say what it does");
            assert_eq!(example["api-version"].as_str(), Some(format!("{version}.0").as_str()), "{stem}");
            for (key, components) in &example {
                let Some(kind) = type_with_key(key) else {
                    assert!(
                        ["api-version", "guide", "variables", "environment", "manual-step"]
                            .contains(&key.as_str()),
                        "{stem}: {key}"
                    );
                    continue;
                };
                for (name, fields) in components.as_table().unwrap() {
                    assert!(name.len() <= kind.member.max_length);
                    let mut fields = fields.as_table().unwrap().clone();
                    fields.remove(crate::setting::ONLY_IF);
                    // What a setting that is found by its profile leaves out stays as the org has it.
                    if kind.member.matched_on.is_none() {
                        let at = format!("{stem}: {key}.{name}");
                        check(&at, &kind.fields, &fields, *version);
                    }
                }
            }
        }
    }
}
