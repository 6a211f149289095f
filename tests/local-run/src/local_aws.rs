//! AWS on this machine: the stand-ins for what needs more than the emulator has, and the emulator
//! for the rest.

use anyhow::{Context, Result};
use stand_ins::{Served, StandIns};

use crate::directories::RunDirectory;
use crate::endpoints::Endpoints;
use crate::ministack::Ministack;
use crate::python::PythonEnvironment;

/// All services of a run. Dropping it ends them, and with the last clone of the stand-ins the
/// containers too.
#[derive(Debug)]
pub struct LocalAws {
    // Ended in this order: the emulator's functions would complain of stand-ins that are gone.
    ministack: Ministack,
    _served: Served,
    stand_ins: StandIns,
}

impl LocalAws {
    /// Starts the emulator and serves the stand-ins in front of it, all on free loopback ports.
    ///
    /// The stand-ins must be new ones, and may be told before or after how they run tasks. Clusters,
    /// task definitions, services and logs that they do not have they look up in the emulator. Heartbeats, of workers and of the
    /// function `work`, count `heartbeat_scale` times the definition's seconds: 1 outside of tests.
    ///
    /// # Errors
    /// When a service does not start.
    pub async fn start(
        python: &PythonEnvironment,
        directory: &RunDirectory,
        stand_ins: StandIns,
        heartbeat_scale: f64,
    ) -> Result<Self> {
        let served = stand_ins
            .listen(("127.0.0.1", 0))
            .await
            .context("The stand-ins found no free port on 127.0.0.1")?;
        let url = served.url();
        let ministack = Ministack::start(python, directory, &url, &url, &url).await?;
        let emulator = &ministack.endpoints().ministack;
        stand_ins.in_front_of(emulator);
        stand_ins.sfn().in_front_of(emulator, heartbeat_scale);
        stand_ins.ecs().in_front_of(emulator);
        stand_ins.logs().in_front_of(emulator);
        Ok(Self {
            ministack,
            _served: served,
            stand_ins,
        })
    }

    /// Where the services are.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        self.ministack.endpoints()
    }

    /// The stand-ins: what they were asked, and what they are to do.
    #[must_use]
    pub fn stand_ins(&self) -> &StandIns {
        &self.stand_ins
    }

    /// The emulator.
    #[must_use]
    pub fn ministack(&self) -> &Ministack {
        &self.ministack
    }

    /// Waits for the end of a service, which nobody asked for, and tells about it. May be cancelled
    /// and called again.
    ///
    /// # Errors
    /// When the operating system does not tell of its end.
    pub async fn died(&mut self) -> Result<anyhow::Error> {
        self.ministack.died().await
    }
}
