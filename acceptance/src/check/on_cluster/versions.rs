//! Which image runs, and other ones to put in its place.

use k8s_openapi::api::apps::v1::Deployment;
use reqwest::Method;

use super::ClusterWorld;
use crate::branch::Branch;
use crate::cluster::app::App;
use crate::failure::{Failure, ensure};
use crate::fresh;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// An image by its digest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Image {
    pub(super) repository: String,
    pub(super) digest: String,
}

impl std::fmt::Display for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.repository, self.digest)
    }
}

impl Image {
    /// The same repository's image of a digest that nothing has.
    pub(super) fn unknown(&self) -> Self {
        let half = || fresh::id().simple().to_string();
        Self {
            repository: self.repository.clone(),
            digest: format!("sha256:{}{}", half(), half()),
        }
    }
}

/// The image that the service's Deployment names.
pub(super) async fn wanted(world: &ClusterWorld, app: App) -> Result<Image, Failure> {
    let api = world.cluster.api::<Deployment>(app.namespace());
    let found = api.get(app.name()).await;
    let found = found.map_err(Failure::cluster(format!(
        "get the Deployment {}",
        app.name()
    )))?;
    let pod = found.spec.and_then(|spec| spec.template.spec);
    let container = pod.and_then(|pod| {
        pod.containers
            .into_iter()
            .find(|one| one.name == app.name())
    });
    let image = container
        .and_then(|container| container.image)
        .unwrap_or_default();
    let (repository, digest) = image.split_once('@').ok_or_else(|| {
        Failure::wrong(format!("{} runs {image}, which is no digest", app.name()))
    })?;
    Ok(Image {
        repository: repository.to_owned(),
        digest: digest.to_owned(),
    })
}

/// The same image under another digest, in the same registry: its manifest with a line feed at the end.
pub(super) async fn copied(world: &ClusterWorld, image: &Image) -> Result<Image, Failure> {
    let (host, name) = image
        .repository
        .split_once('/')
        .unwrap_or((&image.repository, ""));
    let plain = ["localhost", "127.0.0.1"].contains(&host.split(':').next().unwrap_or_default());
    if !plain {
        return Err(Failure::NotHere(format!(
            "no second digest to deploy: {host} is not a registry of this machine"
        )));
    }
    let registry = world.plain(host);
    let path = |reference: &str| format!("/v2/{name}/manifests/{reference}");
    let accept = format!("{MANIFEST}, {DOCKER_MANIFEST}");
    let manifest = registry
        .request(Method::GET, &path(&image.digest))
        .accept(&accept)
        .send()
        .await?
        .expect(200)?;
    let put = registry.request(Method::PUT, &path("acceptance"));
    let put = put.body(manifest.content_type(), format!("{}\n", manifest.body));
    let digest = put
        .send()
        .await?
        .expect(201)?
        .own_header("docker-content-digest")
        .to_owned();
    ensure(
        digest.starts_with("sha256:") && digest != image.digest,
        || format!("{host} stored a copy of {name} as `{digest}`"),
    )?;
    Ok(Image {
        repository: image.repository.clone(),
        digest,
    })
}

/// The file of the deployment branch that names the service's image.
pub(super) fn file(app: App, environment: &str) -> String {
    format!(
        "kustomize/apps/{}/overlays/{environment}/image/kustomization.yaml",
        app.name()
    )
}

/// Writes another image into the file, and commits that.
pub(super) async fn commit(
    world: &ClusterWorld,
    branch: &Branch,
    app: App,
    from: &Image,
    to: &Image,
) -> Result<String, Failure> {
    let file = file(app, &world.target.environment);
    let before = branch.read(&file)?;
    let repository = |image: &Image| format!("newName: {}\n", image.repository);
    let after = before
        .replacen(&repository(from), &repository(to), 1)
        .replacen(&from.digest, &to.digest, 1);
    ensure(
        after.contains(&to.digest) && after.contains(&repository(to)),
        || format!("{file} does not name {from}"),
    )?;
    branch.write(&file, &after)?;
    branch
        .commit(&format!("{} is to run {to}", app.name()))
        .await
}
