//! The function `work` in a history without a fleet: its invocations follow one another as the
//! shifts of workers do, in an account with little concurrency.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ecs_task_runner::activity::TaskClient;
use ecs_task_runner::aws::CallRates;
use ecs_task_runner::aws::ecs::Ecs;
use ecs_task_runner::aws::logs::Logs;
use ecs_task_runner::clock::after;
use ecs_task_runner::functions::{LambdaWorker, WorkError};
use ecs_task_runner::times::work::{WORK_EVENT_AGE, WORK_TIMEOUT};
use serde_json::Value;
use stand_ins::lambda::Lambda;
use tokio::time::{sleep, timeout};

use super::account::Account;
use super::network::Network;
use super::play::seconds;
use super::schedule::History;
use super::shifts::{Leaves, Shift};

/// What is left of an invocation when it hands over.
const MARGIN: Duration = Duration::from_secs(60);

/// Lambda, as far as `work` is concerned.
pub struct Invocations {
    lambda: Lambda,
    /// Invocations that have not ended.
    under_way: AtomicUsize,
    /// What becomes of the next invocations. Those after them have all of their time.
    shifts: Mutex<std::vec::IntoIter<Shift>>,
    /// When a function was free again after the last shift.
    free_again: Mutex<Duration>,
}

impl Invocations {
    pub fn of(history: &History) -> Self {
        Self {
            lambda: Lambda::with_concurrency(history.concurrency.into()),
            under_way: AtomicUsize::new(0),
            shifts: Mutex::new(history.shifts.clone().into_iter()),
            free_again: Mutex::default(),
        }
    }

    pub fn free_again(&self) -> Duration {
        *self.free_again.lock().unwrap()
    }

    pub fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }
}

impl Account {
    /// Takes an event for `work`, as Lambda's queue does.
    pub fn give(&self, event: Value) {
        let account = self.clone();
        self.invocations.lambda.take(WORK_EVENT_AGE, async move {
            let shift = account.invocations.shifts.lock().unwrap().next();
            let under_way = &account.invocations.under_way;
            under_way.fetch_add(1, Ordering::Relaxed);
            account.work(event, shift).await;
            under_way.fetch_sub(1, Ordering::Relaxed);
            if let Some(shift) = shift {
                // Others have the function's place meanwhile.
                sleep(seconds(shift.gap)).await;
                let now = account.aws.clock().now();
                let mut free_again = account.invocations.free_again.lock().unwrap();
                *free_again = now.max(*free_again);
            }
        });
    }

    /// One invocation, in an instance of its own.
    async fn work(&self, event: Value, shift: Option<Shift>) {
        let (network, client) = Network::over(self.aws.http_client());
        let connection = self.connection(client);
        let function = LambdaWorker::new(
            TaskClient::new(&connection, "work/1"),
            Ecs::for_one_run(&connection),
            Logs::new(&connection, CallRates::default()),
            self.clock.clone(),
        );
        let (time, killed) = match shift {
            Some(Shift {
                lasts,
                ends: Leaves::HandsOver,
                ..
            }) => (seconds(lasts) + MARGIN, false),
            Some(Shift {
                lasts,
                ends: Leaves::IsKilled,
                ..
            }) => (seconds(lasts), true),
            _ => (WORK_TIMEOUT, false),
        };
        let is_cut_off = async {
            if let Some(Shift {
                lasts,
                ends: Leaves::IsCutOff(length),
                ..
            }) = shift
            {
                sleep(seconds(lasts)).await;
                network.cut();
                sleep(seconds(length)).await;
                network.restore();
            }
            std::future::pending::<()>().await;
        };
        // Nobody tells a function that it will be killed.
        let end = after(self.clock.now(), if killed { WORK_TIMEOUT } else { time });
        tokio::select! {
            biased;
            ended = timeout(time, function.work(event, end)) => match ended {
                // One whose heartbeats do not get through fails, and another follows it.
                Ok(ended) => assert!(
                    matches!(ended, Ok(()) | Err(WorkError::NotBegun(_))),
                    "{ended:?}"
                ),
                Err(_) => assert!(killed, "an invocation did not end before its time was over"),
            },
            () = is_cut_off => {}
        }
        // Nothing of the process is heard any more.
        network.close();
    }
}
