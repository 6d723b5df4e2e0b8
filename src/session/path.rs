//! Lists of names, as `search_path` has them: `crm, "Odd Name"`.

use std::iter::Peekable;
use std::str::Chars;

use crate::guard::system::quote_ident;

/// The names of a list; `None` where it is none. A name that is not between double quotes is folded,
/// as in a statement.
pub(in crate::session) fn read(list: &str) -> Option<Vec<String>> {
    let mut rest = list.trim().chars().peekable();
    let mut names = Vec::new();
    while rest.peek().is_some() {
        skip_blanks(&mut rest);
        names.push(if rest.next_if_eq(&'"').is_some() {
            between_quotes(&mut rest)?
        } else {
            let mut name = String::new();
            while let Some(letter) =
                rest.next_if(|letter| *letter != ',' && !letter.is_whitespace())
            {
                name.push(letter.to_ascii_lowercase());
            }
            (!name.is_empty()).then_some(name)?
        });
        skip_blanks(&mut rest);
        match rest.next() {
            None => break,
            // A name has to follow.
            Some(',') => rest.peek()?,
            Some(_) => return None,
        };
    }
    Some(names)
}

/// The list, as it is shown.
pub(in crate::session) fn written(names: &[String]) -> String {
    names.iter().map(|name| quote_ident(name)).collect::<Vec<_>>().join(", ")
}

fn skip_blanks(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|letter| letter.is_whitespace()).is_some() {}
}

/// What stands before the quote that ends a name; two of them are one that is part of it.
fn between_quotes(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut name = String::new();
    loop {
        match rest.next()? {
            '"' if rest.next_if_eq(&'"').is_none() => return Some(name),
            letter => name.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{read, written};

    #[test]
    fn a_list_is_shown_as_it_is_meant() {
        let shown = |list| read(list).map(|names| written(&names));
        assert_eq!(shown("CRM,lake").as_deref(), Some("crm, lake"));
        assert_eq!(shown(" \"Odd, \"\"Name\" , x").as_deref(), Some("\"Odd, \"\"Name\", x"));
        assert_eq!(shown("\"$user\", \"\"").as_deref(), Some("\"$user\", \"\""));
        assert_eq!(shown("").as_deref(), Some(""));
        for list in ["a b", "a,", ",a", "\"a", "\"a\"b"] {
            assert_eq!(read(list), None, "{list}");
        }
    }
}
