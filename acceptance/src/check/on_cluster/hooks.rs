//! The look at a deployment after each sync: where it fails, the sync has failed.

use futures_util::future::try_join;
use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::{Value, json};

use super::ClusterWorld;
use super::trial::{Trial, Trials};
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::cluster::LABEL;
use crate::cluster::app::App;
use crate::failure::{Failure, ensure};
use crate::fresh;

/// Nobody listens there: it answers at once, with a refusal.
const NOBODY: &str = "http://127.0.0.1:9";

pub(crate) async fn fail_their_sync(world: &ClusterWorld) -> Seen {
    let trials = Trials::begin(world).await?;
    let (good, bad) = (fresh::suffix(), fresh::suffix());
    write(world, &trials, "good", &good, &[])?;
    let arguments = ["smoke", "--url", NOBODY, "--wait", "1s"];
    write(world, &trials, "bad", &bad, &arguments)?;
    trials
        .commit("the smoke hook, once as it is and once where nobody listens")
        .await?;

    let own = App::InvoiceApp.namespace();
    let trial = |folder| Trial {
        folder,
        project: own,
        namespace: own,
    };
    world
        .console()
        .step("syncing with the smoke hook as it is, and with one that must fail");
    let passes = trials.until(trial("good"), "synced", |state| {
        state.phase() == "Succeeded"
    });
    let fails = trials.until(trial("bad"), "failed", |state| state.phase() == "Failed");
    let (good_state, bad_state) = try_join(passes, fails).await?;
    for (state, wanted) in [(&good_state, "Succeeded"), (&bad_state, "Failed")] {
        ensure(state.hook("Job") == Some(wanted), || {
            format!("no hook {wanted}: {:.600}", state.words())
        })?;
    }
    for suffix in [&good, &bad] {
        // So it was the hook alone that failed.
        let (config_maps, name) = (world.cluster.api::<ConfigMap>(own), beside(suffix));
        let deployed = config_maps.get(&name).await;
        deployed.map_err(Failure::cluster(
            "find what was deployed beside the smoke hook",
        ))?;
    }
    trials.end().await?;
    Ok(String::from(
        "the smoke hook as it is let a sync succeed, and one that found nobody made the sync fail after all else was applied",
    ))
}

fn beside(suffix: &str) -> String {
    format!("acceptance-{suffix}-trial")
}

/// The component as every deployment has it, under other names, with other arguments if there are any.
fn write(
    world: &ClusterWorld,
    trials: &Trials<'_>,
    folder: &str,
    suffix: &str,
    arguments: &[&str],
) -> Result<(), Failure> {
    let config_map = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {
            "name": "trial",
            "namespace": App::InvoiceApp.namespace(),
            "labels": {"app.kubernetes.io/name": "acceptance", "app.kubernetes.io/part-of": "invoice-platform"},
        },
    });
    trials.write(
        &format!("{folder}/config-map.yaml"),
        &config_map.to_string(),
    )?;
    let kustomization = kustomization(&world.target.probe_image, suffix, arguments)?;
    trials.write(
        &format!("{folder}/kustomization.yaml"),
        &kustomization.to_string(),
    )
}

fn kustomization(image: &str, suffix: &str, arguments: &[&str]) -> Result<Value, Failure> {
    let (name, digest) = image
        .split_once('@')
        .ok_or_else(|| Failure::wrong(format!("{image} is no image by digest")))?;
    // The component's own policies are there already, and let these pods through by their label.
    let without_policies = json!({
        "$patch": "delete", "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "any"},
    });
    let mut patches =
        vec![json!({"target": {"kind": "NetworkPolicy"}, "patch": without_policies.to_string()})];
    if !arguments.is_empty() {
        let given = "/spec/template/spec/containers/0/args";
        let other = json!([{"op": "replace", "path": given, "value": arguments}]);
        patches.push(json!({"target": {"kind": "Job"}, "patch": other.to_string()}));
    }
    Ok(json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namePrefix": format!("acceptance-{suffix}-"),
        "resources": ["config-map.yaml"],
        "components": ["../../../../kustomize/components/smoke"],
        "labels": [{"pairs": {LABEL: "true"}, "includeTemplates": true}],
        "images": [{"name": "probe", "newName": name, "digest": digest}],
        "patches": patches,
    }))
}

#[cfg(test)]
mod tests {
    use super::kustomization;

    #[test]
    fn only_the_failing_hook_has_other_arguments_than_the_deployed_one() {
        let image = "localhost:5000/probe@sha256:00";
        let patches = |arguments: &[&str]| {
            let kustomization = kustomization(image, "x", arguments).unwrap();
            kustomization["patches"].as_array().unwrap().len()
        };
        assert_eq!(patches(&[]), 1);
        assert_eq!(patches(&["smoke"]), 2);
    }

    #[test]
    fn an_image_without_a_digest_is_named() {
        let error = kustomization("probe:latest", "x", &[]).unwrap_err();
        assert!(error.to_string().contains("probe:latest"), "{error}");
    }
}
