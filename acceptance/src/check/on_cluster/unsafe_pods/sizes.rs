//! What the limits and the quota of a team's namespace refuse, beside what they let through.

use proof::admission::{Request, Trials};
use serde_json::{Value, json};

use super::{ClusterWorld, TEAMS, there};
use crate::cluster::dry_run::Answer;
use crate::failure::{Failure, ensure};

/// What has to be said of a request.
enum Wanted {
    Admitted,
    Refused(&'static str),
    OverQuota(&'static str),
}

use Wanted::{Admitted, OverQuota, Refused};

/// How many requests got their answer.
pub(super) async fn are_bounded(world: &ClusterWorld, trials: &Trials) -> Result<usize, Failure> {
    let good = trials.all().iter().find(|trial| {
        trial.refusal.is_none()
            && trial.request.kind.kind == "Pod"
            && trial.case == "as it should be"
    });
    let good = good.ok_or_else(|| Failure::wrong("no case is of a pod as it should be"))?;
    let mut count = 0;
    for team in TEAMS {
        let pod = |sizes: Value| {
            let mut request = there(&good.request, team);
            request.object["spec"]["containers"][0]["resources"] = sizes;
            request
        };
        let small = json!({"cpu": "10m", "memory": "16Mi"});
        let mut asked = vec![
            (
                pod(json!({"requests": small, "limits": {"cpu": "2", "memory": "1Gi"}})),
                Admitted,
            ),
            (
                pod(json!({"requests": small, "limits": {"cpu": "2001m", "memory": "1Gi"}})),
                Refused("maximum cpu usage per Pod"),
            ),
            (
                pod(json!({"requests": small, "limits": {"cpu": "2", "memory": "1025Mi"}})),
                Refused("maximum memory usage per Pod"),
            ),
            (claim(team, "1Gi"), Admitted),
            (
                claim(team, "6Gi"),
                Refused("maximum storage usage per PersistentVolumeClaim"),
            ),
        ];
        // All that the quota has, of which the apps have some already; nothing runs in operations.
        if team != "operations" {
            let all = json!({"cpu": "2", "memory": "16Mi"});
            let all = pod(json!({"requests": all, "limits": all}));
            asked.push((all, OverQuota("requests.cpu")));
        }
        for (request, wanted) in asked {
            let answer = world.cluster.would(&request).await?;
            ensure(wanted.is(&answer), || {
                format!(
                    "a {} in {team} {}: {answer:?}",
                    request.kind.kind,
                    wanted.said()
                )
            })?;
            count += 1;
        }
    }
    Ok(count)
}

fn claim(namespace: &str, size: &str) -> Request {
    Request::create(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "acceptance-size", "namespace": namespace},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}}))
}

impl Wanted {
    fn is(&self, answer: &Answer) -> bool {
        match (self, answer) {
            (Admitted, Answer::Admitted) => true,
            (Refused(words), Answer::Refused(said))
            | (OverQuota(words), Answer::OverQuota(said)) => said.contains(words),
            _ => false,
        }
    }

    fn said(&self) -> String {
        match self {
            Admitted => "should be let in".to_owned(),
            Refused(words) | OverQuota(words) => format!("should be refused, saying `{words}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Admitted, Answer, OverQuota, Refused};

    #[test]
    fn an_answer_counts_only_when_the_right_part_gives_it_in_the_right_words() {
        let refused = Answer::Refused("maximum cpu usage per Pod is 2, but limit is 3".to_owned());
        let over =
            Answer::OverQuota("exceeded quota: tenant, requested: requests.cpu=2".to_owned());
        assert!(Refused("maximum cpu usage").is(&refused));
        assert!(!Refused("maximum memory usage").is(&refused));
        assert!(!OverQuota("maximum cpu usage").is(&refused));
        assert!(OverQuota("requests.cpu").is(&over));
        assert!(Admitted.is(&Answer::Admitted));
        assert!(!Admitted.is(&over) && !Refused("").is(&Answer::Admitted));
    }
}
