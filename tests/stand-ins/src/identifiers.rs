//! Account, region and the identifiers AWS would make up: ARNs, task ids, task tokens, request ids.

use std::sync::Mutex;

use rand::{Rng, SeedableRng, rngs::SmallRng};

use crate::lock::Lock;

/// The region every ARN names.
pub const REGION: &str = "us-east-1";
/// The account every ARN names; the same that local emulators use.
pub const ACCOUNT: &str = "000000000000";

/// The ARN of a resource of this account and region, as in
/// `arn:aws:ecs:us-east-1:000000000000:cluster/main`.
pub fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}

/// A source of identifiers that look random and are the same in every run, so that a failing run
/// can be repeated.
#[derive(Debug)]
pub(crate) struct Identifiers(Mutex<SmallRng>);

impl Identifiers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(SmallRng::seed_from_u64(seed)))
    }

    /// `bytes` random bytes as lower-case hex digits.
    pub(crate) fn hex(&self, bytes: usize) -> String {
        let mut random = vec![0; bytes];
        self.0.locked().fill_bytes(&mut random);
        hex::encode(random)
    }

    /// An identifier in the form of a UUID.
    pub(crate) fn uuid(&self) -> String {
        let hex = self.hex(16);
        format!(
            "{}-{}-{}-{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..]
        )
    }
}
