//! What came back from a query, whoever was asked.

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Rows, of the last statement that had any.
    Rows {
        /// The names of the columns.
        columns: Vec<String>,
        /// The cells as text; `None` is NULL.
        rows: Vec<Vec<Option<String>>>,
    },
    /// It was done, and there is nothing to show.
    Done,
    /// It was refused, or it failed.
    Error {
        /// Where there is one.
        sqlstate: Option<String>,
        /// What the client is told.
        message: String,
        /// What the client might do.
        hint: Option<String>,
    },
}

impl Answer {
    /// An error that has no more than a message.
    pub fn failed(message: impl ToString) -> Self {
        Self::Error { sqlstate: None, message: message.to_string(), hint: None }
    }

    /// Whether it was neither refused nor failed.
    pub fn is_ok(&self) -> bool {
        !matches!(self, Self::Error { .. })
    }

    /// Whether this text stands anywhere in what the client got.
    pub fn mentions(&self, text: &str) -> bool {
        match self {
            Self::Done => false,
            Self::Error { message, hint, .. } => {
                message.contains(text) || hint.as_deref().is_some_and(|hint| hint.contains(text))
            }
            Self::Rows { rows, .. } => {
                rows.iter().flatten().flatten().any(|cell| cell.contains(text))
            }
        }
    }

    /// The first cells of all rows.
    pub fn first_cells(&self) -> Vec<&str> {
        match self {
            Self::Rows { rows, .. } => rows
                .iter()
                .map(|row| row.first().and_then(Option::as_deref).unwrap_or("NULL"))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The answer as lines for a reader. A column of single values becomes one line; of a text
    /// with many lines, such as a plan, each is one.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Done => vec!["done".to_owned()],
            Self::Error { sqlstate, message, hint } => {
                let code = sqlstate.as_ref().map(|code| format!("{code} ")).unwrap_or_default();
                let mut lines: Vec<String> =
                    format!("{code}{message}").lines().map(str::to_owned).collect();
                lines.extend(hint.iter().map(|hint| format!("hint: {hint}")));
                lines
            }
            Self::Rows { rows, .. } if rows.is_empty() => vec!["no rows".to_owned()],
            Self::Rows { columns, rows } if columns.len() == 1 => {
                let cells: Vec<&str> = self.first_cells();
                if cells.iter().any(|cell| cell.contains('\n')) || rows.len() > 8 {
                    cells.iter().flat_map(|cell| cell.lines()).map(str::to_owned).collect()
                } else {
                    vec![cells.join(", ")]
                }
            }
            Self::Rows { rows, .. } => rows
                .iter()
                .flat_map(|row| {
                    let cells = row.iter().map(|cell| cell.as_deref().unwrap_or("NULL"));
                    let line = cells.collect::<Vec<_>>().join(", ");
                    line.lines().map(str::to_owned).collect::<Vec<_>>()
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Answer;

    fn rows(columns: usize, rows: &[&[Option<&str>]]) -> Answer {
        Answer::Rows {
            columns: vec!["c".to_owned(); columns],
            rows: rows
                .iter()
                .map(|row| row.iter().map(|cell| cell.map(str::to_owned)).collect())
                .collect(),
        }
    }

    #[test]
    fn answers_read_well() {
        let error = Answer::Error {
            sqlstate: Some("42501".to_owned()),
            message: "no".to_owned(),
            hint: Some("ask first".to_owned()),
        };
        for (answer, lines) in [
            (Answer::Done, vec!["done"]),
            (error, vec!["42501 no", "hint: ask first"]),
            (Answer::failed("a\nb"), vec!["a", "b"]),
            (rows(1, &[]), vec!["no rows"]),
            (rows(1, &[&[Some("3")], &[None]]), vec!["3, NULL"]),
            (rows(1, &[&[Some("Scan\n  Filter")]]), vec!["Scan", "  Filter"]),
            (rows(2, &[&[Some("a"), None], &[Some("b"), Some("1")]]), vec!["a, NULL", "b, 1"]),
        ] {
            assert_eq!(answer.lines(), lines);
        }
    }
}
