"""The model registry: package groups, packages, updates and events."""
