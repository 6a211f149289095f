//! An event as `start` received it.

use crate::cloudformation::event::{Event, Request};
use crate::cloudformation::identity::Identity;

/// An event with the names that are derived from its request.
pub(super) struct Arrival {
    pub(super) event: Event,
    pub(super) identity: Identity,
    /// The event's request with a physical resource id, which every answer needs.
    pub(super) request: Request,
}

impl Arrival {
    pub(super) fn of(event: Event) -> Self {
        let identity = Identity::of(&event.request);
        // On Create `start` chooses the physical resource id; afterwards it echoes
        // CloudFormation's.
        let sent = event.request.physical_resource_id.clone();
        let id = sent
            .filter(|id| !id.is_empty())
            .unwrap_or_else(|| identity.physical_resource_id.clone());
        let request = Request {
            physical_resource_id: Some(id),
            wait_condition_handle: None,
            ignores_failure: false,
            ..event.request.clone()
        };
        Self {
            event,
            identity,
            request,
        }
    }
}
