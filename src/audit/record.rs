//! What a record holds. The types know nothing of the stages that fill them. Their fields are
//! the fields of the log's lines, by the same names.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::error::ClientError;

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
    /// The statement, whole, as it came: with its comments and without its semicolon. Of a text
    /// that is refused before it can be taken apart, all of it.
    pub query: Text,
    /// Where the statement begins in what the client sent, in characters from 1; there where that
    /// held several statements, each with a record of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u32>,
    /// Of an EXECUTE: the statement that it runs, as it was prepared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepared: Option<Text>,
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
    pub text: Text,
}

/// A text in a record. A long one that a session has on record already is not written again, so
/// that a client cannot fill the disk with many times what it sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Text {
    /// All of it.
    Whole(String),
    /// Of a text that is whole in an earlier record.
    Repeated {
        /// Its first characters.
        begins: String,
        /// How long it is.
        bytes: u64,
        /// The number of that record.
        record: u64,
    },
}

impl Text {
    /// What the record itself holds of it.
    pub fn here(&self) -> &str {
        match self {
            Self::Whole(text) => text,
            Self::Repeated { begins, .. } => begins,
        }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Whole(text)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Whole(text.to_owned())
    }
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
    /// The client wanted no more of its rows: it closed the portal, or ended its transaction.
    Closed,
    /// It was stopped from outside, by whom `by` tells.
    Stopped {
        /// Who.
        by: Stopper,
        /// 57014 for a cancel request, 08006 for a client that went away, and the session's own
        /// where that ended: 57P01, 08P01.
        sqlstate: String,
        /// The message that went, or would have gone, with it.
        message: String,
    },
    /// The gateway broke down before it could tell. (After a crash there is no outcome at all.)
    Abandoned,
}

/// Who stops a statement before its end. Its deadline is none of them: a statement that takes too
/// long fails, with 57014.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stopper {
    /// The client, by a cancel request.
    Cancel,
    /// The client, by going away.
    Disconnect,
    /// The end of the session: its token expired, the gateway stops, the protocol was broken.
    SessionEnd,
}

impl Result {
    /// A failure, as the client was told of it.
    pub fn failed(error: &ClientError) -> Self {
        Self::Error {
            sqlstate: error.sqlstate.code().to_owned(),
            message: error.message.clone().into_owned(),
            internal: error.internal.clone(),
        }
    }

    /// An end that came from outside.
    pub fn stopped(by: Stopper, error: &ClientError) -> Self {
        let message = error.message.clone().into_owned();
        Self::Stopped { by, sqlstate: error.sqlstate.code().to_owned(), message }
    }

    /// The word for it in the record.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error { .. } => "error",
            Self::Closed => "closed",
            Self::Stopped { .. } => "stopped",
            Self::Abandoned => "abandoned",
        }
    }

    /// What the client got, or would have got, where there is such.
    pub fn sqlstate(&self) -> Option<&str> {
        match self {
            Self::Error { sqlstate, .. } | Self::Stopped { sqlstate, .. } => Some(sqlstate),
            Self::Ok | Self::Closed | Self::Abandoned => None,
        }
    }
}

impl Outcome {
    /// A statement that ended before it gave rows.
    pub fn without_rows(result: Result, duration_us: u64) -> Self {
        Self { result, rows: 0, bytes: 0, duration_us }
    }

    /// A statement that was refused or failed before it gave rows.
    pub fn failed(error: &ClientError, duration_us: u64) -> Self {
        Self::without_rows(Result::failed(error), duration_us)
    }

    /// The same with its texts cut to `limit` bytes each, so that room for an outcome can be set
    /// aside before it is known.
    pub(super) fn clipped(mut self, limit: usize) -> Self {
        if let Result::Stopped { message, .. } = &mut self.result {
            clip(message, limit);
        }
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
