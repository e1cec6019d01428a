//! What is not promoted. Each test ends with the same promotion getting through once what was wrong is mended.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::world::World;

/// Nothing was committed, and a promotion after `mend` is.
fn until_mended(world: &World, words: &str, mend: impl FnOnce(&World)) {
    world.promote("local", "dev").refused(words);
    assert_eq!(world.subjects().len(), 1, "something was committed");
    mend(world);
    world.promote("local", "dev").succeeded();
    assert_eq!(world.subjects().len(), 2);
}

#[test]
fn a_roll_out_that_is_not_done() {
    let world = World::new();
    world.runs_changed('a', |deployment| {
        deployment["status"]["availableReplicas"] = json!(2);
    });
    let words = "2 are available\n       Mend local first, or wait until it is well there";
    until_mended(&world, words, |world| world.runs('a'));
}

#[test]
fn pods_of_several_digests() {
    let world = World::new();
    world.pods(&['a', 'b', 'a']);
    until_mended(&world, "pods of several digests run", |world| {
        world.runs('a');
    });
}

#[test]
fn an_application_that_is_not_healthy() {
    let world = World::new();
    world.application("Degraded", "Synced");
    let words = "its Application is Degraded and Synced: one object was refused";
    until_mended(&world, words, |world| {
        world.application("Healthy", "Synced");
    });
}

#[test]
fn an_application_whose_cluster_is_not_what_git_says() {
    let world = World::new();
    world.application("Healthy", "OutOfSync");
    until_mended(&world, "Healthy and OutOfSync", |world| {
        world.application("Healthy", "Synced");
    });
}

#[test]
fn a_cluster_that_does_not_answer() {
    let world = World::new();
    world.write("silent", "");
    let words = "the cluster of kube context testing does not say what runs there";
    until_mended(&world, words, |world| {
        fs::remove_file(world.path("silent")).unwrap();
    });
}

#[test]
fn a_deployment_that_is_not_there() {
    let world = World::new();
    fs::remove_file(world.path("deployment.json")).unwrap();
    until_mended(
        &world,
        "there is no Deployment app in namespace team",
        |world| world.runs('a'),
    );
}

#[test]
fn a_clone_that_nothing_was_deployed_from() {
    let world = World::new();
    let target = fs::read_to_string(world.path("clone/.deploy/target.json")).unwrap();
    world.write("clone/.deploy/target.json", r#"{"kind":"processes"}"#);
    let words = "nothing is deployed as local from this clone\n       Deploy to a cluster first";
    until_mended(&world, words, |world| {
        world.write("clone/.deploy/target.json", &target);
    });
}

#[test]
fn a_repository_that_refuses_the_push() {
    let world = World::new();
    let hook = world.path("deployment.git/hooks/pre-receive");
    world.write(
        "deployment.git/hooks/pre-receive",
        "#!/bin/sh\necho not today >&2\nexit 1\n",
    );
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    until_mended(&world, "not today", |_| fs::remove_file(&hook).unwrap());
}

#[test]
fn an_image_that_something_else_names() {
    let world = World::new();
    world.promote("local", "dev").succeeded();
    // The cluster's own kustomization, which the stand-in renders, names another image.
    world.change_branch("Own", |folder| {
        let path = format!("{folder}/clusters/staging/app/image/kustomization.yaml");
        world.write(&path, "images: elsewhere\n");
    });
    world
        .promote("dev", "staging")
        .refused("clusters/staging/app renders another image");
}

#[test]
fn an_environment_that_cannot_be_asked() {
    let world = World::new();
    let words = "what runs in staging cannot be asked: environments.yaml gives it no kube context";
    world.promote("staging", "production").refused(words);
    // The control: one that can be.
    world.promote("dev", "staging").succeeded();
}

#[test]
fn an_environment_that_is_skipped() {
    let world = World::new();
    world
        .promote("local", "staging")
        .refused("no environment is skipped");
    world.promote("local", "dev").succeeded();
}

#[test]
fn names_that_nothing_has() {
    let world = World::new();
    world
        .promote("local", "moon")
        .refused("environments.yaml has local, dev, staging, production");
    world.forget_tests();
    world
        .promote("build", "local")
        .refused("no image has passed the tests yet");
}

#[test]
fn a_repository_without_the_deployment_branch() {
    let world = World::new();
    world.git("deployment.git", &["branch", "-m", "deploy", "other"]);
    world
        .promote("local", "dev")
        .refused("./deploy.sh makes the branch");
    world.git("deployment.git", &["branch", "-m", "other", "deploy"]);
    world.promote("local", "dev").succeeded();
}
