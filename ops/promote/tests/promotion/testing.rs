//! What passed the tests, and how that is told on.

use promote::cli::{Order, Record};
use promote::record_tested;

use crate::world::{TESTED, World, digest, image};

fn record(world: &World) -> Result<String, promote::PromoteError> {
    record_part(world, "all")
}

fn record_part(world: &World, part: &str) -> Result<String, promote::PromoteError> {
    let order = Record {
        root: world.path("clone"),
        parts: vec![part.to_owned()],
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
    world.forget_tests();
    world.write(
        "clone/environments.yaml",
        &format!("{}# edited\n", crate::world::ENVIRONMENTS),
    );
    record(&world).unwrap();
    world
        .promote("build", "local")
        .refused("the test evidence is: of no commit: tests passed (all) at ");
    world
        .promote_all_the_same("local", "dev", "to try it")
        .succeeded();
    says(
        &world,
        "Test-Evidence: of no commit: tests passed (all) at ",
    );
    says(
        &world,
        " with changes on top; promoted all the same: to try it\n",
    );
    // Said by a commit it is no more.
    world.forget_tests();
    world.promote("dev", "staging").refused("evidence is: none");
}

#[test]
fn what_a_commit_says_of_sources_with_changes_on_top_is_no_evidence() {
    for (remark, counts) in [("c0ffee with changes on top", false), ("of a tag", true)] {
        let world = World::new();
        let text = std::fs::read_to_string(world.path(TESTED)).unwrap();
        let with_remark = text.replacen('{', &format!(r#"{{"remark": "{remark}","#), 1);
        world.write(TESTED, &with_remark);
        world.promote("local", "dev").succeeded();
        world.forget_tests();
        let promoted = world.promote("dev", "staging");
        if counts {
            promoted.succeeded();
        } else {
            promoted.refused("evidence is: none");
        }
    }
}

#[test]
fn tests_of_which_some_were_skipped_are_not_all() {
    let world = World::new();
    world.forget_tests();
    record_part(&world, "all but drift-healed, projects-apart").unwrap();
    let words =
        "the test evidence is: not all tests passed (all but drift-healed, projects-apart) at ";
    world.promote("build", "local").refused(words);
    record(&world).unwrap();
    world.promote("build", "local").succeeded();
}

/// Fails unless the last commit's message has these words.
fn says(world: &World, words: &str) {
    let message = world.message();
    assert!(message.contains(words), "{message}");
}

#[test]
fn evidence_goes_with_the_digest_from_one_environment_to_the_next() {
    let world = World::new();
    record(&world).unwrap();
    world.promote("local", "dev").succeeded();
    says(&world, "Test-Evidence: tests passed (all)");
    // This clone no longer knows, but the commit that brought it to dev does.
    world.forget_tests();
    world.promote("dev", "staging").succeeded();
    says(&world, "Test-Evidence: tests passed (all)");
    // Another digest has none.
    world.runs('b');
    world
        .promote("dev", "staging")
        .refused("of sha256:bbbbbbbbbbbb the test evidence is: none");
}

#[test]
fn a_digest_that_nobody_tested_goes_on_only_with_a_reason_that_the_commit_names() {
    let world = World::new();
    world.forget_tests();
    let words = "the test evidence is: none\n       Deploy that very image";
    world.promote("local", "dev").refused(words);
    assert_eq!(world.subjects().len(), 1, "something was committed");
    world
        .promote_all_the_same("local", "dev", "the fix cannot wait")
        .succeeded();
    says(
        &world,
        "\nTest-Evidence: none; promoted all the same: the fix cannot wait\n",
    );
    // A reason is not evidence: the next step asks again.
    world.promote("dev", "staging").refused("evidence is: none");
    world.passed('a', "all");
    world.promote("dev", "staging").succeeded();
}

#[test]
fn a_build_that_passed_only_some_tests_is_not_promoted() {
    let world = World::new();
    world.passed('a', "acceptance");
    for (from, to) in [("build", "local"), ("build", "dev"), ("local", "dev")] {
        world
            .promote(from, to)
            .refused("the test evidence is: not all tests passed (acceptance) at ");
    }
    assert_eq!(world.subjects().len(), 1, "something was committed");
    world.passed('a', "all");
    world.promote("build", "local").succeeded();
}

#[test]
fn a_reason_does_not_hide_the_evidence_that_there_is() {
    let world = World::new();
    world
        .promote_all_the_same("local", "dev", "in case")
        .succeeded();
    assert!(!world.message().contains("in case"), "{}", world.message());
    world.runs('b');
    world.passed('b', "acceptance");
    world
        .promote_all_the_same("local", "dev", "in case")
        .succeeded();
    let message = world.message();
    let partly = "Test-Evidence: not all tests passed (acceptance) at 2026-11-21T16:05:52Z on commit c0ffee; promoted all the same: in case";
    assert!(message.lines().any(|line| line == partly), "{message}");
}

#[test]
fn what_a_workflow_remarks_on_its_evidence_is_told_on() {
    let world = World::new();
    let text = std::fs::read_to_string(world.path(TESTED)).unwrap();
    let with_remark = text.replacen('{', r#"{"remark": "the same program in another image","#, 1);
    world.write(TESTED, &with_remark);
    world.promote("build", "dev").succeeded();
    let evidence = "Test-Evidence: tests passed (all) at 2026-11-21T16:05:52Z on commit c0ffee; the same program in another image";
    let message = world.message();
    assert!(message.lines().any(|line| line == evidence), "{message}");
}

#[test]
fn what_is_not_well_is_not_recorded() {
    let world = World::new();
    world.forget_tests();
    world.pods(&['a', 'b']);
    assert!(
        record(&world)
            .unwrap_err()
            .to_string()
            .contains("several digests")
    );
    assert!(!world.path(TESTED).exists());
    world.runs('a');
    assert!(record(&world).unwrap().contains("app sha256:aaaaaaaaaaaa"));
    assert!(
        std::fs::read_to_string(world.path(TESTED))
            .unwrap()
            .contains(&image('a'))
    );
}

#[test]
fn processes_of_this_machine_have_no_image_to_record() {
    let world = World::new();
    world.forget_tests();
    world.write("clone/.deploy/target.json", r#"{"kind":"processes"}"#);
    assert!(
        record(&world)
            .unwrap()
            .contains("not deployed to a cluster")
    );
    assert!(!world.path(TESTED).exists());
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
        git_server: Some(world.path("server").display().to_string()),
        ..world.order("local", "dev")
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
        repository: Some(String::from("nowhere.invalid:deployment.git")),
        ..world.order("local", "dev")
    };
    world.promote_by(&order).refused("nowhere.invalid");
    world.git("clone", &["config", &server, "nowhere.invalid:"]);
    world.promote_by(&order).succeeded();
    assert_eq!(world.subjects().len(), 2);
}

#[test]
fn an_environment_on_a_branch_of_its_own_gets_manifests_and_evidence_by_a_merge() {
    let world = World::new();
    world.git("deployment.git", &["branch", "staging", "deploy"]);
    world.promote("local", "dev").succeeded();
    world.forget_tests();
    let order = Order {
        branch: String::from("staging"),
        ..world.order("dev", "staging")
    };
    // Nothing of what came to the other branch is known on this one.
    world.promote_by(&order).refused("evidence is: none");
    world.git(
        ".",
        &[
            "clone",
            "--quiet",
            "--branch",
            "staging",
            "deployment.git",
            "merge",
        ],
    );
    world.git("merge", &["merge", "--quiet", "origin/deploy"]);
    world.git("merge", &["push", "--quiet", "origin", "staging"]);
    world.promote_by(&order).succeeded();
    let message = world.git("deployment.git", &["log", "-1", "--format=%B", "staging"]);
    assert!(
        message.contains("Test-Evidence: tests passed (all)"),
        "{message}"
    );
    assert!(!world.on_branch("staging").contains(&digest('a')));
}

#[test]
fn some_tests_on_what_passed_all_of_them_take_no_evidence_away() {
    let world = World::new();
    record(&world).unwrap();
    let said = record_part(&world, "acceptance").unwrap();
    assert!(said.contains("tests passed (all)"), "{said}");
    world.promote("build", "local").succeeded();
    // Another image is another matter.
    world.runs('b');
    record_part(&world, "acceptance").unwrap();
    world
        .promote("build", "dev")
        .refused("not all tests passed");
}
