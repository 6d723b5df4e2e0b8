//! What the wire does by itself with a statement: it keeps the cursors.

use crate::sql::{self, Command};
use crate::wire::{Course, Fetch, Reach};

/// Of this command.
pub(in crate::session) fn of(command: &Command) -> Course {
    match command {
        Command::Declare { name, binary, .. } => {
            Course::Declare { name: name.clone(), binary: *binary }
        }
        Command::Copy { format, .. } => Course::Copy(format.clone()),
        Command::Fetch(sql::Fetch { name, reach: there, silent }) => {
            Course::Fetch(Fetch { name: name.clone(), reach: reach(*there), silent: *silent })
        }
        Command::Close(name) => Course::Close(name.clone()),
        _ => Course::Answer,
    }
}

fn reach(reach: sql::Reach) -> Reach {
    match reach {
        sql::Reach::Next(rows) => Reach::Next(rows),
        sql::Reach::All => Reach::All,
        sql::Reach::Relative(rows) => Reach::Relative(rows),
        sql::Reach::Absolute(row) => Reach::Absolute(row),
        sql::Reach::Same => Reach::Same,
        sql::Reach::Back => Reach::Back,
    }
}
