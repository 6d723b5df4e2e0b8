//! Names in a tree.

use sqlparser::ast::Ident;

/// The name that an identifier stands for: unless quoted, its ASCII letters are in lower case, and
/// all others as they were written, which is PostgreSQL's rule for UTF-8.
pub(crate) fn fold(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_ascii_lowercase(),
    }
}

/// An identifier that stands for just this name.
pub(crate) fn quoted(name: &str) -> Ident {
    Ident::with_quote('"', name)
}
