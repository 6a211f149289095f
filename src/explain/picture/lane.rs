//! A row of the picture: what it is called, its bars and marks, and what is said at its end.

use jiff::Timestamp;

/// A row of the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lane {
    /// What the row is about, and a second line about it, which may be empty.
    pub(super) name: String,
    pub(super) detail: String,
    pub(super) bars: Vec<Bar>,
    pub(super) marks: Vec<Mark>,
    /// What came of it, and a second line with times, which may be empty.
    pub(super) outcome: String,
    pub(super) times: String,
}

impl Lane {
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            detail: String::new(),
            bars: Vec::new(),
            marks: Vec::new(),
            outcome: String::new(),
            times: String::new(),
        }
    }

    pub(super) fn add_bar(
        &mut self,
        phase: Phase,
        from: Timestamp,
        to: Timestamp,
        title: impl Into<String>,
    ) {
        self.bars.push(Bar {
            phase,
            from,
            to,
            title: title.into(),
        });
    }

    pub(super) fn add_mark(&mut self, sign: Sign, at: Timestamp, title: impl Into<String>) {
        self.marks.push(Mark {
            sign,
            at,
            title: title.into(),
        });
    }
}

/// A phase as a bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) phase: Phase,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    /// What a viewer shows when somebody points at the bar, after the name of its phase.
    pub(super) title: String,
}

/// A moment as a sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) sign: Sign,
    pub(super) at: Timestamp,
    /// What a viewer shows when somebody points at the mark.
    pub(super) title: String,
}

/// What an execution, its workers and its tasks spend time with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// The execution as a whole.
    Execution,
    /// The run waits for a worker, or a rollback for the tasks of the update.
    Waiting,
    /// A worker has the run.
    Held,
    /// The run waits for a worker or function, or one has it: the history does not tell since when.
    WaitingOrHeld,
    /// The ECS task is placed, and its host and network are prepared (PROVISIONING, PENDING).
    Provisioning,
    /// The host pulls the images of the ECS task.
    Pulling,
    /// The ECS task starts: its containers are created. Where ECS shows no more than the start, all from
    /// the launch on.
    Starting,
    /// The containers of the ECS task run.
    Running,
    /// The containers have stopped, and ECS takes down what the task had (DEPROVISIONING).
    Deprovisioning,
    /// `stop` looks for leftover tasks, and waits until they have stopped.
    Stopping,
    /// `respond` replies.
    Replying,
}

impl Phase {
    pub(super) const ALL: [Self; 11] = [
        Self::Execution,
        Self::Waiting,
        Self::Held,
        Self::WaitingOrHeld,
        Self::Provisioning,
        Self::Pulling,
        Self::Starting,
        Self::Running,
        Self::Deprovisioning,
        Self::Stopping,
        Self::Replying,
    ];

    /// What the legend says of the phase.
    pub(super) const fn in_words(self) -> &'static str {
        match self {
            Self::Execution => "execution",
            Self::Waiting => "waits",
            Self::Held => "has a worker",
            Self::WaitingOrHeld => "waits or has a worker",
            Self::Provisioning => "is placed",
            Self::Pulling => "pulls images",
            Self::Starting => "task starts",
            Self::Running => "task runs",
            Self::Deprovisioning => "task ends",
            Self::Stopping => "stops tasks",
            Self::Replying => "replies",
        }
    }

    /// The class of the bar in the style sheet.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Execution => "execution",
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::WaitingOrHeld => "either",
            Self::Provisioning => "provisioning",
            Self::Pulling => "pulling",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Deprovisioning => "deprovisioning",
            Self::Stopping => "stopping",
            Self::Replying => "replying",
        }
    }
}

/// What a mark means. Each sign has a shape of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Sign {
    /// Something went well: a circle.
    Success,
    /// Something failed: a cross.
    Failure,
    /// The run changes hands, or goes on after an end: a diamond.
    Change,
    /// The containers of an ECS task have ended: a square. Whether that is a success, the run decides by
    /// its `SuccessExitCodes` and `Containers`, which an explanation does not have. The signs of the
    /// attempt and of the reply say what came of it.
    ContainersEnd,
}

impl Sign {
    pub(super) const ALL: [Self; 4] = [
        Self::Success,
        Self::Failure,
        Self::Change,
        Self::ContainersEnd,
    ];

    /// What the legend says of the sign.
    pub(super) const fn in_words(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Change => "changes hands",
            Self::ContainersEnd => "containers end",
        }
    }

    /// The class of the mark in the style sheet.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Change => "change",
            Self::ContainersEnd => "containers-end",
        }
    }
}
