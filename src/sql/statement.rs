//! The statements that the gateway answers.

use std::sync::Arc;

use sqlparser::ast;
use sqlparser::tokenizer::Location;

use super::split::position;
use crate::values::CopyFormat;

/// One statement, parsed and allowed in kind. Whether its tables and functions may be used is
/// decided later, by the policies and the guard.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The statement as it was written, with its comments and without its semicolon.
    pub text: Arc<str>,
    /// How many words, values and signs it has; what it takes in memory goes by them.
    pub tokens: usize,
    /// Where it begins in what the client sent, in characters from 1; where that is more than it.
    pub position: Option<u32>,
    /// What it does.
    pub command: Command,
}

/// What a statement does.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// `SELECT`, `VALUES`, `TABLE`, and what combines them.
    Query(Query),
    /// `EXPLAIN` of a query.
    Explain(Explain),
    /// `SHOW name`
    Show(String),
    /// `SHOW ALL`
    ShowAll,
    /// `SET name = value`
    Set {
        /// The setting, in lower case.
        name: String,
        /// Its new value.
        value: SetValue,
        /// `SET LOCAL`: until the end of the transaction.
        local: bool,
    },
    /// `RESET name`
    Reset(String),
    /// `RESET ALL`
    ResetAll,
    /// `BEGIN` and its kin.
    Begin,
    /// `COMMIT`, `END`
    Commit,
    /// `ROLLBACK`
    Rollback,
    /// `PREPARE name (types) AS query`
    Prepare {
        /// The name.
        name: String,
        /// The declared parameter types.
        types: Vec<ast::DataType>,
        /// The query.
        query: Query,
    },
    /// `EXECUTE name (values)`
    Execute {
        /// The name.
        name: String,
        /// The values; expressions without columns.
        values: Vec<ast::Expr>,
    },
    /// `DECLARE name CURSOR FOR query`
    Declare {
        /// The cursor's name.
        name: String,
        /// Whether its rows are sent in binary where nothing else is said.
        binary: bool,
        /// The query.
        query: Query,
    },
    /// `COPY (query) TO STDOUT`
    Copy {
        /// The query.
        query: Query,
        /// How its rows are written.
        format: CopyFormat,
    },
    /// `FETCH` and `MOVE`
    Fetch(Fetch),
    /// `CLOSE name`; all cursors where none is named.
    Close(Option<String>),
    /// `DEALLOCATE name`
    Deallocate(String),
    /// `DEALLOCATE ALL`
    DeallocateAll,
    /// `DISCARD ALL`
    DiscardAll,
    /// A statement that means nothing here and harms nothing, such as `UNLISTEN *`; its tag.
    Nothing(&'static str),
}

impl Command {
    /// What sort of statement it is, in a word and without anything of its text.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Query(_) => "query",
            Self::Explain(_) => "explain",
            Self::Show(_) | Self::ShowAll => "show",
            Self::Set { .. } => "set",
            Self::Reset(_) | Self::ResetAll => "reset",
            Self::Begin => "begin",
            Self::Commit => "commit",
            Self::Rollback => "rollback",
            Self::Prepare { .. } => "prepare",
            Self::Execute { .. } => "execute",
            Self::Declare { .. } => "declare",
            Self::Copy { .. } => "copy",
            Self::Fetch(_) => "fetch",
            Self::Close(_) => "close",
            Self::Deallocate(_) | Self::DeallocateAll => "deallocate",
            Self::DiscardAll => "discard",
            Self::Nothing(_) => "nothing",
        }
    }

    /// The query whose rows it gives or keeps, and whose parameters are its own.
    pub fn query(&self) -> Option<&Query> {
        match self {
            Self::Query(query) | Self::Declare { query, .. } | Self::Copy { query, .. } => {
                Some(query)
            }
            _ => None,
        }
    }
}

/// A query's tree. Shared, because statements are kept and run again.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    tree: Arc<ast::Query>,
    /// The whole text that the tree's places refer to.
    text: Arc<str>,
}

impl Query {
    /// Only the checks of this stage make one.
    pub(in crate::sql) fn new(query: ast::Query, text: &Arc<str>) -> Self {
        Self { tree: Arc::new(query), text: Arc::clone(text) }
    }

    /// The tree.
    pub fn ast(&self) -> &ast::Query {
        &self.tree
    }

    /// A place in the tree, as PostgreSQL counts it: in characters of the client's text, from 1.
    pub fn position(&self, line: u64, column: u64) -> Option<u32> {
        position(&self.text, Location { line, column })
    }

    /// Whether the client wrote this, with letters of ASCII in either case.
    pub fn holds(&self, words: &str) -> bool {
        let (text, words) = (self.text.as_bytes(), words.as_bytes());
        words.is_empty() || text.windows(words.len()).any(|found| found.eq_ignore_ascii_case(words))
    }
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

/// An `EXPLAIN`.
#[derive(Clone, Debug, PartialEq)]
pub struct Explain {
    /// What to explain.
    pub query: Query,
    /// Whether to run it.
    pub analyze: bool,
    /// Whether to show everything.
    pub verbose: bool,
}

/// The right side of a `SET`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetValue {
    /// `DEFAULT`
    Default,
    /// The words, as they would be shown again.
    Text(String),
}
