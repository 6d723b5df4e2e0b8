//! From a checked configuration to a gateway: sources asked what they hold, tables covered,
//! policies loaded against the schema that this gives. Beside the journey; what starts a gateway
//! (`serve`, `check`, `schema`, `demo`) comes through here.

mod gateway;
mod sources;
mod survey;

pub use gateway::{listener_options, start};
pub use survey::{SourceState, Survey, survey};

/// Why a gateway does not start: every fault, not only the first.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Faults(pub Vec<String>);

impl Faults {
    /// A single fault.
    fn of(error: impl std::fmt::Display) -> Self {
        Self(vec![error.to_string()])
    }
}
