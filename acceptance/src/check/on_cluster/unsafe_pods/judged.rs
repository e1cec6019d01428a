//! What the answers were, and what they have to show together.

use std::collections::{BTreeMap, BTreeSet};

use super::IMAGES;
use crate::failure::{Failure, ensure};

/// The policies that judge pods, each of which has to be seen refusing a Pod itself.
const OF_PODS: [&str; 5] = [
    IMAGES,
    "invoice-platform-resources",
    "invoice-platform-restricted",
    "invoice-platform-hardened",
    "invoice-platform-labels",
];
/// These are seen refusing what is new alone: no Ingress gets into `payments` that could be changed; the API
/// server itself keeps the type of a Secret; and a `SealedSecret` to be changed would be opened by its controller.
const AS_NEW_ALONE: [&str; 2] = ["invoice-platform-doors", "invoice-platform-secrets"];

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Judged {
    Refused(Refused),
    /// By a part of the API server that knows the same rule and is asked first.
    RefusedBefore,
    Admitted,
    /// There is no such kind here, or no such object: which, in a few words.
    NotThere(String),
    Wrong(String),
}

/// By the policy that should.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) policy: String,
    /// Whether of a Pod itself.
    pub(super) of_pod: bool,
    /// Whether what was refused is the change of an object that is there.
    pub(super) changed: bool,
}

/// What was shown, when every answer is the right one and every policy was seen.
pub(super) fn shown(judged: &[Judged], policies: &BTreeSet<&str>) -> Result<String, Failure> {
    nothing_wrong(judged)?;
    let refused: Vec<_> = judged.iter().filter_map(Judged::refused).collect();
    let count = |verdict: &Judged| judged.iter().filter(|judged| *judged == verdict).count();
    let admitted = count(&Judged::Admitted);
    ensure(refused.len() > 500 && admitted > 100, || {
        format!(
            "only {} were refused and {admitted} admitted: most cases were not tried",
            refused.len()
        )
    })?;
    let by = |those: &dyn Fn(&Refused) -> bool| -> BTreeSet<&str> {
        let those = refused.iter().filter(|refused| those(refused));
        those.map(|refused| refused.policy.as_str()).collect()
    };
    each_of(policies, &by(&|_| true), "nothing")?;
    each_of(
        &OF_PODS.into(),
        &by(&|refused| refused.of_pod),
        "no Pod itself",
    )?;
    let of_changes = policies - &AS_NEW_ALONE.into();
    let changes = by(&|refused| refused.changed);
    each_of(&of_changes, &changes, "no change of what is there")?;
    Ok(format!(
        "{} refused by the policy that should, {} by Pod Security or limits before it, {admitted} controls admitted; \
         all {} policies refused something new, {} of them a change too{}",
        refused.len(),
        count(&Judged::RefusedBefore),
        policies.len(),
        changes.len(),
        not_asked(judged),
    ))
}

fn nothing_wrong(judged: &[Judged]) -> Result<(), Failure> {
    let wrong: Vec<_> = judged.iter().filter_map(Judged::wrong).collect();
    ensure(wrong.is_empty(), || {
        let few: Vec<_> = wrong.iter().take(3).copied().collect();
        format!(
            "{} of {} answers are wrong: {}",
            wrong.len(),
            judged.len(),
            few.join("; ")
        )
    })
}

fn each_of(policies: &BTreeSet<&str>, seen: &BTreeSet<&str>, what: &str) -> Result<(), Failure> {
    let unseen: Vec<_> = policies.difference(seen).copied().collect();
    ensure(unseen.is_empty(), || {
        format!("{} refused {what}", unseen.join(" and "))
    })
}

/// What this cluster could not be asked, for a case that nobody tried shows nothing.
fn not_asked(judged: &[Judged]) -> String {
    let mut kinds = BTreeMap::<&str, usize>::new();
    for one in judged {
        if let Judged::NotThere(what) = one {
            *kinds.entry(what).or_default() += 1;
        }
    }
    if kinds.is_empty() {
        return String::new();
    }
    let each = kinds
        .iter()
        .map(|(what, count)| format!("{count} of {what}"));
    let each: Vec<_> = each.collect();
    format!("; not there to be asked: {}", each.join(", "))
}

impl Judged {
    fn refused(&self) -> Option<&Refused> {
        match self {
            Self::Refused(refused) => Some(refused),
            _ => None,
        }
    }

    fn wrong(&self) -> Option<&str> {
        match self {
            Self::Wrong(said) => Some(said),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICES: &str = "invoice-platform-services";

    fn refused(policy: &str, of_pod: bool, changed: bool) -> Judged {
        Judged::Refused(Refused {
            policy: policy.to_owned(),
            of_pod,
            changed,
        })
    }

    fn policies() -> BTreeSet<&'static str> {
        let others = [SERVICES].into_iter().chain(AS_NEW_ALONE);
        OF_PODS.into_iter().chain(others).collect()
    }

    /// Enough of everything.
    fn enough() -> Vec<Judged> {
        let mut judged: Vec<_> = (0..101).map(|_| Judged::Admitted).collect();
        for policy in policies() {
            let changed = !AS_NEW_ALONE.contains(&policy);
            let of_pod = OF_PODS.contains(&policy);
            judged.extend((0..100).map(|_| refused(policy, of_pod, false)));
            judged.extend(changed.then(|| refused(policy, false, true)));
        }
        judged
    }

    fn without(dropped: impl Fn(&Judged) -> bool) -> String {
        let left: Vec<_> = enough().into_iter().filter(|one| !dropped(one)).collect();
        shown(&left, &policies()).unwrap_err().to_string()
    }

    #[test]
    fn what_every_policy_refused_new_and_changed_is_enough() {
        let said = shown(&enough(), &policies()).unwrap();
        assert!(said.contains("all 8 policies"), "{said}");
        assert!(said.ends_with("6 of them a change too"), "{said}");
    }

    #[test]
    fn a_policy_that_refused_nothing_is_named() {
        for policy in policies() {
            let said = without(|one| one.refused().is_some_and(|one| one.policy == policy));
            assert_eq!(said, format!("{policy} refused nothing"));
        }
    }

    #[test]
    fn a_policy_that_refused_no_change_is_named() {
        let of = |policy: &str| {
            without(|one| {
                one.refused()
                    .is_some_and(|one| one.changed && one.policy == policy)
            })
        };
        for policy in OF_PODS.into_iter().chain([SERVICES]) {
            assert_eq!(
                of(policy),
                format!("{policy} refused no change of what is there")
            );
        }
    }

    #[test]
    fn a_policy_of_pods_that_refused_none_itself_is_named() {
        let said = without(|one| {
            let of_images = |one: &Refused| one.of_pod && one.policy == IMAGES;
            one.refused().is_some_and(of_images)
        });
        assert_eq!(said, format!("{IMAGES} refused no Pod itself"));
    }

    #[test]
    fn what_could_not_be_asked_is_counted_and_one_wrong_answer_is_too_many() {
        let mut judged = enough();
        for what in [
            "CREATE HTTPRoute",
            "UPDATE NetworkPolicy",
            "CREATE HTTPRoute",
        ] {
            judged.push(Judged::NotThere(what.to_owned()));
        }
        let said = shown(&judged, &policies()).unwrap();
        let end = "not there to be asked: 2 of CREATE HTTPRoute, 1 of UPDATE NetworkPolicy";
        assert!(said.ends_with(end), "{said}");
        judged.push(Judged::Wrong("admitted".to_owned()));
        let said = shown(&judged, &policies()).unwrap_err().to_string();
        assert!(
            said.contains("1 of") && said.ends_with("admitted"),
            "{said}"
        );
    }
}
