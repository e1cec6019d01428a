//! A payment's trace at the collector, with what both services did for it.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use super::ClusterWorld;
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::client::Door;
use crate::cluster::app::App;
use crate::failure::{Failure, ensure};
use crate::{fresh, poll};

/// Spans are sent every five seconds.
const ARRIVES_WITHIN: Duration = Duration::from_secs(14);

pub(crate) async fn arrive(world: &ClusterWorld) -> Seen {
    let collector = world.cluster.collector().await?.ok_or_else(|| {
        Failure::NotHere(String::from(
            "nothing is sent: ./deploy.sh found no collector, or was told of none by COLLECTOR",
        ))
    })?;
    let (pod, port) = world.cluster.query_of(&collector).await?;
    let query = world.door(&pod, port).await?;
    let invoice_app = world.invoice_app().await?.outside;
    let invoice = invoice_app.create("47.11", "EUR").await?;
    let (trace, began) = (fresh::id(), Instant::now());
    let paid = invoice_app
        .0
        .request(Method::POST, &format!("/v1/invoices/{}/pay", invoice.id))
        .traced(&trace.simple().to_string())
        .send()
        .await?;
    paid.expect_any(&[200, 202])?;

    world.console().step(&format!(
        "asking {}/{} for the trace of the payment of {}",
        collector.namespace, collector.service, invoice.number
    ));
    let spans = poll::until("the trace of a payment", ARRIVES_WITHIN, async || {
        let spans = spans_by_service(&query, trace).await?;
        let missing = App::ALL.iter().find(|app| !spans.contains_key(app.name()));
        ensure(missing.is_none(), || {
            format!("not of both services: {spans:?}")
        })?;
        Ok(spans)
    })
    .await?;
    let took = began.elapsed().as_millis();
    // The control: who is asked does not say so of every trace.
    let nobody = spans_by_service(&query, fresh::id()).await?;
    ensure(nobody.is_empty(), || {
        format!("the trace of nobody has spans too: {nobody:?}")
    })?;
    let spans: Vec<_> = spans
        .iter()
        .map(|(service, count)| format!("{count} of {service}"))
        .collect();
    Ok(format!(
        "{}/{} has one trace of a payment after {}.{} s, with spans of both services ({}), and none of what nobody asked",
        collector.namespace,
        collector.service,
        took / 1000,
        took % 1000 / 100,
        spans.join(", ")
    ))
}

/// How many spans of each service the trace has; none as long as it is not there.
async fn spans_by_service(query: &Door, trace: Uuid) -> Result<BTreeMap<String, usize>, Failure> {
    let answer = query
        .get(&format!("/api/traces/{}", trace.simple()))
        .await?
        .expect_any(&[200, 404])?;
    Ok(counted(&answer.json()?, &trace.simple().to_string()))
}

/// The spans of an answer in Jaeger's form, by the name of their service.
fn counted(answer: &Value, trace: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for found in answer["data"].as_array().into_iter().flatten() {
        for span in found["spans"].as_array().into_iter().flatten() {
            let process = span["processID"].as_str().unwrap_or_default();
            let service = found["processes"][process]["serviceName"].as_str();
            if let Some(service) = service.filter(|_| span["traceID"] == trace) {
                *counts.entry(service.to_owned()).or_default() += 1;
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::counted;

    #[test]
    fn only_spans_of_the_trace_count_for_their_service() {
        let span = |trace: &str, process: &str| json!({"traceID": trace, "processID": process});
        let answer = json!({"data": [{
            "spans": [span("a", "p1"), span("a", "p2"), span("a", "p1"), span("b", "p2"), span("a", "p3")],
            "processes": {"p1": {"serviceName": "one"}, "p2": {"serviceName": "two"}},
        }]});
        let counts: Vec<_> = counted(&answer, "a").into_iter().collect();
        assert_eq!(counts, [("one".to_owned(), 2), ("two".to_owned(), 1)]);
    }

    #[test]
    fn what_is_not_there_has_no_spans() {
        let nothing = json!({"data": null, "errors": [{"code": 404, "msg": "trace not found"}]});
        assert!(counted(&nothing, "a").is_empty());
    }
}
