//! The fields of a message body, read strictly: nothing is taken past the end, no length is
//! believed before its bytes are there, and text is UTF-8 with exactly one NUL behind it.

use bytes::{Buf, Bytes};

use crate::error::{ClientError, SqlState};
use crate::values::utf8;

/// What is left of a body.
pub(super) struct Fields(Bytes);

impl Fields {
    pub(super) fn new(body: Bytes) -> Self {
        Self(body)
    }

    /// Text up to a NUL, which must be there.
    ///
    /// # Errors
    /// 08P01 without a NUL, 22021 where it is not UTF-8.
    pub(super) fn text(&mut self) -> Result<String, ClientError> {
        let length = self.0.iter().position(|&byte| byte == 0).ok_or_else(malformed)?;
        let text = self.0.split_to(length);
        self.0.advance(1);
        let text = utf8(&text).map_err(|error| {
            ClientError::new(SqlState::CHARACTER_NOT_IN_REPERTOIRE, error.to_string())
        })?;
        Ok(text.to_owned())
    }

    /// Exactly this many bytes.
    ///
    /// # Errors
    /// 08P01 where there are fewer.
    pub(super) fn bytes(&mut self, length: usize) -> Result<Bytes, ClientError> {
        if length > self.0.len() {
            return Err(malformed());
        }
        Ok(self.0.split_to(length))
    }

    pub(super) fn u8(&mut self) -> Result<u8, ClientError> {
        self.0.try_get_u8().map_err(|_| malformed())
    }

    pub(super) fn u16(&mut self) -> Result<u16, ClientError> {
        self.0.try_get_u16().map_err(|_| malformed())
    }

    pub(super) fn i16(&mut self) -> Result<i16, ClientError> {
        self.0.try_get_i16().map_err(|_| malformed())
    }

    pub(super) fn u32(&mut self) -> Result<u32, ClientError> {
        self.0.try_get_u32().map_err(|_| malformed())
    }

    pub(super) fn i32(&mut self) -> Result<i32, ClientError> {
        self.0.try_get_i32().map_err(|_| malformed())
    }

    /// All that is left.
    pub(super) fn rest(self) -> Bytes {
        self.0
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Nothing may be left.
    ///
    /// # Errors
    /// 08P01 where something is.
    pub(super) fn end(self) -> Result<(), ClientError> {
        if self.0.is_empty() { Ok(()) } else { Err(malformed()) }
    }
}

/// A body that does not have the form of its message.
pub(super) fn malformed() -> ClientError {
    ClientError::new(SqlState::PROTOCOL_VIOLATION, "invalid message format")
}
