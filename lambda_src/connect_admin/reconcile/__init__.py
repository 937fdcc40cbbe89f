"""RECONCILE: compares the source with the topics, in steps of which each is one short request."""
