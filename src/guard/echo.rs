//! What an error may say back while a query runs: what the client wrote itself, and no cell.
//!
//! A function says in quotes what it could not take, as PostgreSQL's do: a unit, the name of a zone, a
//! table. It cannot know whether that stood in the query or in some row; the text of the query knows.
//! So this is asked of every error of a running query, whoever made it.

use std::borrow::Cow;

use crate::error::ClientError;
use crate::sql::Query;

/// Longer than any name, and than what anybody wants to read in an error.
const MOST_BYTES: usize = 256;

/// The error without what the client did not write.
pub(in crate::guard) fn echoed(query: &Query, said: ClientError) -> ClientError {
    let own = |text| own_words(query, text);
    ClientError {
        message: own(said.message),
        detail: said.detail.map(own),
        hint: said.hint.map(own),
        ..said
    }
}

/// All from the first quote to the last: a cell may hold quotes itself.
fn own_words(query: &Query, text: Cow<'static, str>) -> Cow<'static, str> {
    let Cow::Owned(told) = text else {
        // It stands in the program, the same for every row.
        return text;
    };
    let (Some(first), Some(last)) = (told.find('"'), told.rfind('"')) else { return told.into() };
    let quoted = told.get(first + 1..last);
    if quoted.is_some_and(|quoted| quoted.len() <= MOST_BYTES && query.holds(quoted)) {
        return told.into();
    }
    let (before, behind) =
        (told.get(..=first).unwrap_or_default(), told.get(last..).unwrap_or_default());
    format!("{before}…{behind}").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::SqlState;
    use crate::sql::{Command, Limits, parse};

    fn query(text: &str) -> Query {
        let statement = parse(text, &Limits::default()).unwrap().remove(0);
        let Command::Query(query) = statement.command else { panic!("{text} is no query") };
        query
    }

    #[test]
    fn only_the_clients_own_words_are_said_back() {
        let query = query("SELECT date_trunc('Century?', t), date_trunc(note, t) FROM lake.visits");
        for (told, expected) in [
            ("unit \"century?\" not recognized", "unit \"century?\" not recognized"),
            ("unit \"a cell\" not recognized", "unit \"…\" not recognized"),
            // A cell that tries to look like two words of the query.
            ("unit \"note\" cell \"lake\" not recognized", "unit \"…\" not recognized"),
            ("unit \"\" not recognized", "unit \"\" not recognized"),
            ("unit \" not recognized", "unit \"…\" not recognized"),
            ("numeric field overflow", "numeric field overflow"),
        ] {
            let said = ClientError::new(SqlState::INVALID_PARAMETER_VALUE, told.to_owned());
            let said = echoed(&query, said.detail(told.to_owned()).hint(told.to_owned()));
            assert_eq!(said.message, expected);
            assert_eq!(said.detail.as_deref(), Some(expected));
            assert_eq!(said.hint.as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_the_program_says_of_itself_stays() {
        let told = "cannot use \"S\" and \"MI\" together";
        let said = ClientError::new(SqlState::SYNTAX_ERROR, told);
        assert_eq!(echoed(&query("SELECT 1"), said).message, told);
    }

    #[test]
    fn nothing_long_is_said_back() {
        let word = "x".repeat(MOST_BYTES + 1);
        let said = ClientError::new(SqlState::SYNTAX_ERROR, format!("no unit \"{word}\""));
        let query = query(&format!("SELECT '{word}'"));
        assert_eq!(echoed(&query, said).message, "no unit \"…\"");
    }
}
