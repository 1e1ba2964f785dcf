//! An item of a list that stands for several: where what tells items apart is a variable with several lines, there is an
//! item for each, or none. So a manifest can leave it to its users which objects a permission set is about.

use std::borrow::Cow;

use super::Inputs;
use super::evaluate::Resolver;
use super::merge::Merged;
use crate::component::{Group, Kind};
use crate::diagnostic::{Diagnostics, Located};
use crate::setting::{Entry, Setting, Settings, Text};

pub(super) fn apply(inputs: &Inputs<'_>, merged: &mut Merged<'_>) {
    // What is wrong with a value is said when it is worked out for good.
    let (nothing, mut unsaid) = (Merged::new(), Diagnostics::default());
    let mut resolver = Resolver::new(inputs, &nothing, &mut unsaid);
    for declaration in merged.values_mut() {
        let group = &declaration.id.kind.fields;
        for (name, entry) in &declaration.settings.clone() {
            let Some(field) = group.field(name) else { continue };
            let (Setting::List(items), Kind::Group(inner)) = (&entry.setting.value, &field.kind) else {
                continue;
            };
            if let Some(items) = spread(items, inner, &field.identity, &mut resolver) {
                let setting = Located::new(Setting::List(items), entry.setting.at);
                let settings = &mut Cow::to_mut(declaration).settings;
                match &setting.value {
                    Setting::List(items) if items.is_empty() => settings.remove(name),
                    _ => settings.insert(name.clone(), Entry { key: entry.key, setting }),
                };
            }
        }
    }
}

/// The items one by one; `None` if none of them stands for several.
fn spread(
    items: &[Located<Setting>],
    group: &'static Group,
    identity: &[String],
    resolver: &mut Resolver<'_>,
) -> Option<Vec<Located<Setting>>> {
    let mut all = Vec::new();
    for item in items {
        let ways = match &item.value {
            Setting::Group(settings) => several(settings, group, identity, resolver),
            _ => None,
        };
        match ways {
            Some(ways) => {
                all.extend(ways.into_iter().map(|way| Located::new(Setting::Group(way), item.at)));
            }
            None => all.push(item.clone()),
        }
    }
    (all.len() != items.len()).then_some(all)
}

fn several(
    settings: &Settings,
    group: &'static Group,
    identity: &[String],
    resolver: &mut Resolver<'_>,
) -> Option<Vec<Settings>> {
    let told = identity.iter().filter(|name| group.field(name).is_some_and(|field| !field.secret));
    for (name, entry) in told.filter_map(|name| Some((name, settings.get(name)?))) {
        let Setting::Text(text) = &entry.setting.value else { continue };
        let Some(lines) = resolver.lines_of_variables(text).filter(|lines| lines.len() != 1) else {
            continue;
        };
        let one = |line: &String| {
            let mut settings = settings.clone();
            let setting = Located::new(Setting::Text(Text::literal(line.clone())), entry.setting.at);
            settings.insert(name.clone(), Entry { key: entry.key, setting });
            settings
        };
        return Some(lines.iter().map(one).collect());
    }
    None
}
