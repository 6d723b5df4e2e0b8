//! The conditions that may run on rows nobody has been shown yet.
//!
//! A [`Predicate`] is built only from comparisons of a plain column with a constant or with
//! another column of the same type. None of its forms can fail, whatever the row holds, and
//! there is no NOT: a comparison with NULL admits nothing, and AND and OR keep that so. It
//! therefore needs no third truth value; whoever evaluates it may read unknown as false.

use std::fmt;

use crate::name::ColumnName;
use crate::value::Value;

/// A condition over the columns `C`: names of a table's columns, or positions in an
/// intermediate result (`Predicate<usize>`).
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate<C = ColumnName> {
    /// Admits every row.
    True,
    /// Admits no row.
    False,
    /// `column op value`; NULL admits nothing. The value's type is the column's.
    Compare {
        /// The column on the left.
        column: C,
        /// The operator.
        op: CompareOp,
        /// The constant on the right.
        value: Value,
    },
    /// `left op right` over two columns of the same type; NULL on either side admits nothing.
    CompareColumns {
        /// The column on the left.
        left: C,
        /// The operator.
        op: CompareOp,
        /// The column on the right.
        right: C,
    },
    /// `column IN (values)`; an empty list and NULL admit nothing.
    In {
        /// The column.
        column: C,
        /// The constants, all of the column's type.
        values: Vec<Value>,
    },
    /// `column NOT IN (values)`; NULL admits nothing, an empty list admits every value but NULL.
    NotIn {
        /// The column.
        column: C,
        /// The constants, all of the column's type.
        values: Vec<Value>,
    },
    /// `column IS NULL`
    IsNull(C),
    /// `column IS NOT NULL`
    IsNotNull(C),
    /// `column LIKE pattern`, or `NOT LIKE` where `negated`; case counts, NULL admits nothing.
    Like {
        /// The text column.
        column: C,
        /// What it must (or must not) match.
        pattern: LikePattern,
        /// Whether a match refuses the row instead of admitting it.
        negated: bool,
    },
    /// All of them; an empty list admits every row.
    And(Vec<Predicate<C>>),
    /// Any of them; an empty list admits no row.
    Or(Vec<Predicate<C>>),
}

/// A comparison. Text is compared by its bytes, floats as IEEE 754 orders them with NaN above
/// all (as PostgreSQL does).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `=`
    Eq,
    /// `<>`
    NotEq,
    /// `<`
    Lt,
    /// `<=`
    LtEq,
    /// `>`
    Gt,
    /// `>=`
    GtEq,
}

impl CompareOp {
    /// The operator that admits exactly the non-NULL pairs which this one refuses.
    pub fn negated(self) -> Self {
        match self {
            Self::Eq => Self::NotEq,
            Self::NotEq => Self::Eq,
            Self::Lt => Self::GtEq,
            Self::LtEq => Self::Gt,
            Self::Gt => Self::LtEq,
            Self::GtEq => Self::Lt,
        }
    }

    /// The operator with its sides exchanged: `a < b` is `b > a`.
    pub fn swapped(self) -> Self {
        match self {
            Self::Lt => Self::Gt,
            Self::LtEq => Self::GtEq,
            Self::Gt => Self::Lt,
            Self::GtEq => Self::LtEq,
            same => same,
        }
    }

    /// As SQL writes it; the same in every dialect.
    pub fn sql(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::NotEq => "<>",
            Self::Lt => "<",
            Self::LtEq => "<=",
            Self::Gt => ">",
            Self::GtEq => ">=",
        }
    }
}

/// A pattern: literal pieces with "any text" between them. A `None` is the wildcard, so no
/// escape character exists that a source could read in its own way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LikePattern(pub Vec<LikePiece>);

/// One piece of a [`LikePattern`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LikePiece {
    /// This text, byte for byte.
    Literal(String),
    /// Exactly one character, whichever it is (`_`).
    AnyCharacter,
    /// Any text, the empty one included (`%`).
    AnyText,
}

impl LikePattern {
    /// The pattern as SQL's LIKE takes it with `\` as the escape character.
    pub fn to_sql_pattern(&self) -> String {
        let mut sql = String::new();
        for piece in &self.0 {
            match piece {
                LikePiece::AnyText => sql.push('%'),
                LikePiece::AnyCharacter => sql.push('_'),
                LikePiece::Literal(text) => {
                    for character in text.chars() {
                        if matches!(character, '%' | '_' | '\\') {
                            sql.push('\\');
                        }
                        sql.push(character);
                    }
                }
            }
        }
        sql
    }

    /// The text that every match begins with; empty where the pattern begins with a wildcard.
    pub fn prefix(&self) -> &str {
        match self.0.first() {
            Some(LikePiece::Literal(text)) => text,
            _ => "",
        }
    }
}

impl<C: PartialEq> Predicate<C> {
    /// Both; drops what is trivially true and stops at what is trivially false.
    pub fn and(self, other: Self) -> Self {
        Self::all([self, other])
    }

    /// All of them, flattened, each once.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Self::True => {}
                Self::False => return Self::False,
                Self::And(inner) => match Self::all(inner) {
                    Self::True => {}
                    Self::False => return Self::False,
                    Self::And(inner) => kept.extend(inner),
                    single => kept.push(single),
                },
                part => kept.push(part),
            }
        }
        let mut kept = each_once(kept);
        match kept.len() {
            0 => Self::True,
            1 => kept.pop().unwrap_or(Self::True),
            _ => Self::And(kept),
        }
    }

    /// Any of them, flattened, each once.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Self::False => {}
                Self::True => return Self::True,
                Self::Or(inner) => match Self::any(inner) {
                    Self::False => {}
                    Self::True => return Self::True,
                    Self::Or(inner) => kept.extend(inner),
                    single => kept.push(single),
                },
                part => kept.push(part),
            }
        }
        let mut kept = each_once(kept);
        match kept.len() {
            0 => Self::False,
            1 => kept.pop().unwrap_or(Self::False),
            _ => Self::Or(kept),
        }
    }

}

fn each_once<T: PartialEq>(parts: Vec<T>) -> Vec<T> {
    let mut once = Vec::with_capacity(parts.len());
    for part in parts {
        if !once.contains(&part) {
            once.push(part);
        }
    }
    once
}

impl<C> Predicate<C> {
    /// The top-level conjuncts; none for [`Predicate::True`].
    pub fn conjuncts(&self) -> Vec<&Self> {
        match self {
            Self::True => Vec::new(),
            Self::And(parts) => parts.iter().flat_map(Self::conjuncts).collect(),
            other => vec![other],
        }
    }

    /// Calls `visit` for each column that the predicate reads, once per mention.
    pub fn for_each_column<'a>(&'a self, visit: &mut impl FnMut(&'a C)) {
        match self {
            Self::True | Self::False => {}
            Self::Compare { column, .. }
            | Self::In { column, .. }
            | Self::NotIn { column, .. }
            | Self::IsNull(column)
            | Self::IsNotNull(column)
            | Self::Like { column, .. } => visit(column),
            Self::CompareColumns { left, right, .. } => {
                visit(left);
                visit(right);
            }
            Self::And(parts) | Self::Or(parts) => {
                parts.iter().for_each(|part| part.for_each_column(visit));
            }
        }
    }

    /// The same condition over other columns; the first column that `map` refuses ends it.
    pub fn try_map_columns<D, E>(
        &self,
        map: &mut impl FnMut(&C) -> Result<D, E>,
    ) -> Result<Predicate<D>, E> {
        Ok(match self {
            Self::True => Predicate::True,
            Self::False => Predicate::False,
            Self::Compare { column, op, value } => {
                Predicate::Compare { column: map(column)?, op: *op, value: value.clone() }
            }
            Self::CompareColumns { left, op, right } => {
                Predicate::CompareColumns { left: map(left)?, op: *op, right: map(right)? }
            }
            Self::In { column, values } => {
                Predicate::In { column: map(column)?, values: values.clone() }
            }
            Self::NotIn { column, values } => {
                Predicate::NotIn { column: map(column)?, values: values.clone() }
            }
            Self::IsNull(column) => Predicate::IsNull(map(column)?),
            Self::IsNotNull(column) => Predicate::IsNotNull(map(column)?),
            Self::Like { column, pattern, negated } => Predicate::Like {
                column: map(column)?,
                pattern: pattern.clone(),
                negated: *negated,
            },
            Self::And(parts) => Predicate::And(
                parts.iter().map(|part| part.try_map_columns(map)).collect::<Result<_, E>>()?,
            ),
            Self::Or(parts) => Predicate::Or(
                parts.iter().map(|part| part.try_map_columns(map)).collect::<Result<_, E>>()?,
            ),
        })
    }
}

/// SQL-like text for people. Never sent to a source.
impl<C: fmt::Display> fmt::Display for Predicate<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, values: &[Value]| {
            values
                .iter()
                .enumerate()
                .try_for_each(|(at, value)| write!(f, "{}{value}", if at == 0 { "" } else { ", " }))
        };
        let joined = |f: &mut fmt::Formatter<'_>, parts: &[Self], word: &str| {
            parts.iter().enumerate().try_for_each(|(at, part)| {
                if at > 0 {
                    write!(f, " {word} ")?;
                }
                match part {
                    Self::And(_) | Self::Or(_) => write!(f, "({part})"),
                    plain => write!(f, "{plain}"),
                }
            })
        };
        match self {
            Self::True => f.write_str("true"),
            Self::False => f.write_str("false"),
            Self::Compare { column, op, value } => write!(f, "{column} {} {value}", op.sql()),
            Self::CompareColumns { left, op, right } => write!(f, "{left} {} {right}", op.sql()),
            Self::In { column, values } => {
                write!(f, "{column} IN (")?;
                list(f, values)?;
                f.write_str(")")
            }
            Self::NotIn { column, values } => {
                write!(f, "{column} NOT IN (")?;
                list(f, values)?;
                f.write_str(")")
            }
            Self::IsNull(column) => write!(f, "{column} IS NULL"),
            Self::IsNotNull(column) => write!(f, "{column} IS NOT NULL"),
            Self::Like { column, pattern, negated } => {
                let not = if *negated { "NOT " } else { "" };
                write!(f, "{column} {not}LIKE '{}'", pattern.to_sql_pattern().replace('\'', "''"))
            }
            Self::And(parts) if parts.is_empty() => f.write_str("true"),
            Self::Or(parts) if parts.is_empty() => f.write_str("false"),
            Self::And(parts) => joined(f, parts, "AND"),
            Self::Or(parts) => joined(f, parts, "OR"),
        }
    }
}
