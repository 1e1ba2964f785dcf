//! SOQL: text to a query (`lexer`, `parser`), and a query over a table to records (`eval`).
//!
//! As much of the language as metadata clients use. The messages are the platform's: an excerpt of the query
//! with a mark under the place, the place in words, and what is wrong.

mod eval;
mod lexer;
mod parser;

pub(super) use eval::{Column, Kind, Table, run};
pub(super) use parser::parse;

/// Why a query cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QueryError {
    pub code: &'static str,
    pub message: String,
}

/// An error at a byte offset of the query.
fn error_at(query: &str, offset: usize, code: &'static str, message: &str) -> QueryError {
    let offset = offset.min(query.len());
    let before = query.get(..offset).unwrap_or_default();
    let row = before.matches('\n').count() + 1;
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before[line_start..].chars().count();
    let line: String = query[line_start..].lines().next().unwrap_or_default().chars().collect();
    // a long query is shown around the place only
    let from = column.saturating_sub(40);
    let excerpt: String = line.chars().skip(from).take(80).collect();
    let mark = " ".repeat(column - from);
    QueryError {
        code,
        message: format!("\n{excerpt}\n{mark}^\nERROR at Row:{row}:Column:{}\n{message}", column + 1),
    }
}

pub(super) fn malformed(query: &str, offset: usize, message: &str) -> QueryError {
    error_at(query, offset, "MALFORMED_QUERY", message)
}

pub(super) fn no_such_object(query: &str, offset: usize, object: &str) -> QueryError {
    let message = format!(
        "sObject type '{object}' is not supported. If you are attempting to use a custom object, be sure to append \
         the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."
    );
    error_at(query, offset, "INVALID_TYPE", &message)
}

fn no_such_column(query: &str, offset: usize, column: &str, object: &str) -> QueryError {
    let message = format!(
        "No such column '{column}' on entity '{object}'. If you are attempting to use a custom field, be sure to \
         append the '__c' after the custom field name. Please reference your WSDL or the describe call for the \
         appropriate names."
    );
    error_at(query, offset, "INVALID_FIELD", &message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_query_is_no_deep_one() {
        let table = Table {
            name: "User",
            columns: vec![Column { name: "Name", kind: Kind::Text }],
            rows: vec![vec!["x".into()]],
        };
        for word in ["AND", "OR"] {
            let conditions = vec!["Name = 'x'"; 20_000].join(&format!(" {word} "));
            let text = format!("SELECT Name FROM User WHERE {conditions}");
            let query = parse(&text).unwrap();
            assert_eq!(run(&text, &query, &table).unwrap().rows.len(), 1);
        }
    }

    #[test]
    fn errors_show_the_place() {
        let error = malformed("SELECT Id\nFROM X WHERE", 17, "unexpected token: 'WHERE'");
        assert_eq!(
            error.message,
            "\nFROM X WHERE\n       ^\nERROR at Row:2:Column:8\nunexpected token: 'WHERE'"
        );
        let long = format!("SELECT {} FROM X", "a, ".repeat(50));
        assert!(malformed(&long, 160, "x").message.contains("Column:161"));
    }
}
