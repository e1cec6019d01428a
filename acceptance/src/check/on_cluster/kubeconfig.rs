//! The files that `./deploy.sh kubeconfig` hands out, used as their owner would use them.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use k8s_openapi::ByteString;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::certificates::v1::CertificateSigningRequest;
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::api::{ListParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config, ResourceExt};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::ClusterWorld;
use super::script::deploy_sh;
use super::teams_apart::{FORBIDDEN, refused};
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::cluster::app::App;
use crate::cluster::inside::{RIGHT, run_inside};
use crate::failure::{Failure, ensure};

const TEAM: &str = "invoice";
const WRITTEN_WITHIN: Duration = Duration::from_mins(1);
/// A certificate may end this much later than was promised, for clocks that differ.
const GRACE_SECONDS: u64 = 60;

/// One kind of file.
struct Kind {
    options: &'static [&'static str],
    groups: &'static [&'static str],
    /// When its certificate has to have ended.
    seconds: u64,
}

const PLAIN: Kind = Kind {
    options: &[],
    groups: &["system:authenticated", "team-invoice"],
    seconds: 3600,
};
const BREAK_GLASS: Kind = Kind {
    options: &["--break-glass"],
    groups: &[
        "break-glass-invoice",
        "system:authenticated",
        "team-invoice",
    ],
    seconds: 900,
};

pub(crate) async fn works(world: &ClusterWorld) -> Seen {
    let pod = world
        .cluster
        .replicas(App::InvoiceApp)
        .await?
        .first()
        .map(ResourceExt::name_any)
        .ok_or_else(|| Failure::wrong("invoice-app has no ready pod"))?;
    let plain = Handed::out(world, &PLAIN).await?;
    let inside = run_inside(plain.client, TEAM, &pod).await?;
    refused(inside, "run a command by the plain file", RIGHT)?;
    let breaking = Handed::out(world, &BREAK_GLASS).await?;
    run_inside(breaking.client, TEAM, &pod)
        .await?
        .map_err(Failure::cluster(
            "run a command by the file that breaks glass",
        ))?;
    nothing_to_sign_is_left(world).await?;
    Ok(format!(
        "{} and {} read {TEAM}'s pods, and are refused payments' and {TEAM}'s Secrets; only the second ran a command \
         in a pod",
        plain.words, breaking.words
    ))
}

/// What a file gives whoever has it.
struct Handed {
    client: Client,
    words: String,
}

impl Handed {
    /// Has one written, and tries what every one may and may not.
    async fn out(world: &ClusterWorld, kind: &Kind) -> Result<Self, Failure> {
        let arguments = [&["kubeconfig", TEAM], kind.options].concat();
        world
            .console()
            .step(&format!("./deploy.sh {}", arguments.join(" ")));
        // The caller may be using files of their own. What a killed run leaves is its owner's alone, and soon of
        // no use.
        let folder = tempfile::tempdir().map_err(Failure::machine("make a folder"))?;
        let place = folder.path().to_string_lossy();
        let arguments = [&arguments[..], &["--folder", &place]].concat();
        let printed = deploy_sh(world, &arguments, WRITTEN_WITHIN).await?;
        let file = PathBuf::from(printed.trim());
        ensure(file.starts_with(folder.path()), || {
            format!("it was written to {}, not {place}", file.display())
        })?;
        let (client, certificate) = read(&file).await?;
        let user = is_known_as(&client, kind.groups).await?;
        ends_in_time(&certificate, kind.seconds).await?;
        reads_its_own_and_no_more(&client).await?;
        Ok(Self {
            client,
            words: format!(
                "{user} of {} for {} min",
                kind.groups.join(", "),
                kind.seconds / 60
            ),
        })
    }
}

/// The client that a file makes, and its certificate.
async fn read(path: &Path) -> Result<(Client, Vec<u8>), Failure> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::wrong(format!("{} is no kubeconfig: {error}", path.display()))
    };
    let read = Kubeconfig::read_from(path).map_err(|error| unreadable(&error))?;
    let data = read
        .auth_infos
        .first()
        .and_then(|named| named.auth_info.as_ref())
        .and_then(|info| info.client_certificate_data.clone());
    let data: ByteString = serde_json::from_value(json!(data))
        .map_err(|error| unreadable(&format!("its certificate: {error}")))?;
    let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default())
        .await
        .map_err(|error| unreadable(&error))?;
    let client = Client::try_from(config).map_err(|error| unreadable(&error))?;
    Ok((client, data.0))
}

/// Fails unless the API server knows its owner by these groups, and no other; says the name.
async fn is_known_as(client: &Client, groups: &[&str]) -> Result<String, Failure> {
    let answer = Api::<SelfSubjectReview>::all(client.clone())
        .create(&PostParams::default(), &SelfSubjectReview::default())
        .await
        .map_err(Failure::cluster("ask who the file's owner is"))?;
    let user = answer.status.and_then(|status| status.user_info);
    let user = user.ok_or_else(|| Failure::wrong("the API server does not say who that is"))?;
    let mut known = user.groups.unwrap_or_default();
    known.sort();
    ensure(known == groups, || {
        format!("the API server knows it by the groups {known:?}, not {groups:?}")
    })?;
    Ok(user.username.unwrap_or_default())
}

async fn reads_its_own_and_no_more(client: &Client) -> Result<(), Failure> {
    let all = ListParams::default();
    let others = App::PaymentProvider.namespace();
    let own = Api::<Pod>::namespaced(client.clone(), TEAM)
        .list(&all)
        .await
        .map_err(Failure::cluster("list its pods by the file"))?;
    ensure(!own.items.is_empty(), || {
        String::from("the file shows no pod of its team")
    })?;
    let elsewhere = Api::<Pod>::namespaced(client.clone(), others);
    refused(elsewhere.list(&all).await, "list payments' pods", FORBIDDEN)?;
    let secrets = Api::<Secret>::namespaced(client.clone(), TEAM);
    refused(secrets.list(&all).await, "list its Secrets", FORBIDDEN)
}

/// Fails unless it is valid now and not any more when it should have ended.
async fn ends_in_time(certificate: &[u8], seconds: u64) -> Result<(), Failure> {
    let limit = seconds + GRACE_SECONDS;
    let (now, then) = (
        is_valid_in(certificate, 0).await?,
        is_valid_in(certificate, limit).await?,
    );
    ensure(now && !then, || {
        format!("its certificate is valid now: {now}, in {limit} s: {then}")
    })
}

async fn is_valid_in(certificate: &[u8], seconds: u64) -> Result<bool, Failure> {
    let doing = || Failure::machine("have openssl read a certificate");
    let mut openssl = Command::new("openssl")
        .args(["x509", "-noout", "-checkend", &seconds.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(doing())?;
    if let Some(mut input) = openssl.stdin.take() {
        input.write_all(certificate).await.map_err(doing())?;
    }
    let ended = openssl.wait_with_output().await.map_err(doing())?;
    // Its code is 1 for a certificate that ends before and for one that it cannot read; only its words differ.
    let words = String::from_utf8_lossy(&ended.stdout);
    match words.trim() {
        "Certificate will not expire" => Ok(true),
        "Certificate will expire" => Ok(false),
        _ => Err(Failure::wrong(format!(
            "openssl cannot read the certificate: {}",
            String::from_utf8_lossy(&ended.stderr).trim()
        ))),
    }
}

/// A request that waits could be approved later, by mistake.
async fn nothing_to_sign_is_left(world: &ClusterWorld) -> Result<(), Failure> {
    let prefix = format!("invoice-platform-{TEAM}-");
    let left = world
        .cluster
        .all::<CertificateSigningRequest>()
        .list(&ListParams::default())
        .await
        .map_err(Failure::cluster("list what is to be signed"))?;
    let names: Vec<String> = left.iter().map(ResourceExt::name_any).collect();
    let ours: Vec<&String> = names
        .iter()
        .filter(|name| name.starts_with(&prefix))
        .collect();
    ensure(ours.is_empty(), || {
        format!("requests for a certificate were left: {ours:?}")
    })
}

#[cfg(test)]
mod tests {
    use super::{ends_in_time, is_valid_in};
    use test_authority::Authority;

    #[tokio::test]
    async fn a_certificate_that_has_ended_or_lasts_too_long_does_not_end_in_time() {
        let authority = Authority::new("the cluster").unwrap();
        let expired = authority.issue_expired(&["invoice"]).unwrap().certificate;
        let long = authority.issue(&["invoice"]).unwrap().certificate;
        assert!(is_valid_in(long.as_bytes(), 0).await.unwrap());
        assert!(!is_valid_in(expired.as_bytes(), 0).await.unwrap());
        assert!(ends_in_time(expired.as_bytes(), 3600).await.is_err());
        assert!(ends_in_time(long.as_bytes(), 3600).await.is_err());
        let thousand_years = 1_000 * 366 * 86_400;
        ends_in_time(long.as_bytes(), thousand_years).await.unwrap();
        assert!(is_valid_in(b"no certificate", 0).await.is_err());
    }
}
