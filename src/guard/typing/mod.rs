//! Which types stand beside each other: PostgreSQL's rules for operators, and for what must be of
//! one type (`CASE`, `COALESCE`, `VALUES`, `UNION` and their like; its manual, chapter 10).
//!
//! The engine brings whatever it can to some type it finds: a `double precision` beside `0.5` to
//! a `numeric` that loses digits, a number beside a text to a text. Here each operand is cast to
//! the type that PostgreSQL compares or gives, and what PostgreSQL refuses is refused.

mod arguments;
mod coalesce;
mod common;
mod compare;
mod kind;
mod limits;
mod quantified;
mod sets;
mod typed;
mod values;
mod within;

pub(in crate::guard) use coalesce::is_written_out;
pub(in crate::guard) use common::joined_keys;
pub(in crate::guard) use compare::checked;
pub(in crate::guard) use limits::{counted, limit};
pub(in crate::guard) use quantified::{Quantified, is_quantified, open_array};
pub(in crate::guard) use sets::{alike, set_operation};
pub(in crate::guard) use typed::typed;
pub(in crate::guard) use values::Rows;
