#!/usr/bin/env bash
# Deploys the invoice platform where it finds a place for it; ./deploy.sh --help says more.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
STATE=$ROOT/.deploy
FORCE_LOCAL=no WANTED_CONTEXT='' DOWN=no CONTEXT='' CREATE='' ROTATE=''
WITH_ARGOCD=no WITHOUT_ARGOCD=no CONFIGURE_ARGOCD=no

# shellcheck source-path=SCRIPTDIR
. "$ROOT/deploy/say.sh"
. "$ROOT/deploy/require.sh"
. "$ROOT/deploy/options.sh"
. "$ROOT/deploy/lock.sh"
. "$ROOT/deploy/target.sh"
. "$ROOT/deploy/registry.sh"
. "$ROOT/deploy/engine.sh"
. "$ROOT/deploy/build.sh"
. "$ROOT/deploy/images.sh"
. "$ROOT/deploy/deliver.sh"
. "$ROOT/deploy/discover.sh"
. "$ROOT/deploy/tenants.sh"
. "$ROOT/deploy/branch.sh"
. "$ROOT/deploy/secrets.sh"
. "$ROOT/deploy/admission.sh"
. "$ROOT/deploy/certificates.sh"
. "$ROOT/deploy/render.sh"
. "$ROOT/deploy/apply.sh"
. "$ROOT/deploy/argocd.sh"
. "$ROOT/deploy/record.sh"
. "$ROOT/deploy/cluster.sh"
. "$ROOT/deploy/processes.sh"
. "$ROOT/deploy/rotate.sh"
. "$ROOT/deploy/down.sh"
. "$ROOT/deploy/promote.sh"
. "$ROOT/deploy/create-cluster.sh"
. "$ROOT/deploy/kubeconfig.sh"

usage() {
  cat <<'TEXT'
./deploy.sh                  deploy, or bring what is deployed up to date
./deploy.sh --context NAME   deploy to the cluster of this kube context, local or not
./deploy.sh --local          deploy to this machine even when a cluster is in reach
./deploy.sh --down           remove what was deployed (with --local or --context: only there)
./deploy.sh rotate-password APP
                             give an app another password for its database, without a request that fails
./deploy.sh --create-cluster kind|k3d
                             make a local cluster that has what deploy.sh needs, and deploy nothing
./deploy.sh --with-argocd    install Argo CD first, if the cluster has none, and deploy through it
./deploy.sh --configure-argocd
                             deploy, and let it change settings of the cluster's whole Argo CD:
                             syncs impersonate the projects' accounts, and health checks
./deploy.sh --without-argocd apply the manifests from here, even where Argo CD could take them from git
./deploy.sh kubeconfig TEAM [--break-glass] [--folder FOLDER] [--context NAME]
                             write a kubeconfig that ends within the hour, to try what a team may, to
                             .deploy/kubeconfig or FOLDER; with --break-glass one for a quarter of it,
                             which lets into running pods
./deploy.sh promote APP FROM TO   commit the digest that runs in FROM for TO (environments.yaml has
                             the names; FROM may be build, the image that passed ./test.sh last)
./deploy.sh --help           this text

Where to: the current kube context when it answers and is a local cluster (kind, k3d, minikube,
testbed, with its API server where such a cluster has it); else this machine: both services as
processes on SQLite in .deploy/local. Another cluster is only touched when --context names it.

On a cluster with Argo CD the state to deploy is committed to branch `deploy` of a git repository, and
Argo CD takes it from there; --without-argocd applies the manifests from here instead.

What it needs: cargo (https://rustup.rs), a C compiler, git and curl; for a cluster also kubectl,
openssl, an ingress controller, and docker, podman or buildah to build the images.

Variables:
  REGISTRY              where images are pushed for clusters other than kind, k3d and minikube,
                        for example localhost:5000
  GIT_SERVER            where repositories are, for a cluster with Argo CD: invoice-platform.git there is
                        pushed to; without it the remote `origin` of this clone
  GIT_SERVER_IN_CLUSTER the same as the cluster reaches it, if that differs
  DASHBOARDS_URL LOGS_URL   where Argo CD's pages link to, both or none
  INGRESS_URL           where the ingress controller is reached from here, if it is not found
  INGRESS_NAMESPACE     the namespace of its pods, if it is not found
  PROMETHEUS_NAMESPACE  the namespace of Prometheus, if it is not found
  COLLECTOR             who takes traces and logs by OTLP over HTTP on port 4318, as NAMESPACE/SERVICE, or
                        none; without it the one Service that does, if there is one
  EXCEPTED_NAMESPACES   all namespaces of others that admission leaves alone, if they are not those in
                        which something ran at the first deployment; remembered by the cluster
  LOG_FILTER LOG_FORMAT OTEL_EXPORTER_OTLP_ENDPOINT   passed on to local processes
  NO_COLOR              no colours

Then: ./test.sh runs every test, the last of them against what is deployed.
TEXT
}

main() {
  case ${1:-} in
    kubeconfig) shift; give_kubeconfig "$@"; return ;;
    promote) shift; promote "$@"; return ;;
  esac
  read_options "$@"
  local began
  began=$(now)
  if [ -n "$CREATE" ]; then
    create_cluster "$CREATE"
  elif [ -n "$ROTATE" ]; then
    hold_checkout
    rotate_password "$ROTATE"
  elif [ "$DOWN" = yes ]; then
    hold_checkout
    take_down
  else
    hold_checkout
    choose_target
    refuse_argocd_on_this_machine
    "deploy_to_$TARGET"
  fi
  say "Took $(seconds_since "$began") s."
}

main "$@"
