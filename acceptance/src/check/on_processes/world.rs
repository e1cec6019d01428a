//! Both processes, and how they are asked.

use std::sync::Arc;
use std::time::Duration;

use super::super::doors::{Deployment, InvoiceAppDoors};
use crate::cli::Storm;
use crate::client::{Door, Http, InvoiceApp, PaymentProvider};
use crate::failure::Failure;
use crate::poll;
use crate::process::Process;
use crate::report::Console;
use crate::run::World;
use crate::target::{Processes, Service};

/// With a database to be brought up to date, on a busy machine.
const START_WITHIN: Duration = Duration::from_secs(20);

/// Both processes under test.
pub(crate) struct ProcessWorld {
    pub(crate) invoice_app: Process,
    pub(crate) payment_provider: Process,
    http: Http,
    console: Arc<Console>,
    pub(crate) storm: Storm,
}

impl ProcessWorld {
    pub(crate) fn new(target: Processes, http: Http, console: Arc<Console>, storm: Storm) -> Self {
        let process = |name, service: Service| Process { name, service };
        Self {
            invoice_app: process("invoice-app", target.invoice_app),
            payment_provider: process("payment-provider", target.payment_provider),
            http,
            console,
            storm,
        }
    }

    pub(crate) fn management(&self, process: &Process) -> Door {
        Door::new(&self.http, &process.service.management, process.name)
    }

    /// Waits until a process says that it is ready.
    pub(crate) async fn await_ready(&self, process: &Process) -> Result<(), Failure> {
        poll::until(
            &format!("{} ready", process.name),
            START_WITHIN,
            async || {
                self.management(process).get("/readyz").await?.expect(200)?;
                Ok(())
            },
        )
        .await
    }

    /// Starts a process and waits until it is ready.
    pub(crate) async fn start(&self, process: &Process) -> Result<(), Failure> {
        process.start().await?;
        self.await_ready(process).await
    }
}

impl Deployment for ProcessWorld {
    fn console(&self) -> &Console {
        &self.console
    }

    async fn invoice_app(&self) -> Result<InvoiceAppDoors, Failure> {
        let app = InvoiceApp(Door::new(
            &self.http,
            &self.invoice_app.service.url,
            self.invoice_app.name,
        ));
        Ok(InvoiceAppDoors {
            outside: app.clone(),
            replicas: vec![app],
        })
    }

    async fn payment_provider(&self) -> Result<PaymentProvider, Failure> {
        let url = &self.payment_provider.service.url;
        Ok(PaymentProvider(Door::new(
            &self.http,
            url,
            self.payment_provider.name,
        )))
    }
}

impl World for ProcessWorld {
    fn console(&self) -> &Console {
        &self.console
    }

    /// Lets paused processes go on and starts those that a check ended, payment-provider first.
    async fn put_back(&self) -> Result<Vec<String>, Failure> {
        let mut done = Vec::new();
        for process in [&self.payment_provider, &self.invoice_app] {
            if process.was_taken_away().await? {
                self.start(process).await?;
                done.push(format!("{} (started)", process.name));
            } else if process.is_alive().await? {
                process.go_on().await?;
            }
        }
        Ok(done)
    }
}
