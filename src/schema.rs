//! JSON Schema of manifests and of `orgwire.toml`, for editors that complete and check TOML by one.
//!
//! Made from the type descriptions, so it knows what orgwire knows. It accepts whatever orgwire accepts in one
//! file, with one exception: required fields must stand in the component itself, though orgwire is content
//! if an overlay brings them. What takes more than the shape of one file to judge (references, versions,
//! what one value makes necessary) is left to `orgwire lint`.

use serde_json::{Map, Value, json};

use crate::component::{
    Enumeration, Field, Group, Kind, NEWEST_API_VERSION, OLDEST_API_VERSION, Type, types,
};
use crate::diagnostic::Code;
use crate::explain;

/// The version of JSON Schema that both schemas are written in.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of a manifest.
pub fn manifest() -> Value {
    let mut properties = Map::new();
    properties.insert("api-version".to_owned(), api_version());
    properties.insert("variables".to_owned(), variables());
    let mut environment = environment();
    let mut definitions = shared_definitions();
    for kind in types() {
        properties.insert(kind.key.clone(), components(kind, Use::Component));
        environment.insert(kind.key.clone(), components(kind, Use::Overlay));
        for usage in [Use::Component, Use::Overlay] {
            define(kind, &kind.fields, usage, &mut definitions);
        }
    }
    properties.insert(
        "environment".to_owned(),
        tables(
            closed(environment),
            "What differs in one environment: variables, and any field of any component.",
        ),
    );
    document("orgwire manifest", properties, definitions)
}

/// The schema of `orgwire.toml`.
pub fn configuration() -> Value {
    let mut properties = Map::new();
    properties.insert("api-version".to_owned(), api_version());
    properties.insert(
        "manifests".to_owned(),
        json!({
            "description": "Files and folders that are read when the command line names none, from this file's folder on.",
            "type": "array",
            "items": { "type": "string" },
        }),
    );
    properties.insert("variables".to_owned(), variables());
    properties.insert(
        "environment".to_owned(),
        tables(
            closed(environment()),
            "What an environment means for all manifests. Overlays belong into the manifests.",
        ),
    );
    properties.insert("org".to_owned(), tables(org(), "Orgs by the name that `--org` and environments use."));
    properties.insert("lint".to_owned(), lint());
    properties.insert("templates".to_owned(), templates());
    document("orgwire.toml", properties, shared_definitions())
}

/// Whether a table is a component or changes one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Component,
    Overlay,
}

impl Use {
    fn definition(self, group: &Group) -> String {
        match self {
            Use::Component => group.name.clone(),
            Use::Overlay => format!("{}Overlay", group.name),
        }
    }
}

fn document(title: &str, properties: Map<String, Value>, definitions: Map<String, Value>) -> Value {
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!(DIALECT));
    schema.insert("title".to_owned(), json!(title));
    if let Value::Object(table) = closed(properties) {
        schema.extend(table);
    }
    schema.insert("$defs".to_owned(), Value::Object(definitions));
    Value::Object(schema)
}

/// A table that has no other keys.
fn closed(properties: Map<String, Value>) -> Value {
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// A table of named tables.
fn tables(one: Value, description: &str) -> Value {
    json!({ "description": description, "type": "object", "additionalProperties": one })
}

fn reference(definition: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{definition}") })
}

fn shared_definitions() -> Map<String, Value> {
    let source = |generate: bool| {
        let mut sources = vec![
            json!({
                "description": "Read from a process variable.",
                "type": "object",
                "properties": { "env": { "type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" } },
                "required": ["env"],
                "additionalProperties": false,
            }),
            json!({
                "description": "Read from a file; relative paths start at the manifest's folder.",
                "type": "object",
                "properties": { "file": { "type": "string", "minLength": 1 } },
                "required": ["file"],
                "additionalProperties": false,
            }),
            json!({
                "description": "What a program prints; run without a shell.",
                "type": "object",
                "properties": { "command": {
                    "type": "array",
                    "items": { "type": "string" },
                    "prefixItems": [{ "type": "string", "minLength": 1 }],
                    "minItems": 1,
                } },
                "required": ["command"],
                "additionalProperties": false,
            }),
        ];
        if generate {
            sources.push(json!({
                "description": "Made by orgwire when the component is created.",
                "type": "object",
                "properties": { "generate": { "const": true } },
                "required": ["generate"],
                "additionalProperties": false,
            }));
        }
        json!({ "description": "Where the value lives.", "type": "object", "anyOf": sources })
    };
    let mut definitions = Map::new();
    definitions.insert(
        "reference".to_owned(),
        json!({
            "description": "Text with a reference in it, such as `${var.NAME}`.",
            "type": "string",
            "pattern": r"\$\{",
        }),
    );
    definitions.insert(
        "secret-reference".to_owned(),
        json!({
            "description": "The secret of another component, such as `${connected-app.NAME.consumer-secret}`.",
            "type": "string",
            "pattern": r"^\$\{[^{}]+\}$",
            "not": { "pattern": r"^\$\{env\." },
        }),
    );
    definitions.insert("source".to_owned(), source(false));
    definitions.insert("source-or-generated".to_owned(), source(true));
    definitions.insert(
        "extra".to_owned(),
        json!({
            "description": "Elements that orgwire does not know, by their API names; passed through without a check.",
            "type": "object",
            "propertyNames": { "pattern": "^[A-Za-z][A-Za-z0-9_]*$" },
        }),
    );
    definitions
}

fn api_version() -> Value {
    let versions: Vec<String> =
        (OLDEST_API_VERSION..=NEWEST_API_VERSION).rev().map(|major| format!("{major}.0")).collect();
    json!({ "description": "API version of the package.", "type": "string", "enum": versions })
}

fn variables() -> Value {
    let described = json!({
        "type": "object",
        "properties": {
            "default": { "description": "The value, unless an environment or `--var` gives another.", "type": "string" },
            "description": { "description": "What the value is for; shown when it is missing.", "type": "string" },
        },
        "additionalProperties": false,
    });
    json!({
        "description": "Values to refer to as `${var.NAME}`: a text, or a table that describes one. Without a default it must be given.",
        "type": "object",
        "additionalProperties": { "anyOf": [{ "type": "string" }, described] },
    })
}

fn environment() -> Map<String, Value> {
    let mut properties = Map::new();
    properties.insert(
        "org".to_owned(),
        json!({ "description": "The org it goes to, by its name in orgwire.toml.", "type": "string" }),
    );
    properties.insert(
        "predict-callback".to_owned(),
        json!({
            "description": "Let the first pass use the callback URLs that providers will most likely get.",
            "type": "boolean",
        }),
    );
    properties.insert(
        "variables".to_owned(),
        json!({
            "description": "Values of declared variables.",
            "type": "object",
            "additionalProperties": { "type": "string" },
        }),
    );
    properties
}

fn org() -> Value {
    json!({
        "type": "object",
        "properties": {
            "instance-url": { "description": "Where the org is: its My Domain, without a path.", "type": "string" },
        },
        "additionalProperties": false,
    })
}

fn lint() -> Value {
    let mut properties = Map::new();
    for code in Code::POLICIES {
        let told = explain::all().find(|(name, _)| *name == code.as_str()).map_or("", |(_, told)| told);
        properties.insert(
            code.to_string(),
            json!({ "description": told, "type": "string", "enum": ["allow", "warn", "deny"], "default": "warn" }),
        );
    }
    let mut lint = closed(properties);
    lint["description"] = json!("How strict each rule is.");
    lint
}

fn templates() -> Value {
    let mut properties = Map::new();
    for kind in types() {
        let description = format!("Template that replaces the built-in one of {}.", kind.name);
        properties.insert(kind.name.clone(), json!({ "description": description, "type": "string" }));
    }
    let mut templates = closed(properties);
    templates["description"] = json!("Templates of your own, by the API's name of the type.");
    templates
}

/// `[TYPE.NAME]` tables.
fn components(kind: &Type, usage: Use) -> Value {
    json!({
        "description": kind.doc,
        "type": "object",
        "propertyNames": { "pattern": "^[A-Za-z](_?[A-Za-z0-9])*$", "maxLength": kind.member.max_length },
        "additionalProperties": reference(&usage.definition(&kind.fields)),
    })
}

/// Defines a group and all groups below it.
fn define(kind: &Type, group: &Group, usage: Use, definitions: &mut Map<String, Value>) {
    let name = usage.definition(group);
    if definitions.contains_key(&name) {
        return;
    }
    // Takes its place before the groups inside it do.
    definitions.insert(name.clone(), Value::Null);
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in group.fields.iter().filter(|field| !field.read_only) {
        // Within a list an overlay replaces everything, so nothing may be missing there.
        let inner = if field.repeated { Use::Component } else { usage };
        if let Kind::Group(group) = &field.kind {
            define(kind, group, inner, definitions);
        }
        properties.insert(field.key.clone(), property(kind, field, inner));
        if field.required && usage == Use::Component {
            required.push(field.key.as_str());
        }
    }
    if group.field_with_key("extra").is_none() {
        properties.insert("extra".to_owned(), reference("extra"));
    }
    let required = json!(required);
    let mut table = closed(properties);
    if usage == Use::Component {
        table["required"] = required;
    }
    definitions.insert(name, table);
}

fn property(kind: &Type, field: &Field, usage: Use) -> Value {
    let mut choices = one(field, usage);
    if field.separator.is_some() {
        choices.push(json!({ "type": "array", "items": { "type": "string" } }));
    }
    if field.repeated {
        let items = any_of(choices.clone());
        choices.insert(0, json!({ "type": "array", "items": items }));
    }
    let mut property = Map::new();
    property.insert("description".to_owned(), json!(description(kind, field)));
    if let Some(default) = &field.default {
        let default = match &field.kind {
            Kind::Flag => json!(default == "true"),
            Kind::Number => default.parse::<i64>().map_or_else(|_| json!(default), |number| json!(number)),
            _ => json!(default),
        };
        property.insert("default".to_owned(), default);
    }
    property.insert("anyOf".to_owned(), Value::Array(choices));
    Value::Object(property)
}

fn any_of(mut choices: Vec<Value>) -> Value {
    if choices.len() == 1 { choices.remove(0) } else { json!({ "anyOf": choices }) }
}

/// The shapes of one value, the usual one first.
fn one(field: &Field, usage: Use) -> Vec<Value> {
    let source = || reference(if field.generate.is_some() { "source-or-generated" } else { "source" });
    match &field.kind {
        Kind::Text if field.secret => vec![source(), reference("secret-reference")],
        Kind::Text => match field.max_length {
            // A reference may be longer than what it stands for.
            Some(longest) => {
                let mut shapes =
                    vec![json!({ "type": "string", "maxLength": longest }), reference("reference")];
                shapes.extend(field.sourced.then(source));
                shapes
            }
            None => std::iter::once(json!({ "type": "string" })).chain(field.sourced.then(source)).collect(),
        },
        Kind::Binary => vec![json!({ "type": "string" })],
        Kind::Flag => vec![json!({ "type": "boolean" }), reference("reference")],
        Kind::Number => {
            let (lowest, highest) = field.range.unwrap_or((i64::from(i32::MIN), i64::from(i32::MAX)));
            vec![json!({ "type": "integer", "minimum": lowest, "maximum": highest }), reference("reference")]
        }
        Kind::Enumeration(values) => enumeration(values),
        Kind::Group(group) => vec![reference(&usage.definition(group))],
    }
}

fn enumeration(values: &Enumeration) -> Vec<Value> {
    let (varying, fixed): (Vec<_>, Vec<_>) = values.values.iter().partition(|value| value.name.contains('{'));
    let mut spellings: Vec<&str> = fixed.iter().map(|value| value.name.as_str()).collect();
    // Behind the API's own spellings, so that editors propose those first.
    spellings.extend(fixed.iter().flat_map(|value| value.aliases.iter().map(String::as_str)));
    let mut choices = vec![json!({ "type": "string", "enum": spellings })];
    for value in varying {
        let pattern = value.name.replace("{count}", "[1-9][0-9]*").replace("{unit}", "(HOURS|DAYS|MONTHS)");
        choices.push(json!({ "type": "string", "pattern": format!("^{pattern}$") }));
    }
    choices.push(reference("reference"));
    choices
}

/// What an editor shows: the line of documentation, what else is true of the field, and newer values.
fn description(kind: &Type, field: &Field) -> String {
    let mut sentences = vec![field.doc.clone()];
    sentences.extend(explain::remarks(kind, field));
    if let Kind::Enumeration(values) = &field.kind {
        let newer: Vec<String> = values
            .values
            .iter()
            .filter_map(|value| {
                let since = value.since.filter(|since| *since > field.since)?;
                Some(format!("{} {since}.0", value.name))
            })
            .collect();
        if !newer.is_empty() {
            sentences.push(format!("Values of later API versions: {}.", newer.join(", ")));
        }
        let retired: Vec<String> = values
            .values
            .iter()
            .filter_map(|value| Some(format!("{} {}.0", value.name, value.until?)))
            .collect();
        if !retired.is_empty() {
            sentences.push(format!("Values up to an API version: {}.", retired.join(", ")));
        }
    }
    sentences.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::embedded;

    /// Whether the schema takes a TOML document. Compiling also checks the schema against its dialect.
    struct Judge(boon::Schemas, boon::SchemaIndex);

    impl Judge {
        fn new(schema: Value) -> Judge {
            let mut compiler = boon::Compiler::new();
            compiler.add_resource("schema.json", schema).unwrap();
            let mut schemas = boon::Schemas::new();
            let index = compiler
                .compile("schema.json", &mut schemas)
                .unwrap_or_else(|error| panic!("no valid schema: {error:#}"));
            Judge(schemas, index)
        }

        fn problem(&self, document: &str) -> Option<String> {
            let document: toml::Table = document.parse().unwrap();
            let document = serde_json::to_value(document).unwrap();
            self.0.validate(&document, self.1).err().map(|error| format!("{error:#}"))
        }

        #[track_caller]
        fn takes(&self, document: &str) {
            assert_eq!(self.problem(document), None, "{document}");
        }

        #[track_caller]
        fn refuses(&self, document: &str) {
            assert!(self.problem(document).is_some(), "{document}");
        }
    }

    fn app(lines: &str) -> String {
        format!("[connected-app.App]\nlabel = \"App\"\ncontact-email = \"a@example.com\"\n{lines}\n")
    }

    fn oauth(lines: &str) -> String {
        app(&format!("[connected-app.App.oauth-config]\ncallback-url = \"https://a.example\"\n{lines}"))
    }

    #[test]
    fn every_example_is_taken() {
        let judge = Judge::new(manifest());
        for (stem, text) in embedded::EXAMPLES {
            assert_eq!(judge.problem(text), None, "manifests/{stem}.toml");
        }
    }

    #[test]
    fn unknown_keys_wrong_types_and_unknown_values_are_refused() {
        let judge = Judge::new(manifest());
        judge.takes(&app(""));
        judge.refuses(&app("scopes = [\"Api\"]"));
        judge.refuses("connected-ap = {}");
        judge.refuses("[connected-app.\"a b\"]\nlabel = \"App\"\ncontact-email = \"a@example.com\"");
        judge.takes(&oauth("is-pkce-required = true"));
        judge.takes(&oauth("is-pkce-required = \"${var.pkce}\""));
        judge.refuses(&oauth("is-pkce-required = \"true\""));
        judge.takes(&oauth("scopes = [\"refresh_token\", \"Api\", \"${var.scope}\"]"));
        judge.takes(&oauth("scopes = \"Api\""));
        judge.refuses(&oauth("scopes = [\"ID\"]"));
        judge.takes(&oauth("id-token-config = { id-token-validity = 720 }"));
        judge.refuses(&oauth("id-token-config = { id-token-validity = 721 }"));
        judge.takes(&oauth("extra = { someNewField = { a = [1, true] } }"));
        judge.refuses(&oauth("extra = { some-new-field = 1 }"));
        judge.refuses("api-version = \"30.0\"");
        judge.refuses("api-version = 62.0");
    }

    #[test]
    fn required_fields_are_required_of_components_and_not_of_overlays() {
        let judge = Judge::new(manifest());
        judge.refuses("[connected-app.App]\nlabel = \"App\"");
        judge.takes("[environment.uat.connected-app.App.oauth-config]\nis-pkce-required = true");
        judge.refuses("[environment.uat.connected-app.App.oauth-config]\nis-pkce-required = 1");
        judge.refuses("[environment.uat.connected-app.App]\nip-ranges = [{ start = \"1.2.3.4\" }]");
    }

    #[test]
    fn secrets_have_sources_and_are_never_text() {
        let judge = Judge::new(manifest());
        let provider = |secret: &str| {
            format!(
                "[auth-provider.P]\nfriendly-name = \"P\"\nprovider-type = \"Google\"\nconsumer-secret = {secret}"
            )
        };
        for good in [
            "{ env = \"NAME\" }",
            "{ file = \"a/b\" }",
            "{ command = [\"op\", \"read\"] }",
            "\"${connected-app.App.consumer-secret}\"",
        ] {
            judge.takes(&provider(good));
        }
        for bad in [
            "\"abc\"",
            "\"${env.NAME}\"",
            "\"a${var.x}\"",
            "{ generate = true }",
            "{ env = \"A\", file = \"b\" }",
            "{ command = [] }",
            "{}",
        ] {
            judge.refuses(&provider(bad));
        }
        judge.takes(&oauth("consumer-secret = { generate = true }"));
        judge.refuses(&oauth("consumer-secret = { generate = false }"));
    }

    #[test]
    fn long_texts_are_refused_unless_they_refer_to_something() {
        let judge = Judge::new(manifest());
        let provider =
            |name: &str| format!("[auth-provider.P]\nprovider-type = \"Google\"\nfriendly-name = \"{name}\"");
        judge.takes(&provider(&"a".repeat(32)));
        judge.refuses(&provider(&"a".repeat(33)));
        judge.takes(&provider("${var.a-variable-with-a-rather-long-name}"));
    }

    #[test]
    fn lines_and_policies_are_taken_in_every_spelling() {
        let judge = Judge::new(manifest());
        judge.takes(&app("[connected-app.App.oauth-config]\ncallback-url = [\"https://a\", \"${var.b}\"]"));
        let policy = |text: &str| {
            app(&format!(
                "oauth-policy = {{ ip-relaxation = \"ENFORCE\", refresh-token-policy = \"{text}\" }}"
            ))
        };
        judge.takes(&policy("infinite"));
        judge.takes(&policy("specific_lifetime:60:MONTHS"));
        judge.refuses(&policy("specific_lifetime:0:MONTHS"));
        judge.refuses(&policy("specific_lifetime:{count}:{unit}"));
    }

    #[test]
    fn fields_that_only_the_org_writes_are_not_offered() {
        let schema = manifest();
        let fields = &schema["$defs"]["AuthProvider"]["properties"];
        assert!(fields.get("friendly-name").is_some() && fields.get("oauth-kickoff-url").is_none());
    }

    #[test]
    fn descriptions_tell_what_an_editor_should_show() {
        let schema = manifest();
        let fields = &schema["$defs"]["ConnectedAppOauthConfig"]["properties"];
        assert_eq!(
            fields["is-pkce-required"]["description"],
            "Refuses authorization codes that were not asked for with PKCE. From API version 59.0 on. \
             Left out, it means `false`. Not confirmed: some orgs are said to turn it on whatever is deployed."
        );
        let scopes = fields["scopes"]["description"].as_str().unwrap();
        assert!(scopes.contains("MCP 66.0, SCRT 66.0"), "{scopes}");
    }

    #[test]
    fn the_schema_is_the_same_every_time() {
        assert_eq!(manifest().to_string(), manifest().to_string());
        assert_eq!(configuration().to_string(), configuration().to_string());
    }

    #[test]
    fn a_configuration_is_taken_and_a_misspelt_one_is_not() {
        let judge = Judge::new(configuration());
        judge.takes(
            "api-version = \"62.0\"\nmanifests = [\"a.toml\"]\n[variables]\ncontact = { description = \"x\" }\n\
             [environment.uat]\norg = \"uat\"\npredict-callback = true\nvariables = { contact = \"a\" }\n\
             [org.uat]\ninstance-url = \"https://a.example\"\n[lint]\nrelaxed-ip = \"deny\"\n\
             [templates]\nConnectedApp = \"ours.xml\"\n",
        );
        judge.refuses("[lint]\nrelaxed-ip = \"forbid\"");
        judge.refuses("[lint]\nplain-secret = \"allow\"");
        judge.refuses("[environment.uat.connected-app.App]\nlabel = \"a\"");
        judge.refuses("[templates]\nconnected-app = \"ours.xml\"");
        judge.refuses("[org.uat]\ninstance = \"https://a.example\"");
    }
}
