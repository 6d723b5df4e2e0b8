//! The demonstration: a small company, made on the spot, and the gateway in front of it. Takes a
//! folder, fills it with data of four kinds, policies and keys, and shows on a terminal what each
//! of its people may see and what becomes of an attack. Everything shown is really run.

pub mod company;
pub mod expected;
pub mod people;

pub mod badges;
pub mod client;
pub mod stage;
pub mod trail;

pub mod answer;
pub mod attack;
pub mod tour;

mod progress;
mod run;
pub mod screen;
pub mod text;
mod welcome;

mod error;

pub use error::DemoError;
pub use run::{prepare, serve, show_attacks, show_tour};

#[cfg(test)]
mod tests;
