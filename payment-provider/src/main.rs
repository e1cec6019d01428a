//! The program: see the library for what it does.

use std::process::ExitCode;

use chassis::{program, stop::StopSignals, telemetry::Telemetry};
use payment_provider::{Application, Config, PROGRAM};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match program::configure(&PROGRAM) {
        Ok(config) => program::finish(&PROGRAM, run(config).await),
        Err(exit) => exit,
    }
}

async fn run(config: Config) -> Result<(), program::Failure> {
    let telemetry = Telemetry::start(&PROGRAM, &config.telemetry)?;
    let application = Application::build(config, Some(telemetry.clone()))?;
    let outcome = application
        .run_until_stopped(StopSignals::of_process()?)
        .await;
    telemetry.flush().await;
    Ok(outcome?)
}
