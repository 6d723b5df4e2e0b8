//! The characters that a written text may consist of.
//!
//! The grammar of `sqlparser` is not the source's own. This narrower reading leaves no room
//! between the two: no comments, no string literals, no dollar quotes, no second statement.

use crate::error::SqlError;

/// Walks the text once. Outside quoted names only letters, digits and the signs we write occur,
/// and a quoted name begins where nothing can give the quote another meaning.
///
/// # Errors
/// At the first character out of place.
pub(crate) fn check(text: &str) -> Result<(), SqlError> {
    let mut characters = text.chars().peekable();
    let mut before = ' ';
    while let Some(character) = characters.next() {
        match character {
            '"' if matches!(before, ' ' | '.' | '(') => loop {
                match characters.next() {
                    Some('"') if characters.next_if_eq(&'"').is_none() => break,
                    Some('\0') | None => {
                        return Err(SqlError::mismatch("a quoted name does not end"));
                    }
                    Some(_) => {}
                }
            },
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | ' ' | ',' | '.' | '(' | ')' | '*' => {}
            '<' | '=' | '>' | ':' | '$' | '?' => {}
            other => {
                return Err(SqlError::mismatch(format!("the character {other:?} outside names")));
            }
        }
        before = character;
    }
    Ok(())
}
