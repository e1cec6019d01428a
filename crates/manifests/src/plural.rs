/// The name of a kind in paths of the API and in rules of RBAC: `networkpolicies` for `NetworkPolicy`.
#[must_use]
pub fn plural(kind: &str) -> String {
    let lower = kind.to_lowercase();
    match lower.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if lower.ends_with('s') => format!("{lower}es"),
        None => format!("{lower}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::plural;

    #[test]
    fn kinds_have_the_names_that_addresses_and_roles_use() {
        for (kind, resource) in [
            ("Pod", "pods"),
            ("Job", "jobs"),
            ("NetworkPolicy", "networkpolicies"),
            ("Ingress", "ingresses"),
            ("HTTPRoute", "httproutes"),
        ] {
            assert_eq!(plural(kind), resource);
        }
    }
}
