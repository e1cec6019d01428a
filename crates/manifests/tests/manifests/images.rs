use crate::support::rendered::{self, FOUND_DIGEST};
use crate::support::workload::{containers, workloads};

#[test]
fn every_image_is_named_by_a_digest_and_by_no_tag() {
    for workload in workloads() {
        for container in containers(workload) {
            let image = container["image"].as_str().unwrap();
            let (name, digest) = image.split_once("@sha256:").unwrap_or((image, ""));
            let hexadecimal = digest.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(
                digest.len() == 64 && hexadecimal,
                "{workload}: {image} has no digest"
            );
            let last = name.rsplit('/').next().unwrap();
            assert!(!last.contains(':'), "{workload}: {image} has a tag");
        }
    }
}

#[test]
fn environments_other_than_local_pull_from_the_organisation_s_registry() {
    for environment in ["dev", "staging", "production"] {
        for (app, expected) in [
            ("invoice-app", &["invoice-app", "probe"][..]),
            ("payment-provider", &["payment-provider"]),
        ] {
            let images = images(rendered::app(app, environment));
            let repositories = images
                .iter()
                .filter_map(|image| image.split_once("@sha256:"));
            let mut names: Vec<_> = repositories
                .map(|(name, _)| name.trim_start_matches("ghcr.io/invoice-platform/"))
                .collect();
            names.sort_unstable();
            assert_eq!(names, expected, "{environment}");
        }
    }
}

#[test]
fn deploy_sh_sets_every_image_of_the_overlay_local() {
    let mut images = images(rendered::as_deployed());
    images.sort();
    let expected = [
        "invoice-app",
        "payment-provider",
        "postgres",
        "postgres",
        "probe",
    ]
    .map(|name| format!("registry.example/{name}@{FOUND_DIGEST}"));
    assert_eq!(images, expected);
}

#[test]
fn the_overlay_local_alone_names_images_that_no_node_can_pull() {
    let zeros = format!("@sha256:{}", "0".repeat(64));
    let images = images(&rendered::apps("local"));
    assert_eq!(images.len(), 5);
    assert!(
        images.iter().all(|image| image.ends_with(&zeros)),
        "{images:?}"
    );
}

fn images(documents: &[manifests::Document]) -> Vec<String> {
    let containers = documents.iter().flat_map(containers);
    containers
        .map(|container| container["image"].as_str().unwrap().to_owned())
        .collect()
}
