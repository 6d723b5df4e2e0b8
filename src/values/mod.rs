//! The values of PostgreSQL's types, as text and in binary, from Arrow and back: what `timestamptz`
//! or `bytea` look like stands here and nowhere else. The wire sends and receives them; a cast of a
//! query makes texts of them and reads them.

mod calendar;
mod copy;
mod format;
mod read;
mod types;
mod write;
mod zone;

pub(crate) use calendar::{DAY_US, civil, days};
pub use copy::{CopyFormat, CopyLines, Forced, Quoting};
pub(crate) use format::Format;
pub(crate) use read::{Reader, interval, scalar, unescaped, utf8};
pub(crate) use types::WireType;
pub(crate) use write::{Cells, EncodeError, MAX_BYTES, Texts, set_length};
pub(crate) use zone::Zone;

/// Settings that change how a value is read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rendering {
    /// `TimeZone`, for `timestamptz` as text.
    pub time_zone: chrono_tz::Tz,
}
