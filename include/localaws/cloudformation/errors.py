"""Errors of templates and stacks, apart from those of AWS calls."""

from __future__ import annotations


class TemplateError(ValueError):
    """The template or its parameters are wrong; the request is refused, nothing is created."""


class DeployError(Exception):
    """A resource cannot be created or changed as the template says; the stack rolls back."""
