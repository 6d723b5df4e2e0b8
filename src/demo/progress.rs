//! How the making of the company looks on the screen.

use std::io::Write;
use std::time::Instant;

use super::company::Progress;
use super::screen::{Ink, Line, Screen};
use super::text;

/// Shows a line for each piece of work, as soon as it is done.
pub struct Shown<'a, W> {
    screen: &'a mut Screen<W>,
    what: String,
    since: Instant,
}

impl<'a, W: Write> Shown<'a, W> {
    /// Progress on this screen.
    pub fn on(screen: &'a mut Screen<W>) -> Self {
        Self { screen, what: String::new(), since: Instant::now() }
    }
}

impl<W: Write> Progress for Shown<'_, W> {
    fn begin(&mut self, what: &str) {
        self.what = what.to_owned();
        self.since = Instant::now();
        // The work is what counts: where the screen takes no more, it goes on unseen.
        let _ = self.screen.over(&Line::new().add(Ink::Faint, format!("  … {what}")));
    }

    fn done(&mut self, rows: u64) {
        let line = Line::new().add(Ink::Good, "  ✓ ").add(Ink::Plain, &self.what).pad(32);
        let line = match rows {
            0 => line,
            rows => line.add(Ink::Plain, format!("{:>9} rows", text::count(rows))),
        };
        let took = format!("{:.2} s", self.since.elapsed().as_secs_f64());
        let _ = self.screen.clear();
        let _ = self.screen.line(&line.pad(50).add(Ink::Faint, took));
    }
}
