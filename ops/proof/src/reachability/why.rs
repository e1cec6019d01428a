use std::fmt::Write;

use super::decision::{Allowance, Decision, Side};
use super::place::{Kind, Place};
use super::ports::PortSet;
use super::world::World;

/// Explains, a line at a time, what lets `from` reach `to` or keeps it away; on `ports` when some are asked
/// about. The last line is the verdict.
#[must_use]
pub fn why(world: &World, from: &Place, to: &Place, asked: Option<&PortSet>) -> String {
    let decision = world.decide(from, to);
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write!(text, "from  {}\nto    {}\n", introduce(from), introduce(to));
    match &decision {
        Decision::Always(reason) => {
            let _ = writeln!(text, "\n{reason}");
        }
        Decision::Both { out, into } => {
            let _ = write!(
                text,
                "\nout of {}\n{}",
                from.name,
                side(out, asked, Way::Out, from, to)
            );
            let _ = write!(
                text,
                "\ninto {}\n{}",
                to.name,
                side(into, asked, Way::In, from, to)
            );
        }
    }
    if from.name == to.name && matches!(from.kind, Kind::Pod(_)) {
        text.push_str("\nThese are two pods; one and the same always reaches itself.\n");
    }
    let _ = writeln!(text, "\n{}", verdict(&decision, from, to, asked));
    text
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Out,
    In,
}

fn introduce(place: &Place) -> String {
    match &place.kind {
        Kind::Node => format!("{} (a node, or a pod in its network)", place.name),
        Kind::Outside => format!("{} (addresses outside the cluster)", place.name),
        Kind::Pod(pod) => {
            let labels: Vec<_> = pod
                .labels
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            let labels = if labels.is_empty() {
                "no labels".to_owned()
            } else {
                labels.join(", ")
            };
            format!("{} (a pod in {}: {labels})", place.name, pod.namespace)
        }
    }
}

fn side(side: &Side, asked: Option<&PortSet>, way: Way, from: &Place, to: &Place) -> String {
    let Side::Governed { policies, rules } = side else {
        return "  no policy governs this direction: everything passes\n".to_owned();
    };
    let mut text = format!("  governed by {}\n", policies.join(", "));
    for rule in rules {
        text.push_str(&allowance(rule, way));
    }
    let missing = asked.map_or_else(
        || rules.is_empty().then_some(PortSet::default()),
        |asked| {
            let missing = asked.difference(&side.ports());
            (!missing.is_empty()).then_some(missing)
        },
    );
    if let Some(ports) = missing {
        text.push_str(&lacking(&ports, way, from, to));
    }
    text
}

fn allowance(rule: &Allowance, way: Way) -> String {
    let list = if way == Way::Out { "egress" } else { "ingress" };
    let by_address = match &rule.by_address {
        None => String::new(),
        Some(block) => format!(", as an address of {block}"),
    };
    format!(
        "  allowed by {}, {list} rule {}: {}{by_address}\n",
        rule.policy, rule.rule, rule.ports
    )
}

/// What a rule would have to say.
fn lacking(ports: &PortSet, way: Way, from: &Place, to: &Place) -> String {
    let on = if ports.is_empty() {
        String::new()
    } else {
        format!(" on {ports}")
    };
    let namespace = |place: &Place| place.pod().map_or("?", |pod| &pod.namespace).to_owned();
    match way {
        Way::Out => format!(
            "  missing: an egress rule in {} that lets {} out to {}{on}\n",
            namespace(from),
            from.name,
            to.name
        ),
        Way::In => format!(
            "  missing: an ingress rule in {} that lets {} in to {}{on}\n",
            namespace(to),
            from.name,
            to.name
        ),
    }
}

fn verdict(decision: &Decision, from: &Place, to: &Place, asked: Option<&PortSet>) -> String {
    let allowed = decision.ports();
    let ports = asked.map_or_else(|| allowed.clone(), |asked| asked.intersection(&allowed));
    let refused = asked
        .map(|asked| asked.difference(&allowed))
        .unwrap_or_default();
    let (from, to) = (&from.name, &to.name);
    match (ports.is_empty(), refused.is_empty()) {
        (true, true) => format!("{from} does not reach {to}."),
        (true, false) => format!("{from} does not reach {to} on {refused}."),
        (false, true) => format!("{from} reaches {to} on {ports}."),
        (false, false) => format!("{from} reaches {to} on {ports}, but not on {refused}."),
    }
}
