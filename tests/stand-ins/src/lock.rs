//! One way to take a lock: a test that panicked while holding one must not hide its message behind
//! a poisoned mutex.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Taking a mutex whatever happened to its last holder.
pub(crate) trait Lock<T> {
    /// The guard, also after a panic of another holder.
    fn locked(&self) -> MutexGuard<'_, T>;
}

impl<T> Lock<T> for Mutex<T> {
    fn locked(&self) -> MutexGuard<'_, T> {
        self.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
