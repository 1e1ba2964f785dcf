//! SOQL tokens to a query, by recursive descent.

use super::lexer::{Text, Token, TokenKind, tokens};
use super::{QueryError, malformed};

/// A word of the query and where it stands, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::simulator) struct Name {
    pub text: String,
    pub offset: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::simulator) struct Query {
    pub select: Select,
    pub object: Name,
    pub condition: Option<Condition>,
    pub order: Vec<Order>,
    pub limit: Option<usize>,
    pub offset: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::simulator) enum Select {
    Fields(Vec<Name>),
    /// `COUNT()`: a number, no rows.
    Count,
    /// `FIELDS(ALL)` or `FIELDS(STANDARD)`.
    All,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::simulator) enum Condition {
    /// Lists, not pairs: a query may have thousands of them, and pairs of pairs would be as deep as it is long.
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Compare {
        field: Name,
        operator: Operator,
        value: Literal,
    },
    /// `negated` for NOT IN.
    In {
        field: Name,
        values: Vec<Literal>,
        negated: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulator) enum Operator {
    Equal,
    Unequal,
    Less,
    Greater,
    AtMost,
    AtLeast,
    Like,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::simulator) enum Literal {
    Null,
    Flag(bool),
    Number(f64),
    Text(Text),
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::simulator) struct Order {
    pub field: Name,
    pub descending: bool,
    pub nulls_last: bool,
}

/// Deeper nesting than this is refused, so that no query can exhaust the stack.
const DEEPEST: usize = 50;

pub(in crate::simulator) fn parse(text: &str) -> Result<Query, QueryError> {
    let mut parser = Parser { text, tokens: tokens(text)?, at: 0, depth: 0 };
    let query = parser.query()?;
    match parser.here().kind {
        TokenKind::End => Ok(query),
        _ => Err(parser.unexpected()),
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

const KEYWORDS: [&str; 18] = [
    "SELECT", "FROM", "WHERE", "ORDER", "BY", "LIMIT", "OFFSET", "AND", "OR", "NOT", "IN", "LIKE", "ASC",
    "DESC", "NULLS", "GROUP", "HAVING", "TYPEOF",
];

impl Parser<'_> {
    fn here(&self) -> &Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn step(&mut self) {
        self.at += 1;
    }

    fn unexpected(&self) -> QueryError {
        let token = self.here();
        let shown = match &token.kind {
            TokenKind::Word(text) | TokenKind::Number(text) => text.clone(),
            TokenKind::Text(literal) => format!("'{}'", literal.text),
            TokenKind::Symbol(symbol) => (*symbol).to_owned(),
            TokenKind::End => "<EOF>".to_owned(),
        };
        malformed(self.text, token.offset, &format!("unexpected token: '{shown}'"))
    }

    fn is_word(&self, wanted: &str) -> bool {
        matches!(&self.here().kind, TokenKind::Word(word) if word.eq_ignore_ascii_case(wanted))
    }

    /// Takes the keyword if it is here.
    fn take(&mut self, wanted: &str) -> bool {
        let found = self.is_word(wanted);
        if found {
            self.step();
        }
        found
    }

    fn expect(&mut self, wanted: &str) -> Result<(), QueryError> {
        if self.take(wanted) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn take_symbol(&mut self, wanted: &str) -> bool {
        let found = matches!(self.here().kind, TokenKind::Symbol(symbol) if symbol == wanted);
        if found {
            self.step();
        }
        found
    }

    fn expect_symbol(&mut self, wanted: &str) -> Result<(), QueryError> {
        if self.take_symbol(wanted) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn name(&mut self) -> Result<Name, QueryError> {
        match &self.here().kind {
            TokenKind::Word(word) if !KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword)) => {
                let name = Name { text: word.clone(), offset: self.here().offset };
                self.step();
                Ok(name)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn query(&mut self) -> Result<Query, QueryError> {
        self.expect("SELECT")?;
        let select = self.select()?;
        self.expect("FROM")?;
        let object = self.name()?;
        // an alias of the object may follow; nobody needs it here, so it is an unexpected token
        let condition = if self.take("WHERE") { Some(self.or()?) } else { None };
        let mut order = Vec::new();
        if self.take("ORDER") {
            self.expect("BY")?;
            order.push(self.order()?);
            while self.take_symbol(",") {
                order.push(self.order()?);
            }
        }
        let limit = if self.take("LIMIT") { Some(self.count()?) } else { None };
        let offset = if self.take("OFFSET") { self.count()? } else { 0 };
        Ok(Query { select, object, condition, order, limit, offset })
    }

    fn select(&mut self) -> Result<Select, QueryError> {
        let calls = self.tokens.get(self.at + 1).is_some_and(|next| next.kind == TokenKind::Symbol("("));
        if calls && self.take("COUNT") {
            self.expect_symbol("(")?;
            self.expect_symbol(")")?;
            return Ok(Select::Count);
        }
        if calls && self.take("FIELDS") {
            self.expect_symbol("(")?;
            if !self.take("ALL") && !self.take("STANDARD") {
                return Err(self.unexpected());
            }
            self.expect_symbol(")")?;
            return Ok(Select::All);
        }
        let mut fields = vec![self.name()?];
        while self.take_symbol(",") {
            fields.push(self.name()?);
        }
        Ok(Select::Fields(fields))
    }

    fn order(&mut self) -> Result<Order, QueryError> {
        let field = self.name()?;
        let descending = !self.take("ASC") && self.take("DESC");
        let mut nulls_last = false;
        if self.take("NULLS") && !self.take("FIRST") {
            self.expect("LAST")?;
            nulls_last = true;
        }
        Ok(Order { field, descending, nulls_last })
    }

    fn count(&mut self) -> Result<usize, QueryError> {
        match &self.here().kind {
            TokenKind::Number(text) => match text.parse() {
                Ok(count) => {
                    self.step();
                    Ok(count)
                }
                Err(_) => Err(self.unexpected()),
            },
            _ => Err(self.unexpected()),
        }
    }

    fn or(&mut self) -> Result<Condition, QueryError> {
        let first = self.and()?;
        let mut all = vec![first];
        while self.take("OR") {
            all.push(self.and()?);
        }
        Ok(if all.len() == 1 { all.swap_remove(0) } else { Condition::Or(all) })
    }

    fn and(&mut self) -> Result<Condition, QueryError> {
        let first = self.not()?;
        let mut all = vec![first];
        while self.take("AND") {
            all.push(self.not()?);
        }
        Ok(if all.len() == 1 { all.swap_remove(0) } else { Condition::And(all) })
    }

    fn not(&mut self) -> Result<Condition, QueryError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(malformed(self.text, self.here().offset, "the condition is nested too deeply"));
        }
        let condition = if self.take("NOT") {
            Condition::Not(Box::new(self.not()?))
        } else if self.take_symbol("(") {
            let inner = self.or()?;
            self.expect_symbol(")")?;
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(condition)
    }

    fn comparison(&mut self) -> Result<Condition, QueryError> {
        let field = self.name()?;
        let negated = self.take("NOT");
        if self.take("IN") {
            self.expect_symbol("(")?;
            let mut values = vec![self.literal()?];
            while self.take_symbol(",") {
                values.push(self.literal()?);
            }
            self.expect_symbol(")")?;
            return Ok(Condition::In { field, values, negated });
        }
        if negated {
            return Err(self.unexpected());
        }
        let operator = match &self.here().kind {
            TokenKind::Symbol("=") => Operator::Equal,
            TokenKind::Symbol("!=") => Operator::Unequal,
            TokenKind::Symbol("<") => Operator::Less,
            TokenKind::Symbol(">") => Operator::Greater,
            TokenKind::Symbol("<=") => Operator::AtMost,
            TokenKind::Symbol(">=") => Operator::AtLeast,
            _ if self.is_word("LIKE") => Operator::Like,
            _ => return Err(self.unexpected()),
        };
        self.step();
        Ok(Condition::Compare { field, operator, value: self.literal()? })
    }

    fn literal(&mut self) -> Result<Literal, QueryError> {
        let literal = match &self.here().kind {
            TokenKind::Text(literal) => Literal::Text(literal.clone()),
            TokenKind::Number(text) => match text.parse() {
                Ok(number) => Literal::Number(number),
                // a date; moments are compared as the text they are
                Err(_) => Literal::Text(Text { text: text.clone(), escaped: Vec::new() }),
            },
            TokenKind::Word(word) => match word.to_ascii_lowercase().as_str() {
                "null" => Literal::Null,
                "true" => Literal::Flag(true),
                "false" => Literal::Flag(false),
                _ => return Err(self.unexpected()),
            },
            _ => return Err(self.unexpected()),
        };
        self.step();
        Ok(literal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(query: &str) -> String {
        parse(query).unwrap_err().message.lines().last().unwrap().to_owned()
    }

    #[test]
    fn the_whole_grammar_is_read() {
        let query = parse(
            "select Id, Profile.Name from User where (A = 'x' or not B != null) and C not in (1, true) \
             and D like 'a%' order by A desc nulls last, B limit 5 offset 2",
        )
        .unwrap();
        assert_eq!((query.object.text.as_str(), query.limit, query.offset), ("User", Some(5), 2));
        assert_eq!(query.order.len(), 2);
        assert!(query.order[0].descending && query.order[0].nulls_last && !query.order[1].descending);
        assert!(matches!(query.condition, Some(Condition::And(..))));
        assert_eq!(parse("SELECT COUNT() FROM User").unwrap().select, Select::Count);
        assert_eq!(parse("SELECT FIELDS(ALL) FROM User LIMIT 200").unwrap().select, Select::All);
    }

    #[test]
    fn what_does_not_fit_is_an_unexpected_token() {
        assert_eq!(refused("SELECT FROM"), "unexpected token: 'FROM'");
        assert_eq!(refused("SELECT Id"), "unexpected token: '<EOF>'");
        assert_eq!(refused("SELECT Id FROM User WHERE"), "unexpected token: '<EOF>'");
        assert_eq!(refused("SELECT Id FROM User WHERE Id = x"), "unexpected token: 'x'");
        assert_eq!(refused("SELECT Id FROM User LIMIT x"), "unexpected token: 'x'");
        assert_eq!(refused("SELECT Id FROM User extra stuff"), "unexpected token: 'extra'");
        assert_eq!(refused("DELETE FROM User"), "unexpected token: 'DELETE'");
        assert_eq!(refused(""), "unexpected token: '<EOF>'");
        let deep = format!("SELECT Id FROM User WHERE {}A = 1", "(".repeat(5000));
        assert_eq!(refused(&deep), "the condition is nested too deeply");
    }
}
