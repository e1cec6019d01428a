//! The images' own user. A pod that must not run as root and names no user starts only when the user of its
//! image is a number other than 0: the node looks into the image itself. The database's image, whose user is
//! root, is the control: the same pod with it must be refused.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, Pod};
use kube::ResourceExt;
use kube::api::PostParams;
use serde_json::json;

use super::ClusterWorld;
use crate::check::Seen;
use crate::cluster::LABEL;
use crate::cluster::app::App;
use crate::cluster::pods::state;
use crate::cluster::probe_pod::from_json;
use crate::failure::{Failure, ensure};
use crate::fresh;
use crate::poll;

const DECIDED_WITHIN: Duration = Duration::from_mins(1);
/// The node's word for a container that it refuses to make.
const REFUSED: &str = "CreateContainerConfigError";

pub(crate) async fn is_not_root(world: &ClusterWorld) -> Seen {
    let namespace = world.cluster.scratch_namespace().await?;
    let mut seen = Vec::new();
    for app in App::ALL {
        running_pods_may_not_be_root(world, app).await?;
        let image = image(world, app.namespace(), app.name()).await?;
        let decided = trial(world, &namespace, app.name(), &image).await?;
        ensure(decided == Decided::Ran, || {
            format!("{} as its image's own user: {decided:?}", app.name())
        })?;
        seen.push(format!("{} ran as its image's user", app.name()));
    }
    match image(
        world,
        App::InvoiceApp.namespace(),
        App::InvoiceApp.database(),
    )
    .await
    {
        Ok(image) => {
            let decided = trial(world, &namespace, "database", &image).await?;
            ensure(
                matches!(&decided, Decided::Refused(why) if why.contains("root")),
                || {
                    format!(
                        "the control, an image whose user is root, was not refused: {decided:?}"
                    )
                },
            )?;
            seen.push(String::from("an image whose user is root was refused"));
        }
        Err(_) => seen.push(String::from(
            "no image whose user is root at hand for a control",
        )),
    }
    Ok(seen.join("; "))
}

/// What became of a trial pod.
#[derive(Debug, Eq, PartialEq)]
enum Decided {
    Ran,
    Refused(String),
}

/// All containers of the running pods say that they are not root, and those that tell their user prove it.
async fn running_pods_may_not_be_root(world: &ClusterWorld, app: App) -> Result<(), Failure> {
    for pod in world.cluster.replicas(app).await? {
        let name = pod.name_any();
        let spec = pod
            .spec
            .as_ref()
            .ok_or_else(|| Failure::wrong(format!("{name} has no spec")))?;
        let of_pod = spec
            .security_context
            .as_ref()
            .and_then(|context| context.run_as_non_root);
        for container in &spec.containers {
            let own = container
                .security_context
                .as_ref()
                .and_then(|context| context.run_as_non_root);
            ensure(own.or(of_pod) == Some(true), || {
                format!("{name} may run as root")
            })?;
        }
        let statuses = pod
            .status
            .as_ref()
            .and_then(|status| status.container_statuses.as_deref());
        for status in statuses.unwrap_or_default() {
            let user = status
                .user
                .as_ref()
                .and_then(|user| user.linux.as_ref())
                .map(|user| user.uid);
            ensure(user != Some(0), || format!("{name} runs as root"))?;
        }
    }
    Ok(())
}

async fn image(world: &ClusterWorld, namespace: &str, name: &str) -> Result<String, Failure> {
    let pods = world.cluster.pods_named(namespace, name).await?;
    let spec = pods.into_iter().next().and_then(|pod| pod.spec);
    let container: Option<Container> = spec.and_then(|spec| spec.containers.into_iter().next());
    let image = container.and_then(|container| container.image);
    image.ok_or_else(|| Failure::wrong(format!("{name} has no pod with an image")))
}

/// Lets the image print its help as whichever user it has itself.
async fn trial(
    world: &ClusterWorld,
    namespace: &str,
    role: &str,
    image: &str,
) -> Result<Decided, Failure> {
    let name = format!("acceptance-user-{role}-{}", fresh::suffix());
    let pod: Pod = from_json(json!({
        "metadata": {"name": name, "labels": {LABEL: "true"}},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": false,
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "trial",
                "image": image,
                "args": ["--help"],
                "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"cpu": "100m", "memory": "64Mi"}},
                "securityContext": {
                    "allowPrivilegeEscalation": false,
                    "readOnlyRootFilesystem": true,
                    "capabilities": {"drop": ["ALL"]},
                },
            }],
        },
    }))?;
    let api = world.cluster.api::<Pod>(namespace);
    api.create(&PostParams::default(), &pod)
        .await
        .map_err(Failure::cluster(format!("create pod {name}")))?;
    poll::until(
        &format!("pod {name} run or refused"),
        DECIDED_WITHIN,
        async || {
            let now = api
                .get(&name)
                .await
                .map_err(Failure::cluster(format!("get {name}")))?;
            let phase = now
                .status
                .as_ref()
                .and_then(|status| status.phase.as_deref());
            match (phase, state(&now)) {
                (Some("Succeeded"), _) => Ok(Decided::Ran),
                (_, state) if state.starts_with(REFUSED) => Ok(Decided::Refused(state)),
                (_, state) => Err(Failure::wrong(state)),
            }
        },
    )
    .await
}
