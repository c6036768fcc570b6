"""Managed MLflow: tracking servers, their HTTP entry and their processes."""
