//! What the demonstration puts on a terminal: lines of inked pieces, at most eighty columns wide.
//! Takes text and its meaning, gives bytes; colour only where the terminal has it.

mod grid;
mod wrap;

use std::io::{self, IsTerminal, Write};

pub use grid::{Cell, Grid};
pub use wrap::{fit, width, wrap};

/// How wide the screen is, in columns.
pub const WIDTH: usize = 80;

/// What a piece of text means; the colour follows from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ink {
    /// Ordinary text.
    #[default]
    Plain,
    /// A heading, a name.
    Strong,
    /// Beside the point: rules, labels, NULL.
    Faint,
    /// SQL keywords.
    Key,
    /// It held.
    Good,
    /// It leaked, or failed.
    Bad,
    /// A value that is not the stored one.
    Masked,
}

impl Ink {
    /// The parameters of "select graphic rendition" (ECMA-48, 8.3.117).
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Strong => Some("1"),
            Self::Faint => Some("2"),
            Self::Key => Some("36"),
            Self::Good => Some("1;32"),
            Self::Bad => Some("1;31"),
            Self::Masked => Some("33"),
        }
    }
}

/// Text of one meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// The text; holds no line break and no control character.
    pub text: String,
    /// What it means.
    pub ink: Ink,
}

impl Piece {
    /// A piece; control characters in it become spaces, so that data cannot steer the terminal.
    pub fn new(ink: Ink, text: impl AsRef<str>) -> Self {
        let clean = |letter: char| if letter.is_control() { ' ' } else { letter };
        Self { text: text.as_ref().chars().map(clean).collect(), ink }
    }
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line(pub Vec<Piece>);

impl Line {
    /// An empty line, to which pieces are added.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a piece.
    #[must_use]
    pub fn add(mut self, ink: Ink, text: impl AsRef<str>) -> Self {
        self.0.push(Piece::new(ink, text));
        self
    }

    /// Adds spaces up to this column, counted from 0; none where the line is longer already.
    #[must_use]
    pub fn pad(mut self, column: usize) -> Self {
        let missing = column.saturating_sub(self.width());
        if missing > 0 {
            self.0.push(Piece::new(Ink::Plain, " ".repeat(missing)));
        }
        self
    }

    /// Its width in columns.
    pub fn width(&self) -> usize {
        self.0.iter().map(|piece| width(&piece.text)).sum()
    }

    /// Its text without ink, and without spaces at the end.
    pub fn text(&self) -> String {
        let text: String = self.0.iter().map(|piece| piece.text.as_str()).collect();
        text.trim_end().to_owned()
    }
}

/// Somewhere to write lines.
pub struct Screen<W> {
    out: W,
    colour: bool,
}

impl Screen<io::Stdout> {
    /// The standard output, in colour where it is a terminal that has it and the person has not
    /// asked for none (`NO_COLOR`, <https://no-color.org>).
    pub fn stdout() -> Self {
        let out = io::stdout();
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let able = out.is_terminal() && set("TERM").is_none_or(|term| term != "dumb");
        Self { colour: able && set("NO_COLOR").is_none(), out }
    }
}

impl<W: Write> Screen<W> {
    /// A screen on anything that takes bytes.
    pub fn new(out: W, colour: bool) -> Self {
        Self { out, colour }
    }

    /// Writes a line.
    ///
    /// # Errors
    /// Where the output takes no more.
    pub fn line(&mut self, line: &Line) -> io::Result<()> {
        if !self.colour {
            return writeln!(self.out, "{}", line.text());
        }
        for piece in &line.0 {
            match piece.ink.code() {
                Some(code) if !piece.text.trim().is_empty() => {
                    write!(self.out, "\x1b[{code}m{}\x1b[0m", piece.text)?;
                }
                _ => write!(self.out, "{}", piece.text)?,
            }
        }
        writeln!(self.out)
    }

    /// Writes some lines.
    ///
    /// # Errors
    /// See [`Screen::line`].
    pub fn lines(&mut self, lines: &[Line]) -> io::Result<()> {
        lines.iter().try_for_each(|line| self.line(line))
    }

    /// Writes an empty line.
    ///
    /// # Errors
    /// See [`Screen::line`].
    pub fn gap(&mut self) -> io::Result<()> {
        self.line(&Line::new())
    }

    /// Writes a paragraph, wrapped, each line `indent` columns from the left.
    ///
    /// # Errors
    /// See [`Screen::line`].
    pub fn text(&mut self, indent: usize, ink: Ink, text: &str) -> io::Result<()> {
        for row in wrap(text, WIDTH.saturating_sub(indent)) {
            self.line(&Line::new().pad(indent).add(ink, row))?;
        }
        Ok(())
    }

    /// Writes a title in a box as wide as the screen.
    ///
    /// # Errors
    /// See [`Screen::line`].
    pub fn title(&mut self, title: &str, below: &str) -> io::Result<()> {
        let inner = WIDTH - 4;
        let rule = "─".repeat(WIDTH - 2);
        self.line(&Line::new().add(Ink::Faint, format!("╭{rule}╮")))?;
        let inside = [(Ink::Strong, vec![title.to_owned()]), (Ink::Plain, wrap(below, inner))];
        for (ink, rows) in inside {
            for row in rows {
                let line = Line::new().add(Ink::Faint, "│ ").add(ink, fit(&row, inner));
                self.line(&line.pad(WIDTH - 2).add(Ink::Faint, " │"))?;
            }
        }
        self.line(&Line::new().add(Ink::Faint, format!("╰{rule}╯")))
    }

    /// Writes a heading with a rule behind it.
    ///
    /// # Errors
    /// See [`Screen::line`].
    pub fn heading(&mut self, heading: &str) -> io::Result<()> {
        let rule = "─".repeat(WIDTH.saturating_sub(width(heading) + 4));
        let line = Line::new().add(Ink::Faint, "── ").add(Ink::Strong, heading);
        self.line(&line.add(Ink::Faint, format!(" {rule}")))
    }

    /// Writes a statement as it stands, its keywords inked, each line `indent` columns from the
    /// left; a line that is too long is wrapped.
    ///
    /// # Errors
    /// See [`Screen::line`].
    pub fn sql(&mut self, indent: usize, sql: &str) -> io::Result<()> {
        let rows = sql.lines().flat_map(|row| wrap(row, WIDTH.saturating_sub(indent)));
        for row in rows {
            let mut line = Line::new().pad(indent);
            for word in row.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()) {
                let core = word.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
                let keyword =
                    core.len() > 1 && core.chars().all(|letter| letter.is_ascii_uppercase());
                line = line.add(if keyword { Ink::Key } else { Ink::Plain }, word);
            }
            self.line(&line)?;
        }
        Ok(())
    }

    /// Hands what was written to the terminal.
    ///
    /// # Errors
    /// Where the output takes no more.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Writes text over the current line, without a line break: for progress on a terminal.
    /// Nothing where the output has no colour, and so perhaps no cursor either.
    ///
    /// # Errors
    /// Where the output takes no more.
    pub fn over(&mut self, line: &Line) -> io::Result<()> {
        if self.colour {
            write!(self.out, "\r\x1b[2K{}", line.text())?;
            self.out.flush()?;
        }
        Ok(())
    }

    /// Takes back what [`Screen::over`] wrote.
    ///
    /// # Errors
    /// Where the output takes no more.
    pub fn clear(&mut self) -> io::Result<()> {
        self.over(&Line::new())
    }
}

#[cfg(test)]
mod tests;
