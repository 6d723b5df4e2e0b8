//! What a record holds. The types know nothing of the stages that fill them. Their fields are
//! the fields of the log's lines, by the same names.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Whose query it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// The person's user name, as verified (or as claimed, where the login failed).
    pub principal: String,
    /// The agent acting for the person.
    pub agent: Option<String>,
    /// The tenant that the session is bound to.
    pub tenant: Option<String>,
    /// The session, unique while the gateway's audit folder lives.
    pub session: String,
    /// The client's address.
    pub client: Option<IpAddr>,
    /// What the client calls itself; not verified.
    pub application_name: Option<String>,
}

/// Written, and durable, before anything is read from a source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// Whose.
    #[serde(flatten)]
    pub subject: Subject,
    /// The statement as it came, or what was attempted (`login`).
    pub query: String,
    /// The decisions about the tables it touches.
    pub tables: Vec<Decision>,
    /// The policy set, by its SHA-256 in hexadecimal.
    pub policy_set: Option<String>,
    /// What each source is going to be sent.
    pub sent: Vec<Sent>,
    /// Notable facts: `cross_tenant` and the like.
    pub notes: Vec<String>,
}

/// One table that the query touches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// `source.table`
    pub table: String,
    /// The columns that the query reads.
    pub columns: Vec<String>,
    /// The full row filter, tenancy included, as text.
    pub row_filter: String,
    /// Masked columns among those read, and how: `email: mask_partial(email)`.
    pub masks: Vec<String>,
    /// The ids of the policies that decided.
    pub policies: Vec<String>,
}

/// What one source is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    /// The source.
    pub source: String,
    /// The statement with placeholders, or the files.
    pub text: String,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Success, or how it failed.
    #[serde(flatten)]
    pub result: Result,
    /// Rows that were handed to the client's connection.
    pub rows: u64,
    /// Bytes that were handed to the client's connection.
    pub bytes: u64,
    /// From the start of the statement, in microseconds.
    pub duration_us: u64,
}

/// The result of a statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Result {
    /// It ran to its end.
    Ok,
    /// It was refused or failed.
    Error {
        /// The SQLSTATE that the client got.
        sqlstate: String,
        /// The message that the client got.
        message: String,
        /// What really happened, where the client may not know.
        internal: Option<String>,
    },
    /// The client went away, or cancelled, before the end.
    Abandoned,
}

impl Outcome {
    /// A statement that was refused or failed before it gave rows.
    pub fn failed(error: &crate::error::ClientError, duration_us: u64) -> Self {
        let result = Result::Error {
            sqlstate: error.sqlstate.code().to_owned(),
            message: error.message.clone().into_owned(),
            internal: error.internal.clone(),
        };
        Self { result, rows: 0, bytes: 0, duration_us }
    }

    /// The same with its texts cut to `limit` bytes each, so that room for an outcome can be set
    /// aside before it is known.
    pub(super) fn clipped(mut self, limit: usize) -> Self {
        if let Result::Error { message, internal, .. } = &mut self.result {
            clip(message, limit);
            if let Some(internal) = internal {
                clip(internal, limit);
            }
        }
        self
    }
}

fn clip(text: &mut String, limit: usize) {
    if text.len() > limit {
        let more = text.len() - limit;
        let whole = (0..=limit).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(whole);
        text.push_str(&format!("… (cut, about {more} bytes more)"));
    }
}
