output "address" {
  description = "Where invoice-app's host name has to lead."
  value       = digitalocean_loadbalancer.ingress.ip
}

output "kubeconfig" {
  description = "The command that gets credentials for it; they are no output, so that no log holds them."
  value       = "doctl kubernetes cluster kubeconfig save ${digitalocean_kubernetes_cluster.platform.id}"
}
