"""Deployment: the rollout, the lease on an endpoint, and the test of a live endpoint."""
