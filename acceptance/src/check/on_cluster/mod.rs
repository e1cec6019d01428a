//! The checks of a deployment in a Kubernetes cluster.

mod bad_commit;
mod certificates;
mod database_away;
mod drift;
mod hooks;
mod image_user;
mod ingress;
mod kept;
mod kill;
mod kubeconfig;
mod network;
mod nothing_left;
mod pods_ready;
mod projects;
mod promotion;
mod provider_away;
mod reachability;
mod restart;
mod rollouts;
mod rotation;
mod script;
mod teams_apart;
mod traces;
mod trial;
mod unsafe_pods;
mod versions;
mod world;

pub(crate) use world::ClusterWorld;

use super::{Check, paying, wrong_input};
use crate::chaos;

/// What `acceptance chaos` runs in place of the checks.
pub(crate) const CHAOS: &[Check<ClusterWorld>] = &[Check {
    name: "chaos",
    about: "under load, what runs is killed, restarted and cut off; no payment is lost or made twice",
    looks_on: false,
    run: |world| Box::pin(world.held_still(chaos::survived(world))),
}];

/// In the order in which they run. What measures pods comes a while after they were all made anew.
pub(crate) const CHECKS: &[Check<ClusterWorld>] = &[
    Check {
        name: "pods-ready",
        about: "three replicas of each service are ready, and the databases",
        looks_on: false,
        run: |world| Box::pin(pods_ready::all(world)),
    },
    Check {
        name: "unpaid-then-paid",
        about: "invoices are unpaid, then paid through the Ingress, the same on each replica asked one by one",
        looks_on: false,
        run: |world| Box::pin(paying::unpaid_then_paid(world)),
    },
    Check {
        name: "paying-again-charges-nothing",
        about: "what is paid is not charged again; each invoice has one charge with its amount",
        looks_on: false,
        run: |world| Box::pin(paying::again_charges_nothing(world)),
    },
    Check {
        name: "same-moment-pays-once",
        about: "replicas that are told at the same moment to pay the same invoices pay each once",
        looks_on: false,
        run: |world| Box::pin(paying::same_moment_pays_once(world)),
    },
    Check {
        name: "wrong-input",
        about: "wrong input on every route gets a 4xx problem that names the field",
        looks_on: false,
        run: |world| Box::pin(wrong_input::every_route_names_the_field(world)),
    },
    Check {
        name: "images-run-as-their-user",
        about: "the images' own user is numeric and not root: they start where only such users may",
        looks_on: false,
        run: |world| Box::pin(image_user::is_not_root(world)),
    },
    Check {
        name: "ingress-lets-in-its-controller",
        about: "the ingress controller is found, and invoice-app's policies let in its namespace alone",
        looks_on: false,
        run: |world| Box::pin(ingress::controller_alone_is_let_in(world)),
    },
    Check {
        name: "provider-not-through-ingress",
        about: "payment-provider and the management ports are not reachable through the Ingress",
        looks_on: false,
        run: |world| Box::pin(ingress::provider_is_not_served(world)),
    },
    Check {
        name: "teams-apart",
        about: "every group and account may do what access.yaml says, to every resource that the cluster has, and no more",
        looks_on: true,
        run: |world| Box::pin(teams_apart::as_access_yaml_says(world)),
    },
    Check {
        name: "kubeconfig-works",
        about: "the files of ./deploy.sh kubeconfig show a team its own alone and soon end; breaking glass lets into a pod",
        looks_on: true,
        run: |world| Box::pin(kubeconfig::works(world)),
    },
    Check {
        name: "unsafe-pods-refused",
        about: "admission refuses each unsafe pod, Service and Ingress in every kind, and lets the good ones through",
        looks_on: true,
        run: |world| Box::pin(unsafe_pods::are_refused(world)),
    },
    Check {
        name: "policies-enforced",
        about: "the cluster enforces NetworkPolicies at all",
        looks_on: true,
        run: |world| Box::pin(network::policies_are_enforced(world)),
    },
    Check {
        name: "stranger-elsewhere-refused",
        about: "a pod of a namespace without policies does not reach payment-provider",
        looks_on: true,
        run: |world| Box::pin(network::stranger_elsewhere(world)),
    },
    Check {
        name: "stranger-in-invoice-refused",
        about: "a pod in invoice-app's namespace that may go out everywhere does not reach payment-provider",
        looks_on: true,
        run: |world| Box::pin(network::stranger_in_invoice(world)),
    },
    Check {
        name: "invoice-app-gets-through",
        about: "the same pod with invoice-app's label reaches payment-provider, and nothing more",
        looks_on: true,
        run: |world| Box::pin(network::invoice_app_label(world)),
    },
    Check {
        name: "reachability",
        about: "from everybody's place, a stranger's too, exactly what reachability.yaml lists is reached",
        looks_on: true,
        run: |world| Box::pin(reachability::as_computed(world)),
    },
    Check {
        name: "traces-arrive",
        about: "the collector has one trace of a payment, with the spans of both services",
        looks_on: false,
        run: |world| Box::pin(traces::arrive(world)),
    },
    Check {
        name: "certificates-required",
        about: "inside the allowed network, only invoice-app's certificate gets an answer of payment-provider",
        looks_on: false,
        run: |world| Box::pin(certificates::are_required(world)),
    },
    Check {
        name: "certificates-reread",
        about: "authority and certificates of both services are replaced while they run, and no payment fails",
        looks_on: false,
        run: |world| Box::pin(certificates::are_read_again(world)),
    },
    Check {
        name: "kill-between-dispatch-and-answer",
        about: "a replica is killed while payment-provider is asked; the invoice is paid once all the same",
        looks_on: false,
        run: |world| Box::pin(kill::between_dispatch_and_answer(world)),
    },
    Check {
        name: "provider-away",
        about: "without payment-provider invoices stay unpaid and callers are told; back again, paid once",
        looks_on: false,
        run: |world| Box::pin(world.held_still(provider_away::leaves_invoices_unpaid(world))),
    },
    Check {
        name: "database-away",
        about: "without its database a service answers 503 and is not ready, and recovers by itself",
        looks_on: false,
        run: |world| Box::pin(world.held_still(database_away::answers_503_and_recovers(world))),
    },
    Check {
        name: "restart-loses-nothing",
        about: "every pod is restarted at once, the databases too, and all is known as before",
        looks_on: false,
        run: |world| Box::pin(restart::loses_nothing(world)),
    },
    Check {
        name: "drift-healed",
        about: "what somebody deletes or changes past git is as git has it again within 10 s",
        looks_on: false,
        run: |world| Box::pin(drift::is_healed(world)),
    },
    Check {
        name: "projects-apart",
        about: "what a team has in git is not deployed into another team's namespace, nor past its account; what leaves git goes",
        looks_on: false,
        run: |world| Box::pin(projects::are_apart(world)),
    },
    Check {
        name: "failed-hook-fails-the-sync",
        about: "where the look at a deployment after its sync finds nobody, the sync has failed",
        looks_on: false,
        run: |world| Box::pin(hooks::fail_their_sync(world)),
    },
    Check {
        name: "rollouts-lose-nothing",
        about: "under 200 requests a second: a roll-out, evictions and a scale-down of both services; none fails",
        looks_on: false,
        run: |world| Box::pin(world.held_still(rollouts::lose_nothing(world))),
    },
    Check {
        name: "password-rotated",
        about: "under the same load the databases' passwords are changed: no request fails, the old ones are refused",
        looks_on: false,
        run: |world| Box::pin(rotation::fails_nobody(world)),
    },
    Check {
        name: "bad-commit-survived",
        about: "commits that never start, never get ready or are refused: at every look what runs is as it was",
        looks_on: false,
        run: |world| Box::pin(bad_commit::is_survived(world)),
    },
    Check {
        name: "promotion-and-revert",
        about: "what passed arrives in local, goes on to dev as a commit, not while local is unwell; git revert undoes it",
        looks_on: false,
        run: |world| Box::pin(promotion::reaches_the_next(world)),
    },
    Check {
        name: "nothing-left-behind",
        about: "no pod, policy or namespace of these checks is left",
        looks_on: false,
        run: |world| Box::pin(nothing_left::anywhere(world)),
    },
];
