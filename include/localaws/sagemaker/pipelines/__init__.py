"""Pipelines: definitions, executions and steps."""
