//! A program from its first line to its exit code.

use std::io::Write;
use std::process::ExitCode;

use crate::config::{ConfigError, Environment, Settings, help};
use crate::problem::Chain;

/// `EX_CONFIG` of sysexits.h: the configuration is wrong.
const EXIT_CONFIGURATION: u8 = 78;
/// `EX_USAGE` of sysexits.h: the command line is wrong.
const EXIT_USAGE: u8 = 64;

/// Who a program is.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// Its name, also in logs, traces and the API's description.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// What it does, in a sentence or two.
    pub about: &'static str,
    /// Defaults of its own for variables that it shares with other programs.
    pub defaults: &'static [(&'static str, &'static str)],
}

/// Why a program failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Logs and traces could not be started.
    #[error(transparent)]
    Telemetry(#[from] crate::telemetry::TelemetryError),
    /// A port could not be had.
    #[error(transparent)]
    Bind(#[from] crate::server::BindError),
    /// The database could not be opened.
    #[error(transparent)]
    Database(#[from] crate::database::OpenError),
    /// A client for calls out could not be made.
    #[error(transparent)]
    Client(#[from] crate::outbound::ClientError),
    /// A setting can be read, but not be used.
    #[error("{0}")]
    Configuration(String),
    /// The signals to stop could not be listened for.
    #[error("signals cannot be handled: {0}")]
    Signals(#[from] std::io::Error),
    /// It ran, and failed.
    #[error(transparent)]
    Run(#[from] crate::server::RunError),
}

impl Failure {
    /// A setting that can be read, but not be used; `error` names its variable.
    pub fn configuration(error: impl std::error::Error) -> Self {
        Self::Configuration(error.to_string())
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Telemetry(_) | Self::Bind(_) | Self::Database(_) | Self::Configuration(_) => {
                ExitCode::from(EXIT_CONFIGURATION)
            }
            _ => ExitCode::FAILURE,
        }
    }
}

/// Reads the configuration; or answers `--help` and `--version`; or says what is wrong.
///
/// # Errors
/// The exit code to end with at once: 0 after `--help`, 64 for arguments that are not known, 78
/// (`EX_CONFIG`) for a missing or wrong variable, each named on standard error.
pub fn configure<C: Settings>(program: &Program) -> Result<C, ExitCode> {
    let environment = Environment::of_process().with_defaults(program.defaults);
    let argument = std::env::args_os().nth(1);
    match argument
        .as_ref()
        .map(|argument| argument.to_string_lossy())
        .as_deref()
    {
        None => C::read(&environment).map_err(|errors| {
            say(std::io::stderr(), &wrong_configuration(program, &errors));
            ExitCode::from(EXIT_CONFIGURATION)
        }),
        Some("--help" | "-h" | "help") => {
            say(
                std::io::stdout(),
                &usage(program, &help(&C::variables(), &environment)),
            );
            Err(ExitCode::SUCCESS)
        }
        Some("--version" | "-V") => {
            say(
                std::io::stdout(),
                &format!("{} {}\n", program.name, program.version),
            );
            Err(ExitCode::SUCCESS)
        }
        Some(unknown) => {
            let name = program.name;
            say(
                std::io::stderr(),
                &format!(
                    "{name}: there is no argument {unknown}. {name} --help tells how it is configured.\n"
                ),
            );
            Err(ExitCode::from(EXIT_USAGE))
        }
    }
}

/// The exit code of how it ended; a failure is said on standard error and in the log.
#[must_use]
pub fn finish(program: &Program, outcome: Result<(), Failure>) -> ExitCode {
    let Err(failure) = outcome else {
        return ExitCode::SUCCESS;
    };
    tracing::error!(error = %Chain(&failure), "failed");
    say(
        std::io::stderr(),
        &format!("{}: {}\n", program.name, Chain(&failure)),
    );
    failure.exit_code()
}

fn usage(program: &Program, variables: &str) -> String {
    let Program {
        name,
        version,
        about,
        ..
    } = program;
    format!(
        "{name} {version}\n{about}\n\nIt takes no arguments. These environment variables configure it:\n\n{variables}"
    )
}

fn wrong_configuration(program: &Program, errors: &[ConfigError]) -> String {
    let name = program.name;
    let mut lines: Vec<_> = errors
        .iter()
        .map(|error| format!("{name}: {error}"))
        .collect();
    lines.push(format!("{name} --help lists every variable.\n"));
    lines.join("\n")
}

fn say(mut to: impl Write, text: &str) {
    // A closed output is no reason to fail: the exit code says the same.
    let _ = to.write_all(text.as_bytes());
}
