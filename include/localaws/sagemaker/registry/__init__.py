"""The model registry: package groups, packages, their changes and events."""
