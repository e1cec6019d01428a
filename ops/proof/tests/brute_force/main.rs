//! The computation against a reading of the specification that is as literal and as slow as possible: pair by
//! pair, port by port, straight from the policies' JSON.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod specification;
mod worlds;

use std::collections::BTreeMap;

use manifests::{Document, parse};
use proof::reachability::{Addresses, Labels, Place, Protocol, Surroundings, World};
use proof::rendered::Rendered;
use proptest::prelude::*;
use serde_json::Value;

use worlds::{NAMESPACES, PORTS, address, labels, manifest, namespace, place, policy};

fn rendered(policies: &[Value]) -> Rendered {
    let text: Vec<String> = policies.iter().map(ToString::to_string).collect();
    let documents: Vec<Document> = parse(&text.join("\n---\n")).unwrap();
    Rendered::of_documents("any", documents)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn every_pair_and_port_is_decided_as_the_specification_says(
        policies in prop::collection::vec(policy(), 0..5),
        namespaces in prop::collection::vec(labels(), NAMESPACES.len()),
        from in place(2),
        to in place(4),
        six in any::<bool>(),
    ) {
        let [from, to] = [(from, 2), (to, 4)].map(|(place, number)| Place {
            addresses: Addresses::one(address(number, six)),
            ..place
        });
        let namespaces: BTreeMap<String, Labels> =
            NAMESPACES.iter().map(|name| (*name).to_owned()).zip(namespaces).collect();
        let places = vec![from.clone(), to.clone()];
        let world = World::with(&rendered(&policies), namespaces.clone(), places).unwrap();
        for (one, other) in [((&from, 2), (&to, 4)), ((&to, 4), (&from, 2)), ((&from, 2), (&from, 2))] {
            let ports = world.decide(one.0, other.0).ports();
            for protocol in Protocol::ALL {
                for port in PORTS {
                    let expected = specification::connects(
                        &policies,
                        &namespaces,
                        (one.0, address(one.1, six)),
                        (other.0, address(other.1, six)),
                        protocol,
                        port,
                    );
                    prop_assert_eq!(
                        ports.contains(protocol, port),
                        expected,
                        "{} to {} on {}/{}", one.0.name, other.0.name, port, protocol
                    );
                }
            }
        }
    }

    /// As it is read from manifests, with the pods that are in their node's network.
    #[test]
    fn pods_that_are_rendered_are_decided_as_the_specification_says(
        policies in prop::collection::vec(policy(), 0..5),
        namespaces in prop::collection::vec(labels(), NAMESPACES.len()),
        pods in (manifest("one"), manifest("other")),
        six in any::<bool>(),
    ) {
        let namespaces: BTreeMap<String, Labels> =
            NAMESPACES.iter().map(|name| (*name).to_owned()).zip(namespaces).collect();
        let mut documents = policies.clone();
        documents.extend(namespaces.iter().map(|(name, labels)| namespace(name, labels)));
        documents.extend([pods.0.clone(), pods.1.clone()]);
        let at = address(2, six);
        let around = Surroundings { inside: Addresses::one(at), ..Surroundings::default() };
        let world = World::of(&rendered(&documents), &around).unwrap();
        let [one, other] = [&pods.0, &pods.1].map(|pod| specification::place(pod, at));
        for (from, to) in [(&one, &other), (&other, &one)] {
            let [judged_from, judged_to] = [from, to].map(|place| world.place(&place.name).unwrap());
            let ports = world.decide(judged_from, judged_to).ports();
            for protocol in Protocol::ALL {
                for port in PORTS {
                    let expected = specification::connects(
                        &policies, &namespaces, (from, at), (to, at), protocol, port,
                    );
                    prop_assert_eq!(
                        ports.contains(protocol, port),
                        expected,
                        "{} to {} on {}/{}", from.name, to.name, port, protocol
                    );
                }
            }
        }
    }

    /// Of a pod that does not run yet only the range of its address is known.
    #[test]
    fn a_range_of_addresses_reaches_whatever_one_of_them_reaches(
        policies in prop::collection::vec(policy(), 0..5),
        namespaces in prop::collection::vec(labels(), NAMESPACES.len()),
        from in place(2),
        to in place(4),
    ) {
        let namespaces: BTreeMap<String, Labels> =
            NAMESPACES.iter().map(|name| (*name).to_owned()).zip(namespaces).collect();
        let world = World::with(&rendered(&policies), namespaces, Vec::new()).unwrap();
        let at = |place: &Place, addresses| Place { addresses, ..place.clone() };
        let whole = Addresses::block("10.0.0.0/29".parse().unwrap());
        let range = world.decide(&at(&from, whole.clone()), &at(&to, whole)).ports();
        let by_address = policies.iter().any(|policy| policy.to_string().contains("ipBlock"));
        for number in 0..8 {
            let one = Addresses::one(address(number, false));
            let ports = world.decide(&at(&from, one.clone()), &at(&to, one)).ports();
            prop_assert!(ports.difference(&range).is_empty(), "10.0.0.{}: {}", number, ports);
            // Nothing is made up where no rule goes by addresses.
            prop_assert!(by_address || ports == range, "10.0.0.{}: {}", number, ports);
        }
    }
}

/// The comparison would be empty if nearly everything were allowed, or nearly nothing.
#[test]
fn random_worlds_hold_both_answers() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let worlds = (prop::collection::vec(policy(), 0..5), place(2), place(4));
    let (mut allowed, mut refused) = (0, 0);
    for _ in 0..400 {
        let (policies, from, to) = worlds.new_tree(&mut runner).unwrap().current();
        let namespaces = NAMESPACES
            .iter()
            .map(|name| ((*name).to_owned(), Labels::new()));
        let places = vec![from.clone(), to.clone()];
        let world = World::with(&rendered(&policies), namespaces.collect(), places).unwrap();
        let ports = world.decide(&from, &to).ports();
        for port in PORTS {
            if ports.contains(Protocol::Tcp, port) {
                allowed += 1;
            } else {
                refused += 1;
            }
        }
    }
    assert!(
        allowed > 500 && refused > 500,
        "{allowed} allowed, {refused} refused"
    );
}
