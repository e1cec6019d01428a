//! Who may call, and what is said of those who may not.

use std::path::Path;
use std::time::Duration;

use test_authority::{Authority, Identity};

use crate::process::{Process, database_in, events, run, text};

const CALLER: &str = "invoice-app.invoice.svc";

/// The variables of a service that lets in the caller.
fn variables(folder: &tempfile::TempDir) -> Vec<(&'static str, String)> {
    let file = |name: &str| folder.path().join(name).display().to_string();
    vec![
        (
            "DATABASE_URL",
            format!("sqlite:{}", database_in(folder).display()),
        ),
        ("TLS_CERTIFICATE", file("tls.crt")),
        ("TLS_KEY", file("tls.key")),
        ("TLS_CLIENT_CA", file("ca.crt")),
        ("TLS_ALLOWED_CLIENTS", CALLER.to_owned()),
    ]
}

fn borrowed<'a>(variables: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    let pairs = variables.iter();
    pairs.map(|(name, value)| (*name, value.as_str())).collect()
}

fn client(trusted: &Authority, identity: Option<&Identity>) -> reqwest::Client {
    // Err means that it is installed already, which is as good.
    drop(chassis::outbound::client("http:", Duration::from_secs(1)));
    let authority = reqwest::Certificate::from_pem(trusted.certificate().as_bytes()).unwrap();
    let mut builder = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([authority]);
    if let Some(Identity {
        certificate, key, ..
    }) = identity
    {
        let pem = format!("{certificate}{key}");
        builder = builder.identity(reqwest::Identity::from_pem(pem.as_bytes()).unwrap());
    }
    builder.build().unwrap()
}

#[tokio::test]
async fn each_client_that_is_refused_is_one_line_that_says_who_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let ours = Authority::new("ours").unwrap();
    let theirs = Authority::new("theirs").unwrap();
    let service = ours.issue(&["localhost"]).unwrap();
    service.write(folder.path(), &[&ours]).unwrap();
    let process = Process::with(&borrowed(&variables(&folder)));
    let port = process.address().rsplit(':').next().unwrap().to_owned();
    let url = format!("https://localhost:{port}/v1/payments");

    let caller = ours.issue(&[CALLER]).unwrap();
    let refused = [
        (None, "no certificate"),
        (Some(theirs.issue(&[CALLER]).unwrap()), "TLS_CLIENT_CA"),
        (Some(ours.issue_expired(&[CALLER]).unwrap()), "expired"),
        (Some(service), "TLS_ALLOWED_CLIENTS"),
    ];
    for (identity, why) in &refused {
        let asked = client(&ours, identity.as_ref()).get(&url).send().await;
        assert!(asked.is_err(), "{why}");
    }
    let answer = client(&ours, Some(&caller)).get(&url).send().await.unwrap();
    assert_eq!(answer.status(), 200);

    let (stopped, logged) = process.stop();
    assert!(stopped.success(), "{stopped}");
    let events = events(&logged);
    let warnings: Vec<_> = events
        .iter()
        .filter(|event| event["level"] == "WARN")
        .collect();
    assert_eq!(warnings.len(), refused.len(), "{logged}");
    let names = ["", CALLER, CALLER, "localhost"];
    for ((warning, (_, why)), names) in warnings.iter().zip(&refused).zip(names) {
        let message = warning["message"].as_str().unwrap();
        assert!(message.starts_with("a client was refused: "), "{message}");
        assert!(message.contains(why), "{message}");
        assert_eq!(warning["names"], names, "{message}");
        assert!(warning["peer"].as_str().unwrap().contains(':'), "{warning}");
    }
    // Whoever was let in is named at its request.
    let answered = events.iter().find(|event| event["message"] == "answered");
    assert_eq!(answered.unwrap()["span"]["client"], CALLER, "{logged}");
}

#[test]
fn half_a_configuration_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let ours = Authority::new("ours").unwrap();
    let service = ours.issue(&["localhost"]).unwrap();
    service.write(folder.path(), &[&ours]).unwrap();
    let whole = variables(&folder);
    for missing in 1..whole.len() {
        let mut half = whole.clone();
        let (name, _) = half.remove(missing);
        let refused = run(&borrowed(&half), &[]);
        let said = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(78), "{said}");
        assert!(said.contains(&format!("{name} is not set, but")), "{said}");
        assert!(said.contains("half configured"), "{said}");
    }
    // The whole one starts.
    Process::with(&borrowed(&whole));
}

#[test]
fn files_that_cannot_be_used_are_named_by_their_variable() {
    let folder = tempfile::tempdir().unwrap();
    let ours = Authority::new("ours").unwrap();
    let write = |folder: &Path| {
        let service = ours.issue(&["localhost"]).unwrap();
        service.write(folder, &[&ours]).unwrap();
    };
    for (file, variable) in [
        ("tls.crt", "TLS_CERTIFICATE"),
        ("tls.key", "TLS_KEY"),
        ("ca.crt", "TLS_CLIENT_CA"),
    ] {
        for content in [None, Some("hunter2")] {
            write(folder.path());
            let path = folder.path().join(file);
            std::fs::remove_file(&path).unwrap();
            if let Some(content) = content {
                std::fs::write(&path, content).unwrap();
            }
            let refused = run(&borrowed(&variables(&folder)), &[]);
            let said = text(&refused.stderr);
            assert_eq!(refused.status.code(), Some(78), "{said}");
            assert!(said.contains(variable), "{said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
    write(folder.path());
    let mut wrong = variables(&folder);
    wrong.retain(|(name, _)| *name != "TLS_ALLOWED_CLIENTS");
    wrong.push(("TLS_ALLOWED_CLIENTS", "*.invoice.svc".to_owned()));
    let refused = run(&borrowed(&wrong), &[]);
    assert_eq!(refused.status.code(), Some(78));
    assert!(text(&refused.stderr).contains("TLS_ALLOWED_CLIENTS is wrong"));
}
