//! The canonical layout of a manifest and of `orgwire.toml`: TOML text to TOML text, comments kept. What
//! `fmt` writes, and what anything else that writes manifests should write.
//!
//! # The canon
//!
//! - `api-version` first, then `[variables]`, then the components, then `[environment.*]`. Types stand in
//!   their descriptions' order ([`type_order`]); components of one type, variables and environments as their
//!   author arranged them.
//! - In a table first the fields that the description leads with, then the others by key ([`field_order`]),
//!   then the tables, each below a header of its own. Arrays of tables stay what they are, and so do inline
//!   tables where the description knows no table: `{ env = "NAME" }`, `{ nil = true }`, `extra = { .. }`. A
//!   header that somebody wrote stays, even if only other tables stand below it.
//! - One blank line between tables, none within. Single blanks around `=` and before a comment. Arrays on one
//!   line if that has at most 100 columns, else an item a line. Texts in double quotes, unless single quotes
//!   save escapes; texts of several lines and numbers as they were written.
//! - A comment moves with what stands below it, or behind which it stands on a line. Directly below a line
//!   and followed by a blank one it belongs to what is above. The first comment of a file stays first if a
//!   blank line follows it.
//!
//! Laying out twice changes nothing more. That the meaning and all comments are still there is not assumed
//! but compared each time.

mod comments;
mod order;
mod reader;
mod value;
mod writer;

pub use order::{FieldRank, TypeRank, field_order, type_order};
pub use value::{is_bare, quote, write_key};

/// Why a text has no canonical layout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the text is not valid TOML")]
    NotToml,
    /// A mistake of ours, caught before it does harm.
    #[error("the layout would say something else than the text does")]
    OtherMeaning,
    /// The same.
    #[error("the layout would lose a comment")]
    LostComment,
}

/// Lays a text out. Line breaks become LF, inside texts of several lines too.
pub fn format(text: &str) -> Result<String, Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // What is taken away here must not make TOML of what is none.
    if text.starts_with('\u{feff}') || text.contains("\r\r\n") {
        return Err(Error::NotToml);
    }
    let text = text.replace("\r\n", "\n");
    let laid_out = laid_out(&text)?;
    let meaning: toml::Table = text.parse().map_err(|_| Error::NotToml)?;
    if laid_out.parse::<toml::Table>().ok() != Some(meaning) {
        return Err(Error::OtherMeaning);
    }
    if comments::all(&laid_out) != comments::all(&text) {
        return Err(Error::LostComment);
    }
    Ok(laid_out)
}

/// The document, which takes much more memory than its text, is gone when this is done.
fn laid_out(text: &str) -> Result<String, Error> {
    let document = toml_edit::Document::parse(text).map_err(|_| Error::NotToml)?;
    Ok(writer::write(&reader::read(&document, text)))
}

#[cfg(test)]
mod tests;
