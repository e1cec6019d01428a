use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use manifests::{Document, Kubectl, Overlay, overlays};

/// One overlay and what it renders.
pub struct Rendered {
    pub overlay: Overlay,
    pub documents: Vec<Document>,
}

/// The namespaces that deploy.sh found, in [`as_deployed`].
pub const FOUND_INGRESS: &str = "found-ingress";
pub const FOUND_MONITORING: &str = "found-monitoring";
pub const FOUND_COLLECTOR: &str = "found-telemetry";
pub const FOUND_DIGEST: &str =
    "sha256:1111111111111111111111111111111111111111111111111111111111111111";

static EVERYTHING: LazyLock<Vec<Rendered>> = LazyLock::new(|| {
    let found = answer(overlays(&kustomize()));
    let render = |overlay: Overlay| Rendered {
        documents: answer(Kubectl::default().render(&overlay.folder())),
        overlay,
    };
    found.into_iter().map(render).collect()
});

static AS_DEPLOYED: LazyLock<Vec<Document>> = LazyLock::new(|| deployed(Collector::Found));

/// Whether deploy.sh found one.
#[derive(Clone, Copy)]
enum Collector {
    Found,
    Nowhere,
}

/// The answer, or a failure in the error's own words.
pub fn answer<T, E: Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

pub fn kustomize() -> PathBuf {
    root().join("kustomize")
}

/// Every overlay, as it is in the repository.
pub fn everything() -> &'static [Rendered] {
    &EVERYTHING
}

/// Every document of every overlay, and those of the overlay `local` as deploy.sh completes it.
pub fn documents() -> impl Iterator<Item = &'static Document> {
    let written = everything().iter().flat_map(|rendered| &rendered.documents);
    written.chain(as_deployed())
}

/// Every document of one kind.
pub fn of_kind(kind: &str) -> Vec<&'static Document> {
    documents()
        .filter(|document| document.kind() == kind)
        .collect()
}

/// What the tenants render.
pub fn tenants() -> Vec<Document> {
    let tenants = everything()
        .iter()
        .filter(|rendered| rendered.overlay.path().starts_with("tenants/"));
    tenants
        .flat_map(|rendered| rendered.documents.clone())
        .collect()
}

/// What one app renders in one environment, as it is in the repository.
pub fn app(app: &str, environment: &str) -> &'static [Document] {
    let wanted = everything()
        .iter()
        .find(|rendered| rendered.overlay.app() == Some((app, environment)));
    &wanted.unwrap().documents
}

/// What both apps render in one environment.
pub fn apps(environment: &str) -> Vec<Document> {
    let wanted = everything().iter().filter(|rendered| {
        rendered
            .overlay
            .app()
            .is_some_and(|(_, seen)| seen == environment)
    });
    wanted
        .flat_map(|rendered| rendered.documents.clone())
        .collect()
}

/// Both apps' overlay `local` with a kustomization on top, which names the images and the namespaces
/// as deploy.sh does.
pub fn as_deployed() -> &'static [Document] {
    &AS_DEPLOYED
}

/// The same in a cluster where deploy.sh found no collector.
pub fn deployed_without_collector() -> Vec<Document> {
    deployed(Collector::Nowhere)
}

fn deployed(collector: Collector) -> Vec<Document> {
    let apps = ["invoice-app", "payment-provider"];
    let render = |app| render_as_deployed(app, collector);
    apps.into_iter().flat_map(render).collect()
}

fn render_as_deployed(app: &str, collector: Collector) -> Vec<Document> {
    // Below the build folder, not the system's temporary one: kustomize takes relative paths alone.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let up = path_from(folder.path(), &kustomize());
    let literals = format!("ingress-controller={FOUND_INGRESS}, monitoring={FOUND_MONITORING}");
    let found = match collector {
        Collector::Found => format!(
            "components: [{up}/components/platform-namespaces]
configMapGenerator:
- name: platform-namespaces
  behavior: merge
  literals: [{literals}, 'collector=http://jaeger.{FOUND_COLLECTOR}.svc:4318']
patches:
- target: {{labelSelector: invoice-platform.example/lets-out=otlp}}
  patch: |-
    - op: replace
      path: /spec/egress/0/to/0/podSelector/matchLabels
      value: {{app.kubernetes.io/name: jaeger}}"
        ),
        Collector::Nowhere => format!(
            "components: [{up}/components/platform-namespaces, {up}/components/without-collector]
configMapGenerator:
- name: platform-namespaces
  behavior: merge
  literals: [{literals}]"
        ),
    };
    let text = format!(
        "resources: [{up}/apps/{app}/overlays/local]
{found}
images:
- {{name: ghcr.io/invoice-platform/{app}, newName: registry.example/{app}, digest: '{FOUND_DIGEST}'}}
- {{name: ghcr.io/invoice-platform/postgres, newName: registry.example/postgres, digest: '{FOUND_DIGEST}'}}
- {{name: ghcr.io/invoice-platform/probe, newName: registry.example/probe, digest: '{FOUND_DIGEST}'}}
"
    );
    fs::write(folder.path().join("kustomization.yaml"), text).unwrap();
    answer(Kubectl::default().render(folder.path()))
}

/// How a kustomization in one folder names another.
pub fn path_from(from: &Path, to: &Path) -> String {
    let from = from.canonicalize().unwrap();
    let shared = from
        .components()
        .zip(to.components())
        .take_while(|(a, b)| a == b)
        .count();
    let mut path = PathBuf::new();
    path.extend(from.components().skip(shared).map(|_| ".."));
    path.extend(to.components().skip(shared));
    path.display().to_string()
}
