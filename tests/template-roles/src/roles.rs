//! The programs, and the statements of the role that each runs with.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::Value;
use stand_ins::{Authorization, StandIns};

use crate::policy::Statement;
use crate::recording;
use crate::template::{Deployment, referred, resources};

/// The access key id of the worker in tests. A function's is its handler: `start`, `prepare`, `hook`,
/// `respond`, `stop`, `rescue`, `work`.
pub const WORKER: &str = "worker";

/// By access key id, what each program is allowed.
#[derive(Clone, Debug)]
pub struct Roles(Arc<BTreeMap<String, Vec<Statement>>>);

impl Roles {
    /// The roles of the template, in one deployment.
    ///
    /// # Panics
    /// When a policy has something in it that is not understood.
    #[must_use]
    pub fn of(deployment: &Deployment) -> Self {
        // A test may make hundreds of worlds.
        static READ: OnceLock<Mutex<HashMap<String, Roles>>> = OnceLock::new();
        let mut read = READ
            .get_or_init(Mutex::default)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        read.entry(format!("{deployment:?}"))
            .or_insert_with(|| Self::read(deployment))
            .clone()
    }

    fn read(deployment: &Deployment) -> Self {
        let read = |name: &str, document: &Value| {
            let document = deployment.resolve(document).unwrap_or_default();
            Statement::read(name, &document)
                .unwrap_or_else(|problem| panic!("infra/task-runner.yaml: {problem}"))
        };
        let mut roles = BTreeMap::new();
        let worker = resources("AWS::IAM::ManagedPolicy")
            .flat_map(|(id, policy)| read(id, &policy["Properties"]["PolicyDocument"]));
        roles.insert(WORKER.to_owned(), worker.collect());
        let functions = resources("AWS::Lambda::Function");
        for (_, function) in functions.filter(|(_, function)| deployment.has(function)) {
            let handler = function["Properties"]["Handler"]
                .as_str()
                .expect("a function has a handler")
                .to_owned();
            let role_of = referred(&function["Properties"]["Role"]);
            let mut statements = Vec::new();
            let mut managed = BTreeSet::new();
            for (id, role) in resources("AWS::IAM::Role").filter(|(id, _)| role_of.contains(*id)) {
                for policy in role["Properties"]["Policies"]
                    .as_array()
                    .into_iter()
                    .flatten()
                {
                    statements.extend(read(id, &policy["PolicyDocument"]));
                }
                managed.extend(referred(&role["Properties"]["ManagedPolicyArns"]));
            }
            for (id, policy) in resources("AWS::IAM::ManagedPolicy") {
                if managed.contains(id) {
                    statements.extend(read(id, &policy["Properties"]["PolicyDocument"]));
                }
            }
            for (id, policy) in resources("AWS::IAM::Policy") {
                if !referred(&policy["Properties"]["Roles"]).is_disjoint(&role_of) {
                    statements.extend(read(id, &policy["Properties"]["PolicyDocument"]));
                }
            }
            roles.insert(handler, statements);
        }
        Self(Arc::new(roles))
    }

    /// Each program with its statements.
    pub fn programs(&self) -> impl Iterator<Item = (&str, &[Statement])> {
        self.0
            .iter()
            .map(|(program, statements)| (&**program, &**statements))
    }

    /// What allows a program this; nothing where it is not allowed. `None` for an access key id
    /// that is no program's.
    #[must_use]
    pub fn allowing(&self, program: &str, asked: &Authorization) -> Option<Vec<String>> {
        Some(
            self.0
                .get(program)?
                .iter()
                .flat_map(|statement| statement.allowing(asked))
                .collect(),
        )
    }

    /// From now on, programs are refused there what their roles do not allow, and everything they
    /// call is recorded for the comparison. Other access keys may do anything.
    pub fn enforce(self, aws: &StandIns) {
        let test = std::thread::current()
            .name()
            .unwrap_or("a thread without a name")
            .to_owned();
        // Load tests make hundreds of thousands of calls, of a few kinds.
        let known: Mutex<HashMap<String, bool>> = Mutex::default();
        aws.authorize_with(move |key, asked| {
            if !self.0.contains_key(key) {
                return true;
            }
            let kind = recording::kind(key, asked);
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(allowed) = known.get(&kind) {
                return *allowed;
            }
            let parts = self.allowing(key, asked).unwrap_or_default();
            recording::note(&kind, &parts, &test);
            known.insert(kind, !parts.is_empty());
            !parts.is_empty()
        });
    }
}
