//! The API server's own pages, which are no resources: its metrics, its profiles, its health. access.yaml gives
//! nobody any, so what somebody may do with them is what Kubernetes lets everybody do.

use k8s_openapi::api::authorization::v1::NonResourceRule;
use proof::access::Subject;

/// Its built-in roles show everybody which APIs there are, its version, and whether it is well.
const EVERYBODYS: [&str; 11] = [
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/livez",
    "/openapi",
    "/openapi/*",
    "/readyz",
    "/version",
    "/version/",
];
/// And every account in addition by what tokens are checked.
const EVERY_ACCOUNTS: [&str; 4] = [
    "/.well-known/openid-configuration",
    "/.well-known/openid-configuration/",
    "/openid/v1/jwks",
    "/openid/v1/jwks/",
];

/// What rules allow beyond that, a sentence each.
pub(super) fn unexpected(rules: &[NonResourceRule], who: &Subject) -> Vec<String> {
    let mut found = Vec::new();
    for rule in rules {
        for page in rule.non_resource_urls.iter().flatten() {
            let verbs = rule.verbs.iter();
            let more = verbs.filter(|verb| *verb != "get" || !is_everybodys(page, who));
            found.extend(more.map(|verb| format!("{who} has a rule to {verb} the page {page}")));
        }
    }
    found
}

fn is_everybodys(page: &str, who: &Subject) -> bool {
    EVERYBODYS.contains(&page)
        || matches!(who, Subject::Account { .. }) && EVERY_ACCOUNTS.contains(&page)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(who: &Subject, verb: &str, page: &str) -> usize {
        let rule = NonResourceRule {
            non_resource_urls: Some(vec![page.to_owned()]),
            verbs: vec![verb.to_owned()],
        };
        unexpected(&[rule], who).len()
    }

    #[test]
    fn everybody_may_read_some_pages_and_nobody_more() {
        let group = Subject::Group("team".to_owned());
        for page in ["/version", "/apis/*"] {
            assert_eq!(found(&group, "get", page), 0, "{page}");
        }
        for (verb, page) in [
            ("get", "/metrics"),
            ("get", "/debug/*"),
            ("get", "*"),
            ("*", "/version"),
            ("post", "/api"),
        ] {
            assert_eq!(found(&group, verb, page), 1, "{verb} {page}");
        }
    }

    #[test]
    fn accounts_alone_may_read_by_what_their_tokens_are_checked() {
        let group = Subject::Group("team".to_owned());
        let account = Subject::account("a", "b");
        assert_eq!(found(&group, "get", "/openid/v1/jwks"), 1);
        assert_eq!(found(&account, "get", "/openid/v1/jwks"), 0);
        assert_eq!(found(&account, "get", "/metrics"), 1);
    }
}
