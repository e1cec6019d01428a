terraform {
  required_version = ">= 1.8"

  # The state holds the cluster's credentials, so it lies in a bucket that only the platform's people read;
  # which one is said at `tofu init -backend-config=...`.
  backend "s3" {}

  required_providers {
    digitalocean = {
      source  = "digitalocean/digitalocean"
      version = "~> 2.60"
    }
  }
}

# The token comes from DIGITALOCEAN_TOKEN.
provider "digitalocean" {}
