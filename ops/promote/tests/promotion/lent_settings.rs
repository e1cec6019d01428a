//! Settings that whoever calls lends to git by variables, a token for example, reach every git of the program.

use std::process::Command;

use crate::world::World;

/// Notes what git would go by with each call, then calls the real one by its place in `GIT`.
const GIT: &str = r#"#!/bin/sh
echo "$1: $("$GIT" config --get-all trial.lent) $("$GIT" config --get-all trial.own) $("$GIT" config --get-all http.https://git.example/.extraheader)$("$GIT" config --get-all http.trial.proxy)" >>"$WORLD/effective"
exec "$GIT" "$@"
"#;

/// The program itself, since only a process has variables of its own.
fn promote(world: &World, lent: &[(&str, &str)]) -> Vec<String> {
    let path = std::env::var_os("PATH").unwrap();
    let git = std::env::split_paths(&path)
        .map(|folder| folder.join("git"))
        .find(|git| git.is_file())
        .unwrap();
    let bin = world.program("noting/git", GIT);
    std::fs::copy(&world.tools.kubectl, bin.with_file_name("kubectl")).unwrap();
    let folders = std::iter::once(bin.parent().unwrap().to_owned());
    let path = std::env::join_paths(folders.chain(std::env::split_paths(&path))).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_promote"));
    program
        .args(["app", "app", "local", "dev", "--wait", "0", "--root"])
        .arg(world.path("clone"))
        .env("PATH", path)
        // Where a deployment of this machine is kept is not where this world's is.
        .env_remove("GIT_SERVER")
        .env("GIT", git)
        .env("GIT_CONFIG_COUNT", lent.len().to_string());
    for (number, (key, value)) in lent.iter().enumerate() {
        program
            .env(format!("GIT_CONFIG_KEY_{number}"), key)
            .env(format!("GIT_CONFIG_VALUE_{number}"), value);
    }
    let output = program.output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{complaint}");
    assert_eq!(world.subjects().len(), 2);
    let noted = std::fs::read_to_string(world.path("effective")).unwrap();
    noted.lines().map(str::to_owned).collect()
}

/// What the calls that speak with the repository went by.
fn remote(noted: &[String]) -> Vec<&String> {
    let found = noted
        .iter()
        .filter(|line| line.starts_with("clone:") || line.starts_with("push:"));
    let found: Vec<_> = found.collect();
    assert_eq!(found.len(), 2, "{noted:?}");
    found
}

#[test]
fn a_lent_token_is_there_when_the_branch_is_cloned_and_pushed_to() {
    let world = World::new();
    let token = ("http.https://git.example/.extraheader", "lent token");
    let noted = promote(&world, &[("trial.lent", "first"), token]);
    for line in remote(&noted) {
        assert!(
            line.contains(" first ") && line.ends_with("lent token"),
            "{line}"
        );
    }
}

#[test]
fn what_is_lent_stands_beside_the_clones_own_settings() {
    let world = World::new();
    world.git(
        "clone",
        &["config", "http.trial.proxy", "lent by the clone"],
    );
    let noted = promote(&world, &[("trial.lent", "first")]);
    for line in remote(&noted) {
        assert!(
            line.contains(" first ") && line.ends_with("lent by the clone"),
            "{line}"
        );
    }
    // The control: what nobody lends nobody has.
    let world = World::new();
    for line in remote(&promote(&world, &[])) {
        assert!(
            !line.contains("first") && !line.contains("lent by"),
            "{line}"
        );
    }
}
