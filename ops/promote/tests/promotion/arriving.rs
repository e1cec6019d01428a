//! Where the environment has a cluster with Argo CD, a promotion waits until it has arrived.

use crate::world::World;

#[test]
fn a_promotion_is_waited_for_until_its_digest_runs() {
    let world = World::new();
    // local and dev are the same stand-in, so what is promoted runs there at once.
    world.application("Healthy", "Synced");
    let outcome = world.promote_waiting("local", "dev", 60);
    outcome.succeeded().said("Arrived in dev after ");
    let annotated = std::fs::read_to_string(world.path("annotated")).unwrap();
    assert!(
        annotated.contains("applications.argoproj.io/app-dev argocd.argoproj.io/refresh=normal"),
        "{annotated}"
    );
}

#[test]
fn one_that_does_not_arrive_is_told_with_what_is_missing_and_how_to_go_back() {
    let world = World::new();
    world.write(
        "clone/.deploy/tested.json",
        &format!(
            r#"{{"commit":"c0ffee","dirty":false,"time":"2026-01-02T03:04:05Z","parts":["all"],"images":{{"app":"{}"}}}}"#,
            crate::world::image('b')
        ),
    );
    // What is promoted to local never runs there: `a` goes on.
    world.application("Healthy", "Synced");
    let outcome = world.promote_waiting("build", "local", 1);
    outcome
        .said("still runs")
        .refused("What ran before goes on running.");
    assert_eq!(
        world.subjects().len(),
        2,
        "the commit is there all the same"
    );
}

#[test]
fn a_cluster_without_argo_cd_is_said_to_change_nothing_by_itself() {
    let world = World::new();
    let outcome = world.promote_waiting("local", "dev", 60);
    outcome.succeeded().said("No Argo CD brings it to dev");
}
