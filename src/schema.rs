//! JSON Schema of manifests and of `orgwire.toml`, for editors that complete and check TOML by one.
//!
//! Made from the type descriptions, so it knows what orgwire knows. It accepts whatever orgwire accepts in one
//! file, with two exceptions: required fields must stand in the component itself, though orgwire is content
//! if an overlay brings them; and a required field has a value. What takes more than the shape of one file to
//! judge (references, versions, what one value makes necessary) is left to `orgwire lint`.
//!
//! The dialect is draft-07, because both TOML extensions for editors know it: Taplo (Even Better TOML) reads
//! every schema as draft-07 or older, Tombi reads that and newer ones. Three habits of theirs shape the rest.
//! Taplo shows a description only where no `$ref` stands beside it, and of a value that fits none of several
//! `anyOf` it says no more than that; so the tables inside a component are written out where they stand.
//! Tombi takes a table for closed unless `additionalProperties` says otherwise, in an `if` as well.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::component::{
    Enumeration, Field, Group, Kind, NEWEST_API_VERSION, OLDEST_API_VERSION, Type, types,
};
use crate::diagnostic::Code;
use crate::manifest::{DoneWhen, Guide};
use crate::setting::ONLY_IF;
use crate::{explain, layout};

/// The version of JSON Schema that both schemas are written in.
const DIALECT: &str = "http://json-schema.org/draft-07/schema#";

/// The schema of a manifest.
pub fn manifest() -> Value {
    let mut kinds: Vec<&Type> = types().iter().collect();
    kinds.sort_by_key(|kind| layout::type_order(&kind.key));
    let mut properties = Map::new();
    properties.insert("api-version".to_owned(), api_version());
    properties.insert("guide".to_owned(), guide());
    properties.insert("variables".to_owned(), variables());
    let mut environment = environment();
    let mut definitions = shared_definitions();
    definitions.insert(ONLY_IF.to_owned(), only_if());
    for kind in kinds {
        properties.insert(kind.key.clone(), components(kind, Use::Component));
        environment.insert(kind.key.clone(), components(kind, Use::Overlay));
        for usage in [Use::Component, Use::Overlay] {
            let mut component = table(kind, &kind.fields, &kind.lead, usage, kind.since, Nil::Refused);
            component.insert("description".to_owned(), json!(kind.doc));
            if let Some(Value::Object(properties)) = component.get_mut("properties") {
                properties.insert(ONLY_IF.to_owned(), reference(ONLY_IF));
            }
            definitions.insert(usage.definition(kind), Value::Object(component));
        }
    }
    properties.insert(
        "environment".to_owned(),
        tables(
            closed_with(environment, ENVIRONMENT),
            "What differs in one environment: variables, and any field of any component.",
        ),
    );
    properties.insert("manual-step".to_owned(), tables(manual_step(), MANUAL_STEPS));
    properties.insert("moved".to_owned(), moved());
    document("manifest", "orgwire manifest", properties, definitions)
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
    properties.insert("org".to_owned(), tables(org(), "Orgs by the name that `--org` and environments use."));
    let mut environment = environment();
    environment.insert(
        "production".to_owned(),
        json!({
            "description": "Whether people work in it. Left out, it is true of `production` and `prod`.",
            "type": "boolean",
        }),
    );
    environment
        .insert("lint".to_owned(), closed_with(levels(), "How strict each rule is in this environment."));
    properties.insert(
        "environment".to_owned(),
        tables(
            closed_with(environment, ENVIRONMENT),
            "What an environment means for all manifests. Overlays belong into the manifests.",
        ),
    );
    properties.insert("lint".to_owned(), lint());
    properties.insert("templates".to_owned(), templates());
    let mut definitions = shared_definitions();
    definitions.extend(login_definitions());
    document("configuration", "orgwire.toml", properties, definitions)
}

const ENVIRONMENT: &str = "One environment, chosen with `--env`.";

/// Whether a table is a component or changes one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Component,
    Overlay,
}

impl Use {
    fn definition(self, kind: &Type) -> String {
        match self {
            Use::Component => kind.key.clone(),
            Use::Overlay => format!("{}-overlay", kind.key),
        }
    }
}

/// Whether `{ nil = true }` may stand in a table's place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nil {
    Taken,
    Refused,
}

fn document(
    name: &str,
    title: &str,
    properties: Map<String, Value>,
    definitions: Map<String, Value>,
) -> Value {
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!(DIALECT));
    schema.insert("$id".to_owned(), json!(format!("urn:orgwire:{name}")));
    schema.insert("title".to_owned(), json!(title));
    if let Value::Object(table) = closed(properties) {
        schema.extend(table);
    }
    schema.insert("definitions".to_owned(), Value::Object(definitions));
    Value::Object(schema)
}

/// A table that has no other keys.
fn closed(properties: Map<String, Value>) -> Value {
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn closed_with(properties: Map<String, Value>, description: &str) -> Value {
    let mut table = closed(properties);
    table["description"] = json!(description);
    table
}

/// A table of named tables.
fn tables(one: Value, description: &str) -> Value {
    json!({ "description": description, "type": "object", "additionalProperties": one })
}

fn reference(definition: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{definition}") })
}

fn shared_definitions() -> Map<String, Value> {
    let only = |key: &str, value: Value, description: &str| {
        json!({
            "description": description,
            "type": "object",
            "properties": { key: value },
            "required": [key],
            "additionalProperties": false,
        })
    };
    let sources = [
        only(
            "env",
            json!({ "description": "The name of the variable.", "type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" }),
            "Read from a process variable.",
        ),
        only(
            "file",
            json!({ "description": "The path of the file.", "type": "string", "minLength": 1 }),
            "Read from a file; relative paths start at the manifest's folder.",
        ),
        only(
            "command",
            json!({ "description": "The program and its arguments.", "type": "array", "items": { "type": "string" }, "minItems": 1 }),
            "What a program prints; run without a shell.",
        ),
    ];
    let always = |description: &str| json!({ "description": description, "type": "boolean", "const": true });
    let generated =
        only("generate", always("Always `true`."), "Made by orgwire when the component is created.");
    let nil = only("nil", always("Always `true`."), "The element is there, and marked as having no value.");
    BTreeMap::from([
        (
            "reference",
            json!({
                "description": "Text with a reference in it, such as `${var.NAME}`.",
                "type": "string",
                "pattern": r"\$\{",
            }),
        ),
        (
            "secret-reference",
            json!({
                "description": "The secret of another component, such as `${connected-app.NAME.consumer-secret}`.",
                "type": "string",
                "pattern": r"^\$\{[^{}]+\}$",
                "not": { "pattern": r"^\$\{env\." },
            }),
        ),
        ("source", json!({ "description": "Where the value lives.", "anyOf": sources })),
        ("generated", generated),
        ("nil", nil),
        (
            "extra",
            json!({
                "description": "Elements that orgwire does not know, by their API names; passed through without a check.",
                "type": "object",
                "propertyNames": { "pattern": ELEMENT },
                "additionalProperties": reference("element"),
            }),
        ),
        (
            "element",
            json!({
                "description": "An element that orgwire does not know.",
                "anyOf": [
                    { "type": "string" },
                    { "type": "boolean" },
                    { "type": "integer" },
                    { "type": "array", "items": reference("element") },
                    {
                        "type": "object",
                        "propertyNames": { "pattern": ELEMENT },
                        "additionalProperties": reference("element"),
                    },
                ],
            }),
        ),
    ])
    .into_iter()
    .map(|(name, definition)| (name.to_owned(), definition))
    .collect()
}

/// The name of an XML element.
const ELEMENT: &str = "^[A-Za-z][A-Za-z0-9_]*$";

fn api_version() -> Value {
    let versions: Vec<String> =
        (OLDEST_API_VERSION..=NEWEST_API_VERSION).rev().map(|major| format!("{major}.0")).collect();
    json!({ "description": "API version of the package.", "type": "string", "enum": versions })
}

fn guide() -> Value {
    json!({
        "description": "The vendor's guide that the manifest follows: what it asks for is checked.",
        "type": "string",
        "enum": Guide::ALL.map(Guide::key),
    })
}

const MANUAL_STEPS: &str = "What a guide asks for and no metadata can do.";

fn manual_step() -> Value {
    let text = |what: &str| json!({ "description": what, "type": "string" });
    json!({
        "type": "object",
        "properties": {
            "component": {
                "description": "What it is about, such as connected-app.Orders; without that there is nothing to do.",
                "type": "string",
                "pattern": "^[a-z-]+\\..+$",
            },
            "what": text("What to do."),
            "who": text("Whose hands it needs."),
            "link": text("Where: a path of the org's Setup, or an address elsewhere."),
            "done-when": {
                "description": "How it is known to be done: somebody says so; somebody has let the app in; somebody has the permission set; its tokens count so long.",
                "type": "string",
                "enum": DoneWhen::NAMES,
            },
            "minutes": {
                "description": "How long tokens are to count; a number, or a text with a variable.",
                "type": ["integer", "string"],
                "minimum": 1,
            },
        },
        "required": ["component", "what"],
        "additionalProperties": false,
    })
}

/// While a component belongs to the project.
fn only_if() -> Value {
    json!({
        "description": "While it belongs to the project: a text that is true or false, or a table with a value and what it has to be.",
        "anyOf": [
            { "type": "string" },
            {
                "type": "object",
                "properties": {
                    "value": { "description": "Such as ${var.NAME}.", "type": "string" },
                    "is": {
                        "description": "One of these.",
                        "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
                    },
                },
                "required": ["value", "is"],
                "additionalProperties": false,
            },
        ],
    })
}

fn moved() -> Value {
    let address = |what: &str| json!({ "description": what, "type": "string", "pattern": "^[a-z-]+\\..+$" });
    json!({
        "description": "Components that have another name now: the new one is created, the old one removed.",
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "from": address("What it was called, such as auth-provider.Orders."),
                "to": address("What it is called now."),
            },
            "required": ["from", "to"],
            "additionalProperties": false,
        },
    })
}

fn variables() -> Value {
    let lines = json!({ "type": "array", "items": { "type": "string" } });
    let described = json!({
        "description": "A variable that says what it is for.",
        "type": "object",
        "properties": {
            "default": {
                "description": "The value, unless an environment or `--var` gives another; a list has a line each.",
                "anyOf": [{ "type": "string" }, lines],
            },
            "description": { "description": "What the value is for; shown when it is missing.", "type": "string" },
        },
        "additionalProperties": false,
    });
    json!({
        "description": "Values to refer to as `${var.NAME}`: a text, or a table that describes one. Without a default it must be given.",
        "type": "object",
        "additionalProperties": { "anyOf": [{ "type": "string" }, lines, described] },
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
            "additionalProperties": {
                "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
            },
        }),
    );
    properties
}

fn org() -> Value {
    json!({
        "description": "One org.",
        "type": "object",
        "properties": {
            "instance-url": { "description": "Where the org is: its My Domain, without a path.", "type": "string" },
            "login": reference("login"),
        },
        "additionalProperties": false,
    })
}

/// How to get into an org, and where the secrets for that live.
fn login_definitions() -> Map<String, Value> {
    let described = |description: &str, mut value: Value| {
        value["description"] = json!(description);
        value
    };
    let text = |description: &str| json!({ "description": description, "type": "string", "minLength": 1 });
    let secret = |description: &str| described(description, json!({ "anyOf": [reference("kept-secret")] }));
    let value = |description: &str| {
        let written = json!({ "type": "string", "minLength": 1 });
        described(description, json!({ "anyOf": [written, reference("kept-secret")] }))
    };
    let way = |description: &str, properties: Value, required: &[&str]| {
        json!({
            "description": description,
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    };
    let client_id = || value("The app's consumer key.");
    let client_secret = |description: &str| secret(description);
    let mut jwt = way(
        "A key signs for a user whom the app is approved for (JWT bearer).",
        json!({
            "client-id": client_id(),
            "username": value("The user who is logged in."),
            "key-file": text("The private key of the app's certificate in PEM; the path starts at this file's folder."),
            "key": secret("The private key itself, from elsewhere."),
            "audience": text("The login host, where the form of the org's address does not tell it."),
        }),
        &["client-id", "username"],
    );
    let one_key = |key: &str| json!({ "required": [key], "additionalProperties": true });
    jwt["oneOf"] = json!([one_key("key-file"), one_key("key")]);
    let ways = json!({
        "access-token": secret("A session that exists already; it is not renewed."),
        "jwt": jwt,
        "client-credentials": way(
            "The app itself, as its run-as user.",
            json!({ "client-id": client_id(), "client-secret": client_secret("The app's consumer secret.") }),
            &["client-id", "client-secret"],
        ),
        "refresh-token": way(
            "A refresh token that somebody has got.",
            json!({
                "client-id": client_id(),
                "client-secret": client_secret("Where the app asks for it."),
                "refresh-token": secret("The refresh token."),
            }),
            &["client-id", "refresh-token"],
        ),
        "sfdx-auth-url": secret("The force:// URL of the Salesforce CLI."),
        "sf": text("An alias or user name that the Salesforce CLI is logged in to."),
        "browser": way(
            "A person, with `orgwire login`; the system's keyring keeps the refresh token.",
            json!({
                "client-id": client_id(),
                "client-secret": client_secret("Where the app asks for it."),
                "port": {
                    "description": "The port of the app's callback http://localhost:PORT/OauthRedirect.",
                    "type": "integer", "minimum": 1, "maximum": 65535, "default": 1717,
                },
            }),
            &["client-id"],
        ),
    });
    let mut login = way("How to get in, one way.", ways, &[]);
    login["minProperties"] = json!(1);
    login["maxProperties"] = json!(1);
    let one = |key: &str, value: Value, description: &str| way(description, json!({ key: value }), &[key]);
    let sources = [
        one("env", text("The name of the variable."), "Read from a process variable."),
        one(
            "file",
            text("The path of the file."),
            "Read from a file; relative paths start at this file's folder.",
        ),
        one(
            "command",
            json!({
                "description": "The program and its arguments; no shell is involved.",
                "type": "array", "items": { "type": "string" }, "minItems": 1,
            }),
            "Read from the standard output of a program.",
        ),
    ];
    Map::from_iter([
        ("login".to_owned(), login),
        ("kept-secret".to_owned(), json!({ "description": "Where a secret lives.", "anyOf": sources })),
    ])
}

fn lint() -> Value {
    let mut properties = levels();
    properties.insert(
        "waiver".to_owned(),
        json!({ "description": "Findings that somebody answers for.", "type": "array", "items": waiver() }),
    );
    closed_with(properties, "How strict each rule is.")
}

fn levels() -> Map<String, Value> {
    let mut properties = Map::new();
    for code in Code::POLICIES {
        let told = explain::all().find(|(name, _)| *name == code.as_str()).map_or("", |(_, told)| told);
        let told = match Code::FOR_PRODUCTION.contains(code) {
            true => format!("{told} Left out, it is `warn` in production and `allow` elsewhere."),
            false => told.to_owned(),
        };
        let mut level = json!({ "description": told, "type": "string", "enum": ["allow", "warn", "deny"] });
        if !Code::FOR_PRODUCTION.contains(code) {
            level["default"] = json!("warn");
        }
        properties.insert(code.to_string(), level);
    }
    properties
}

fn waiver() -> Value {
    let rules: Vec<&str> = Code::POLICIES.iter().map(|code| code.as_str()).collect();
    let text = |about: &str| json!({ "description": about, "type": "string" });
    let mut waiver = closed(Map::from_iter([
        ("rule".to_owned(), json!({ "description": "The rule.", "type": "string", "enum": rules })),
        ("component".to_owned(), text("The address of the component.")),
        ("environment".to_owned(), text("Where it counts; everywhere if left out.")),
        ("reason".to_owned(), json!({ "description": "Why.", "type": "string", "minLength": 1 })),
        // A date is no value of JSON; editors judge it as the text that it is written as.
        ("expires".to_owned(), json!({ "description": "The last day on which it counts, as a date." })),
    ]));
    waiver["required"] = json!(["rule", "component", "reason", "expires"]);
    waiver
}

fn templates() -> Value {
    let mut properties = Map::new();
    for kind in types() {
        let description = format!("Template that replaces the built-in one of {}.", kind.name);
        properties.insert(kind.name.clone(), json!({ "description": description, "type": "string" }));
    }
    closed_with(properties, "Templates of your own, by the API's name of the type.")
}

/// `[TYPE.NAME]` tables.
fn components(kind: &Type, usage: Use) -> Value {
    let member = &kind.member;
    let one = reference(&usage.definition(kind));
    if let Some(only) = &member.fixed {
        return closed_with(Map::from_iter([(only.clone(), one)]), &kind.doc);
    }
    let name = if member.free {
        json!({ "pattern": r"^[^/\\]+$", "maxLength": member.max_length })
    } else {
        // What stands before two underscores is the namespace of a managed package.
        let pattern = "^([A-Za-z](_?[A-Za-z0-9]){0,14}__)?[A-Za-z](_?[A-Za-z0-9])*$";
        json!({ "pattern": pattern, "maxLength": member.max_length + 17 })
    };
    let mut table = tables(one, &kind.doc);
    table["propertyNames"] = name;
    table
}

/// A table of a component, with all that is inside it. `since` is the first API version that knows it.
fn table(
    kind: &Type,
    group: &Group,
    lead: &[String],
    usage: Use,
    since: u16,
    nil: Nil,
) -> Map<String, Value> {
    let rank = layout::field_order(group, lead);
    let mut fields: Vec<&Field> = group.fields.iter().filter(|field| !field.read_only).collect();
    fields.sort_by_key(|field| rank(&field.key));
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in fields {
        properties.insert(field.key.clone(), property(kind, field, usage, since));
        // A field that came later is not missing in an earlier version.
        let always = field.since <= since.max(OLDEST_API_VERSION) && field.until.is_none();
        let carried = kind.member.matched_on.is_some() && field.default.is_some();
        if field.required && always && usage == Use::Component && !carried {
            required.push(field.key.as_str());
        }
    }
    if group.field_with_key("extra").is_none() {
        properties.insert("extra".to_owned(), reference("extra"));
    }
    let mut table = Map::new();
    table.insert("type".to_owned(), json!("object"));
    if nil == Nil::Taken {
        let no_value = "Marks the element as having no value; stands alone.";
        properties
            .insert("nil".to_owned(), json!({ "description": no_value, "type": "boolean", "const": true }));
        let open = |key: &str, value: Value| json!({ key: value, "additionalProperties": true });
        table.insert("if".to_owned(), open("required", json!(["nil"])));
        table.insert("then".to_owned(), open("maxProperties", json!(1)));
        if !required.is_empty() {
            table.insert("else".to_owned(), open("required", json!(required)));
        }
    } else if !required.is_empty() {
        table.insert("required".to_owned(), json!(required));
    }
    if !required.is_empty() {
        table.insert("x-taplo".to_owned(), json!({ "initKeys": required }));
    }
    table.insert("properties".to_owned(), Value::Object(properties));
    table.insert("additionalProperties".to_owned(), json!(false));
    table
}

fn property(kind: &Type, field: &Field, usage: Use, since: u16) -> Value {
    let mut property = Map::new();
    property.insert("description".to_owned(), json!(description(kind, field)));
    let since = since.max(field.since);
    if let Kind::Group(group) = &field.kind {
        // Within a list an overlay replaces everything, so nothing may be missing there.
        let usage = if field.repeated { Use::Component } else { usage };
        // An org may mark even what its schema demands, as the profile of a setting that outlived it.
        property.extend(table(kind, group, &field.identity, usage, since, Nil::Taken));
        if field.repeated {
            // One table may stand for a list of one.
            property.insert("type".to_owned(), json!(["array", "object"]));
            let mut items = table(kind, group, &field.identity, usage, since, Nil::Refused);
            items.insert("description".to_owned(), json!(field.doc));
            property.insert("items".to_owned(), Value::Object(items));
        }
        return Value::Object(property);
    }
    if let Some(default) = &field.default {
        let default = match &field.kind {
            Kind::Flag => json!(default == "true"),
            Kind::Number => default.parse::<i64>().map_or_else(|_| json!(default), |number| json!(number)),
            _ => json!(default),
        };
        property.insert("default".to_owned(), default);
    }
    let mut choices = one(field);
    if field.repeated {
        let items = any_of(choices.clone());
        choices.insert(0, json!({ "type": "array", "items": items }));
    } else if let Some(separator) = &field.separator {
        choices = listed(field, choices, separator);
    }
    choices.push(reference("nil"));
    match any_of(choices) {
        Value::Object(choice) if !choice.contains_key("$ref") => property.extend(choice),
        choice => {
            property.insert("anyOf".to_owned(), json!([choice]));
        }
    }
    Value::Object(property)
}

fn any_of(mut choices: Vec<Value>) -> Value {
    if choices.len() == 1 { choices.remove(0) } else { json!({ "anyOf": choices }) }
}

/// The shapes of one value, the usual one first.
fn one(field: &Field) -> Vec<Value> {
    let text = || json!({ "type": "string" });
    let mut shapes = match &field.kind {
        Kind::Text if field.secret => vec![reference("source"), reference("secret-reference")],
        // A reference may be longer than what it stands for.
        Kind::Text => match field.max_length {
            Some(longest) => vec![json!({ "type": "string", "maxLength": longest }), reference("reference")],
            None => vec![text()],
        },
        Kind::Binary | Kind::Group(_) => vec![text()],
        Kind::Flag => vec![json!({ "type": "boolean" }), reference("reference")],
        Kind::Number => {
            let (lowest, highest) = field.range.unwrap_or((i64::from(i32::MIN), i64::from(i32::MAX)));
            vec![json!({ "type": "integer", "minimum": lowest, "maximum": highest }), reference("reference")]
        }
        Kind::Enumeration(values) => enumeration(values),
    };
    let is_text = matches!(field.kind, Kind::Text);
    shapes.extend((is_text && field.sourced && !field.secret).then(|| reference("source")));
    shapes.extend((is_text && field.generate.is_some()).then(|| reference("generated")));
    shapes
}

/// The shapes of an element whose text is a list of values: one, several in one text, or a list.
fn listed(field: &Field, one: Vec<Value>, separator: &str) -> Vec<Value> {
    let items = match &field.kind {
        Kind::Enumeration(_) => any_of(one.clone()),
        _ => json!({ "type": "string" }),
    };
    let mut shapes = one;
    shapes.push(json!({ "type": "array", "items": items }));
    if let Kind::Enumeration(values) = &field.kind {
        let value = format!("({})", patterns(values).join("|"));
        let between = match separator.trim() {
            "" if separator.contains('\n') => r"\s*\n\s*".to_owned(),
            "" => r"\s+".to_owned(),
            mark => format!(r"\s*{}\s*", literal(mark)),
        };
        let several = format!(r"^\s*{value}({between}{value})*({between})?\s*$");
        shapes.insert(1, json!({ "type": "string", "pattern": several }));
    }
    shapes
}

fn enumeration(values: &Enumeration) -> Vec<Value> {
    let (varying, fixed): (Vec<_>, Vec<_>) = values.values.iter().partition(|value| value.name.contains('{'));
    let mut spellings: Vec<&str> = fixed.iter().map(|value| value.name.as_str()).collect();
    let mut told: Vec<Option<String>> = fixed.iter().map(|value| explain::about_value(value)).collect();
    // Behind the API's own spellings, so that editors propose those first.
    for value in &fixed {
        for alias in &value.aliases {
            spellings.push(alias);
            told.push(Some(format!("another spelling of `{}`", value.name)));
        }
    }
    let mut named = json!({ "type": "string", "enum": spellings });
    if told.iter().any(Option::is_some) {
        named["x-taplo"] = json!({ "docs": { "enumValues": told } });
    }
    let mut choices = if fixed.is_empty() { Vec::new() } else { vec![named] };
    for value in varying {
        choices.push(json!({ "type": "string", "pattern": format!("^{}$", pattern(&value.name)) }));
    }
    choices.push(reference("reference"));
    choices
}

/// Every spelling of every value, as regular expressions.
fn patterns(values: &Enumeration) -> Vec<String> {
    values
        .values
        .iter()
        .flat_map(|value| std::iter::once(&value.name).chain(&value.aliases))
        .map(|name| pattern(name))
        .collect()
}

/// A value's name with its parts that vary, see `Enumerator::matches`.
fn pattern(name: &str) -> String {
    literal(name).replace(r"\{count\}", "[1-9][0-9]*").replace(r"\{unit\}", "(HOURS|DAYS|MONTHS)")
}

/// Text as a regular expression that matches nothing else.
fn literal(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if r".*+?()[]{}|^$\".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// What an editor shows: the line of documentation, what else is true of the field, and newer values.
fn description(kind: &Type, field: &Field) -> String {
    let mut sentences = vec![field.doc.clone()];
    sentences.extend(explain::remarks(kind, field));
    if let Kind::Enumeration(values) = &field.kind {
        let list = |told: &dyn Fn(&crate::component::Enumerator) -> Option<String>| {
            let values: Vec<String> = values
                .values
                .iter()
                .filter_map(|value| Some(format!("{} {}", value.name, told(value)?)))
                .collect();
            values.join(", ")
        };
        let newer =
            list(&|value| value.since.filter(|since| *since > field.since).map(|since| format!("{since}.0")));
        let retired = list(&|value| value.until.map(|last| format!("{last}.0")));
        let unsure = list(&|value| value.unsure.as_ref().map(|why| format!("({why})")));
        for (what, told) in [
            ("Values of later API versions", newer),
            ("Values up to an API version", retired),
            ("Values not confirmed", unsure),
        ] {
            if !told.is_empty() {
                sentences.push(format!("{what}: {told}."));
            }
        }
    }
    sentences.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::embedded;
    use crate::configuration::Configuration;
    use crate::diagnostic::{Diagnostics, Sources};

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
        for (stem, text) in embedded::EXAMPLES.iter().chain(embedded::TWINS) {
            assert_eq!(judge.problem(text), None, "{stem}.toml");
        }
    }

    /// Whether `lint` finds an error. References to variables and the like are none of the schema's business.
    fn lint_refuses(text: &str) -> bool {
        let mut sources = Sources::default();
        let id = sources.add("manifest.toml", text);
        let mut diagnostics = Diagnostics::default();
        let manifest = crate::manifest::read(id, sources.get(id), &mut diagnostics);
        let desired = crate::resolve::resolve(
            &crate::resolve::Inputs::new(&[manifest], &Configuration::default()),
            &mut diagnostics,
        );
        crate::lint::lint(&desired, &mut diagnostics);
        diagnostics.retain(|found| {
            ![Code::UnsetVariable, Code::UnknownVariable, Code::UnknownReference].contains(&found.code)
        });
        diagnostics.has_errors()
    }

    /// Manifests that break one rule each.
    const BROKEN: &[&str] = &[
        "api-version = 62.0",
        "api-version = \"30.0\"",
        "variables = [\"a\"]",
        "variables = { a = 1 }",
        "connected-ap = {}",
        "[environment.uat]\nog = \"uat\"",
        "[environment.uat]\npredict-callback = \"yes\"",
        "[environment.uat.connected-app.App]\nlabl = \"A\"",
        "[connected-app]\nlabel = \"A\"",
        "[connected-app.\"a b\"]\nlabel = \"A\"\ncontact-email = \"a@example.com\"",
        "[connected-app.A__B__C]\nlabel = \"A\"\ncontact-email = \"a@example.com\"",
        "[connected-app.A]\nlabel = \"A\"",
        "[connected-app.A]\nlabel = 1\ncontact-email = \"a@example.com\"",
        "[connected-app.A]\nlabel = { env = \"A\" }\ncontact-email = \"a@example.com\"",
        "[connected-app.A]\nlabel = \"A\"\ncontact-email = \"a@example.com\"\noauth-config = \"x\"",
        "[connected-app.A]\nlabel = \"A\"\ncontact-email = \"a@example.com\"\noauth-policy = { nil = true, x = 1 }",
        "[connected-app.A]\nlabel = \"A\"\ncontact-email = \"a@example.com\"\ndescription = { nil = false }",
        "[connected-app.A]\nlabel = \"A\"\ncontact-email = \"a@example.com\"\nextra = { some-field = 1 }",
        "[connected-app.A]\nlabel = \"A\"\ncontact-email = \"a@example.com\"\nextra = { field = 1.5 }",
        "[connected-app.A]\nlabel = \"A\"\ncontact-email = \"a@example.com\"\nextra = { field = [{ a-b = 1 }] }",
        "[connected-app.A]\nlabel = \"A\"\ncontact-email = \"a@example.com\"\nip-ranges = [{ start = \"1.1.1.1\" }]",
        "[connected-app.A]\nlabel = \"A\"\ncontact-email = \"a@example.com\"\nip-ranges = [1]",
        "[auth-provider.A]\nfriendly-name = \"A\"\nprovider-type = \"Gogle\"",
        "[auth-provider.A]\nfriendly-name = \"A\"\nprovider-type = \"Google\"\nconsumer-secret = \"abc\"",
        "[auth-provider.A]\nfriendly-name = \"A\"\nprovider-type = \"Google\"\nconsumer-secret = { evn = \"A\" }",
        "[auth-provider.A]\nfriendly-name = \"A\"\nprovider-type = \"Google\"\nconsumer-secret = { env = \"A B\" }",
        "[auth-provider.A]\nfriendly-name = \"A\"\nprovider-type = \"Google\"\noauth-kickoff-url = \"https://a\"",
        "[named-credential.A]\nlabel = \"A\"\nallow-merge-fields-in-body = \"true\"",
        "[named-credential.A]\nlabel = \"A\"\njwt-validity-period-seconds = 1.5",
    ];

    #[test]
    fn what_is_broken_is_refused_here_and_by_lint() {
        let judge = Judge::new(manifest());
        for text in BROKEN {
            judge.refuses(text);
            assert!(lint_refuses(text), "lint takes it:\n{text}");
        }
    }

    #[test]
    fn every_case_is_taken_here_and_by_lint() {
        let judge = Judge::new(manifest());
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
        let mut seen = 0;
        for case in std::fs::read_dir(folder).unwrap() {
            let path = case.unwrap().path().join("manifest.toml");
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            assert_eq!(judge.problem(&text), None, "{}", path.display());
            assert!(!lint_refuses(&text), "{}", path.display());
            seen += 1;
        }
        assert!(seen > 10);
    }

    /// What a description says, a manifest may say: each field of each type, in each of its shapes.
    #[test]
    fn what_lint_takes_of_any_field_is_taken_here() {
        let judge = Judge::new(manifest());
        for kind in types() {
            let name = kind.member.fixed.as_deref().unwrap_or("A");
            for field in kind.fields.fields.iter().filter(|field| !field.read_only) {
                for value in shapes(field) {
                    let at = format!("environment.e.{}.{name}", kind.key);
                    let text = format!("[{at}]\n{} = {value}\n", field.key);
                    let read = {
                        let mut sources = Sources::default();
                        let id = sources.add("manifest.toml", text.as_str());
                        let mut diagnostics = Diagnostics::default();
                        crate::manifest::read(id, sources.get(id), &mut diagnostics);
                        !diagnostics.has_errors()
                    };
                    let taken = judge.problem(&text);
                    assert_eq!(taken.is_none(), read, "{text}{}", taken.unwrap_or_default());
                }
            }
        }
    }

    /// Values to try a field with, as TOML: none that only a later stage judges.
    fn shapes(field: &Field) -> Vec<&'static str> {
        let mut shapes =
            vec!["{ unknown-key = 1 }", "1979-05-27", "1.5", "{ nil = false }", "{ nil = true }"];
        match &field.kind {
            // Whether a text is one of the values is judged later, and so are secrets and ranges.
            Kind::Enumeration(_) | Kind::Number => shapes.push("\"${var.x}\""),
            Kind::Text if field.secret => {
                shapes.extend([
                    "\"${connected-app.A.consumer-secret}\"",
                    "{ env = \"X\" }",
                    "[{ env = \"X\" }]",
                    "1",
                ]);
            }
            Kind::Text => {
                shapes.extend(["\"x\"", "{ env = \"X\" }", "{ generate = true }", "[\"x\"]", "1", "true"])
            }
            Kind::Flag => shapes.extend(["true", "\"true\"", "\"${var.x}\"", "[true]", "1"]),
            Kind::Binary => shapes.extend(["\"eA==\"", "1"]),
            Kind::Group(_) => shapes.extend(["\"x\"", "[1]"]),
        }
        shapes
    }

    #[test]
    fn lists_in_one_element_are_checked_item_by_item() {
        let field = |kind: &str, separator: &str| {
            let kind = Type::parse(&format!(
                "name = \"Thing\"\ndirectory = \"things\"\nsuffix = \"thing\"\nsince = 31\ndoc = \"A thing.\"\n\
                 [member]\nmax-length = 80\n[fields.list]\ntype = \"{kind}\"\nseparator = {separator:?}\ndoc = \"A list.\"\n\
                 [enums]\nColour = [\"Red\", {{ name = \"Blue.\", aliases = [\"azure\"], unsure = \"one source\" }}]\n"
            ))
            .unwrap();
            let mut schema = closed(Map::from_iter([(
                "list".to_owned(),
                property(&kind, &kind.fields.fields[0], Use::Component, 31),
            )]));
            schema["$schema"] = json!(DIALECT);
            schema["definitions"] = Value::Object(shared_definitions());
            Judge::new(schema)
        };
        let colours = field("Colour", ";");
        for good in [
            "\"Red\"",
            "\"azure\"",
            "\"Red;Blue.\"",
            "\"Red ; azure\"",
            "[\"Red\", \"${var.x}\"]",
            "\"${var.x};Red\"",
            "{ nil = true }",
        ] {
            colours.takes(&format!("list = {good}"));
        }
        for bad in ["\"Green\"", "\"Red;Green\"", "\"Bluex\"", "[\"Green\"]", "[1]", "1"] {
            colours.refuses(&format!("list = {bad}"));
        }
        field("Colour", "\n").takes("list = \"Red\\nazure\\n\"");
        field("string", ",").takes("list = [\"a\", \"b\"]");
        field("string", ",").refuses("list = [1]");
    }

    #[test]
    fn a_type_with_one_name_or_any_name_says_so() {
        let names = |member: &str| {
            let kind = Type::parse(&format!(
                "name = \"Thing\"\ndirectory = \"things\"\nsuffix = \"thing\"\nsince = 31\ndoc = \"A thing.\"\n\
                 [member]\nmax-length = 8\n{member}\n[fields.a]\ntype = \"string\"\ndoc = \"A.\"\n"
            ))
            .unwrap();
            let mut schema = components(&kind, Use::Component);
            let one = table(&kind, &kind.fields, &[], Use::Component, 31, Nil::Refused);
            schema["definitions"] = json!({ "thing": one, "extra": true, "nil": true });
            schema["$schema"] = json!(DIALECT);
            Judge::new(schema)
        };
        names("fixed = \"Only\"").takes("[Only]\na = \"x\"");
        names("fixed = \"Only\"").refuses("[Other]\na = \"x\"");
        names("free = true").takes("[\"a b%c\"]\na = \"x\"");
        names("free = true").refuses("[\"a b%c d e\"]\na = \"x\"");
        names("free = true").refuses("[\"a/b\"]\na = \"x\"");
        names("").refuses("[\"a b\"]\na = \"x\"");
    }

    #[test]
    fn both_are_written_in_a_dialect_that_editors_read() {
        for schema in [manifest(), configuration()] {
            assert_eq!(schema["$schema"], DIALECT);
            let text = schema.to_string();
            for newer in
                ["\"$defs\"", "\"prefixItems\"", "\"unevaluatedProperties\"", "\"dependentRequired\""]
            {
                assert!(!text.contains(newer), "{newer}");
            }
            every_table(&schema, &mut |table| {
                assert!(table.contains_key("additionalProperties"), "{table:?}");
                assert!(!table.contains_key("$ref"), "{table:?}");
            });
        }
    }

    fn every_table(value: &Value, visit: &mut impl FnMut(&Map<String, Value>)) {
        match value {
            Value::Object(object) => {
                if object.get("type").is_some_and(|kind| kind == "object") {
                    visit(object);
                }
                object.values().for_each(|value| every_table(value, visit));
            }
            Value::Array(items) => items.iter().for_each(|value| every_table(value, visit)),
            _ => {}
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
        let fields = &schema["definitions"]["auth-provider"]["properties"];
        assert!(fields.get("friendly-name").is_some() && fields.get("oauth-kickoff-url").is_none());
    }

    #[test]
    fn descriptions_tell_what_an_editor_should_show() {
        let schema = manifest();
        let fields = &schema["definitions"]["connected-app"]["properties"]["oauth-config"]["properties"];
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
        let waiver = "[[lint.waiver]]\nrule = \"full-scope\"\ncomponent = \"connected-app.App\"\n\
                      environment = \"uat\"\nreason = \"x\"\nexpires = 2027-06-30\n";
        judge.takes(&format!(
            "[environment.uat]\nproduction = true\nlint = {{ full-scope = \"deny\" }}\n{waiver}"
        ));
        judge.refuses(&waiver.replace("\"x\"", "\"\""));
        judge.refuses(&waiver.replace("full-scope", "plain-secret"));
        judge.refuses(&waiver.replace("expires = 2027-06-30\n", ""));
        judge.refuses("[environment.uat.lint]\nrelaxed-ip = \"forbid\"");
        judge.refuses("[environment.uat.lint.waiver]");
        judge.refuses("[lint]\nrelaxed-ip = \"forbid\"");
        judge.refuses("[lint]\nplain-secret = \"allow\"");
        judge.refuses("[environment.uat.connected-app.App]\nlabel = \"a\"");
        judge.refuses("[templates]\nconnected-app = \"ours.xml\"");
        judge.refuses("[org.uat]\ninstance = \"https://a.example\"");
    }

    #[test]
    fn logins_are_judged_as_they_are_read() {
        let judge = Judge::new(configuration());
        let document =
            |login: &str| format!("[org.uat]\ninstance-url = \"https://a.example\"\nlogin = {login}\n");
        let read = |login: &str| {
            let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::default());
            let id = sources.add("orgwire.toml", document(login));
            let configuration = crate::configuration::read(id, sources.get(id), &mut diagnostics);
            !diagnostics.has_errors() && configuration.orgs["uat"].login.is_some()
        };
        for login in [
            "{ access-token = { env = \"T\" } }",
            "{ jwt = { client-id = \"3MVG9\", username = \"a@b.c\", key-file = \"server.key\" } }",
            "{ jwt = { client-id = { env = \"ID\" }, username = \"a@b.c\", key = { command = [\"op\"] }, audience = \"https://test.salesforce.com\" } }",
            "{ client-credentials = { client-id = \"3MVG9\", client-secret = { file = \"secret\" } } }",
            "{ refresh-token = { client-id = \"3MVG9\", refresh-token = { env = \"R\" } } }",
            "{ refresh-token = { client-id = \"3MVG9\", client-secret = { env = \"S\" }, refresh-token = { env = \"R\" } } }",
            "{ sfdx-auth-url = { env = \"URL\" } }",
            "{ sf = \"prod\" }",
            "{ browser = { client-id = \"3MVG9\" } }",
            "{ browser = { client-id = \"3MVG9\", client-secret = { env = \"S\" }, port = 8717 } }",
        ] {
            judge.takes(&document(login));
            assert!(read(login), "{login}");
        }
        for login in [
            "{}",
            "\"sf\"",
            "{ sf = \"\" }",
            "{ sf = \"a\", sfdx-auth-url = { env = \"URL\" } }",
            "{ access-token = \"00D!x\" }",
            "{ access-token = { generate = true } }",
            "{ jwt = { client-id = \"3MVG9\", username = \"a@b.c\" } }",
            "{ jwt = { client-id = \"3MVG9\", username = \"a@b.c\", key-file = \"k\", key = { env = \"K\" } } }",
            "{ jwt = { username = \"a@b.c\", key-file = \"k\" } }",
            "{ client-credentials = { client-id = \"3MVG9\", client-secret = \"s\" } }",
            "{ client-credentials = { client-id = \"3MVG9\" } }",
            "{ refresh-token = { refresh-token = { env = \"R\" } } }",
            "{ browser = { client-id = \"3MVG9\", port = 0 } }",
            "{ browser = { client-id = \"3MVG9\", port = \"1717\" } }",
            "{ password = { env = \"P\" } }",
        ] {
            judge.refuses(&document(login));
            assert!(!read(login), "{login}");
        }
    }
}
