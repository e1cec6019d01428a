variable "environment" {
  description = "Which environment the cluster is; a cluster is one, and one only."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "production"], var.environment)
    error_message = "The environment is dev, staging or production."
  }
}

variable "region" {
  description = "Where the cluster is."
  type        = string
  default     = "fra1"
}

variable "network" {
  description = "The private addresses of the nodes and the load balancer."
  type        = string
  default     = "10.110.0.0/20"
}

variable "kubernetes" {
  description = "The minor version; patches arrive by themselves in the maintenance window."
  type        = string
  # The admission policies need 1.30 or later.
  default = "1.34"
}

variable "administrators" {
  description = "The address ranges from which the API server answers. There is no default, because everywhere is a bad one."
  type        = list(string)

  validation {
    condition     = length(var.administrators) > 0 && !contains(var.administrators, "0.0.0.0/0")
    error_message = "Name the ranges of the people and of the runners that operate the cluster."
  }
}

variable "node_size" {
  description = "The size of a node."
  type        = string
  default     = "s-2vcpu-4gb"
}

variable "nodes" {
  description = "The fewest and the most nodes. Three are the fewest over which three replicas spread."
  type        = object({ fewest = number, most = number })
  default     = { fewest = 3, most = 6 }

  validation {
    condition     = var.nodes.fewest >= 3 && var.nodes.most >= var.nodes.fewest
    error_message = "At least three nodes, and no fewer at most than at least."
  }
}
