//! Texts become policies with ids of their own.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use cedar_policy::{Policy, PolicySet};
use cedar_policy_core::ast::Template;

use super::fault::{Place, PolicyFault};
use super::files::PolicyFile;
use crate::policy::permit::PolicyId;

/// How many `&&` and `||` one policy may hold. Cedar nests them, and frees a nest recursively,
/// so that a hundred thousand would overflow the stack.
const MAX_JOINED: usize = 1_000;

/// A policy and where it comes from.
pub(super) struct Parsed {
    pub policy: Policy,
    pub file: Arc<PolicyFile>,
}

impl Parsed {
    pub fn id(&self) -> PolicyId {
        PolicyId(AsRef::<str>::as_ref(self.policy.id()).to_owned())
    }

    /// A remark on the whole policy.
    pub fn remark(&self, reason: impl Into<String>, help: &str) -> PolicyFault {
        let loc = self.policy.as_ref().loc();
        PolicyFault {
            policy: Some(self.id()),
            file: self.file.name.clone(),
            place: loc.map(|loc| Place::of(&self.file.text, loc.span)),
            reason: reason.into(),
            help: Some(help.to_owned()),
        }
    }
}

/// The policies of all files, in their order.
///
/// # Errors
/// Syntax errors, templates, and ids that two policies share.
pub(super) fn parse(files: Vec<PolicyFile>) -> Result<Vec<Parsed>, Vec<PolicyFault>> {
    let mut parsed = Vec::new();
    let mut faults = Vec::new();
    for file in files {
        let file = Arc::new(file);
        if too_long(&file.text) {
            let reason = format!("holds a policy with more than {MAX_JOINED} && and ||");
            faults.push(PolicyFault::of_file(&file.name, reason));
            continue;
        }
        match PolicySet::from_str(&file.text) {
            Ok(set) => {
                faults.extend(set.templates().map(|template| a_template(&file, template.as_ref())));
                parsed.extend(numbered(&set).into_iter().map(|(number, policy)| Parsed {
                    policy: named(&file, number, policy),
                    file: Arc::clone(&file),
                }));
            }
            Err(errors) => faults.extend(
                errors
                    .iter()
                    .map(|error| PolicyFault::of_diagnostic(&file.name, &file.text, None, error)),
            ),
        }
    }
    faults.extend(shared_ids(&parsed));
    if faults.is_empty() { Ok(parsed) } else { Err(faults) }
}

/// Counted before anything is parsed. A semicolon in a text splits too, which only counts less.
fn too_long(text: &str) -> bool {
    let joined = |policy: &str| policy.matches("&&").count() + policy.matches("||").count();
    text.split(';').any(|policy| joined(policy) > MAX_JOINED)
}

/// The policies in the order of the file. Cedar names them `policy0`, `policy1`, …
fn numbered(set: &PolicySet) -> BTreeMap<usize, &Policy> {
    set.policies()
        .filter_map(|policy| {
            let id: &str = policy.id().as_ref();
            Some((id.strip_prefix("policy")?.parse().ok()?, policy))
        })
        .collect()
}

/// The file's stem, and the policy's `@id` or its number in the file, from 1.
fn named(file: &PolicyFile, number: usize, policy: &Policy) -> Policy {
    let stem = file.name.strip_suffix(".cedar").unwrap_or(&file.name);
    let id = match policy.annotation("id") {
        Some(id) if !id.is_empty() => format!("{stem}.{id}"),
        _ => format!("{stem}.{}", number + 1),
    };
    policy.new_id(cedar_policy::PolicyId::new(id))
}

fn a_template(file: &PolicyFile, template: &Template) -> PolicyFault {
    PolicyFault {
        policy: None,
        file: file.name.clone(),
        place: template.loc().map(|loc| Place::of(&file.text, loc.span)),
        reason: "a template decides nothing until it is linked, and nothing links it here".into(),
        help: Some("write the policy without ?principal and ?resource".into()),
    }
}

fn shared_ids(parsed: &[Parsed]) -> Vec<PolicyFault> {
    let mut first = BTreeMap::new();
    let mut faults = Vec::new();
    for one in parsed {
        if first.insert(one.id(), ()).is_some() {
            let reason = format!("another policy has the id \"{}\" too", one.id().0);
            faults.push(one.remark(reason, "give it an @id of its own"));
        }
    }
    faults
}
