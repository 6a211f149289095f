//! The input that `start` gives an execution, and the input that the state machine gives the
//! activity.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use crate::cloudformation::event::Request;
use crate::task::spec::TaskSpec;
use crate::text::lenient;

/// Input of an execution. The state machine, the worker and the other functions learn nothing of
/// the event beyond it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionInput {
    /// The request of CloudFormation. Its response URL is sealed, unless the functions have no key.
    pub request: Request,
    /// The task to run; on Delete, the cluster, family and name by which leftover tasks of the
    /// resource are found.
    pub task: TaskSpec,
    /// Who works on the run. `start` writes it, and the state `Workers` of the state machine reads it.
    #[serde(default, deserialize_with = "workers")]
    pub workers: Workers,
}

/// Who works on the runs of a task runner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum Workers {
    /// Workers that poll the activity. Inputs of releases that knew no other kind do not say so.
    #[default]
    Fleet,
    /// The function `work`, to which the state machine gives each run with a task token.
    Lambda,
}

/// The name of neither kind of workers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("workers are Fleet or Lambda, and not '{0}'")]
pub struct UnknownWorkers(String);

impl FromStr for Workers {
    type Err = UnknownWorkers;

    fn from_str(name: &str) -> Result<Self, UnknownWorkers> {
        match name {
            "Fleet" => Ok(Self::Fleet),
            "Lambda" => Ok(Self::Lambda),
            other => Err(UnknownWorkers(other.to_owned())),
        }
    }
}

/// As the state machine reads it: all that is not `Lambda` leads to the fleet.
fn workers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Workers, D::Error> {
    let name = lenient::text(deserializer)?;
    Ok(name.parse().unwrap_or_default())
}

/// Input of the activity, and together with a task token the event of the function `work`. It never
/// carries the response URL, since a worker does not answer CloudFormation and must not be able to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActivityInput {
    /// ARN of the execution; empty when the state machine does not pass it.
    #[serde(default)]
    pub execution: String,
    /// The state's `HeartbeatSeconds`. The state machine's definition repeats the number here,
    /// since Step Functions does not give it to a worker. 0 when the state machine does not pass
    /// it.
    #[serde(default)]
    pub heartbeat_seconds: u64,
    /// The task to run.
    pub task: TaskSpec,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_input_means_the_fleet_unless_it_says_lambda() {
        let task = json!({"cluster": "c", "taskDefinition": "t", "count": 1, "startedBy": "n", "clientToken": "x",
            "deadline": "2026-11-23T07:00:00Z"});
        let request = json!({"RequestType": "Create", "StackId": "s", "RequestId": "r", "LogicalResourceId": "l",
            "ResourceType": "Custom::EcsTask", "ResponseURL": "https://example.com"});
        for (written, expected) in [
            (json!({}), Workers::Fleet),
            (json!({"workers": "Fleet"}), Workers::Fleet),
            (json!({"workers": "Lambda"}), Workers::Lambda),
            (json!({"workers": "Another"}), Workers::Fleet),
            (json!({"workers": null}), Workers::Fleet),
        ] {
            let mut input = json!({"request": request, "task": task});
            input
                .as_object_mut()
                .unwrap()
                .extend(written.as_object().unwrap().clone());
            let input: ExecutionInput = serde_json::from_value(input).unwrap();
            assert_eq!(input.workers, expected, "{written}");
        }
    }

    #[test]
    fn the_name_of_neither_kind_is_refused() {
        assert_eq!("Lambda".parse(), Ok(Workers::Lambda));
        assert_eq!("Fleet".parse(), Ok(Workers::Fleet));
        let refused = "lambda".parse::<Workers>().unwrap_err().to_string();
        assert_eq!(refused, "workers are Fleet or Lambda, and not 'lambda'");
    }
}
