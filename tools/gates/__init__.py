"""Policy gates over all templates: checkov and parliament for `make check`, cdk-nag for `make nist`."""
