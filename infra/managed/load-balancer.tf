# The one way in from outside: to the ingress controller's ports on the nodes (traefik.yaml). Inside the
# cluster nobody else may open such ports; the admission policies see to it.
locals {
  ingress = { http = 30080, https = 30443 }
}

resource "digitalocean_loadbalancer" "ingress" {
  name        = local.name
  region      = var.region
  vpc_uuid    = digitalocean_vpc.platform.id
  droplet_tag = local.nodes

  forwarding_rule {
    entry_port      = 80
    entry_protocol  = "tcp"
    target_port     = local.ingress.http
    target_protocol = "tcp"
  }

  # Passed on as it is: the certificates are the ingress controller's.
  forwarding_rule {
    entry_port      = 443
    entry_protocol  = "tcp"
    target_port     = local.ingress.https
    target_protocol = "tcp"
  }

  healthcheck {
    port     = local.ingress.http
    protocol = "tcp"
  }
}

# Nodes are closed from outside; this opens the two ports to the load balancer alone.
resource "digitalocean_firewall" "ingress" {
  name = "${local.name}-ingress"
  tags = [local.nodes]

  dynamic "inbound_rule" {
    for_each = local.ingress
    content {
      protocol                  = "tcp"
      port_range                = tostring(inbound_rule.value)
      source_load_balancer_uids = [digitalocean_loadbalancer.ingress.id]
    }
  }

  depends_on = [digitalocean_kubernetes_cluster.platform]
}
