//! The conditions by which policies let requests pass without a look at them: each is an exception from every
//! rule of its policy, so each is written here too.

/// What was there before may still be changed elsewhere: that does not write a pod.
const WRITES_A_POD: &str = "\
request.operation == 'CREATE'
|| (object.kind == 'Pod' ? (dyn(object).spec != dyn(oldObject).spec
      || dyn(object).metadata.?labels != dyn(oldObject).metadata.?labels)
  : object.kind == 'CronJob' ? dyn(object).spec.jobTemplate.spec.template != dyn(oldObject).spec.jobTemplate.spec.template
  : object.kind == 'PodTemplate' ? dyn(object).template != dyn(oldObject).template
  : dyn(object).spec.template != dyn(oldObject).spec.template)";

/// Policy, name and expression.
const KNOWN: [(&str, &str, &str); 7] = [
    ("invoice-platform-images", "writes-a-pod", WRITES_A_POD),
    ("invoice-platform-resources", "writes-a-pod", WRITES_A_POD),
    ("invoice-platform-restricted", "writes-a-pod", WRITES_A_POD),
    ("invoice-platform-hardened", "writes-a-pod", WRITES_A_POD),
    ("invoice-platform-labels", "writes-a-pod", WRITES_A_POD),
    (
        "invoice-platform-services",
        "writes-a-service",
        "request.operation == 'CREATE' || object.spec != oldObject.spec",
    ),
    (
        "invoice-platform-guardrails",
        "by-an-account-of-the-team",
        "request.userInfo.username.startsWith('system:serviceaccount:' + request.namespace + ':')",
    ),
];

/// Whether a policy was meant to have this condition.
pub(super) fn is_known(policy: &str, name: &str, expression: &str) -> bool {
    KNOWN.contains(&(policy, name, expression))
}
