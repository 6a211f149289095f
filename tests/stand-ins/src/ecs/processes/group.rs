//! A process group that is not left behind.

use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// A process group. Dropped, it is killed.
#[derive(Debug)]
pub(super) struct ProcessGroup {
    id: Pid,
    /// Its id may be another's by now.
    over: AtomicBool,
}

impl ProcessGroup {
    /// The group that the process of this id leads.
    pub(super) fn led_by(id: u32) -> Option<Self> {
        // Zero would be our own group.
        i32::try_from(id).ok().filter(|id| *id > 0).map(|id| Self {
            id: Pid::from_raw(id),
            over: AtomicBool::new(false),
        })
    }

    /// SIGTERM to every process of the group.
    pub(super) fn terminate(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// SIGKILL to every process of the group.
    pub(super) fn kill(&self) {
        self.signal(Signal::SIGKILL);
    }

    /// The leader has ended: SIGKILL to what it left behind, and no more signals.
    pub(super) fn end(&self) {
        self.kill();
        self.over.store(true, Ordering::Relaxed);
    }

    fn signal(&self, signal: Signal) {
        if !self.over.load(Ordering::Relaxed) {
            // It fails only where no process of the group is left.
            let _gone = killpg(self.id, signal);
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.kill();
    }
}
