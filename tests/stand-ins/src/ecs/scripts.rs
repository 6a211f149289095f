//! Which script a launch follows.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::script::Script;

/// A launch that a [`Script`] is asked for.
#[derive(Debug)]
pub struct Launch<'a> {
    /// Counts the family's launches from 0.
    pub number: u64,
    /// The family of the task definition.
    pub family: &'a str,
    /// The members of the RunTask or StartTask request.
    pub request: &'a Value,
}

type ScriptOf = dyn Fn(&Launch<'_>) -> Script + Send + Sync;

/// The scripts of all families.
#[derive(Default)]
pub(crate) struct Scripts {
    families: HashMap<String, Arc<ScriptOf>>,
    launches: HashMap<String, u64>,
}

impl Scripts {
    pub(crate) fn set(
        &mut self,
        family: &str,
        script: impl Fn(&Launch<'_>) -> Script + Send + Sync + 'static,
    ) {
        self.families.insert(family.to_owned(), Arc::new(script));
    }

    /// Whether a test wrote a script for the family.
    pub(crate) fn has(&self, family: &str) -> bool {
        self.families.contains_key(family)
    }

    /// The script of the family's next launch; one that exits with 0 where no test wrote one.
    pub(crate) fn next(&mut self, launch: &Launch<'_>) -> Arc<Script> {
        let launches = self.launches.entry(launch.family.to_owned()).or_default();
        let launch = Launch {
            number: *launches,
            ..*launch
        };
        *launches += 1;
        let script = self
            .families
            .get(launch.family)
            .map_or_else(|| Script::exits(0), |script| script(&launch));
        Arc::new(script)
    }
}

impl fmt::Debug for Scripts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripts")
            .field("families", &self.families.keys())
            .field("launches", &self.launches)
            .finish()
    }
}
