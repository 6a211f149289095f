//! AWS on this machine: the stand-ins for what needs more than the emulator has, and the emulator for the rest.

use anyhow::Result;

use crate::directories::RunDirectory;
use crate::endpoints::Endpoints;
use crate::ministack::Ministack;
use crate::python::PythonEnvironment;

/// All services of a run. Dropping it ends them.
#[derive(Debug)]
pub struct LocalAws {
    ministack: Ministack,
    endpoints: Endpoints,
}

impl LocalAws {
    /// Starts all services on free loopback ports.
    ///
    /// # Errors
    /// When one does not start.
    pub async fn start(python: &PythonEnvironment, directory: &RunDirectory) -> Result<Self> {
        let nowhere = "http://127.0.0.1:9";
        let ministack = Ministack::start(python, directory, nowhere, nowhere, nowhere).await?;
        let mut endpoints = ministack.endpoints().clone();
        endpoints.sfn = endpoints.ministack.clone();
        Ok(Self { ministack, endpoints })
    }

    /// Where the services are.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Waits for the end of a service, which nobody asked for, and tells about it. May be cancelled and called again.
    ///
    /// # Errors
    /// When the operating system does not tell of its end.
    pub async fn died(&mut self) -> Result<anyhow::Error> {
        self.ministack.died().await
    }
}
