use std::path::PathBuf;

use clap::Args;

use crate::rendered::{RenderError, Rendered};

/// Where the manifests come from.
#[derive(Debug, Args)]
pub struct Source {
    /// The repository's folder.
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    pub root: PathBuf,
    /// The environment to render.
    #[arg(long, short, default_value = "local", value_name = "NAME")]
    pub environment: String,
    /// Manifests that are rendered already, taken for the environment's.
    #[arg(long, value_name = "FILE")]
    pub manifests: Option<PathBuf>,
}

impl Source {
    /// Renders or reads the manifests.
    ///
    /// # Errors
    /// When they cannot be rendered or read.
    pub fn rendered(&self) -> Result<Rendered, RenderError> {
        match &self.manifests {
            Some(file) => Rendered::of_file(file, &self.environment),
            None => Rendered::of_repository(&self.root, &self.environment),
        }
    }
}
