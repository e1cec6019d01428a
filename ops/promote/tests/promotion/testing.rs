//! What passed the tests, and how that is told on.

use promote::cli::{Order, Record};
use promote::record_tested;

use crate::world::{World, digest, image};

fn record(world: &World) -> Result<String, promote::PromoteError> {
    let order = Record {
        root: world.path("clone"),
        parts: vec![String::from("all")],
    };
    let mut said = Vec::new();
    record_tested(&order, &world.tools, &mut said)?;
    Ok(String::from_utf8(said).unwrap())
}

#[test]
fn what_ran_when_the_tests_passed_is_what_build_stands_for() {
    let world = World::new();
    record(&world).unwrap();
    // What runs later is another matter.
    world.runs('b');
    world.promote("build", "local").succeeded();
    assert!(world.on_branch("local").contains(&digest('a')));
    let commit = world.git("clone", &["rev-parse", "HEAD"]);
    let message = world.message();
    let evidence = message
        .lines()
        .find(|line| line.starts_with("Test-Evidence: "))
        .unwrap();
    assert!(
        evidence.contains("tests passed (all) at ") && evidence.ends_with(commit.trim()),
        "{evidence}"
    );
}

#[test]
fn sources_that_differ_from_their_commit_are_told_so() {
    let world = World::new();
    world.write(
        "clone/environments.yaml",
        &format!("{}# edited\n", crate::world::ENVIRONMENTS),
    );
    record(&world).unwrap();
    world
        .promote("build", "local")
        .succeeded()
        .said("with changes on top");
}

#[test]
fn evidence_goes_with_the_digest_from_one_environment_to_the_next() {
    let world = World::new();
    record(&world).unwrap();
    world.promote("local", "dev").succeeded();
    assert!(
        world
            .message()
            .contains("Test-Evidence: tests passed (all)"),
        "{}",
        world.message()
    );
    // This clone no longer knows, but the commit that brought it to dev does.
    std::fs::remove_file(world.path("clone/.deploy/tested.json")).unwrap();
    world.promote("dev", "staging").succeeded();
    assert!(
        world
            .message()
            .contains("Test-Evidence: tests passed (all)"),
        "{}",
        world.message()
    );
    // Another digest has none.
    world.runs('b');
    world.promote("dev", "staging").succeeded();
    assert!(
        world.message().contains("Test-Evidence: none is known"),
        "{}",
        world.message()
    );
}

#[test]
fn what_is_not_well_is_not_recorded() {
    let world = World::new();
    world.pods(&['a', 'b']);
    assert!(
        record(&world)
            .unwrap_err()
            .to_string()
            .contains("several digests")
    );
    assert!(!world.path("clone/.deploy/tested.json").exists());
    world.runs('a');
    assert!(record(&world).unwrap().contains("app sha256:aaaaaaaaaaaa"));
    assert!(
        std::fs::read_to_string(world.path("clone/.deploy/tested.json"))
            .unwrap()
            .contains(&image('a'))
    );
}

#[test]
fn processes_of_this_machine_have_no_image_to_record() {
    let world = World::new();
    world.write("clone/.deploy/target.json", r#"{"kind":"processes"}"#);
    assert!(
        record(&world)
            .unwrap()
            .contains("not deployed to a cluster")
    );
    assert!(!world.path("clone/.deploy/tested.json").exists());
}

#[test]
fn a_git_server_is_preferred_to_what_was_recorded() {
    let world = World::new();
    world.git(
        ".",
        &[
            "clone",
            "--quiet",
            "--bare",
            "deployment.git",
            "server/invoice-platform.git",
        ],
    );
    let order = Order {
        app: String::from("app"),
        from: String::from("local"),
        to: String::from("dev"),
        root: world.path("clone"),
        repository: None,
        git_server: Some(world.path("server").display().to_string()),
        branch: String::from("deploy"),
        wait: 0,
    };
    world.promote_by(&order).succeeded();
    let log = world.git(
        "server/invoice-platform.git",
        &["log", "--format=%s", "deploy"],
    );
    assert!(log.starts_with("Promote app"), "{log}");
    assert_eq!(world.subjects().len(), 1);
}

#[test]
fn what_the_clones_own_configuration_says_of_repositories_holds_for_the_branch_too() {
    let world = World::new();
    let server = format!("url.{}/.insteadOf", world.path(".").display());
    let order = Order {
        app: String::from("app"),
        from: String::from("local"),
        to: String::from("dev"),
        root: world.path("clone"),
        repository: Some(String::from("nowhere.invalid:deployment.git")),
        git_server: None,
        branch: String::from("deploy"),
        wait: 0,
    };
    world.promote_by(&order).refused("nowhere.invalid");
    world.git("clone", &["config", &server, "nowhere.invalid:"]);
    world.promote_by(&order).succeeded();
    assert_eq!(world.subjects().len(), 2);
}
