//! The policies in force.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use super::load::{Policies, PolicyFault};
use super::schema::GeneratedSchema;

/// Holds the policies in force and replaces them as a whole when their files change. A set that
/// is broken replaces nothing: the old one stays in force, and the faults are kept to be seen.
#[derive(Debug)]
pub struct PolicyStore {
    dir: PathBuf,
    current: RwLock<Arc<Policies>>,
    faults: Mutex<Vec<PolicyFault>>,
    /// Held through a reload, so that two of them do not overtake each other.
    reloading: Mutex<()>,
}

/// What a reload did.
#[derive(Clone, Debug)]
pub enum Reload {
    /// The files are those in force.
    Unchanged,
    /// These are in force now.
    Replaced(Arc<Policies>),
    /// The files are broken; the old policies stay in force.
    Refused(Vec<PolicyFault>),
}

impl PolicyStore {
    /// Loads the policies of the folder.
    ///
    /// # Errors
    /// All faults; then there is no store.
    pub fn open(
        dir: impl Into<PathBuf>,
        schema: Arc<GeneratedSchema>,
    ) -> Result<Self, Vec<PolicyFault>> {
        let dir = dir.into();
        let policies = Policies::load(&dir, schema)?.with_generation(1);
        Ok(Self {
            dir,
            current: RwLock::new(Arc::new(policies)),
            faults: Mutex::default(),
            reloading: Mutex::default(),
        })
    }

    /// The policies in force. Whoever keeps them asks again before each statement; another
    /// [generation](Policies::generation) means another set.
    pub fn current(&self) -> Arc<Policies> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }

    /// The faults of the files as they are, where they are broken; else none.
    pub fn faults(&self) -> Vec<PolicyFault> {
        self.lock_faults().clone()
    }

    /// Reads the folder again and puts its policies in force, where they differ and hold.
    pub fn reload(&self) -> Reload {
        let schema = Arc::clone(self.current().schema());
        self.replace(schema)
    }

    /// As [`PolicyStore::reload`], against another schema: a source came back, or has changed.
    pub fn reload_with(&self, schema: Arc<GeneratedSchema>) -> Reload {
        self.replace(schema)
    }

    fn replace(&self, schema: Arc<GeneratedSchema>) -> Reload {
        let _guard = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.current();
        let loaded = Policies::load(&self.dir, schema);
        let (reload, faults) = match loaded {
            Err(faults) => (Reload::Refused(faults.clone()), faults),
            Ok(policies) if policies.hash() == before.hash() => (Reload::Unchanged, Vec::new()),
            Ok(policies) => {
                let policies = Arc::new(policies.with_generation(before.generation() + 1));
                *self.current.write().unwrap_or_else(PoisonError::into_inner) =
                    Arc::clone(&policies);
                (Reload::Replaced(policies), Vec::new())
            }
        };
        *self.lock_faults() = faults;
        reload
    }

    fn lock_faults(&self) -> MutexGuard<'_, Vec<PolicyFault>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the folder again and again, forever, and reloads when a change has settled: when
    /// two looks in a row see the same files, so that a file that is being written is left alone.
    /// `told` hears of each reload that was not [`Reload::Unchanged`].
    pub async fn watch(
        self: Arc<Self>,
        interval: Duration,
        mut told: impl FnMut(&Reload) + Send + 'static,
    ) {
        // What was loaded is not looked at again; what changes from here on is.
        let mut loaded = None;
        let mut seen = None;
        loop {
            let store = Arc::clone(&self);
            let (before, last) = (loaded.clone(), seen.clone());
            // Files are read and policies checked beside the threads that serve clients.
            let look = tokio::task::spawn_blocking(move || {
                let now = Some(fingerprint(&store.dir));
                let changed = now == last && now != before;
                let reload = if changed { store.reload() } else { Reload::Unchanged };
                (now, changed, reload)
            });
            // A look that panicked is repeated; the policies in force stay.
            if let Ok((now, changed, reload)) = look.await {
                if changed {
                    loaded.clone_from(&now);
                }
                seen = now;
                if !matches!(reload, Reload::Unchanged) {
                    told(&reload);
                }
            }
            tokio::time::sleep(interval).await;
        }
    }
}

/// Names, sizes and times of the policy files; none where the folder cannot be read.
fn fingerprint(dir: &Path) -> Option<Vec<(PathBuf, u64, Option<SystemTime>)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).ok()? {
        let path = entry.ok()?.path();
        if path.extension().is_some_and(|extension| extension == "cedar") {
            let metadata = std::fs::metadata(&path).ok();
            let length = metadata.as_ref().map_or(0, std::fs::Metadata::len);
            files.push((path, length, metadata.and_then(|metadata| metadata.modified().ok())));
        }
    }
    files.sort();
    Some(files)
}
