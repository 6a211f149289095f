//! Links to pages of the AWS console, for people who read an answer.

use crate::arn::{Arn, last_part};

/// The address of a task's page in the ECS console; empty when the text is no ARN of a task.
/// `cluster` is the name or ARN of the task's cluster. It is used when the task's ARN names no
/// cluster, as ARNs did before 2018 and still do in accounts that never opted in to the new ones.
#[must_use]
pub fn task_url(task_arn: &str, cluster: &str) -> String {
    let page = |arn: Arn<'_>| {
        let task = arn.resource_of("ecs", "task/")?;
        let (cluster, id) = task.split_once('/').unwrap_or((last_part(cluster), task));
        let domain = match arn.partition {
            "aws-cn" => "console.amazonaws.cn",
            "aws-us-gov" => "console.amazonaws-us-gov.com",
            _ => "console.aws.amazon.com",
        };
        let region = arn.region;
        Some(format!(
            "https://{region}.{domain}/ecs/v2/clusters/{cluster}/tasks/{id}?region={region}"
        ))
    };
    Arn::parse(task_arn).and_then(page).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_has_a_page_in_the_console_of_its_partition() {
        for (arn, cluster, expected) in [
            (
                "arn:aws:ecs:eu-west-1:123456789012:task/todobackend/0f1e2d3c",
                "production",
                "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/todobackend/tasks/0f1e2d3c?region=eu-west-1",
            ),
            (
                "arn:aws-cn:ecs:cn-north-1:123456789012:task/todobackend/0f1e2d3c",
                "production",
                "https://cn-north-1.console.amazonaws.cn/ecs/v2/clusters/todobackend/tasks/0f1e2d3c?region=cn-north-1",
            ),
            (
                "arn:aws-us-gov:ecs:us-gov-west-1:123456789012:task/todobackend/0f1e2d3c",
                "production",
                "https://us-gov-west-1.console.amazonaws-us-gov.com/ecs/v2/clusters/todobackend/tasks/0f1e2d3c?region=us-gov-west-1",
            ),
            (
                "arn:aws:ecs:eu-west-1:123456789012:task/0f1e2d3c",
                "production",
                "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/production/tasks/0f1e2d3c?region=eu-west-1",
            ),
            (
                "arn:aws:ecs:eu-west-1:123456789012:task/0f1e2d3c",
                "arn:aws:ecs:eu-west-1:123456789012:cluster/production",
                "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/production/tasks/0f1e2d3c?region=eu-west-1",
            ),
            ("nonsense", "production", ""),
            ("arn:aws:s3:::task/0f1e2d3c", "production", ""),
        ] {
            assert_eq!(task_url(arn, cluster), expected, "{arn} {cluster}");
        }
    }
}
