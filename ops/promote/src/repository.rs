//! Which repository has the deployment branch.

use std::path::Path;

use crate::cli::Order;
use crate::error::PromoteError;
use crate::program::{Call, Tools};
use crate::target;

/// What was said, else what `./deploy.sh` would use: the git server, what it recorded, the clone's remote.
pub(crate) fn find(order: &Order, tools: &Tools) -> Result<String, PromoteError> {
    if let Some(said) = &order.repository {
        return Ok(said.clone());
    }
    if let Some(server) = &order.git_server {
        return Ok(format!(
            "{}/invoice-platform.git",
            server.trim_end_matches('/')
        ));
    }
    if let Some(argocd) = target::recorded(&order.root).and_then(|recorded| recorded.argocd) {
        return Ok(argocd.repository);
    }
    origin(&order.root, tools).ok_or(PromoteError::NoRepository)
}

fn origin(root: &Path, tools: &Tools) -> Option<String> {
    let call = Call::of(&tools.git)
        .within(root)
        .with(["remote", "get-url", "origin"]);
    Some(call.output().ok()?.trim().to_owned()).filter(|url| !url.is_empty())
}

/// Who promotes, as git knows them: `Name` and their address.
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) email: String,
}

impl Person {
    /// Whoever the clone's configuration names, else the machine's user.
    pub(crate) fn of(root: &Path, tools: &Tools) -> Self {
        let configured = |key: &str| {
            let call = Call::of(&tools.git)
                .within(root)
                .with(["config", "--get", key]);
            Some(call.output().ok()?.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let user = || std::env::var("USER").unwrap_or_else(|_| String::from("unknown"));
        Self {
            name: configured("user.name").unwrap_or_else(user),
            email: configured("user.email").unwrap_or_else(|| format!("{}@localhost", user())),
        }
    }
}

/// What the clone's own configuration says of how repositories are reached, credentials among it. To be
/// given to git as variables, which unlike arguments nobody else on the machine can read.
pub(crate) fn settings(root: &Path, tools: &Tools) -> Vec<(String, String)> {
    const ABOUT: &str =
        r"^(http|credential|url|core\.sshcommand|commit\.gpgsign|gpg|user\.signingkey)";
    let call =
        Call::of(&tools.git)
            .within(root)
            .with(["config", "--local", "--includes", "--null"]);
    // Outside a clone there is none.
    let found = call
        .with(["--get-regexp", ABOUT])
        .output()
        .unwrap_or_default();
    let entries = found
        .split_terminator('\0')
        .filter_map(|entry| entry.split_once('\n'));
    entries
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// A URL without the password that may be in it.
pub(crate) fn printable(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{scheme}://{host}/{path}")
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn a_password_in_a_url_is_not_printed() {
        assert_eq!(
            printable("https://me:secret@git.example/a/b.git"),
            "https://git.example/a/b.git"
        );
        assert_eq!(
            printable("git@git.example:a/b.git"),
            "git@git.example:a/b.git"
        );
        assert_eq!(
            printable("http://127.0.0.1:3000/a.git"),
            "http://127.0.0.1:3000/a.git"
        );
    }
}
