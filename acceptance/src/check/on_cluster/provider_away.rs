//! payment-provider is scaled to nothing for a while.

use super::ClusterWorld;
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::check::provider_away::{left_unpaid, paid_once_after};
use crate::cluster::app::App;
use crate::cluster::scale::Workload;

pub(crate) async fn leaves_invoices_unpaid(world: &ClusterWorld) -> Seen {
    let app = world.invoice_app().await?.outside;
    world.console().step("scaling payment-provider to 0");
    world
        .cluster
        .take_away(Workload::Service(App::PaymentProvider))
        .await?;
    world
        .console()
        .step("paying without it (paying all may take 25 s)");
    let unpaid = left_unpaid(&app).await?;
    world.console().step("scaling payment-provider back");
    world
        .cluster
        .bring_back(Workload::Service(App::PaymentProvider))
        .await?;
    paid_once_after(world, &unpaid).await
}
