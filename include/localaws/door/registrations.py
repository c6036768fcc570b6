"""Imports every module that registers operations."""

from __future__ import annotations

import importlib
import pkgutil

#: Single modules, and packages of which all modules are imported, however deep.
MODULES = ("localaws.identity.sts",)
PACKAGES = (
    "localaws.engine",
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
    for name in MODULES:
        importlib.import_module(name)
    for name in PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            importlib.import_module(module.name)
