//! payment-provider is stopped for a while.

use super::ProcessWorld;
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::check::provider_away::{left_unpaid, paid_once_after};

pub(crate) async fn leaves_invoices_unpaid(world: &ProcessWorld) -> Seen {
    let app = world.invoice_app().await?.outside;
    world.console().step("stopping payment-provider");
    world.payment_provider.stop().await?;
    world
        .console()
        .step("paying without it (paying all may take 25 s)");
    let unpaid = left_unpaid(&app).await?;
    world.console().step("starting payment-provider");
    world.start(&world.payment_provider).await?;
    paid_once_after(world, &unpaid).await
}
