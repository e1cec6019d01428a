//! What a promotion commits, and that it forces nothing and touches nothing else.

use crate::world::{World, digest};

#[test]
fn what_runs_becomes_one_commit_with_its_trailers() {
    let world = World::new();
    world.promote("local", "dev").succeeded();
    assert_eq!(world.subjects().len(), 2);
    let message = world.message();
    for line in [
        "Promoted-App: app",
        &format!("Promoted-Digest: {}", digest('a')),
        "Promoted-From: local",
        "Promoted-To: dev",
        "Test-Evidence: tests passed (all) at 2026-11-21T16:05:52Z on commit c0ffee",
    ] {
        assert!(
            message.lines().any(|found| found == line),
            "no {line}:\n{message}"
        );
    }
    assert!(message.contains("Promoted-By: "), "{message}");
    let changed = world.git(
        "deployment.git",
        &["diff", "--name-only", "deploy^", "deploy"],
    );
    assert_eq!(
        changed.trim(),
        "kustomize/apps/app/overlays/dev/image/kustomization.yaml"
    );
    let text = world.on_branch("dev");
    assert!(
        text.contains("# A comment.") && text.contains("newName: ghcr.io/x/app"),
        "{text}"
    );
    assert!(
        text.contains(&digest('a')) && !text.contains(&digest('0')),
        "{text}"
    );
}

#[test]
fn the_difference_in_what_is_rendered_is_printed() {
    let world = World::new();
    let outcome = world.promote("local", "dev");
    outcome
        .succeeded()
        .said(&format!("-  digest: {}", digest('0')))
        .said(&format!("+  digest: {}", digest('a')))
        .said("crane copy localhost:5000/app@");
}

#[test]
fn the_working_tree_and_its_branch_stay_as_they_are() {
    let world = World::new();
    world.write(
        "clone/environments.yaml",
        &format!("{}# being edited\n", crate::world::ENVIRONMENTS),
    );
    let state = |world: &World| {
        let status = world.git("clone", &["status", "--porcelain", "--branch"]);
        (status, world.git("clone", &["rev-parse", "HEAD"]))
    };
    let before = state(&world);
    world.promote("local", "dev").succeeded();
    assert_eq!(state(&world), before);
}

#[test]
fn a_digest_that_is_there_already_makes_no_commit() {
    let world = World::new();
    world.promote("local", "dev").succeeded();
    let outcome = world.promote("local", "dev");
    outcome
        .succeeded()
        .said("Nothing to promote: dev names this digest already.");
    assert_eq!(world.subjects().len(), 2);
}

#[test]
fn somebody_who_is_quicker_keeps_their_commit() {
    let world = World::new();
    world.race(2);
    let outcome = world.promote("local", "dev");
    outcome
        .succeeded()
        .said("Somebody pushed at the same moment");
    let subjects = world.subjects();
    assert_eq!(subjects[1..3], ["Somebody else's 1", "Somebody else's 2"]);
    assert!(
        subjects[0].starts_with("Promote app from local to dev"),
        "{subjects:?}"
    );
}

#[test]
fn a_branch_that_never_holds_still_is_given_up() {
    let world = World::new();
    world.race(9);
    world
        .promote("local", "dev")
        .refused("Nothing was changed. Try again.");
    assert!(!world.on_branch("dev").contains(&digest('a')));
}
