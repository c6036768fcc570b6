"""Sensors that wait without a worker."""
