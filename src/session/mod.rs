//! What one connection knows: who it is, its settings, its prepared statements, and how a
//! statement goes through the stages. It answers the wire, and tells the audit log.

mod analyzed;
mod audited;
mod census;
mod conversation;
mod course;
mod gateway;
mod parameter;
mod path;
mod query;
mod record;
mod refusals;
mod settings;
mod shown;
mod trace;
mod work;

pub use census::SessionCounts;
pub use conversation::{Prepared, Session};
pub use gateway::{Fault, Gateway, Parts};
