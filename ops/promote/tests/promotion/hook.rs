//! What looks at an app after each sync is promoted with it.

use promote::cli::Record;
use promote::record_tested;
use serde_json::{Value, json};

use crate::world::{TESTED, World, digest};

/// An app with a hook: `a` runs in local and `d` looked at it, both passed all tests.
fn world() -> World {
    let world = World::new();
    world.write(
        "clone/kustomize/apps/app/base/kustomization.yaml",
        "namespace: team\ncomponents:\n- ../../../components/smoke\n",
    );
    for environment in ["local", "dev", "staging", "production"] {
        let (app, hook) = if environment == "local" {
            ('a', 'd')
        } else {
            ('0', '0')
        };
        names(&world, "clone", environment, app, Some(hook));
    }
    world.write("clone/.gitignore", "/.deploy/\n");
    world.commit("clone", "A hook");
    let repository = world.path("deployment.git").display().to_string();
    let push = ["push", "--quiet", &repository, "HEAD:refs/heads/deploy"];
    world.git("clone", &push);
    passed(&world, 'a', Some('d'));
    world
}

/// An overlay's file has these digests.
fn names(world: &World, folder: &str, environment: &str, app: char, hook: Option<char>) {
    let entry = |name: &str, digit| {
        format!(
            "- name: {name}\n  newName: ghcr.io/x/{name}\n  digest: {}\n",
            digest(digit)
        )
    };
    let hook = hook.map(|digit| entry("probe", digit)).unwrap_or_default();
    let path =
        format!("{folder}/kustomize/apps/app/overlays/{environment}/image/kustomization.yaml");
    world.write(
        &path,
        &format!("kind: Component\nimages:\n{}{hook}", entry("app", app)),
    );
}

/// Somebody changes an overlay's file on the branch.
fn change_branch(world: &World, environment: &str, app: char, hook: Option<char>) {
    world.change_branch("Another", |folder| {
        names(world, folder, environment, app, hook);
    });
}

fn passed(world: &World, app: char, hook: Option<char>) {
    let image = |name, digit| format!("localhost:5000/{name}@{}", digest(digit));
    let mut images = json!({"app": image("app", app)});
    if let Some(hook) = hook {
        images["probe"] = json!(image("probe", hook));
    }
    let tested = json!({
        "commit": "c0ffee", "dirty": false, "time": "2026-11-21T16:05:52Z", "parts": ["all"], "images": images,
    });
    world.write(TESTED, &tested.to_string());
}

fn says(world: &World, line: &str) {
    let message = world.message();
    assert!(
        message.lines().any(|found| found == line),
        "no {line}:\n{message}"
    );
}

#[test]
fn what_looked_at_the_app_goes_with_it_in_the_same_commit() {
    let world = world();
    let before = world.subjects().len();
    world
        .promote("local", "dev")
        .succeeded()
        .said(&format!("looked at by ghcr.io/x/probe@{}", digest('d')))
        .said(&format!("+  digest: {}", digest('a')))
        .said(&format!("+  digest: {}", digest('d')));
    assert_eq!(world.subjects().len(), before + 1);
    says(&world, &format!("Promoted-Digest: {}", digest('a')));
    says(&world, &format!("Promoted-Hook: {}", digest('d')));
    let file = world.on_branch("dev");
    assert!(
        file.contains(&digest('a')) && file.contains(&digest('d')),
        "{file}"
    );
    world
        .promote("local", "dev")
        .succeeded()
        .said("Nothing to promote");
}

#[test]
fn an_app_without_a_hook_has_none_promoted() {
    let world = World::new();
    world.promote("local", "dev").succeeded();
    let (message, file) = (world.message(), world.on_branch("dev"));
    assert!(!message.contains("Promoted-Hook"), "{message}");
    assert!(!file.contains("probe"), "{file}");
}

#[test]
fn a_build_takes_along_what_was_there_when_it_passed_the_tests() {
    let world = world();
    passed(&world, 'b', Some('e'));
    world
        .promote("build", "dev")
        .succeeded()
        .said("crane copy localhost:5000/probe@");
    assert!(world.on_branch("dev").contains(&digest('e')));
    passed(&world, 'c', None);
    let words = "what looks at it after each sync has no digest that is known\n       Deploy to a cluster and";
    world.promote("build", "dev").refused(words);
    assert!(!world.on_branch("dev").contains(&digest('c')));
}

#[test]
fn another_hook_for_the_same_digest_is_a_promotion() {
    let world = world();
    world.promote("local", "dev").succeeded();
    passed(&world, 'a', Some('e'));
    world.promote("build", "dev").succeeded();
    assert!(world.on_branch("dev").contains(&digest('e')));
}

#[test]
fn a_hook_that_nobody_knows_is_not_promoted_whatever_the_reason() {
    for (app, hook) in [('b', Some('d')), ('a', None), ('a', Some('0'))] {
        let world = world();
        change_branch(&world, "local", app, hook);
        world.forget_tests();
        let promoted = world.promote_all_the_same("local", "dev", "in a hurry");
        promoted.refused(
            "each sync has no digest that is known\n       The deployment branch names it",
        );
        change_branch(&world, "local", 'a', Some('d'));
        world
            .promote_all_the_same("local", "dev", "in a hurry")
            .succeeded();
    }
}

#[test]
fn where_the_branch_does_not_say_it_the_tests_do() {
    let world = world();
    change_branch(&world, "local", '0', None);
    world.promote("local", "dev").succeeded();
    says(&world, &format!("Promoted-Hook: {}", digest('d')));
}

#[test]
fn tests_with_another_hook_are_no_evidence() {
    let world = world();
    change_branch(&world, "local", 'a', Some('e'));
    let words = "the test evidence is: without its hook sha256:eeeeeeeeeeee: tests passed (all)";
    world.promote("local", "dev").refused(words);
    passed(&world, 'a', Some('e'));
    world.promote("local", "dev").succeeded();
    // The commit that brought both is evidence of both, and of no other hook.
    world.forget_tests();
    change_branch(&world, "dev", 'a', Some('d'));
    world.promote("dev", "staging").refused("evidence is: none");
    change_branch(&world, "dev", 'a', Some('e'));
    world.promote("dev", "staging").succeeded();
    says(&world, &format!("Promoted-Hook: {}", digest('e')));
}

#[test]
fn a_file_from_before_there_was_a_hook_gets_its_entry() {
    let world = world();
    change_branch(&world, "dev", '0', None);
    world.promote("local", "dev").succeeded();
    let entry = format!(
        "- name: probe\n  newName: ghcr.io/x/probe\n  digest: {}\n",
        digest('d')
    );
    let file = world.on_branch("dev");
    assert!(file.ends_with(&entry), "{file}");
}

#[test]
fn what_looked_on_when_the_tests_passed_is_recorded() {
    let world = world();
    world.forget_tests();
    let target = "clone/.deploy/target.json";
    let text = std::fs::read_to_string(world.path(target)).unwrap();
    let mut value: Value = serde_json::from_str(&text).unwrap();
    value["probe_image"] = json!(format!("localhost:5000/probe@{}", digest('f')));
    world.write(target, &value.to_string());
    let order = Record {
        root: world.path("clone"),
        parts: vec![String::from("all")],
    };
    let mut said = Vec::new();
    record_tested(&order, &world.tools, &mut said).unwrap();
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("probe sha256:ffffffffffff"), "{said}");
    world.promote("build", "local").succeeded();
    assert!(world.on_branch("local").contains(&digest('f')));
}

/// Argo CD's last sync, with its hook, ended so.
fn synced(world: &World, phase: &str, hook: &str) {
    let hook = json!({
        "kind": "Job", "name": "app-smoke", "hookType": "PostSync", "hookPhase": hook, "message": "it gave up",
    });
    let status = json!({
        "health": {"status": "Healthy"}, "sync": {"status": "Synced", "revision": "REVISION"},
        "operationState": {"phase": phase, "message": "waiting for the hook", "syncResult": {"resources": [hook]}},
    });
    world.write("application.json", &json!({"status": status}).to_string());
}

#[test]
fn what_the_hook_was_not_content_with_is_not_promoted() {
    let world = world();
    synced(&world, "Failed", "Failed");
    let words = "the hook app-smoke of its last sync failed: it gave up";
    world.promote("local", "dev").refused(words);
    synced(&world, "Succeeded", "Succeeded");
    world.promote("local", "dev").succeeded();
}

#[test]
fn a_promotion_has_not_arrived_before_its_hook_has_succeeded() {
    let world = world();
    synced(&world, "Running", "Running");
    world
        .promote_waiting("local", "dev", 1)
        .refused("the sync goes on: waiting for the hook");
    synced(&world, "Succeeded", "Succeeded");
    passed(&world, 'a', Some('e'));
    world
        .promote_waiting("build", "dev", 60)
        .succeeded()
        .said("Arrived in dev after ");
}
