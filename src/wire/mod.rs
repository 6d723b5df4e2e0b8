//! The Postgres frontend/backend protocol, version 3. Takes bytes, gives a [`Login`] and
//! statements to a [`Backend`], and hands rows and errors back as bytes. The only place that
//! knows pgwire.

mod options;
mod server;

// Up to the login.
mod login;
mod prefixed;
mod startup;
mod tls;

// The session.
mod cancel;
mod connection;
mod copy;
mod cursors;
mod extended;
mod failure;
mod portal;
mod rows;
mod signals;
mod simple;
mod transaction;

// Bytes to messages, and back.
mod fields;
mod framing;
mod frontend;
mod reply;

// Messages that hold values.
mod decode;
mod encode;

// What stands behind it.
mod backend;
mod course;

pub use crate::values::{CopyFormat, Rendering};
pub use backend::{
    Answer, Backend, BatchStream, Conversation, Description, Login, Meter, Room, StatementKind,
    Stop, Taken, Visitor,
};
pub use course::{Course, Fetch, Reach};
pub use options::{Limits, Options, Tls};
pub use server::Server;
pub use tls::{TlsError, tls_config};

#[cfg(test)]
mod tests;
