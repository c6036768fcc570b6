"""Lineage and experiments: entities, associations, groups and queries."""
