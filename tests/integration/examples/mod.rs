//! What the documents show is what happens: the commands of each example's README and of the
//! README of the repository are run, and must answer as it is written there.

mod console;
mod own_data;
mod samples;

use console::Document;

#[test]
fn two_tenant_dashboard() {
    Document::of_example("two-tenant-dashboard").is_true();
}

#[test]
fn ai_agent() {
    Document::of_example("ai-agent").is_true();
}

#[test]
fn readme() {
    Document::readme().is_true();
}
