//! Links to pages of the AWS console, for people who read an answer.

use crate::arn::Arn;

/// The address of a task's page in the ECS console. Empty when the text is no ARN of a task, or
/// names no cluster, as ARNs did before 2018.
#[must_use]
pub fn task_url(task_arn: &str) -> String {
    let page = |arn: Arn<'_>| {
        let (cluster, id) = arn.resource_of("ecs", "task/")?.split_once('/')?;
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
        for (arn, expected) in [
            (
                "arn:aws:ecs:eu-west-1:123456789012:task/todobackend/0f1e2d3c",
                "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/todobackend/tasks/0f1e2d3c?region=eu-west-1",
            ),
            (
                "arn:aws-cn:ecs:cn-north-1:123456789012:task/todobackend/0f1e2d3c",
                "https://cn-north-1.console.amazonaws.cn/ecs/v2/clusters/todobackend/tasks/0f1e2d3c?region=cn-north-1",
            ),
            (
                "arn:aws-us-gov:ecs:us-gov-west-1:123456789012:task/todobackend/0f1e2d3c",
                "https://us-gov-west-1.console.amazonaws-us-gov.com/ecs/v2/clusters/todobackend/tasks/0f1e2d3c?region=us-gov-west-1",
            ),
            ("arn:aws:ecs:eu-west-1:123456789012:task/0f1e2d3c", ""),
            ("nonsense", ""),
        ] {
            assert_eq!(task_url(arn), expected, "{arn}");
        }
    }
}
