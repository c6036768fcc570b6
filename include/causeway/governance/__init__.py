"""Governance: the stage table, the sync and its plan, approvals and their attribution."""
