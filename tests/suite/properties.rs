//! What is true of every component of every metadata type: it survives an import, the order of its elements means
//! nothing, and no change goes unseen. Components are made up from the descriptions.

use orgwire::collect::Collected;
use orgwire::component::{ComponentId, Field, Fields, Group, Kind, Scalar, Tree, Type, types};
use orgwire::configuration::Configuration;
use orgwire::diagnostic::{Diagnostics, Sources};
use orgwire::diff::{Held, Rules, Set, changes, differences, mapped};
use orgwire::import::{Options, import};
use orgwire::reference::Observed;
use orgwire::render::{SecretText, Templates, render};
use orgwire::{manifest, plan, resolve};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

const CASES: u32 = 48;

/// Runs a property for every type.
fn for_every_type<S: Strategy>(
    strategy: impl Fn(&'static Type) -> S,
    check: impl Fn(&'static Type, S::Value) -> Result<(), TestCaseError>,
) {
    for kind in types() {
        let mut config = Config { failure_persistence: None, ..Config::default() };
        // PROPTEST_CASES asks for more.
        if std::env::var_os("PROPTEST_CASES").is_none() {
            config.cases = CASES;
        }
        let outcome = TestRunner::new(config).run(&strategy(kind), |value| check(kind, value));
        outcome.unwrap_or_else(|error| panic!("{}: {error}", kind.name));
    }
}

/// Text with everything that XML, TOML, templates and references give a meaning to.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => "[a-zA-Z0-9 ]{1,12}",
        1 => select(vec![
            "&", "<", ">", "\"", "'", "\\", "${", "$${", "{{NAME}}", "${NAME}", "%%NAME%%", "{!$Credential.X}", "]]>", "#",
            "\n", "\t", "ä", "日", "🚀", "\"\"\"", "https://acme.my.salesforce.com/x", "{", "}", "\u{a0}", "=", "\u{7f}",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn leaf(field: &'static Field) -> BoxedStrategy<Scalar> {
    match &field.kind {
        Kind::Flag => any::<bool>().prop_map(Scalar::Flag).boxed(),
        Kind::Number => any::<i32>().prop_map(|number| Scalar::Number(i64::from(number))).boxed(),
        Kind::Enumeration(values) => {
            let names: Vec<String> = values
                .values
                .iter()
                .map(|value| value.name.replace("{count}", "30").replace("{unit}", "DAYS"))
                .collect();
            match &field.separator {
                Some(separator) => {
                    let separator = separator.clone();
                    prop::collection::vec(select(names), 1..4)
                        .prop_map(move |values| Scalar::Text(values.join(&separator)))
                        .boxed()
                }
                None => select(names).prop_map(Scalar::Text).boxed(),
            }
        }
        Kind::Text | Kind::Binary => text().prop_map(Scalar::Text).boxed(),
        Kind::Group(_) => unreachable!("a group is no leaf"),
    }
}

fn tree(field: &'static Field) -> BoxedStrategy<Tree<Scalar>> {
    let one = match &field.kind {
        Kind::Group(inner) => group(inner).prop_map(Tree::Group).boxed(),
        _ => leaf(field).prop_map(Tree::Leaf).boxed(),
    };
    if field.repeated {
        let is_enumeration = matches!(field.kind, Kind::Enumeration(_));
        let list = prop::collection::vec(one, 1..4).prop_map(move |mut items| {
            // An org has each value of an enumeration once, and so do files that we write.
            if is_enumeration {
                items.sort_by_key(|item| item.as_leaf().map(ToString::to_string));
                items.dedup();
            }
            Tree::List(items)
        });
        return list.boxed();
    }
    // An element may also be marked as having no value.
    prop_oneof![19 => one, 1 => Just(Tree::Leaf(Scalar::Nil))].boxed()
}

/// Some of the elements of a group. Secrets are not written into files, and what only an org writes is not sent.
fn group(group: &'static Group) -> BoxedStrategy<Fields<Scalar>> {
    let elements: Vec<_> = group
        .fields
        .iter()
        .filter(|field| !field.read_only && !field.secret && !field.sourced && !field.content)
        .map(|field| {
            // A few of many, so that large types do not make large components.
            let often = (8.0 / group.fields.len() as f64).clamp(0.05, 0.6);
            prop::option::weighted(often, tree(field).prop_map(|tree| (field.name.as_str().into(), tree)))
        })
        .collect();
    elements.prop_map(|elements| elements.into_iter().flatten().collect()).boxed()
}

fn component(kind: &'static Type) -> BoxedStrategy<Fields<Scalar>> {
    group(&kind.fields)
}

fn name(kind: &Type) -> String {
    kind.member.fixed.clone().unwrap_or_else(|| "Made_Up".to_owned())
}

/// The component as files hold it.
fn collected(kind: &'static Type, xml: &str) -> Collected {
    let mut collected = Collected::default();
    collected.add(&kind.path(&name(kind)), "made-up.xml", xml.as_bytes());
    if let Some(path) = kind.content_path(&name(kind)) {
        collected.add(&path, &path, b"");
    }
    collected.finish();
    assert!(collected.troubles.is_empty(), "{:?}\n{xml}", collected.troubles);
    collected
}

/// A manifest back to XML, through every stage that a user's file goes through.
fn rendered(kind: &'static Type, text: &str) -> String {
    let mut sources = Sources::default();
    let id = sources.add("manifest.toml", text);
    let mut diagnostics = Diagnostics::default();
    let manifest = manifest::read(id, sources.get(id), &mut diagnostics);
    let desired =
        resolve::resolve(&resolve::Inputs::new(&[manifest], &Configuration::default()), &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{:?}\n{text}", diagnostics.sorted());
    let observed = Observed::default();
    let pass = plan::everything(&desired, &observed);
    let templates = Templates::built_in().unwrap();
    let files = render(&desired, &pass, &observed, SecretText::Masked, &templates, 1).unwrap();
    let file = files.files.iter().find(|file| file.path == kind.path(&name(kind))).unwrap();
    file.content.to_string()
}

#[test]
fn a_component_survives_import_and_rendering() {
    let templates = Templates::built_in().unwrap();
    for_every_type(component, |kind, fields| {
        let xml = templates.render(kind, &fields).unwrap();
        let imported = import(&collected(kind, &xml), &Options::default());
        prop_assert_eq!(rendered(kind, &imported.text), xml, "{}", imported.text);
        Ok(())
    });
}

#[test]
fn what_a_concise_import_leaves_out_is_no_difference() {
    let templates = Templates::built_in().unwrap();
    for_every_type(component, |kind, fields| {
        let xml = templates.render(kind, &fields).unwrap();
        let whole = collected(kind, &xml);
        let imported = import(&whole, &Options { concise: true, ..Options::default() });
        let concise = collected(kind, &rendered(kind, &imported.text));
        let mut before = Set::of_files("whole", &whole);
        let mut after = Set::of_files("concise", &concise);
        (before.api_version, after.api_version) = (imported.api_version, imported.api_version);
        let found = changes(&before, &after);
        prop_assert!(found.is_empty(), "{found:?}\n{}", imported.text);
        Ok(())
    });
}

fn held(fields: &Fields<Scalar>) -> Fields<Held> {
    mapped(fields, &|scalar: &Scalar| Held::Known(scalar.clone()))
}

const RULES: Rules = Rules { api_version: 67, with_org: false, is_plan: false };

#[test]
fn the_order_of_elements_means_nothing() {
    let strategy = |kind| (component(kind), any::<u64>());
    for_every_type(strategy, |kind, (fields, seed)| {
        let read = |xml: &str| Set::of_files("x", &collected(kind, xml)).components;
        let (ordered, shuffled) = (written(kind, &fields, 0), written(kind, &fields, seed | 1));
        let (before, after) = (read(&ordered), read(&shuffled));
        let id = ComponentId::new(kind, name(kind));
        let found = differences(&kind.fields, RULES, &before[&id], &after[&id]);
        prop_assert!(found.is_empty(), "{found:?}\n{ordered}\n{shuffled}");
        Ok(())
    });
}

/// XML by the test's own hand, its elements in an order that the seed decides; 0 is that of the tree.
fn written(kind: &Type, fields: &Fields<Scalar>, seed: u64) -> String {
    fn escaped(text: &str) -> String {
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#13;")
    }
    fn element(name: &str, tree: &Tree<Scalar>, seed: &mut u64, elements: &mut Vec<String>) {
        match tree {
            Tree::List(items) => items.iter().for_each(|item| element(name, item, seed, elements)),
            Tree::Leaf(Scalar::Nil) => elements.push(format!("<{name} xsi:nil='true'/>")),
            Tree::Leaf(scalar) => elements.push(format!("<{name}>{}</{name}>", escaped(&scalar.to_string()))),
            Tree::Group(fields) => elements.push(format!("<{name}>{}</{name}>", inside(fields, seed))),
        }
    }
    fn inside(fields: &Fields<Scalar>, seed: &mut u64) -> String {
        let mut elements = Vec::new();
        for (name, tree) in fields {
            element(name, tree, seed, &mut elements);
        }
        if *seed != 0 {
            for at in (1..elements.len()).rev() {
                *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407) | 1;
                elements.swap(at, (*seed >> 33) as usize % (at + 1));
            }
        }
        elements.concat()
    }
    let mut seed = seed;
    format!(
        "<{0} xmlns='http://soap.sforce.com/2006/04/metadata' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>{1}</{0}>",
        kind.name,
        inside(fields, &mut seed)
    )
}

#[test]
fn no_change_of_a_leaf_goes_unseen() {
    let strategy = |kind| (component(kind), any::<Index>());
    for_every_type(strategy, |kind, (fields, index)| {
        let mut count = 0;
        each_leaf(&kind.fields, &mut fields.clone(), &mut |_, _| count += 1);
        if count == 0 {
            return Ok(());
        }
        let (wanted, mut at, mut changed, mut how) = (index.index(count), 0, fields.clone(), String::new());
        each_leaf(&kind.fields, &mut changed, &mut |field, leaf| {
            if at == wanted {
                let before = leaf.clone();
                change(field, leaf);
                how = format!("{}: {before:?} became {leaf:?}", field.name);
            }
            at += 1;
        });
        let found = differences(&kind.fields, RULES, &held(&fields), &held(&changed));
        prop_assert!(!found.is_empty(), "{how}");
        Ok(())
    });
}

fn each_leaf(
    group: &'static Group,
    fields: &mut Fields<Scalar>,
    visit: &mut dyn FnMut(&'static Field, &mut Scalar),
) {
    fn of_tree(
        field: &'static Field,
        tree: &mut Tree<Scalar>,
        visit: &mut dyn FnMut(&'static Field, &mut Scalar),
    ) {
        match tree {
            Tree::List(items) => items.iter_mut().for_each(|item| of_tree(field, item, visit)),
            // Where an org makes a value up, no value is no difference.
            Tree::Leaf(Scalar::Nil) if field.assigned => {}
            Tree::Leaf(Scalar::Text(text)) if field.assigned && text.is_empty() => {}
            Tree::Leaf(leaf) => visit(field, leaf),
            Tree::Group(fields) => {
                if let Kind::Group(inner) = &field.kind {
                    each_leaf(inner, fields, visit);
                }
            }
        }
    }
    for field in &group.fields {
        if let Some(tree) = fields.get_mut(&field.name) {
            of_tree(field, tree, visit);
        }
    }
}

/// Another value, which means something else.
fn change(field: &Field, leaf: &mut Scalar) {
    *leaf = match (&*leaf, &field.kind) {
        (Scalar::Flag(flag), _) => Scalar::Flag(!flag),
        (Scalar::Number(number), _) => Scalar::Number(number ^ 1),
        (before, Kind::Enumeration(values)) => {
            let folded = |name: &str| {
                let value = values.find(name).unwrap();
                value.folds_into.clone().unwrap_or_else(|| value.name.clone())
            };
            let mut now: Vec<String> = match before {
                Scalar::Text(text) => field.split(text).iter().map(|one| folded(one)).collect(),
                _ => field.default.iter().cloned().collect(),
            };
            now.extend(field.default.iter().map(|default| folded(default)));
            // A value with a part that varies can change in that part.
            let other = values
                .values
                .iter()
                .map(|value| value.name.replace("{count}", "31").replace("{unit}", "DAYS"));
            let other = other.into_iter().find(|name| !now.contains(&folded(name)) || name.contains("31"));
            Scalar::Text(other.unwrap_or_else(|| "Another".to_owned()))
        }
        (_, Kind::Flag) => Scalar::Flag(field.default.as_deref() != Some("true")),
        (_, Kind::Number) => Scalar::Number(918_273),
        (Scalar::Text(text), _) => Scalar::Text(format!("{text}x1")),
        _ => Scalar::Text("x1".to_owned()),
    };
}
