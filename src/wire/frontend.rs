//! The messages of a logged-in client.

use bytes::Bytes;

use super::fields::{Fields, malformed};
use super::framing::{Frame, unknown_tag};
use crate::error::{ClientError, SqlState};
use crate::values::Format;

/// Messages that hold a name and a few numbers are never longer than this.
const SMALL_MESSAGE_BYTES: usize = 10_000;

/// The tag of a message that carries a password.
pub(super) const PASSWORD: u8 = b'p';

/// The tag of Sync, which ends the skipping after an error.
pub(super) const SYNC: u8 = b'S';

/// A message, taken apart.
#[derive(Debug, PartialEq)]
pub(super) enum Message {
    /// A simple query: the text of any number of statements.
    Query(String),
    /// Prepare a statement.
    Parse { name: String, text: String, types: Vec<u32> },
    /// Make a portal of a prepared statement.
    Bind(Bind),
    /// Tell the types.
    Describe(Target),
    /// Run a portal; at most this many rows, or all where it is not positive.
    Execute { portal: String, max_rows: i32 },
    /// Forget a statement or portal.
    Close(Target),
    /// Send what there is.
    Flush,
    /// The end of a run of extended messages.
    Sync,
    /// Good bye.
    Terminate,
    /// The fast path, which is not to be had here.
    FunctionCall,
    /// Data for a COPY that never began.
    Copy,
}

/// What Describe and Close speak of.
#[derive(Debug, PartialEq)]
pub(super) enum Target {
    Statement(String),
    Portal(String),
}

/// A Bind message.
#[derive(Debug, PartialEq)]
pub(super) struct Bind {
    pub(super) portal: String,
    pub(super) statement: String,
    /// None, one for all, or one for each.
    pub(super) parameter_formats: Vec<Format>,
    /// `None` for NULL.
    pub(super) parameters: Vec<Option<Bytes>>,
    /// None, one for all, or one for each.
    pub(super) result_formats: Vec<Format>,
}

/// How long a message with this tag may be, its length field included; `None` for a tag that is
/// not known.
pub(super) fn limit(tag: u8, large: usize) -> Option<usize> {
    match tag {
        b'Q' | b'P' | b'B' | b'F' | b'd' => Some(large),
        b'D' | b'E' | b'C' | b'H' | b'S' | b'X' | b'c' | b'f' => {
            Some(SMALL_MESSAGE_BYTES.min(large))
        }
        _ => None,
    }
}

impl Message {
    /// Takes a frame apart.
    ///
    /// # Errors
    /// 08P01 where it has not the form that its tag says, 22021 for text that is not UTF-8,
    /// 22023 for an unknown format, 54000 for too many parameters.
    pub(super) fn read(frame: Frame, max_parameters: usize) -> Result<Self, ClientError> {
        let tag = frame.tag;
        let mut fields = Fields::new(frame.body);
        let message = match tag {
            b'Q' => Self::Query(fields.text()?),
            b'P' => {
                let (name, text) = (fields.text()?, fields.text()?);
                let count = bounded(fields.u16()?.into(), max_parameters)?;
                let types = (0..count).map(|_| fields.u32()).collect::<Result<_, _>>()?;
                Self::Parse { name, text, types }
            }
            b'B' => Self::Bind(Bind::read(&mut fields, max_parameters)?),
            b'D' => Self::Describe(Target::read(&mut fields)?),
            b'E' => Self::Execute { portal: fields.text()?, max_rows: fields.i32()? },
            b'C' => Self::Close(Target::read(&mut fields)?),
            b'H' => Self::Flush,
            SYNC => Self::Sync,
            b'X' => Self::Terminate,
            b'F' => return Ok(Self::FunctionCall),
            b'c' | b'd' | b'f' => return Ok(Self::Copy),
            _ => return Err(unknown_tag(tag)),
        };
        fields.end()?;
        Ok(message)
    }

    /// Whether an error in a message with this tag makes the server skip to the next Sync.
    pub(super) fn is_extended(tag: u8) -> bool {
        matches!(tag, b'P' | b'B' | b'D' | b'E' | b'C' | b'H')
    }
}

impl Target {
    fn read(fields: &mut Fields) -> Result<Self, ClientError> {
        match fields.u8()? {
            b'S' => fields.text().map(Self::Statement),
            b'P' => fields.text().map(Self::Portal),
            _ => Err(malformed()),
        }
    }
}

impl Bind {
    fn read(fields: &mut Fields, max_parameters: usize) -> Result<Self, ClientError> {
        let (portal, statement) = (fields.text()?, fields.text()?);
        let parameter_formats = formats(fields)?;
        let count = bounded(fields.u16()?.into(), max_parameters)?;
        let one = |_| match fields.i32()? {
            -1 => Ok(None),
            length => fields.bytes(usize::try_from(length).map_err(|_| malformed())?).map(Some),
        };
        let parameters = (0..count).map(one).collect::<Result<_, ClientError>>()?;
        let result_formats = formats(fields)?;
        Ok(Self { portal, statement, parameter_formats, parameters, result_formats })
    }
}

/// A count and as many format codes.
fn formats(fields: &mut Fields) -> Result<Vec<Format>, ClientError> {
    let count = fields.u16()?;
    (0..count).map(|_| Format::from_code(fields.i16()?)).collect()
}

fn bounded(count: usize, most: usize) -> Result<usize, ClientError> {
    if count <= most {
        return Ok(count);
    }
    Err(ClientError::new(
        SqlState::PROGRAM_LIMIT_EXCEEDED,
        format!("a statement can have at most {most} parameters"),
    ))
}
