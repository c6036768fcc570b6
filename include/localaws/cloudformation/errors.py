"""What can go wrong with a template or a stack, apart from the AWS calls themselves."""

from __future__ import annotations


class TemplateError(ValueError):
    """The template or its parameters are wrong; the request is refused, nothing is made."""


class DeployError(Exception):
    """A resource cannot be made or changed as the template says; the stack rolls back."""
