//! `[policies]`

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::found::Found;
use super::reader::Section;
use super::secret::Secret;

/// The shortest key for `mask_token`, in bytes: as long as the output of its hash.
const MIN_TOKEN_KEY_BYTES: usize = 32;

/// Where the policies are, and what they may refer to.
#[derive(Clone, Debug, PartialEq)]
pub struct Policies {
    /// The folder of `*.cedar` files.
    pub dir: PathBuf,
    /// The tags that a policy may name, whether or not a column carries them.
    pub tags: BTreeSet<String>,
    /// The key for `mask_token`.
    pub token_key: Option<Secret>,
}

/// As read, before the tags of the sources are known.
pub(super) struct Draft {
    pub(super) dir: PathBuf,
    /// `None` where the vocabulary is whatever the sources use.
    pub(super) tags: Option<BTreeSet<String>>,
    pub(super) token_key: Option<Secret>,
}

impl Draft {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let dir = match section.text("dir") {
            Some(dir) => dir.folder(),
            None => section.default_folder("dir", "policies"),
        };
        let tags = section.texts("tags").map(|tags| {
            let tags = tags.iter().map(|tag| tag.value.to_owned()).collect();
            section.has("tags").then_some(tags)
        });
        let token_key = Secret::read(section, "token_key").filter(|key| {
            let bytes = key.reveal().len();
            let long_enough = bytes >= MIN_TOKEN_KEY_BYTES;
            if !long_enough {
                section.fault(format!(
                    "has a \"token_key\" of {bytes} bytes; it needs at least {MIN_TOKEN_KEY_BYTES}"
                ));
            }
            long_enough
        });
        Some(Self { dir: dir?, tags: tags?, token_key })
    }

    /// Checks the tags of the columns against the vocabulary.
    pub(super) fn complete(self, used: &[Found<'_, &str>]) -> Policies {
        let used_names = || used.iter().map(|tag| tag.value.to_owned());
        let tags = match self.tags {
            None => used_names().collect(),
            Some(vocabulary) => {
                for tag in used.iter().filter(|tag| !vocabulary.contains(tag.value)) {
                    let known = vocabulary.iter().map(String::as_str);
                    let hint = match super::nearest::nearest(tag.value, known) {
                        Some(near) => format!("did you mean \"{near}\"?"),
                        None => "add it there, or leave \"tags\" out of [policies]".to_owned(),
                    };
                    tag.fault::<()>(format!(
                        "has the tag \"{}\", which is not in \"tags\" of [policies]; {hint}",
                        tag.value.escape_debug()
                    ));
                }
                vocabulary
            }
        };
        Policies { dir: self.dir, tags, token_key: self.token_key }
    }
}
