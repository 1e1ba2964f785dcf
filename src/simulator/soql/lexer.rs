//! SOQL text to tokens.

use super::{QueryError, malformed};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub kind: TokenKind,
    pub offset: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    /// A name, a path (`Profile.Name`) or a keyword.
    Word(String),
    Text(Text),
    /// As written; numbers are compared as numbers, dates as text.
    Number(String),
    /// One of `( ) , = != < > <= >=`.
    Symbol(&'static str),
    End,
}

/// A string literal, unescaped. LIKE has to know which of its wildcards were escaped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::simulator) struct Text {
    pub text: String,
    /// Positions, in characters, of `%` and `_` that stand for themselves.
    pub escaped: Vec<usize>,
}

const SYMBOLS: [&str; 10] = ["<=", ">=", "!=", "<>", "(", ")", ",", "=", "<", ">"];

pub(super) fn tokens(query: &str) -> Result<Vec<Token>, QueryError> {
    let mut tokens = Vec::new();
    let mut offset = 0;
    while let Some(first) = query[offset..].chars().next() {
        let rest = &query[offset..];
        let start = offset;
        let kind = if first.is_whitespace() {
            offset += first.len_utf8();
            continue;
        } else if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            offset += symbol.len();
            TokenKind::Symbol(if *symbol == "<>" { "!=" } else { symbol })
        } else if first == '\'' {
            let (text, length) = text(query, offset)?;
            offset += length;
            TokenKind::Text(text)
        } else if first.is_ascii_digit()
            || (matches!(first, '-' | '+') && rest[1..].starts_with(|c: char| c.is_ascii_digit()))
        {
            let more = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-' | '+');
            let length = 1 + rest[1..].find(|c: char| !more(c)).unwrap_or(rest.len() - 1);
            offset += length;
            TokenKind::Number(rest[..length].to_owned())
        } else if first.is_ascii_alphabetic() {
            let more = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':');
            let length = rest.find(|c: char| !more(c)).unwrap_or(rest.len());
            offset += length;
            TokenKind::Word(rest[..length].to_owned())
        } else {
            return Err(malformed(
                query,
                offset,
                &format!("line 1:{offset} no viable alternative at character '{first}'"),
            ));
        };
        tokens.push(Token { kind, offset: start });
    }
    tokens.push(Token { kind: TokenKind::End, offset: query.len() });
    Ok(tokens)
}

/// The text of a string literal at `start`, and its length in the query.
fn text(query: &str, start: usize) -> Result<(Text, usize), QueryError> {
    let mut literal = Text::default();
    let mut letters = query[start + 1..].char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\'' => return Ok((literal, at + 2)),
            '\\' => match letters.next().map(|(_, escaped)| escaped) {
                Some(escaped @ ('\'' | '"' | '\\' | '_' | '%')) => {
                    if matches!(escaped, '_' | '%') {
                        literal.escaped.push(literal.text.chars().count());
                    }
                    literal.text.push(escaped);
                }
                Some('n' | 'N') => literal.text.push('\n'),
                Some('r' | 'R') => literal.text.push('\r'),
                Some('t' | 'T') => literal.text.push('\t'),
                Some('b' | 'B') => literal.text.push('\u{8}'),
                Some('f' | 'F') => literal.text.push('\u{c}'),
                _ => {
                    return Err(malformed(
                        query,
                        start + 1 + at,
                        "Invalid string literal. Illegal character sequence in string literal.",
                    ));
                }
            },
            other => literal.text.push(other),
        }
    }
    Err(malformed(query, start, "unterminated string literal"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(query: &str) -> Vec<TokenKind> {
        tokens(query).unwrap().into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn words_texts_numbers_and_symbols() {
        let word = |text: &str| TokenKind::Word(text.to_owned());
        assert_eq!(
            kinds("A.B__c<>'it\\'s\\n' -1.5 2026-01-01T00:00:00Z ("),
            [
                word("A.B__c"),
                TokenKind::Symbol("!="),
                TokenKind::Text(Text { text: "it's\n".to_owned(), escaped: Vec::new() }),
                TokenKind::Number("-1.5".to_owned()),
                TokenKind::Number("2026-01-01T00:00:00Z".to_owned()),
                TokenKind::Symbol("("),
                TokenKind::End
            ]
        );
    }

    #[test]
    fn texts_have_to_end_and_escapes_to_exist() {
        assert!(tokens("'a").unwrap_err().message.ends_with("unterminated string literal"));
        assert!(tokens("'\\x'").is_err());
        assert!(tokens("SELECT ;").is_err());
    }
}
