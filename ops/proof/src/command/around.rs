use clap::Args;
use ipnet::IpNet;

use crate::reachability::{Addresses, Collector, Labels, Surroundings};

/// What the cluster calls that which is not ours.
#[derive(Debug, Args)]
pub struct Around {
    /// The ingress controller's namespace.
    #[arg(long, default_value_t = Surroundings::default().ingress_controller, value_name = "NAMESPACE")]
    ingress_controller: String,
    /// Prometheus's namespace.
    #[arg(long, default_value_t = Surroundings::default().prometheus, value_name = "NAMESPACE")]
    prometheus: String,
    /// Who takes traces and logs: its namespace and the labels of its pods, or none.
    #[arg(
        long,
        default_value = "telemetry/app.kubernetes.io/name=opentelemetry-collector",
        value_parser = receiver,
        value_name = "NAMESPACE/KEY=VALUE,...|none"
    )]
    collector: Receiver,
    /// Where pods and nodes have their addresses, once for each block; all others are the internet. Without
    /// it every private address may be a pod's.
    #[arg(long = "inside", value_name = "CIDR")]
    inside: Vec<IpNet>,
}

/// A collector, or none: clap would take an `Option` for an argument that may be left out.
#[derive(Debug, Clone)]
struct Receiver(Option<Collector>);

fn receiver(text: &str) -> Result<Receiver, String> {
    if text == "none" {
        return Ok(Receiver(None));
    }
    let read = || {
        let (namespace, labels) = text.split_once('/')?;
        let labels = labels.split(',').map(|label| {
            let (key, value) = label.split_once('=')?;
            Some((key.to_owned(), value.to_owned()))
        });
        Some(Collector {
            namespace: namespace.to_owned(),
            labels: labels.collect::<Option<Labels>>()?,
        })
    };
    let collector = read().ok_or("write it as monitoring/app=jaeger, or none")?;
    Ok(Receiver(Some(collector)))
}

impl Around {
    pub(super) fn surroundings(&self) -> Surroundings {
        let blocks = self.inside.iter().copied().map(Addresses::block);
        let inside = blocks.reduce(|all, block| all.union(&block));
        Surroundings {
            ingress_controller: self.ingress_controller.clone(),
            prometheus: self.prometheus.clone(),
            collector: self.collector.0.clone(),
            inside: inside.unwrap_or_else(Addresses::private),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::Around;
    use crate::reachability::Surroundings;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        around: Around,
    }

    fn typed(arguments: &[&str]) -> Result<Surroundings, clap::Error> {
        let line = [&["proof"], arguments].concat();
        Line::try_parse_from(line).map(|line| line.around.surroundings())
    }

    #[test]
    fn who_is_around_is_as_in_the_repository_where_nobody_says_otherwise() {
        assert_eq!(typed(&[]).unwrap(), Surroundings::default());
    }

    #[test]
    fn a_collector_is_its_namespace_and_its_labels_or_none() {
        let found = typed(&["--collector", "obs/a/b=c,d=e"]).unwrap().collector;
        let found = found.unwrap();
        assert_eq!(found.namespace, "obs");
        let labels: Vec<_> = found.labels.into_iter().collect();
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(labels, [pair("a/b", "c"), pair("d", "e")]);
        assert_eq!(typed(&["--collector", "none"]).unwrap().collector, None);
        for wrong in ["obs", "obs/", "obs/jaeger"] {
            let error = typed(&["--collector", wrong]).unwrap_err().to_string();
            assert!(error.contains("monitoring/app=jaeger"), "{error}");
        }
    }
}
