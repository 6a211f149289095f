//! The lines of metrics that the functions write.

use std::sync::{Arc, Mutex};

use ecs_task_runner::clock::Clock;
use ecs_task_runner::functions::RunMetrics;
use serde_json::Value;

/// The lines of the instances of `respond` and `rescue` in one account. Clones share them.
#[derive(Clone)]
pub struct Lines {
    written: Arc<Mutex<Vec<Value>>>,
    respond: RunMetrics,
    rescue: RunMetrics,
}

impl Lines {
    pub fn new(clock: &Clock) -> Self {
        let lines = Arc::default();
        Self {
            respond: writer(clock, &lines),
            rescue: writer(clock, &lines),
            written: lines,
        }
    }

    /// Where the instance of a function writes its lines.
    pub fn of(&self, function: &str) -> Option<RunMetrics> {
        match function {
            "respond" => Some(self.respond.clone()),
            "rescue" => Some(self.rescue.clone()),
            _ => None,
        }
    }

    /// As [`of`](Self::of), for an instance that has counted nothing yet.
    pub fn of_another_instance(&self, clock: &Clock) -> RunMetrics {
        writer(clock, &self.written)
    }

    /// What was written.
    pub fn written(&self) -> Vec<Value> {
        self.written.lock().unwrap().clone()
    }

    /// What was written of runs, as `kind: outcome` or `kind: error`.
    pub fn counted(&self) -> Vec<String> {
        let lines = self.written().into_iter();
        lines
            .map(|line| {
                assert_eq!(line["Runs"], 1, "{line}");
                let text = |name: &str| line[name].as_str().map(str::to_owned);
                let how = text("Error").or_else(|| text("Outcome")).unwrap();
                format!("{}: {how}", text("kind").unwrap())
            })
            .collect()
    }
}

fn writer(clock: &Clock, lines: &Arc<Mutex<Vec<Value>>>) -> RunMetrics {
    let lines = Arc::clone(lines);
    RunMetrics::new("ecs-task-runner/tests", clock.clone(), move |line| {
        let line = serde_json::from_str(line).unwrap();
        lines.lock().unwrap().push(line);
    })
}
