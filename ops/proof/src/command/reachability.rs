//! `proof reachability`: who reaches whom, and whether reachability.yaml says the same.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use clap::{Args, ValueEnum};

use super::{Around, CommandError, Source, Verdict, report};
use crate::reachability::{
    Expected, FILE, Matrix, Surroundings, World, differences, differences_around, json, mermaid,
    table,
};
use crate::rendered::{Rendered, environments};

/// What can be asked.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    around: Around,
    /// How the matrix is printed.
    #[arg(long, default_value = "table")]
    format: Format,
    /// Print nothing but what differs from reachability.yaml, in every environment of the repository or in
    /// --manifests.
    #[arg(long, conflicts_with = "write")]
    check: bool,
    /// Write reachability.yaml from every environment of the repository.
    #[arg(long, conflicts_with = "manifests")]
    write: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Json,
    Mermaid,
}

/// Prints the matrix, compares it, or writes it down.
///
/// # Errors
/// When the manifests cannot be rendered or judged, or nothing can be written.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<Verdict, CommandError> {
    let root = &arguments.source.root;
    if arguments.check {
        let found = check(arguments)?;
        let verdict = report(&found, out)?;
        if verdict == Verdict::Agrees {
            writeln!(
                out,
                "the manifests allow what {FILE} lists, and nothing else"
            )?;
        }
        return Ok(verdict);
    }
    if arguments.write {
        expected_by(root)?.write(root)?;
        return Ok(Verdict::Agrees);
    }
    let rendered = arguments.source.rendered()?;
    let world = World::of(&rendered, &arguments.around.surroundings())?;
    let matrix = Matrix::of(&world);
    match arguments.format {
        Format::Table => write!(out, "{}", table(&matrix))?,
        Format::Mermaid => write!(out, "{}", mermaid(&world, &matrix))?,
        Format::Json => writeln!(out, "{:#}", json(&world, &matrix, rendered.environment()))?,
    }
    Ok(Verdict::Agrees)
}

fn check(arguments: &Arguments) -> Result<Vec<String>, CommandError> {
    let root = &arguments.source.root;
    let expected = Expected::of_repository(root)?;
    if arguments.source.manifests.is_some() {
        let rendered = arguments.source.rendered()?;
        let around = arguments.around.surroundings();
        return Ok(differences_around(&rendered, &expected, &around));
    }
    let mut found = Vec::new();
    for environment in environments(root)? {
        let rendered = Rendered::of_repository(root, &environment)?;
        found.extend(differences(&rendered, &expected));
    }
    Ok(found)
}

fn expected_by(root: &Path) -> Result<Expected, CommandError> {
    let mut matrices = BTreeMap::new();
    for environment in environments(root)? {
        let rendered = Rendered::of_repository(root, &environment)?;
        let world = World::of(&rendered, &Surroundings::default())?;
        matrices.insert(environment, Matrix::of(&world));
    }
    Ok(Expected::of(&matrices))
}
