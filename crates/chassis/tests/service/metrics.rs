//! `/metrics`.

use crate::service::{Options, Running};
use crate::wire::{get, request};

#[tokio::test]
async fn requests_are_counted_by_route_template_method_and_status() {
    let running = Running::with(&Options::default()).await;
    get(running.address, "/things/secret-1").await;
    get(running.address, "/things/secret-2").await;
    get(running.address, "/secret-3").await;
    request(running.address, "BREW", "/things/1", "").await;
    request(running.address, "POST", "/things/1", "").await;
    let metrics = get(running.management, "/metrics").await.body;
    for labels in [
        r#"{method="GET",route="/things/{id}",status="200"} 2"#,
        r#"{method="GET",route="unmatched",status="404"} 1"#,
        r#"{method="other",route="/things/{id}",status="405"} 1"#,
        r#"{method="POST",route="/things/{id}",status="405"} 1"#,
    ] {
        let counted = format!("http_server_request_duration_seconds_count{labels}");
        assert!(
            metrics.lines().any(|line| line == counted),
            "{counted}:\n{metrics}"
        );
    }
    assert!(!metrics.contains("secret"), "{metrics}");
}

#[tokio::test]
async fn they_are_openmetrics() {
    let running = Running::with(&Options::default()).await;
    get(running.address, "/things/1").await;
    let answer = get(running.management, "/metrics").await;
    let content_type = "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert!(answer.has_header(content_type), "{}", answer.head);
    let text = answer
        .body
        .strip_suffix("# EOF\n")
        .expect("the end that OpenMetrics asks for");
    let mut families: Vec<&str> = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("# ") {
            Some(comment) => {
                let [keyword, family, _] = words(comment);
                assert!(["HELP", "TYPE", "UNIT"].contains(&keyword), "{line}");
                if families.last() != Some(&family) {
                    assert!(!families.contains(&family), "in two places: {line}");
                    families.push(family);
                }
            }
            None => check_sample(line, families.last().expect("a family before its samples")),
        }
    }
    let known = ["http_server_request_duration_seconds", "build_info"];
    assert!(
        known.iter().all(|family| families.contains(family)),
        "{families:?}"
    );
}

fn words(line: &str) -> [&str; 3] {
    let mut words = line.splitn(3, ' ');
    std::array::from_fn(|_| {
        words
            .next()
            .unwrap_or_else(|| panic!("three words: {line}"))
    })
}

fn check_sample(line: &str, family: &str) {
    let (series, value) = line.rsplit_once(' ').expect("a value");
    assert!(value.parse::<f64>().is_ok(), "{line}");
    let name = series.split('{').next().unwrap_or_default();
    assert!(name.starts_with(family), "{line} in {family}");
    assert!(series == name || series.ends_with("\"}"), "{line}");
}
