//! What the wire does by itself with a statement.

use crate::values::CopyFormat;

/// What becomes of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Course {
    /// The conversation answers it, and the client is given the answer.
    Answer,
    /// The conversation answers it with rows, which are kept as a portal of this name.
    Declare {
        /// The cursor's name.
        name: String,
        /// Whether the simple protocol gives its rows in binary.
        binary: bool,
    },
    /// The conversation answers it with rows, which are sent as data in this format.
    Copy(CopyFormat),
    /// Rows of a portal are given; the conversation is not asked.
    Fetch(Fetch),
    /// A portal is closed, or all of them; the conversation is not asked.
    Close(Option<String>),
}

/// A `FETCH`, or a `MOVE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// The cursor's name.
    pub name: String,
    /// How far it goes.
    pub reach: Reach,
    /// `MOVE`: no row is given.
    pub silent: bool,
}

/// How far a `FETCH` goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// So many rows on, at least one: each of them is given.
    Next(u64),
    /// To the end.
    All,
    /// To the row that is so many further, at least one.
    Relative(u64),
    /// To the row of this number, from 1; to before the first for 0.
    Absolute(u64),
    /// To where it stands.
    Same,
    /// Backward.
    Back,
}
