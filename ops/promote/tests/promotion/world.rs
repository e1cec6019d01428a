//! A clone, the repository with the deployment branch, and the cluster of `local`, all in one folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use promote::cli::Order;
use promote::{PromoteError, Tools, promote};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const ENVIRONMENTS: &str = "environments:\n\
    - {name: local, context: recorded, from: [build]}\n\
    - {name: dev, context: gke-dev, from: [local, build]}\n\
    - {name: staging, context: null, from: [dev]}\n\
    - {name: production, context: null, from: [staging]}\n";

/// Answers from files, and says on standard error what an API server says of what is not there.
const KUBECTL: &str = r#"#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in
    kustomize) exec cat "$2/image/kustomization.yaml" ;;
    annotate) echo "$*" >>"$WORLD/annotated"; exit 0 ;;
    *) ;;
  esac
  path=$1
  shift
done
[ ! -e "$WORLD/silent" ] || { echo "Unable to connect to the server" >&2; exit 1; }
case $path in
  */deployments/*) file=deployment.json ;;
  */pods*) file=pods.json ;;
  */applications/*)
    file=application.json
    revision=$(git -C "$WORLD/deployment.git" rev-parse deploy)
    [ ! -e "$WORLD/$file" ] || exec sed "s/REVISION/$revision/" "$WORLD/$file" ;;
esac
[ -e "$WORLD/$file" ] || { echo "Error from server (NotFound): the server could not find it" >&2; exit 1; }
exec cat "$WORLD/$file"
"#;

/// The real one, blind to this machine's settings. `race` holds how often somebody else is quicker.
const GIT: &str = r#"#!/bin/sh
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
if [ "$1" = push ] && [ -s "$WORLD/race" ]; then
  left=$(cat "$WORLD/race")
  if [ "$left" -gt 0 ]; then
    echo $((left - 1)) >"$WORLD/race"
    other=$WORLD/other-$left
    git clone --quiet --branch deploy "$WORLD/deployment.git" "$other"
    git -C "$other" -c user.name=other -c user.email=o@x commit --quiet --allow-empty --message "Somebody else's $left"
    git -C "$other" push --quiet origin deploy
  fi
fi
exec git "$@"
"#;

pub(crate) const TESTED: &str = "clone/.deploy/tested.json";

pub(crate) struct World {
    folder: TempDir,
    pub(crate) tools: Tools,
}

/// How a promotion ended, and what was said on the way.
pub(crate) struct Outcome {
    pub(crate) result: Result<(), PromoteError>,
    pub(crate) said: String,
}

impl Outcome {
    pub(crate) fn succeeded(&self) -> &Self {
        assert!(self.result.is_ok(), "{:?}\n{}", self.result, self.said);
        self
    }

    pub(crate) fn said(&self, words: &str) -> &Self {
        assert!(
            self.said.contains(words),
            "not said: {words}\n{}",
            self.said
        );
        self
    }

    /// Refused, with these words and a line that says what to do next.
    pub(crate) fn refused(&self, words: &str) {
        let error = self.result.as_ref().expect_err(&self.said);
        let mut complaint = Vec::new();
        let _ = error.complain(&mut complaint);
        let complaint = String::from_utf8(complaint).unwrap();
        assert!(complaint.contains(words), "not said: {words}\n{complaint}");
    }
}

pub(crate) fn digest(digit: char) -> String {
    format!("sha256:{}", String::from(digit).repeat(64))
}

pub(crate) fn image(digit: char) -> String {
    format!("localhost:5000/app@{}", digest(digit))
}

impl World {
    /// `a` runs in local and passed all tests, and every overlay names `0`.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tools = Tools {
            kubectl: script(folder.path(), "kubectl", KUBECTL),
            git: script(folder.path(), "git", GIT),
        };
        let world = Self { folder, tools };
        world.write("clone/environments.yaml", ENVIRONMENTS);
        world.write(
            "clone/kustomize/apps/app/base/kustomization.yaml",
            "namespace: team\n",
        );
        for environment in ["local", "dev", "staging", "production"] {
            let name = if environment == "local" {
                ""
            } else {
                "  newName: ghcr.io/x/app\n"
            };
            let text = format!(
                "# A comment.\nkind: Component\nimages:\n- name: app\n{name}  digest: {}\n",
                digest('0')
            );
            let overlay = format!("clone/kustomize/apps/app/overlays/{environment}");
            world.write(&format!("{overlay}/image/kustomization.yaml"), &text);
        }
        world.git("clone", &["init", "--quiet", "--initial-branch", "main"]);
        world.commit("clone", "All");
        world.git(
            ".",
            &["clone", "--quiet", "--bare", "clone", "deployment.git"],
        );
        world.git("deployment.git", &["branch", "--quiet", "deploy"]);
        let target = json!({
            "kind": "cluster", "context": "testing", "environment": "local",
            "argocd": {"repository": world.path("deployment.git").display().to_string()},
        });
        world.write("clone/.deploy/target.json", &target.to_string());
        world.runs('a');
        world.passed('a', "all");
        world
    }

    /// What `./test.sh` leaves behind.
    pub(crate) fn passed(&self, digit: char, part: &str) {
        let tested = json!({
            "commit": "c0ffee", "dirty": false, "time": "2026-11-21T16:05:52Z", "parts": [part],
            "images": {"app": image(digit)},
        });
        self.write(TESTED, &tested.to_string());
    }

    /// Nothing was ever tested here.
    pub(crate) fn forget_tests(&self) {
        fs::remove_file(self.path(TESTED)).unwrap();
    }

    /// All that the folder holds.
    pub(crate) fn commit(&self, folder: &str, message: &str) {
        self.git(folder, &["add", "."]);
        let somebody = ["-c", "user.name=t", "-c", "user.email=t@x"];
        let commit = ["commit", "--quiet", "--message", message];
        self.git(folder, &[&somebody[..], &commit[..]].concat());
    }

    /// Somebody else changes the deployment branch: `change` does so in the folder that it is given.
    pub(crate) fn change_branch(&self, message: &str, change: impl FnOnce(&str)) {
        let folder = "edit";
        let branch = ["--branch", "deploy", "deployment.git", folder];
        self.git(".", &[&["clone", "--quiet"][..], &branch[..]].concat());
        change(folder);
        self.commit(folder, message);
        self.git(folder, &["push", "--quiet", "origin", "deploy"]);
        fs::remove_dir_all(self.path(folder)).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A script that knows the world's folder.
    pub(crate) fn program(&self, name: &str, text: &str) -> PathBuf {
        script(self.folder.path(), name, text)
    }

    /// Three replicas of this digest, all of them well.
    pub(crate) fn runs(&self, digit: char) {
        self.runs_changed(digit, |_| ());
    }

    /// As `runs`, with the Deployment changed.
    pub(crate) fn runs_changed(&self, digit: char, change: impl FnOnce(&mut Value)) {
        let container = json!({"name": "app", "image": image(digit)});
        let mut deployment = json!({
            "metadata": {"generation": 1},
            "spec": {"replicas": 3, "selector": {}, "template": {"spec": {"containers": [container]}}},
            "status": {"observedGeneration": 1, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3},
        });
        change(&mut deployment);
        self.write("deployment.json", &deployment.to_string());
        self.pods(&[digit; 3]);
    }

    pub(crate) fn pods(&self, digits: &[char]) {
        let pod = |digit: &char| json!({"spec": {"containers": [{"name": "app", "image": image(*digit)}]}});
        let pods: Vec<_> = digits.iter().map(pod).collect();
        self.write("pods.json", &json!({"items": pods}).to_string());
    }

    /// Argo CD has an Application that stands at the tip of the branch.
    pub(crate) fn application(&self, health: &str, sync: &str) {
        let status = json!({
            "health": {"status": health},
            "sync": {"status": sync, "revision": "REVISION"},
            "operationState": {"phase": "Failed", "message": "one object was refused"},
        });
        self.write("application.json", &json!({"status": status}).to_string());
    }

    /// The next pushes find that somebody else was quicker.
    pub(crate) fn race(&self, times: u32) {
        self.write("race", &times.to_string());
    }

    pub(crate) fn promote(&self, from: &str, to: &str) -> Outcome {
        self.promote_waiting(from, to, 0)
    }

    pub(crate) fn promote_waiting(&self, from: &str, to: &str, wait: u64) -> Outcome {
        self.promote_by(&Order {
            wait,
            ..self.order(from, to)
        })
    }

    /// Although it has not passed all tests, for this reason.
    pub(crate) fn promote_all_the_same(&self, from: &str, to: &str, why: &str) -> Outcome {
        self.promote_by(&Order {
            without_evidence: Some(why.to_owned()),
            ..self.order(from, to)
        })
    }

    pub(crate) fn order(&self, from: &str, to: &str) -> Order {
        Order {
            app: String::from("app"),
            from: from.to_owned(),
            to: to.to_owned(),
            root: self.path("clone"),
            repository: None,
            git_server: None,
            branch: String::from("deploy"),
            without_evidence: None,
            wait: 0,
        }
    }

    pub(crate) fn promote_by(&self, order: &Order) -> Outcome {
        let mut said = Vec::new();
        let result = promote(order, &self.tools, &mut said);
        Outcome {
            result,
            said: String::from_utf8(said).unwrap(),
        }
    }

    pub(crate) fn git(&self, folder: &str, arguments: &[&str]) -> String {
        let mut git = Command::new(&self.tools.git);
        let output = git
            .current_dir(self.path(folder))
            .args(arguments)
            .output()
            .unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "git {arguments:?}: {complaint}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The subjects of the deployment branch, latest first.
    pub(crate) fn subjects(&self) -> Vec<String> {
        let log = self.git("deployment.git", &["log", "--format=%s", "deploy"]);
        log.lines().map(str::to_owned).collect()
    }

    /// What the branch's latest commit says.
    pub(crate) fn message(&self) -> String {
        self.git("deployment.git", &["log", "-1", "--format=%B", "deploy"])
    }

    /// What the branch has in a file.
    pub(crate) fn on_branch(&self, environment: &str) -> String {
        let path =
            format!("deploy:kustomize/apps/app/overlays/{environment}/image/kustomization.yaml");
        self.git("deployment.git", &["show", &path])
    }
}

/// A program that knows the world's folder.
fn script(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(format!("bin/{name}"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let world = format!("#!/bin/sh\nWORLD='{}'\n", folder.display());
    fs::write(&path, text.replacen("#!/bin/sh\n", &world, 1)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}
