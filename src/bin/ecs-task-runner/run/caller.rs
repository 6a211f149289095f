//! Who makes the calls: profile and region, from which credentials are read anew when they have
//! expired.

use ecs_task_runner::aws::{ApiError, Connection};

/// Error codes of expired credentials (`CommonErrors` of each service).
const EXPIRED: [&str; 2] = ["ExpiredTokenException", "ExpiredToken"];

/// Reads credentials as often as it is asked: a file or a program that gives them may have fresh
/// ones.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) profile: Option<String>,
    pub(super) region: Option<String>,
}

impl Caller {
    pub(super) async fn connection(&self) -> Connection {
        Connection::of_profile(self.profile.as_deref(), self.region.as_deref()).await
    }
}

/// Whether the service says that the credentials have expired.
pub(super) fn is_expired(error: &ApiError) -> bool {
    let code = error.code.as_deref();
    code.is_some_and(|code| EXPIRED.contains(&code))
}
