"""Imports every module that registers operations of our own."""

from __future__ import annotations

import importlib
import pkgutil

PACKAGES = (
    "localaws.ram",
    "localaws.glue",
    "localaws.lakeformation",
    "localaws.athena",
    "localaws.sagemaker",
    "localaws.cloudformation",
    "localaws.cloudtrail",
    "localaws.organizations",
)


def register() -> None:
    """Load the modules of the service packages; each registers its operations on import."""
    importlib.import_module("localaws.sts")
    importlib.import_module("localaws.put_events")
    for name in PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.iter_modules(package.__path__, f"{name}."):
            importlib.import_module(module.name)
