//! `RunTask` calls under way.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::aws::ecs::{Placement, RunTaskError};

/// What a `RunTask` call comes to.
type Launched = Result<Placement, RunTaskError>;

/// The `RunTask` calls of a runner. Each is a tokio task of its own, which goes on when the run that
/// waits for it is dropped: ECS may have launched tasks, and only the answer names them. No call goes
/// on after [`end`](Self::end).
#[derive(Debug, Default)]
pub(in crate::task_run) struct LaunchCalls(Mutex<JoinSet<()>>);

impl LaunchCalls {
    /// Begins a call. The receiver fails when the call panics.
    pub(super) fn begin(
        &self,
        call: impl Future<Output = Launched> + Send + 'static,
    ) -> oneshot::Receiver<Launched> {
        let (answer, receiver) = oneshot::channel();
        // The set is whole even after a panic: nothing is done under this lock but adding and removing
        // a call.
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A worker runs for months: those that have ended make room.
        while calls.try_join_next().is_some() {}
        calls.spawn(async move {
            // Cannot be sent when the run was dropped: nobody waits for the answer any more.
            let _ = answer.send(call.await);
        });
        receiver
    }

    /// Cancels the calls that are under way, and waits until they have ended. What they have launched
    /// is found again under their client tokens.
    pub(in crate::task_run) async fn end(self) {
        let mut calls = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        calls.shutdown().await;
    }
}
