//! Answers a query from a table.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::lexer::Text;
use super::parser::{Condition, Literal, Name, Operator, Query, Select};
use super::{QueryError, no_such_column};
use crate::simulator::clock;

/// An object with its rows, ready to be asked.
pub(in crate::simulator) struct Table {
    pub name: &'static str,
    pub columns: Vec<Column>,
    /// One value per column.
    pub rows: Vec<Vec<Value>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulator) struct Column {
    /// With dots where it belongs to a related record: `Profile.Name`.
    pub name: &'static str,
    pub kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulator) enum Kind {
    Id,
    Text,
    Flag,
    Number,
    Moment,
}

impl Kind {
    pub fn apex(self) -> &'static str {
        match self {
            Kind::Id => "Id",
            Kind::Text => "String",
            Kind::Flag => "Boolean",
            Kind::Number => "Integer",
            Kind::Moment => "Datetime",
        }
    }
}

/// The columns asked for, by their position in the table, and the rows.
#[derive(Debug, PartialEq)]
pub(in crate::simulator) struct Records {
    pub columns: Vec<usize>,
    pub rows: Vec<usize>,
    /// `COUNT()` has a size and no rows.
    pub count_only: bool,
}

impl Table {
    fn column(&self, query: &str, name: &Name) -> Result<usize, QueryError> {
        // `User.Name` in a query of users is `Name`
        let path = match name.text.split_once('.') {
            Some((first, rest)) if first.eq_ignore_ascii_case(self.name) => rest,
            _ => &name.text,
        };
        self.columns
            .iter()
            .position(|column| column.name.eq_ignore_ascii_case(path))
            .ok_or_else(|| no_such_column(query, name.offset, &name.text, self.name))
    }

    /// A row as JSON, related records nested, with `attributes` first.
    pub fn record(&self, columns: &[usize], row: usize, version: &str) -> Value {
        let values = &self.rows[row];
        let mut record = Map::new();
        let id =
            self.columns.iter().position(|column| column.name == "Id").and_then(|at| values[at].as_str());
        let url = format!("/services/data/{version}/sobjects/{}/{}", self.name, id.unwrap_or_default());
        record.insert("attributes".to_owned(), serde_json::json!({ "type": self.name, "url": url }));
        for column in columns {
            insert(&mut record, self.columns[*column].name, values[*column].clone());
        }
        Value::Object(record)
    }
}

/// Puts a value where its path says, one object for each relation on the way.
fn insert(record: &mut Map<String, Value>, path: &str, value: Value) {
    let Some((relation, rest)) = path.split_once('.') else {
        record.insert(path.to_owned(), value);
        return;
    };
    let nested = record.entry(relation);
    let nested = nested.or_insert_with(|| serde_json::json!({ "attributes": { "type": relation } }));
    if let Value::Object(nested) = nested {
        insert(nested, rest, value);
    }
}

pub(in crate::simulator) fn run(text: &str, query: &Query, table: &Table) -> Result<Records, QueryError> {
    let columns = match &query.select {
        Select::Count => Vec::new(),
        Select::All => (0..table.columns.len()).filter(|at| !table.columns[*at].name.contains('.')).collect(),
        Select::Fields(names) => {
            names.iter().map(|name| table.column(text, name)).collect::<Result<Vec<_>, _>>()?
        }
    };
    let mut rows = Vec::new();
    if let Some(condition) = &query.condition {
        // so that an unknown field is told even when there is no row
        matches(text, condition, table, None)?;
    }
    for row in 0..table.rows.len() {
        let fits = match &query.condition {
            Some(condition) => matches(text, condition, table, Some(row))?,
            None => true,
        };
        if fits {
            rows.push(row);
        }
    }
    for order in query.order.iter().rev() {
        let column = table.column(text, &order.field)?;
        let kind = table.columns[column].kind;
        rows.sort_by(|one, other| {
            let (one, other) = (&table.rows[*one][column], &table.rows[*other][column]);
            match (one.is_null(), other.is_null()) {
                (true, true) => Ordering::Equal,
                (true, false) if order.nulls_last => Ordering::Greater,
                (true, false) => Ordering::Less,
                (false, true) if order.nulls_last => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) if order.descending => compare(other, one, kind),
                (false, false) => compare(one, other, kind),
            }
        });
    }
    let rows = rows.into_iter().skip(query.offset).take(query.limit.unwrap_or(usize::MAX)).collect();
    Ok(Records { columns, rows, count_only: query.select == Select::Count })
}

/// Whether a row fits; without a row, only whether the fields exist.
fn matches(text: &str, condition: &Condition, table: &Table, row: Option<usize>) -> Result<bool, QueryError> {
    Ok(match condition {
        // All of them are looked at, so that an unknown field is told wherever it stands.
        Condition::And(all) => {
            all.iter().try_fold(true, |fit, one| Ok(matches(text, one, table, row)? && fit))?
        }
        Condition::Or(all) => {
            all.iter().try_fold(false, |fit, one| Ok(matches(text, one, table, row)? || fit))?
        }
        Condition::Not(inner) => !matches(text, inner, table, row)?,
        Condition::Compare { field, operator, value } => {
            let column = table.column(text, field)?;
            row.is_some_and(|row| {
                compares(&table.columns[column], &table.rows[row][column], *operator, value)
            })
        }
        Condition::In { field, values, negated } => {
            let column = table.column(text, field)?;
            row.is_some_and(|row| {
                let found = &table.rows[row][column];
                values.iter().any(|value| compares(&table.columns[column], found, Operator::Equal, value))
                    != *negated
            })
        }
    })
}

fn compares(column: &Column, found: &Value, operator: Operator, wanted: &Literal) -> bool {
    let order = match (found, wanted) {
        (Value::Null, Literal::Null) => Some(Ordering::Equal),
        (Value::Bool(found), Literal::Flag(wanted)) => Some(found.cmp(wanted)),
        (Value::Number(found), Literal::Number(wanted)) => {
            found.as_f64().and_then(|found| found.partial_cmp(wanted))
        }
        (Value::String(found), Literal::Text(wanted)) => {
            if operator == Operator::Like {
                return like(found, wanted);
            }
            let wanted = &wanted.text;
            if column.kind == Kind::Moment {
                clock::read(found).zip(clock::read(wanted)).map(|(found, wanted)| found.cmp(&wanted))
            } else if column.kind == Kind::Id && found.len() >= 15 && wanted.len() == 15 {
                Some(found[..15].cmp(wanted.as_str()))
            } else if column.kind == Kind::Id {
                Some(found.cmp(wanted))
            } else {
                // texts are compared without case
                Some(found.to_lowercase().cmp(&wanted.to_lowercase()))
            }
        }
        _ => None,
    };
    match (operator, order) {
        (Operator::Equal, Some(order)) => order == Ordering::Equal,
        (Operator::Unequal, order) => order != Some(Ordering::Equal),
        (Operator::Less, Some(order)) => order == Ordering::Less,
        (Operator::Greater, Some(order)) => order == Ordering::Greater,
        (Operator::AtMost, Some(order)) => order != Ordering::Greater,
        (Operator::AtLeast, Some(order)) => order != Ordering::Less,
        _ => false,
    }
}

fn compare(one: &Value, other: &Value, kind: Kind) -> Ordering {
    match (one, other) {
        // Capitals are other digits than small letters.
        (Value::String(one), Value::String(other)) if kind == Kind::Id => one.cmp(other),
        (Value::String(one), Value::String(other)) => one.to_lowercase().cmp(&other.to_lowercase()),
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        (Value::Number(one), Value::Number(other)) => {
            one.as_f64().partial_cmp(&other.as_f64()).unwrap_or(Ordering::Equal)
        }
        _ => Ordering::Equal,
    }
}

/// `%` stands for any text and `_` for any letter, unless escaped; case does not count. Goes back to the last
/// `%` only, which is enough and never takes long.
fn like(text: &str, pattern: &Text) -> bool {
    let small = |letter: char| letter.to_lowercase().next().unwrap_or(letter);
    let text: Vec<char> = text.chars().map(small).collect();
    let wanted: Vec<(char, bool)> = pattern
        .text
        .chars()
        .enumerate()
        .map(|(at, letter)| (small(letter), matches!(letter, '%' | '_') && !pattern.escaped.contains(&at)))
        .collect();
    let (mut t, mut p) = (0, 0);
    let mut last: Option<(usize, usize)> = None;
    while t < text.len() {
        match wanted.get(p) {
            Some(('%', true)) => {
                last = Some((p + 1, t));
                p += 1;
            }
            Some((letter, wild)) if *wild || *letter == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match last {
                Some((after, from)) => {
                    last = Some((after, from + 1));
                    p = after;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    wanted[p..].iter().all(|rest| *rest == ('%', true))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::parse;
    use super::*;

    fn table() -> Table {
        let column = |name, kind| Column { name, kind };
        Table {
            name: "Thing",
            columns: vec![
                column("Id", Kind::Id),
                column("Name", Kind::Text),
                column("Size", Kind::Number),
                column("Owner.Name", Kind::Text),
                column("Good", Kind::Flag),
            ],
            rows: vec![
                vec![json!("001000000000001AAA"), json!("alpha"), json!(3), json!("Ada"), json!(true)],
                vec![json!("001000000000002AAA"), json!("Beta_1"), json!(null), json!("Bob"), json!(false)],
                vec![json!("001000000000003AAA"), json!("gamma"), json!(1), json!("Ada"), json!(true)],
            ],
        }
    }

    fn names(rest: &str) -> String {
        let text = format!("SELECT Name FROM Thing {rest}");
        let table = table();
        let records = run(&text, &parse(&text).unwrap(), &table).unwrap();
        let names = records.rows.iter().map(|row| table.rows[*row][1].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn conditions_choose_rows() {
        for (rest, wanted) in [
            ("", "alpha Beta_1 gamma"),
            ("WHERE Name = 'ALPHA'", "alpha"),
            ("WHERE Id = '001000000000002'", "Beta_1"),
            ("WHERE Size = null", "Beta_1"),
            ("WHERE Size != 3", "Beta_1 gamma"),
            ("WHERE Size < 3 OR Name LIKE 'a%'", "alpha gamma"),
            ("WHERE Name LIKE '%\\\\_1'", ""),
            ("WHERE Name LIKE '%\\_1'", "Beta_1"),
            ("WHERE Name = 'beta\\_1'", "Beta_1"),
            ("WHERE Name LIKE '_lph_'", "alpha"),
            ("WHERE NOT (Good = true AND Owner.Name = 'Ada')", "Beta_1"),
            ("WHERE Name IN ('alpha', 'gamma')", "alpha gamma"),
            ("WHERE Thing.Name NOT IN ('alpha', 'gamma')", "Beta_1"),
            ("ORDER BY Size", "Beta_1 gamma alpha"),
            ("ORDER BY Size DESC NULLS LAST", "alpha gamma Beta_1"),
            ("ORDER BY Owner.Name, Size LIMIT 1 OFFSET 1", "alpha"),
        ] {
            assert_eq!(names(rest), wanted, "{rest}");
        }
    }

    #[test]
    fn an_unknown_column_is_told_even_without_rows() {
        let text = "SELECT Id FROM Thing WHERE Nope = 1";
        let error = run(text, &parse(text).unwrap(), &Table { rows: Vec::new(), ..table() }).unwrap_err();
        assert_eq!(error.code, "INVALID_FIELD");
        assert!(
            error.message.contains("ERROR at Row:1:Column:28\nNo such column 'Nope' on entity 'Thing'. If")
        );
    }

    #[test]
    fn related_records_are_nested() {
        let text = "SELECT Id, owner.name FROM Thing LIMIT 1";
        let table = table();
        let records = run(text, &parse(text).unwrap(), &table).unwrap();
        assert_eq!(
            table.record(&records.columns, records.rows[0], "v62.0").to_string(),
            "{\"attributes\":{\"type\":\"Thing\",\"url\":\"/services/data/v62.0/sobjects/Thing/001000000000001AAA\"},\
             \"Id\":\"001000000000001AAA\",\"Owner\":{\"attributes\":{\"type\":\"Owner\"},\"Name\":\"Ada\"}}"
        );
    }
}
