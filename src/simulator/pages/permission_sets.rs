//! Permission Sets: the list, one with what it grants and to whom, and New and Edit, where object permissions are a line
//! for each object.

use axum::response::Response;

use super::form::{Form, Input, Kind, api_name};
use super::html::{self, Cell};
use super::saving::{Target, leaf};
use super::{Visited, action_of, door, new_of, page_of, with_id};
use crate::component::{Fields, Scalar, Tree};
use crate::simulator::people;
use crate::simulator::rules::{flag, items, text};
use crate::simulator::state::{Component, State};

pub(super) const PAGE: &str = "PermSets";
pub(super) const TYPE: &str = "PermissionSet";
const NAME: &str = "fullName";
const OBJECTS: &str = "objects";
const SYSTEM: &str = "system";

/// Permissions on objects: as people write them, and as metadata does.
const RIGHTS: [(&str, &str); 6] = [
    ("Read", "allowRead"),
    ("Create", "allowCreate"),
    ("Edit", "allowEdit"),
    ("Delete", "allowDelete"),
    ("View All", "viewAllRecords"),
    ("Modify All", "modifyAllRecords"),
];

fn entries() -> Vec<Input> {
    vec![
        Input::element("label", "Label", Kind::Text).required(),
        Input::element("description", "Description", Kind::Text),
        Input::other(OBJECTS, "Object Settings", Kind::Lines)
            .hint("A line for each object: Account: Read, Create, Edit, Delete, View All, Modify All"),
        Input::other(SYSTEM, "System Permissions", Kind::Lines)
            .hint("A line for each permission, by its name in metadata: ApiEnabled"),
    ]
}

pub(super) fn all(visited: &Visited) -> Response {
    let rows = visited.org.store.read(|state| {
        let row = |(name, component): (&str, &Component)| {
            vec![
                Cell::link(page_of(PAGE, &component.id), label(name, component)),
                Cell::text(name),
                Cell::Lines(users(state, name)),
            ]
        };
        state.holdings.of_type(TYPE).map(row).collect::<Vec<_>>()
    });
    let new = door(visited.may_change(TYPE), &new_of(PAGE), "New");
    visited.page("Permission Sets", &(new + &html::list(&["Label", "API Name", "Users"], &rows)))
}

pub(super) fn label<'a>(name: &'a str, component: &'a Component) -> &'a str {
    text(&component.fields, "label").unwrap_or(name)
}

fn users(state: &State, name: &str) -> Vec<String> {
    let all = people::of(&state.identity).into_iter();
    all.filter(|person| state.oauth.is_assigned(name, &person.id)).map(|person| person.username).collect()
}

pub(super) fn one(visited: &Visited) -> Response {
    let found = visited.org.store.read(|state| {
        let (name, component) = with_id(state, TYPE, visited.id)?;
        Some((name.to_owned(), component.clone(), users(state, name)))
    });
    let Some((name, component, users)) = found else { return visited.not_found() };
    match visited.action {
        "" => {
            let rows = [
                ("API Name", Cell::text(&name)),
                ("Description", Cell::text(text(&component.fields, "description").unwrap_or_default())),
                ("Object Settings", Cell::Lines(object_lines(&component.fields))),
                ("System Permissions", Cell::Lines(system_lines(&component.fields))),
                ("Users", Cell::Lines(users)),
            ];
            let edit = door(visited.may_change(TYPE), &action_of(PAGE, &component.id, "e"), "Edit");
            let title = format!("Permission Set: {}", label(&name, &component));
            visited.page(&title, &(edit + &html::details(&rows)))
        }
        "e" => edit(visited, &name, &component),
        _ => visited.not_found(),
    }
}

pub(super) fn create(visited: &Visited) -> Response {
    if !visited.may_change(TYPE) {
        return visited.forbidden();
    }
    let mut all = entries();
    all.insert(1, Input::other(NAME, "API Name", Kind::Text).hint("Left empty, it follows from the label."));
    let show = |complaint: Option<&str>, form: &Form| {
        visited.form_page("New Permission Set", &new_of(PAGE), "", complaint, &all, form)
    };
    let Some(form) = visited.form else { return show(None, &Form::default()) };
    let name = match form.get(NAME).trim() {
        "" => api_name(form.get("label")),
        name => name.to_owned(),
    };
    let saved = with_lists(Target::new(TYPE, &name), form)
        .and_then(|target| visited.save(&target, &all, form, |_, _| {}));
    match saved {
        Ok(id) => html::redirect(&page_of(PAGE, &id)),
        Err(refused) => show(Some(&refused), form),
    }
}

fn edit(visited: &Visited, name: &str, component: &Component) -> Response {
    if !visited.may_change(TYPE) {
        return visited.forbidden();
    }
    let all = entries();
    let show = |complaint: Option<&str>, form: &Form| {
        let title = format!("Edit Permission Set: {}", label(name, component));
        visited.form_page(&title, &action_of(PAGE, &component.id, "e"), "", complaint, &all, form)
    };
    let stored = || {
        Form::of_component(&all, &component.fields)
            .with(OBJECTS, object_lines(&component.fields).join("\n"))
            .with(SYSTEM, system_lines(&component.fields).join("\n"))
    };
    let Some(form) = visited.form else { return show(None, &stored()) };
    let saved = with_lists(Target::stored(TYPE, name), form)
        .and_then(|target| visited.save(&target, &all, form, |_, _| {}));
    match saved {
        Ok(id) => html::redirect(&page_of(PAGE, &id)),
        Err(refused) => show(Some(&refused), form),
    }
}

/// The two lists that stand in lines. An empty list says that there are none.
fn with_lists<'a>(target: Target<'a>, form: &Form) -> Result<Target<'a>, String> {
    let lines = |name: &str| {
        form.get(name).lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>()
    };
    let objects = lines(OBJECTS).into_iter().map(object).collect::<Result<Vec<_>, _>>()?;
    let system = lines(SYSTEM).into_iter().map(|name| {
        Tree::Group(Fields::from([("enabled".into(), leaf("true")), ("name".into(), leaf(name))]))
    });
    Ok(target
        .with("objectPermissions", Tree::List(objects))
        .with("userPermissions", Tree::List(system.collect())))
}

/// `Account: Read, Edit`
fn object(line: &str) -> Result<Tree<Scalar>, String> {
    let (name, rights) = line.split_once(':').unwrap_or((line, ""));
    let rights: Vec<&str> = rights.split(',').map(str::trim).filter(|right| !right.is_empty()).collect();
    let known = |right: &&str| RIGHTS.iter().any(|(label, _)| label.eq_ignore_ascii_case(right));
    if let Some(unknown) = rights.iter().find(|right| !known(right)) {
        return Err(format!(
            "Object Settings: '{unknown}' is no permission on an object (rehearsal wording)"
        ));
    }
    let has = |label: &str| rights.iter().any(|right| right.eq_ignore_ascii_case(label));
    let granted = RIGHTS
        .iter()
        .map(|(label, element)| ((*element).into(), leaf(if has(label) { "true" } else { "false" })));
    let mut fields: Fields<Scalar> = granted.collect();
    fields.insert("object".into(), leaf(name.trim()));
    Ok(Tree::Group(fields))
}

fn object_lines(fields: &Fields<Scalar>) -> Vec<String> {
    let line = |object: &Fields<Scalar>| {
        let granted = RIGHTS.iter().filter(|(_, element)| flag(object, element) == Some(true));
        let granted: Vec<_> = granted.map(|(label, _)| *label).collect();
        format!("{}: {}", text(object, "object").unwrap_or_default(), granted.join(", "))
    };
    items(fields, "objectPermissions").map(line).collect()
}

fn system_lines(fields: &Fields<Scalar>) -> Vec<String> {
    let on = items(fields, "userPermissions").filter(|permission| flag(permission, "enabled") == Some(true));
    on.filter_map(|permission| text(permission, "name").map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_is_granted_on_an_object() {
        let Ok(Tree::Group(account)) = object("Account: read, View All") else { panic!("no object") };
        let granted: Vec<_> = RIGHTS.iter().map(|(_, element)| text(&account, element).unwrap()).collect();
        assert_eq!(granted, ["true", "false", "false", "false", "true", "false"]);
        assert_eq!(text(&account, "object"), Some("Account"));
        assert_eq!(
            object("Account: fly"),
            Err("Object Settings: 'fly' is no permission on an object (rehearsal wording)".to_owned())
        );
    }
}
