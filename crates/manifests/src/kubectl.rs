use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::json;

use crate::{Document, Malformed, parse};

/// The program that renders kustomizations and speaks to the API server.
#[derive(Debug, Clone)]
pub struct Kubectl {
    program: OsString,
}

/// Why kubectl gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum KubectlError {
    /// There is no such program.
    #[error(
        "{program:?} is not on PATH: it is the command line of Kubernetes, which also renders \
         kustomizations; get it from https://kubernetes.io/docs/tasks/tools/ and try again"
    )]
    Missing {
        /// What was looked for.
        program: OsString,
    },
    /// It could not be started or spoken to.
    #[error("kubectl could not be run: {0}")]
    Broken(#[from] io::Error),
    /// It ended with an error.
    #[error("kubectl {command} failed: {complaint}")]
    Failed {
        /// Its arguments.
        command: String,
        /// What it wrote to standard error.
        complaint: String,
    },
    /// What it rendered is not a list of objects.
    #[error("{folder} renders something that cannot be read: {source}")]
    Unreadable {
        /// The kustomization's folder.
        folder: String,
        /// What is wrong with it.
        source: Malformed,
    },
}

/// The kinds that an API server knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedKinds(BTreeSet<(String, String)>);

impl ServedKinds {
    /// Whether the server can judge this object.
    #[must_use]
    pub fn include(&self, document: &Document) -> bool {
        let kind = (
            document.api_version().to_owned(),
            document.kind().to_owned(),
        );
        self.0.contains(&kind)
    }

    /// Reads the table of `kubectl api-resources --no-headers`: its last three columns are the API
    /// version, whether the kind is namespaced, and the kind; the short names before may be empty.
    fn from_table(table: &str) -> Self {
        let kinds = table.lines().filter_map(|line| {
            let mut columns = line.split_whitespace().rev();
            let (kind, _namespaced, api_version) =
                (columns.next()?, columns.next()?, columns.next()?);
            Some((api_version.to_owned(), kind.to_owned()))
        });
        Self(kinds.collect())
    }
}

impl Default for Kubectl {
    /// The one on `PATH`.
    fn default() -> Self {
        Self::at("kubectl")
    }
}

impl Kubectl {
    /// A kubectl under another name or path.
    pub fn at(program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
        }
    }

    /// Renders the kustomization of a folder.
    ///
    /// # Errors
    /// When kubectl is missing, refuses the kustomization, or renders no readable objects.
    pub fn render(&self, folder: &Path) -> Result<Vec<Document>, KubectlError> {
        parse(&self.render_text(folder)?).map_err(|source| KubectlError::Unreadable {
            folder: folder.display().to_string(),
            source,
        })
    }

    /// Renders the kustomization of a folder as YAML.
    ///
    /// # Errors
    /// When kubectl is missing or refuses the kustomization.
    pub fn render_text(&self, folder: &Path) -> Result<String, KubectlError> {
        let folder = folder.to_string_lossy();
        let output = self.run(&["kustomize", &folder], b"")?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The kinds that the API server behind a kube context serves.
    ///
    /// # Errors
    /// When kubectl is missing or the server does not answer.
    pub fn served_kinds(&self, context: &str) -> Result<ServedKinds, KubectlError> {
        let output = self.run(
            &["--context", context, "api-resources", "--no-headers"],
            b"",
        )?;
        let table = String::from_utf8_lossy(&output.stdout);
        Ok(ServedKinds::from_table(&table))
    }

    /// Has the API server judge objects without storing them; gives its warnings, a line each.
    ///
    /// # Errors
    /// When kubectl is missing, or the server refuses one of the objects.
    pub fn dry_run(
        &self,
        context: &str,
        documents: &[Document],
    ) -> Result<Vec<String>, KubectlError> {
        let items: Vec<_> = documents.iter().map(Document::value).collect();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
        let arguments = [
            "--context",
            context,
            "apply",
            "--server-side",
            "--force-conflicts",
            "--dry-run=server",
            "--field-manager=manifests-tests",
            "--filename=-",
        ];
        let output = self.run(&arguments, list.as_bytes())?;
        let warnings = String::from_utf8_lossy(&output.stderr);
        Ok(warnings.lines().map(str::to_owned).collect())
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Result<Output, KubectlError> {
        let mut child = Command::new(&self.program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| self.not_started(error))?;
        // Dropped at once, or kubectl would wait for more. It reads all of its input before it
        // writes, so this cannot block on a full pipe.
        if let Some(mut stdin) = child.stdin.take() {
            match stdin.write_all(input) {
                // It ended without reading; its exit status says why.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                written => written?,
            }
        }
        let output = child.wait_with_output()?;
        if output.status.success() {
            return Ok(output);
        }
        Err(KubectlError::Failed {
            command: arguments.join(" "),
            complaint: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        })
    }

    fn not_started(&self, error: io::Error) -> KubectlError {
        match error.kind() {
            io::ErrorKind::NotFound => KubectlError::Missing {
                program: self.program.clone(),
            },
            _ => KubectlError::Broken(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn served_kinds_are_read_with_and_without_short_names() {
        let table = "namespaces   ns   v1   false   Namespace\nbindings   v1   true   Binding\n";
        let served = ServedKinds::from_table(table);
        let kind = |kind: &str| {
            let text = format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: any}}\n");
            parse(&text).unwrap().remove(0)
        };
        assert!(served.include(&kind("Namespace")));
        assert!(served.include(&kind("Binding")));
        assert!(!served.include(&kind("Secret")));
    }
}
