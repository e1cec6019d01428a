use crate::support::workload::{containers, deployments, environment};

#[test]
fn the_grace_period_outlasts_the_stop_deadline() {
    for deployment in deployments() {
        let grace = deployment.at("/spec/template/spec/terminationGracePeriodSeconds");
        let grace = grace.and_then(serde_json::Value::as_u64).unwrap();
        for container in containers(deployment) {
            let deadline = seconds(environment(container, "STOP_DEADLINE").unwrap());
            assert!(grace > deadline, "{deployment}: {grace} <= {deadline}");
        }
    }
}

#[test]
fn the_stop_deadline_outlasts_the_pause_and_the_longest_request() {
    // REQUEST_TIMEOUT's default, which no manifest changes.
    let longest = 30;
    for deployment in deployments() {
        for container in containers(deployment) {
            assert_eq!(
                environment(container, "REQUEST_TIMEOUT"),
                None,
                "{deployment}"
            );
            let deadline = seconds(environment(container, "STOP_DEADLINE").unwrap());
            let pause = seconds(environment(container, "STOP_PAUSE").unwrap());
            assert!(
                pause > 0,
                "{deployment}: endpoints need a moment to forget the pod"
            );
            assert!(
                deadline > pause + longest,
                "{deployment}: {deadline} <= {pause} + {longest}"
            );
        }
    }
}

fn seconds(duration: &str) -> u64 {
    duration.strip_suffix('s').unwrap().parse().unwrap()
}
