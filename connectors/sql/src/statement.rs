//! The only thing that a SQL connector sends.

use std::sync::Arc;

use portcullis_connector_api::subplan::Node;
use portcullis_connector_api::{ScanRequest, SqlType, Subplan, Table, Value};

use crate::dialect::Dialect;
use crate::error::SqlError;
use crate::normal::normal;
use crate::pushdown::{decided, is_exact};
use crate::read::read;
use crate::shape::{Shape, shapes};
use crate::write::{Argument, Written, write};

/// A text that was read back and found to be its plan, and the values that it binds.
///
/// There is no other way to one than through [`Statement::scan`] and [`Statement::subplan`].
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    text: String,
    binds: Vec<Bind>,
}

/// A value for a placeholder.
#[derive(Clone, Debug, PartialEq)]
pub struct Bind {
    /// The value.
    pub value: Value,
    /// The type under which the source takes it.
    pub sql_type: SqlType,
}

impl Statement {
    /// The scan of one table. Its select list is the wanted columns in their order; where none is
    /// wanted it is one NULL.
    ///
    /// # Errors
    /// Where the dialect cannot say it, or does not decide one of the conditions.
    pub fn scan(dialect: &dyn Dialect, request: &ScanRequest) -> Result<Self, SqlError> {
        let wanted = request.columns.len();
        let mut columns = request.columns.clone();
        request.conditions.for_each_column(&mut |column| {
            if !columns.contains(column) {
                columns.push(column.clone());
            }
        });
        let predicate = request.conditions.try_map_columns(&mut |name| {
            let at = columns.iter().position(|column| column == name);
            at.ok_or_else(|| SqlError::unsupported("a condition out of place"))
        })?;
        let (table, guard) = (request.table.clone(), request.predicate.clone());
        let scan = Node::Scan { table, columns, guard };
        if !decided(dialect, &scan, &predicate)? {
            return Err(SqlError::unsupported("a condition that differs there"));
        }
        let filter = Node::Filter { input: Box::new(scan), predicate };
        let project = Node::Project { input: Box::new(filter), columns: (0..wanted).collect() };
        let limit = Node::Limit { input: Box::new(project), skip: 0, fetch: request.limit };
        Self::of(dialect, &limit)
    }

    /// A whole subplan. Its select list is [`Subplan::output`].
    ///
    /// # Errors
    /// Where the dialect cannot say it with the same meaning.
    pub fn subplan(dialect: &dyn Dialect, subplan: &Subplan) -> Result<Self, SqlError> {
        Self::accepts(dialect, subplan)?;
        Self::of(dialect, &subplan.root)
    }

    /// Whether the dialect can say a subplan with the same meaning, and then what the source
    /// gives for each output. Cheaper than making its statement.
    ///
    /// # Errors
    /// Where it cannot.
    pub fn accepts(dialect: &dyn Dialect, subplan: &Subplan) -> Result<Vec<Shape>, SqlError> {
        let plan = normal(dialect, &subplan.root)?;
        if !is_exact(dialect, &plan)? {
            return Err(SqlError::unsupported("a condition that differs there"));
        }
        let shapes = shapes(dialect, &plan)?;
        if shapes.len() != subplan.output.len() {
            return Err(SqlError::unsupported("an output of another width"));
        }
        write(dialect, &plan)?;
        Ok(shapes)
    }

    /// The text, with placeholders. Holds names of the catalog and no values.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The values, in the order of their numbers.
    pub fn binds(&self) -> &[Bind] {
        &self.binds
    }

    fn of(dialect: &dyn Dialect, plan: &Node) -> Result<Self, SqlError> {
        let plan = normal(dialect, plan)?;
        let written = write(dialect, &plan)?;
        Self::checked(dialect, written, &plan)
    }

    /// Reads the text back, and compares.
    pub(crate) fn checked(
        dialect: &dyn Dialect,
        written: Written,
        plan: &Node,
    ) -> Result<Self, SqlError> {
        let mut tables = Vec::new();
        tables_of(plan, &mut tables);
        if read(dialect, &written, &tables)? != *plan {
            return Err(SqlError::mismatch("it reads as another plan"));
        }
        let binds = written
            .arguments
            .into_iter()
            .map(|argument| bind(dialect, argument))
            .collect::<Result<_, _>>()?;
        Ok(Self { text: written.text, binds })
    }
}

fn bind(dialect: &dyn Dialect, argument: Argument) -> Result<Bind, SqlError> {
    Ok(match argument {
        Argument::Value(value, sql_type) => Bind { value, sql_type },
        Argument::Pattern(pattern) => {
            let text = dialect.pattern(&pattern);
            let text = text.ok_or_else(|| SqlError::unsupported("such a pattern"))?;
            Bind { value: Value::text(text), sql_type: SqlType::Text }
        }
        Argument::Rows(rows) => {
            let rows = i64::try_from(rows).map_err(|_| SqlError::unsupported("so many rows"))?;
            Bind { value: Value::Int(rows), sql_type: SqlType::Int8 }
        }
    })
}

fn tables_of(plan: &Node, tables: &mut Vec<Arc<Table>>) {
    match plan {
        Node::Scan { table, .. } => tables.push(table.clone()),
        Node::Filter { input, .. }
        | Node::Project { input, .. }
        | Node::Aggregate { input, .. }
        | Node::Sort { input, .. }
        | Node::Limit { input, .. } => tables_of(input, tables),
        Node::Join { left, right, .. } => {
            tables_of(left, tables);
            tables_of(right, tables);
        }
    }
}
