//! From files to policies that can decide.
//!
//! Takes the texts and the schema; gives [`Policies`], or every fault at once, each with its
//! place. Policies are parsed, validated strictly against the schema (attributes of the row and
//! of the principal, and nothing behind them), looked at for what this gateway does not take,
//! and sorted by what they can decide about.

mod check;
mod fault;
mod files;
mod parse;
mod slices;
mod warnings;

use std::path::Path;
use std::sync::Arc;

use cedar_policy::{PolicySet, PolicySetError, ValidationError, ValidationMode, Validator};

pub use fault::{Place, PolicyFault};
pub use files::PolicyFile;
pub(super) use slices::{Slice, Slices, Subject};

use self::parse::Parsed;
use self::slices::Reach;
use super::decide::Caches;
use super::openings::Openings;
use super::permit::Level;
use super::schema::GeneratedSchema;

/// A policy set that was checked against its schema, ready to decide.
#[derive(Debug)]
pub struct Policies {
    pub(super) schema: Arc<GeneratedSchema>,
    pub(super) slices: Slices,
    pub(super) caches: Caches,
    pub(super) hash: String,
    pub(super) openings: Openings,
    generation: u64,
    warnings: Vec<PolicyFault>,
}

impl Policies {
    /// Reads the `*.cedar` files of a folder (not of those in it), and checks them.
    ///
    /// # Errors
    /// All faults: of the files, the syntax, the validation and our own rules.
    pub fn load(dir: &Path, schema: Arc<GeneratedSchema>) -> Result<Self, Vec<PolicyFault>> {
        Self::new(files::read(dir)?, schema)
    }

    /// Checks these texts.
    ///
    /// # Errors
    /// All faults: of the syntax, the validation and our own rules.
    pub fn new(
        mut files: Vec<PolicyFile>,
        schema: Arc<GeneratedSchema>,
    ) -> Result<Self, Vec<PolicyFault>> {
        files.sort();
        let hash = files::hash(&files, &schema);
        let parsed = parse::parse(files)?;
        let openings = Openings::of(parsed.iter().map(|one| &one.policy));
        let (parsed, mut warnings) = warnings::set_aside(parsed, &schema);

        let set = PolicySet::from_policies(parsed.iter().map(|one| one.policy.clone()))
            .map_err(|error| whole(&error))?;
        let result = Validator::new(schema.cedar().clone()).validate_with_level(
            &set,
            ValidationMode::Strict,
            1,
        );
        let mut faults: Vec<_> = result
            .validation_errors()
            .map(|error| explained(locate(&parsed, error.policy_id(), error), error, &schema))
            .collect();
        let mut reaches = Vec::new();
        if faults.is_empty() {
            reaches.extend(parsed.iter().map(|one| Reach::of(one, &schema)));
            let checked = parsed.iter().zip(&reaches);
            faults.extend(checked.filter_map(|(one, reach)| refused(one, reach, &schema)));
        }
        if !faults.is_empty() {
            sort(&mut faults);
            return Err(faults);
        }

        let doubts = result.validation_warnings();
        warnings.extend(doubts.map(|doubt| locate(&parsed, doubt.policy_id(), doubt)));
        warnings.extend(parsed.iter().filter_map(warnings::unscoped_reveal));
        sort(&mut warnings);
        let slices = Slices::of(&parsed, &reaches, &schema).map_err(|error| whole(&error))?;
        Ok(Self {
            schema,
            slices,
            caches: Caches::default(),
            hash,
            openings,
            generation: 0,
            warnings,
        })
    }

    /// SHA-256, in hexadecimal, of the files (names and texts, sorted by name) and the schema.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The schema that the policies were checked against.
    pub fn schema(&self) -> &Arc<GeneratedSchema> {
        &self.schema
    }

    /// Counts the policy sets that a [`PolicyStore`](super::PolicyStore) has had in force; 0
    /// outside of one.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn with_generation(mut self, generation: u64) -> Self {
        self.generation = generation;
        self
    }

    /// Whether some policy permits a token of a column, so that a key for tokens is needed.
    pub fn permit_tokens(&self) -> bool {
        self.slices.permit(Level::MaskToken)
    }

    /// Doubts that do not stop the policies: what is probably not meant.
    pub fn warnings(&self) -> &[PolicyFault] {
        &self.warnings
    }
}

/// By their places. The same fault can be found once for each table.
fn sort(faults: &mut Vec<PolicyFault>) {
    let key = |fault: &PolicyFault| {
        let place = fault.place.as_ref().map_or((0, 0), |place| (place.line, place.column));
        (fault.file.clone(), place, fault.reason.clone())
    };
    faults.sort_by_cached_key(key);
    faults.dedup();
}

/// A fault of the policies together; what the files say was looked at before.
fn whole(error: &PolicySetError) -> Vec<PolicyFault> {
    vec![PolicyFault::of_file("*.cedar", error)]
}

fn locate(
    parsed: &[Parsed],
    id: &cedar_policy::PolicyId,
    diagnostic: &dyn miette::Diagnostic,
) -> PolicyFault {
    match parsed.iter().find(|one| one.policy.id() == id) {
        Some(one) => {
            PolicyFault::of_diagnostic(&one.file.name, &one.file.text, Some(one.id()), diagnostic)
        }
        None => PolicyFault::of_diagnostic("", "", None, diagnostic),
    }
}

/// Where a policy names a column that is there, but has no counterpart in Cedar, says so.
fn explained(
    mut fault: PolicyFault,
    error: &ValidationError,
    schema: &GeneratedSchema,
) -> PolicyFault {
    let access = matches!(error, ValidationError::UnsafeAttributeAccess(_));
    let marked = fault.place.as_ref().filter(|_| access).map(Place::marked);
    let left_out = marked.and_then(|marked| {
        let ending = format!(".{}", marked.strip_prefix("resource.")?);
        schema.notes().iter().find(|note| note.subject.ends_with(&ending))
    });
    if let Some(note) = left_out {
        fault.help = Some(note.to_string());
    }
    fault
}

/// The first construct of the policy that is not taken, wherever it decides.
fn refused(one: &Parsed, reach: &Reach, schema: &GeneratedSchema) -> Option<PolicyFault> {
    let core = one.policy.as_ref();
    let tables = reach.tables(schema);
    let refused = if tables.is_empty() {
        check::check(core, None, schema).err()
    } else {
        tables.into_iter().find_map(|table| check::check(core, Some(table), schema).err())
    }?;
    let loc = refused.loc.or_else(|| core.loc().cloned());
    Some(PolicyFault {
        policy: Some(one.id()),
        file: one.file.name.clone(),
        place: loc.map(|loc| Place::of(&one.file.text, loc.span)),
        reason: refused.reason,
        help: refused.help.map(str::to_owned),
    })
}
