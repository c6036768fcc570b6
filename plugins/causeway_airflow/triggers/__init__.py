"""Triggers: what the triggerer polls. Everything heavy is imported inside `run`."""
