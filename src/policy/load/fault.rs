//! What is wrong with a policy, and where.

use std::fmt;

use miette::{Diagnostic, SourceSpan};

use crate::policy::PolicyId;

/// How many characters of a line are shown.
const WIDTH: usize = 100;

/// A reason why a policy set cannot be used, or a doubt about it that does not stop it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFault {
    /// The policy concerned; none where the text is no policy yet.
    pub policy: Option<PolicyId>,
    /// The file, by its name within the folder.
    pub file: String,
    /// Where in the file; none where the fault is the file itself.
    pub place: Option<Place>,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The first character concerned, from 1.
    pub column: usize,
    /// How many characters are concerned; at least 1, and not past the end of the line.
    pub length: usize,
    /// The whole line, tabs as single spaces.
    pub text: String,
}

impl Place {
    /// The place of a span of bytes. What spans several lines is cut at the end of the first.
    pub(super) fn of(source: &str, span: SourceSpan) -> Self {
        let start = floor_boundary(source, span.offset());
        let end = floor_boundary(source, span.offset().saturating_add(span.len()));
        let before = source.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let rest = source.get(line_start..).unwrap_or_default();
        let text = rest.lines().next().unwrap_or_default();
        let column = source.get(line_start..start).unwrap_or_default().chars().count();
        let marked = source.get(start..end).unwrap_or_default();
        let marked = marked.lines().next().unwrap_or_default().chars().count();
        Self {
            line: before.matches('\n').count() + 1,
            column: column + 1,
            length: marked.max(1),
            text: text.replace('\t', " "),
        }
    }

    /// The characters concerned.
    pub(super) fn marked(&self) -> String {
        self.text.chars().skip(self.column - 1).take(self.length).collect()
    }

    /// As much of the line as is shown, and how many of its characters stand before the place.
    fn window(&self) -> (String, usize) {
        let before = self.column - 1;
        let cut = if before < WIDTH / 2 { 0 } else { before - WIDTH / 4 };
        (self.text.chars().skip(cut).take(WIDTH).collect(), before - cut)
    }
}

/// The last boundary of a character at or before this byte.
fn floor_boundary(text: &str, byte: usize) -> usize {
    let byte = byte.min(text.len());
    (0..=byte).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

impl PolicyFault {
    /// A fault that is about a file and no place in it.
    pub(super) fn of_file(file: impl Into<String>, reason: impl fmt::Display) -> Self {
        Self {
            policy: None,
            file: file.into(),
            place: None,
            reason: reason.to_string(),
            help: None,
        }
    }

    /// What Cedar found, with its own words.
    pub(super) fn of_diagnostic(
        file: &str,
        source: &str,
        policy: Option<PolicyId>,
        diagnostic: &dyn Diagnostic,
    ) -> Self {
        let label = diagnostic.labels().and_then(|mut labels| labels.next());
        Self {
            policy,
            file: file.to_owned(),
            place: label.map(|label| Place::of(source, *label.inner())),
            reason: diagnostic.to_string(),
            help: diagnostic.help().map(|help| help.to_string()),
        }
    }
}

/// As compilers show it: file, line and column, the line with carets, and what helps.
impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            None => write!(f, "{}: {}", self.file, self.reason)?,
            Some(place) => {
                let number = place.line.to_string();
                let margin = " ".repeat(number.len());
                let (text, before) = place.window();
                let indent = " ".repeat(before);
                let carets = "^".repeat(place.length.min(WIDTH - before));
                writeln!(f, "{}:{}:{}: {}", self.file, place.line, place.column, self.reason)?;
                writeln!(f, "{margin} |")?;
                writeln!(f, "{number} | {text}")?;
                write!(f, "{margin} | {indent}{carets}")?;
            }
        }
        if let Some(help) = &self.help {
            write!(f, "\nhelp: {help}")?;
        }
        Ok(())
    }
}
