//! The Postgres frontend/backend protocol, version 3. Takes bytes, gives a [`Login`] and
//! statements to a [`Backend`], and hands rows and errors back as bytes. The only place that
//! knows pgwire.

mod backend;

pub use backend::{
    Answer, Backend, BatchStream, Conversation, Description, Login, Meter, Rendering, StatementKind,
};
