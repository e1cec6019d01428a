//! `proof why`: what lets one place reach another, or keeps it away.

use std::io::Write;

use clap::Args;

use super::{Around, CommandError, Source, Verdict};
use crate::reachability::{Place, PortSet, World, why};

/// What can be asked.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Who calls, as the matrix names it, e.g. invoice/invoice-app.
    from: String,
    /// Who is called.
    to: String,
    /// On which port, e.g. 8082 or 53/UDP; every one if none is given.
    port: Option<PortSet>,
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    around: Around,
}

/// Prints the explanation.
///
/// # Errors
/// When the manifests cannot be rendered or judged, a name is unknown, or nothing can be written.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<Verdict, CommandError> {
    let rendered = arguments.source.rendered()?;
    let world = World::of(&rendered, &arguments.around.surroundings())?;
    let from = place(&world, &arguments.from)?;
    let to = place(&world, &arguments.to)?;
    write!(out, "{}", why(&world, from, to, arguments.port.as_ref()))?;
    Ok(Verdict::Agrees)
}

fn place<'a>(world: &'a World, name: &str) -> Result<&'a Place, CommandError> {
    world.place(name).ok_or_else(|| {
        let known = world.places().iter().map(|place| place.name.as_str());
        CommandError::NoSuchPlace {
            asked: name.to_owned(),
            known: known.collect::<Vec<_>>().join(", "),
        }
    })
}
