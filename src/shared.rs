//! Values that threads share.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A value behind an [`Arc`]. That threads may share it is proved where it is made, and not again
/// wherever it is held: of a type as large as the tree of a grammar that is most of the work of
/// compiling a task.
pub struct Shared<T>(Arc<dyn Holds<T> + Send + Sync>);

trait Holds<T> {
    fn held(&self) -> &T;
}

impl<T> Holds<T> for T {
    fn held(&self) -> &T {
        self
    }
}

impl<T: Send + Sync + 'static> Shared<T> {
    /// Takes a value that threads may share.
    pub fn new(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        (*self.0).held()
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
