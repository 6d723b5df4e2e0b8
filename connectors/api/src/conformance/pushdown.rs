//! Predicates: every form over every column, and random combinations of them.

use std::sync::Arc;

use crate::catalog::{SourceCatalog, SqlType, Table};
use crate::conformance::dice::Dice;
use crate::conformance::reference::decided;
use crate::conformance::scans::rows_of;
use crate::conformance::{Cell, DataTable, Report, Suite, admits, data};
use crate::connector::Pushdown;
use crate::name::ColumnName;
use crate::predicate::{CompareOp, LikePattern, LikePiece, Predicate};

const OPERATORS: [CompareOp; 6] = [
    CompareOp::Eq,
    CompareOp::NotEq,
    CompareOp::Lt,
    CompareOp::LtEq,
    CompareOp::Gt,
    CompareOp::GtEq,
];

/// So many random combinations are tried per table.
const RANDOM_PREDICATES: usize = 60;

/// So many forms are tried of a table that is there for other things.
const FEW: usize = 30;

const SEED: u64 = 0x706f_7274_6375_6c6c;

impl Suite<'_> {
    /// Offers the source every predicate, and scans with those that it takes.
    pub(super) async fn predicates(&mut self, catalog: &SourceCatalog) -> Report {
        let mut report = Report::default();
        let mut dice = Dice(SEED);
        for (data, table) in self.pairs(catalog) {
            let every = forms(data, &table);
            let all = match data.table.name.as_str() {
                "kinds" | "texts" | "bad" => true,
                "stream" | "wide" => false,
                _ => every.len() < 1000,
            };
            let (chosen, combined) = if all {
                (every.clone(), RANDOM_PREDICATES)
            } else {
                ((0..FEW).filter_map(|_| dice.pick(&every).cloned()).collect(), FEW / 3)
            };
            let random: Vec<Predicate> =
                (0..combined).map(|_| random(&mut dice, &every, 3)).collect();
            for predicate in chosen.iter().chain(&random) {
                self.predicate(data, &table, predicate, &mut report).await;
                self.condition(data, &table, predicate, &mut report).await;
            }
        }
        report
    }

    async fn predicate(
        &mut self,
        data: &DataTable,
        table: &Arc<Table>,
        predicate: &Predicate,
        report: &mut Report,
    ) {
        let mut exact = true;
        // What the guard would do: offer each conjunct, and send those that are taken.
        let mut taken = Vec::new();
        for conjunct in predicate.conjuncts() {
            match self.loaded.connector.pushdown(table, conjunct) {
                Pushdown::Exact => report.exact += 1,
                Pushdown::Superset => {
                    exact = false;
                    report.superset += 1;
                }
                Pushdown::No => {
                    report.refused += 1;
                    continue;
                }
            }
            taken.push(conjunct.clone());
        }
        if taken.is_empty() {
            return;
        }
        let taken = Predicate::all(taken);
        // The columns of the predicate are deliberately not among those wanted.
        let columns: Vec<ColumnName> = vec!["id".into()];
        let what = format!("{:?} where {taken}", table.name);
        let what: String = what.chars().take(300).collect();
        let expected = rows_of(data, table, &columns, |row| admits(&taken, table, row));
        match self.rows(table, columns.clone(), taken, Predicate::True, None).await {
            Err(error) => self.fail(format!("{what}: {error}")),
            Ok(found) if exact => self.same(&what, &expected, &found),
            Ok(found) => {
                let all = rows_of(data, table, &columns, |_| true);
                self.differences(&what, "missing", &expected, &found);
                self.differences(&what, "that do not exist", &found, &all);
            }
        }
    }
}

impl Suite<'_> {
    /// Asks the source to decide what it says that it does.
    async fn condition(
        &mut self,
        data: &DataTable,
        table: &Arc<Table>,
        predicate: &Predicate,
        report: &mut Report,
    ) {
        let decides = |conjunct: &&Predicate| self.loaded.connector.decides(table, conjunct);
        let conditions: Vec<_> =
            predicate.conjuncts().into_iter().filter(decides).cloned().collect();
        if conditions.is_empty() {
            return;
        }
        report.decided += conditions.len();
        let conditions = Predicate::all(conditions);
        let columns: Vec<ColumnName> = vec!["id".into()];
        let what = format!("{:?} where the source decides {conditions}", table.name);
        let what: String = what.chars().take(300).collect();
        let admitted =
            |doubt| rows_of(data, table, &columns, |row| decided(&conditions, table, row, doubt));
        let (least, most) = (admitted(false), admitted(true));
        match self.rows(table, columns.clone(), Predicate::True, conditions, None).await {
            Err(error) => self.fail(format!("{what}: {error}")),
            Ok(found) => {
                self.differences(&what, "missing", &least, &found);
                self.differences(&what, "too many", &found, &most);
            }
        }
    }
}

/// Every form of predicate over every column of a table, each with the constants that matter.
fn forms(data: &DataTable, table: &Table) -> Vec<Predicate> {
    let mut forms = Vec::new();
    let twins = data.table.name.as_str() == "kinds";
    for (at, column) in table.columns.iter().enumerate() {
        let name = column.name.clone();
        // The right one of two columns of a type is there to be compared with the left one.
        if twins && name.as_str().starts_with('b') {
            continue;
        }
        forms.push(Predicate::IsNull(name.clone()));
        forms.push(Predicate::IsNotNull(name.clone()));
        let cells: Vec<&Cell> = data.rows.iter().take(200).filter_map(|row| row.get(at)).collect();
        let values = data::constants(&column.sql_type, &cells);
        for (turn, value) in values.iter().enumerate() {
            // Each constant meets half of the operators, each operator half of the constants.
            for op in OPERATORS.into_iter().skip(turn % 2).step_by(2) {
                let value = value.clone();
                forms.push(Predicate::Compare { column: name.clone(), op, value });
            }
        }
        for most in [1, 3, usize::MAX] {
            let few: Vec<_> = values.iter().take(most).cloned().collect();
            forms.push(Predicate::In { column: name.clone(), values: few.clone() });
            forms.push(Predicate::NotIn { column: name.clone(), values: few });
        }
        forms.push(Predicate::In { column: name.clone(), values: Vec::new() });
        forms.push(Predicate::NotIn { column: name.clone(), values: Vec::new() });
        if matches!(column.sql_type, SqlType::Text | SqlType::Varchar) {
            for pattern in patterns() {
                for negated in [false, true] {
                    let (column, pattern) = (name.clone(), pattern.clone());
                    forms.push(Predicate::Like { column, pattern, negated });
                }
            }
        }
        let comparable = !values.is_empty();
        let partners = table.columns.iter().skip(at + 1).take(8);
        for partner in partners.filter(|other| comparable && other.sql_type == column.sql_type) {
            forms.extend(OPERATORS.map(|op| Predicate::CompareColumns {
                left: name.clone(),
                op,
                right: partner.name.clone(),
            }));
        }
    }
    forms
}

fn patterns() -> Vec<LikePattern> {
    let literal = |text: &str| LikePiece::Literal(text.to_owned());
    let (one, any) = (LikePiece::AnyCharacter, LikePiece::AnyText);
    vec![
        LikePattern(vec![]),
        LikePattern(vec![any.clone()]),
        LikePattern(vec![one.clone()]),
        LikePattern(vec![one.clone(), one.clone(), any.clone()]),
        LikePattern(vec![literal("acme")]),
        LikePattern(vec![literal("acm"), any.clone()]),
        LikePattern(vec![any.clone(), literal("me")]),
        LikePattern(vec![any.clone(), literal("%"), any.clone()]),
        LikePattern(vec![literal("a_"), one.clone()]),
        LikePattern(vec![literal("a"), one.clone(), literal("c")]),
        LikePattern(vec![any.clone(), literal("\\"), any.clone()]),
        LikePattern(vec![any.clone(), literal("'"), any.clone()]),
        LikePattern(vec![literal("a\n"), any.clone()]),
        LikePattern(vec![one, literal("cme")]),
        LikePattern(vec![literal("ä"), any]),
    ]
}

/// A random tree over the forms.
fn random(dice: &mut Dice, forms: &[Predicate], depth: usize) -> Predicate {
    let leaf = |dice: &mut Dice| dice.pick(forms).cloned().unwrap_or(Predicate::True);
    if depth == 0 {
        return leaf(dice);
    }
    let parts =
        |dice: &mut Dice| (0..=dice.below(3)).map(|_| random(dice, forms, depth - 1)).collect();
    match dice.below(5) {
        0 | 1 => Predicate::And(parts(dice)),
        2 | 3 => Predicate::Or(parts(dice)),
        _ => leaf(dice),
    }
}
