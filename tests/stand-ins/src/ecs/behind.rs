//! Another ECS endpoint behind this one: it has the clusters, task definitions and services that
//! templates and clients made there. Tasks are launched here all the same.

use std::sync::Arc;

use http::HeaderMap;
use serde_json::{Value, json};

use super::Ecs;
use super::request::{cluster_name, last_segment, list, string};
use super::task_definitions::{TaskDefinition, family_and_revision};
use crate::aws_error::AwsError;
use crate::dispatch::unknown_operation;
use crate::lock::Lock;
use crate::protocol::Service;
use crate::upstream::Upstream;

/// Operations that ECS refuses for a cluster that does not exist.
const IN_A_CLUSTER: [&str; 6] = [
    "RunTask",
    "StartTask",
    "StopTask",
    "DescribeTasks",
    "ListTasks",
    "DescribeServices",
];

impl Ecs {
    /// Asks the endpoint at `url` for clusters, task definitions and services that were not
    /// registered here, and passes on the operations that are not about tasks.
    ///
    /// # Panics
    /// When it was called before.
    pub fn in_front_of(&self, url: &str) {
        self.inner
            .behind
            .set(Upstream::new(url))
            .expect("a stand-in is put in front of one endpoint");
    }

    /// Refuses an operation in a cluster that does not exist.
    pub(super) async fn check_cluster(
        &self,
        operation: &str,
        body: &Value,
        headers: &HeaderMap,
    ) -> Result<(), AwsError> {
        if !IN_A_CLUSTER.contains(&operation) {
            return Ok(());
        }
        let name = cluster_name(body);
        let is_registered = {
            let state = self.inner.state.locked();
            let registered = state.clusters.as_ref();
            registered.map(|clusters| clusters.contains(name))
        };
        let exists = match (is_registered, self.inner.behind.get()) {
            (Some(true), _) | (None, None) => true,
            (Some(false), None) => false,
            (_, Some(behind)) => has_cluster(behind, name, headers).await?,
        };
        if exists {
            Ok(())
        } else {
            Err(AwsError::new(
                "ClusterNotFoundException",
                "Cluster not found.",
            ))
        }
    }

    /// An operation that is not served here.
    pub(super) async fn pass_on(
        &self,
        operation: &str,
        body: &Value,
        headers: &HeaderMap,
    ) -> Result<Value, AwsError> {
        match self.inner.behind.get() {
            Some(behind) => behind.call(Service::Ecs, operation, body, headers).await,
            None => Err(unknown_operation(operation)),
        }
    }

    /// The task definition of a name that is not registered here.
    pub(super) async fn find_behind(
        &self,
        name: &str,
        headers: &HeaderMap,
    ) -> Result<Option<Arc<TaskDefinition>>, AwsError> {
        let Some(behind) = self.inner.behind.get() else {
            return Ok(None);
        };
        let Some(found) = describe(behind, name, headers).await? else {
            return Ok(None);
        };
        // The emulator takes a family for its newest revision, active or not.
        let is_family = family_and_revision(name).is_some_and(|(_, revision)| revision.is_none());
        if found.is_active() || !is_family {
            return Ok(Some(found));
        }
        let body = json!({"familyPrefix": found.family, "status": "ACTIVE"});
        let listed = behind
            .call(Service::Ecs, "ListTaskDefinitions", &body, headers)
            .await?;
        let newest = list(&listed, "taskDefinitionArns")
            .iter()
            .filter_map(Value::as_str)
            .filter_map(|arn| Some((family_and_revision(arn)?, arn)))
            .filter(|((family, _), _)| *family == found.family)
            .max_by_key(|((_, revision), _)| *revision);
        match newest {
            Some((_, arn)) => describe(behind, arn, headers).await,
            None => Ok(None),
        }
    }

    /// Whether each service of a DescribeServices request is registered here, or could be nowhere
    /// else.
    pub(super) fn has_services(&self, body: &Value) -> bool {
        let cluster = cluster_name(body);
        let state = self.inner.state.locked();
        let mut names = list(body, "services").iter().filter_map(Value::as_str);
        self.inner.behind.get().is_none()
            || names.all(|name| {
                let key = (cluster.to_owned(), last_segment(name).to_owned());
                state.services.contains_key(&key)
            })
    }
}

async fn has_cluster(behind: &Upstream, name: &str, headers: &HeaderMap) -> Result<bool, AwsError> {
    let body = json!({"clusters": [name]});
    let answer = behind
        .call(Service::Ecs, "DescribeClusters", &body, headers)
        .await?;
    let mut clusters = list(&answer, "clusters").iter();
    Ok(clusters.any(|cluster| string(cluster, "status") == Some("ACTIVE")))
}

async fn describe(
    behind: &Upstream,
    name: &str,
    headers: &HeaderMap,
) -> Result<Option<Arc<TaskDefinition>>, AwsError> {
    let body = json!({"taskDefinition": name});
    match behind
        .call(Service::Ecs, "DescribeTaskDefinition", &body, headers)
        .await
    {
        Ok(mut answer) => {
            let mut described = answer["taskDefinition"].take();
            // The emulator shows as empty texts, above all for roles, what ECS does not show at all.
            if let Some(members) = described.as_object_mut() {
                members.retain(|_, value| value.as_str() != Some(""));
            }
            Ok(TaskDefinition::from_described(described).map(Arc::new))
        }
        Err(error) if error.status < 500 => Ok(None),
        Err(error) => Err(error),
    }
}
