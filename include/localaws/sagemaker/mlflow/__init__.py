"""Managed MLflow: tracking servers, their door and their process."""
