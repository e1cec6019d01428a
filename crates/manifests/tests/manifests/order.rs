//! In which order Argo CD applies things: phases, and in them waves.

use manifests::{Document, Kubectl};

use crate::support::rendered;

const ANNOTATIONS: &str = "/metadata/annotations";
const WAVE: &str = "argocd.argoproj.io/sync-wave";
const HOOK: &str = "argocd.argoproj.io/hook";

const ENVIRONMENTS: [&str; 4] = ["local", "dev", "staging", "production"];
const APPS: [&str; 2] = ["invoice-app", "payment-provider"];

/// The phase, and the wave in it. Argo CD takes what names no wave to be of wave 0.
fn turn(document: &Document) -> (u8, i64) {
    let phase = match annotation(document, HOOK) {
        None => 0,
        Some("PostSync") => 1,
        Some(hook) => panic!("{document}: nothing here knows when {hook} is"),
    };
    let wave = annotation(document, WAVE).map_or(0, |wave| wave.parse().unwrap());
    (phase, wave)
}

fn annotation<'a>(document: &'a Document, name: &str) -> Option<&'a str> {
    document.at(ANNOTATIONS)?.get(name)?.as_str()
}

/// Of each pair whose places differ, the one of the lower place has its turn before the other.
fn in_order(documents: &[Document], place: fn(&Document) -> u8) -> Result<(), String> {
    for earlier in documents {
        for later in documents {
            if place(earlier) < place(later) && turn(earlier) >= turn(later) {
                return Err(format!("{earlier} has to come before {later}"));
            }
        }
    }
    Ok(())
}

/// Each phase and each wave taken away, one at a time: nobody says what the order is any more. Returns how many there were.
fn each_is_needed(documents: &[Document], place: fn(&Document) -> u8) -> usize {
    let mut taken = 0;
    for index in 0..documents.len() {
        for name in [WAVE, HOOK] {
            let mut changed = documents.to_vec();
            let annotations = changed[index].value_mut().pointer_mut(ANNOTATIONS);
            let Some(annotations) = annotations.and_then(|all| all.as_object_mut()) else {
                continue;
            };
            // A wave of 0 is what none means too.
            if annotations.remove(name).is_none_or(|value| value == "0") {
                continue;
            }
            let document = &documents[index];
            assert!(
                in_order(&changed, place).is_err(),
                "{document}: nothing fails without {name}"
            );
            taken += 1;
        }
    }
    taken
}

/// What the root applies, without the root itself, which is applied by hand.
fn platform() -> Vec<Document> {
    let folder = rendered::root().join("argocd");
    let mut documents = rendered::answer(Kubectl::default().render(&folder));
    documents.retain(|document| document.name() != "invoice-platform");
    documents
}

/// A project before what belongs to it, rights before who uses them, namespaces before what is in them, and who is
/// called before who calls.
fn place_on_the_platform(document: &Document) -> u8 {
    match (document.kind(), document.name()) {
        ("AppProject", _) => 0,
        ("Application", "platform-cluster") => 1,
        ("Application", "platform-tenants") => 2,
        ("ApplicationSet", "payments") => 3,
        ("ApplicationSet", "invoice") => 4,
        ("ApplicationSet", "operations") => 5,
        _ => panic!("{document}: before what, and after what?"),
    }
}

/// What pods read before those that read it, a database before the app that waits for it, and the way in when it
/// leads somewhere. A Job is there to look at all of it.
fn place_in_an_app(document: &Document) -> u8 {
    if document.text("/metadata/labels/app.kubernetes.io~1component") == Some("database") {
        return 1;
    }
    match document.kind() {
        "Secret" | "SealedSecret" | "Certificate" => 0,
        "Ingress" => 3,
        "Job" => 4,
        _ => 2,
    }
}

#[test]
fn projects_come_first_then_the_cluster_then_tenants_and_teams_at_last() {
    let documents = platform();
    assert_eq!(in_order(&documents, place_on_the_platform), Ok(()));
    // Four projects, cluster, tenants, and two of the three teams.
    assert_eq!(each_is_needed(&documents, place_on_the_platform), 8);
}

#[test]
fn in_every_environment_secrets_come_before_databases_then_apps_then_the_way_in_and_hooks_after_all()
 {
    for environment in ENVIRONMENTS {
        for app in APPS {
            let documents = rendered::app(app, environment);
            let order = in_order(documents, place_in_an_app);
            assert_eq!(order, Ok(()), "{app} in {environment}");
            // The database's three objects or the certificate; Ingress and Job.
            let of_its_own = if environment == "local" { 3 } else { 1 };
            let of_invoice_app = if app == "invoice-app" { 2 } else { 0 };
            let needed = each_is_needed(documents, place_in_an_app);
            assert_eq!(
                needed,
                of_its_own + of_invoice_app,
                "{app} in {environment}"
            );
        }
    }
}
