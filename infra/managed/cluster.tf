locals {
  name = "invoice-platform-${var.environment}"
  # The load balancer and the firewall find the nodes by it, those too that the autoscaler adds.
  nodes = "${local.name}-nodes"
}

resource "digitalocean_vpc" "platform" {
  name     = local.name
  region   = var.region
  ip_range = var.network
}

# Asked at each plan: a version that was written down would be taken for a downgrade after the first patch.
data "digitalocean_kubernetes_versions" "minor" {
  version_prefix = "${var.kubernetes}."
}

# Its network is Cilium, which enforces NetworkPolicies.
resource "digitalocean_kubernetes_cluster" "platform" {
  name         = local.name
  region       = var.region
  version      = data.digitalocean_kubernetes_versions.minor.latest_version
  vpc_uuid     = digitalocean_vpc.platform.id
  ha           = var.environment == "production"
  auto_upgrade = true
  # New nodes come before old ones go, so that disruption budgets can be kept.
  surge_upgrade = true
  # Volumes outlive the cluster: a destroy that was a mistake costs no database.
  destroy_all_associated_resources = false

  control_plane_firewall {
    enabled           = true
    allowed_addresses = var.administrators
  }

  maintenance_policy {
    day        = "tuesday"
    start_time = "04:00"
  }

  node_pool {
    name       = "general"
    size       = var.node_size
    auto_scale = true
    min_nodes  = var.nodes.fewest
    max_nodes  = var.nodes.most
    tags       = [local.nodes]
  }

  lifecycle {
    prevent_destroy = true
  }
}
