"""Feature groups: requests, changes, discovery, enrichment, health and event times."""
