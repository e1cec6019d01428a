//! environments.yaml and the overlays of this repository go together.

use std::path::Path;

use promote::environments::{Access, Environments};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[test]
fn every_environment_has_an_overlay_of_every_app_and_no_overlay_is_of_another() {
    let environments = Environments::read(root()).unwrap();
    let mut named: Vec<_> = environments
        .all()
        .iter()
        .map(|environment| environment.name.clone())
        .collect();
    named.sort();
    for app in ["invoice-app", "payment-provider"] {
        let overlays = root().join(format!("kustomize/apps/{app}/overlays"));
        let mut found: Vec<_> = std::fs::read_dir(&overlays)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        found.sort();
        assert_eq!(found, named, "{app}");
        for environment in &named {
            let path = overlays.join(environment).join("image/kustomization.yaml");
            let text = std::fs::read_to_string(&path).unwrap();
            let entry = format!("- name: {app}\n");
            assert_eq!(text.matches(&entry).count(), 1, "{}", path.display());
            let hooks = text.matches("- name: probe\n").count();
            assert_eq!(
                hooks,
                usize::from(app == "invoice-app"),
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn local_is_the_one_that_was_deployed_to() {
    let environments = Environments::read(root()).unwrap();
    assert_eq!(
        environments.named("local").unwrap().access(),
        Access::Recorded
    );
}
