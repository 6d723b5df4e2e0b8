//! The two formats in which values cross the wire.

use crate::error::{ClientError, SqlState};

/// How a value crosses the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// As people read it.
    #[default]
    Text,
    /// As the types' send functions build it.
    Binary,
}

impl Format {
    /// The format of a code: 0 or 1.
    ///
    /// # Errors
    /// 22023 for any other.
    pub(crate) fn from_code(code: i16) -> Result<Self, ClientError> {
        match code {
            0 => Ok(Self::Text),
            1 => Ok(Self::Binary),
            _ => Err(ClientError::new(
                SqlState::INVALID_PARAMETER_VALUE,
                format!("unsupported format code: {code}"),
            )),
        }
    }

    /// The code of the format.
    pub(crate) fn code(self) -> i16 {
        match self {
            Self::Text => 0,
            Self::Binary => 1,
        }
    }
}
