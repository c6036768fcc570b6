"""Pipelines: their definition, their executions, and what each step does."""
