//! The programs that this one asks: git and kubectl.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the programs are.
#[derive(Clone, Debug)]
pub struct Tools {
    /// Asks clusters and renders.
    pub kubectl: PathBuf,
    /// Clones, commits and pushes.
    pub git: PathBuf,
}

impl Default for Tools {
    /// Those on `PATH`.
    fn default() -> Self {
        Self {
            kubectl: "kubectl".into(),
            git: "git".into(),
        }
    }
}

/// Why a program gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// There is no such program.
    #[error("{0} is not on PATH: install it, then try again")]
    Missing(String),
    /// It could not be run.
    #[error("{program} could not be run: {source}")]
    Broken {
        /// Its name.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// It ended with an error.
    #[error("{command} failed: {complaint}")]
    Failed {
        /// Its name and its first argument.
        command: String,
        /// What it wrote to standard error.
        complaint: String,
    },
}

/// One call of a program.
pub(crate) struct Call(Command);

impl Call {
    pub(crate) fn of(program: &Path) -> Self {
        let mut command = Command::new(program);
        // Nobody is there to be asked for a password, and what git says is compared nowhere but shown.
        command
            .env("GIT_TERMINAL_PROMPT", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self(command)
    }

    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    pub(crate) fn with<A: Into<OsString>>(
        mut self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        self.0.args(arguments.into_iter().map(Into::into));
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    /// Its standard output, if it ends well.
    pub(crate) fn output(mut self) -> Result<String, ProgramError> {
        let output = self.0.output().map_err(|source| self.not_run(source))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(ProgramError::Failed {
            command: self.name(),
            complaint: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        })
    }

    /// Its standard output, whether it ends with 0 or 1, as programs do that compare.
    pub(crate) fn comparison(mut self) -> Result<String, ProgramError> {
        let output = self.0.output().map_err(|source| self.not_run(source))?;
        match output.status.code() {
            Some(0 | 1) => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            _ => Err(ProgramError::Failed {
                command: self.name(),
                complaint: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            }),
        }
    }

    fn name(&self) -> String {
        let program = Path::new(self.0.get_program());
        let name = program.file_name().unwrap_or(program.as_os_str());
        let first = self.0.get_args().next().unwrap_or_default();
        format!("{} {}", name.to_string_lossy(), first.to_string_lossy())
    }

    fn not_run(&self, source: io::Error) -> ProgramError {
        let program = self.0.get_program().to_string_lossy().into_owned();
        match source.kind() {
            io::ErrorKind::NotFound => ProgramError::Missing(program),
            _ => ProgramError::Broken { program, source },
        }
    }
}
