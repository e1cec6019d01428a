//! Both processes run, are alive and ready.

use super::ProcessWorld;
use crate::check::Seen;
use crate::failure::ensure;

pub(crate) async fn both(world: &ProcessWorld) -> Seen {
    let mut seen = Vec::new();
    for process in [&world.invoice_app, &world.payment_provider] {
        ensure(process.is_alive().await?, || {
            format!("{} does not run", process.name)
        })?;
        world.await_ready(process).await?;
        world.management(process).get("/livez").await?.expect(200)?;
        seen.push(format!("{} (pid {})", process.name, process.pid().await?));
    }
    Ok(format!("alive and ready: {}", seen.join(", ")))
}
