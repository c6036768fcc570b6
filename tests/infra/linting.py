"""Parliament's findings about a policy, of medium severity or above."""

from __future__ import annotations

import importlib
import json
import re
import sys
from importlib.resources import files
from types import ModuleType
from typing import Any

import pytest

SEVERE = ("MEDIUM", "HIGH", "CRITICAL")
# AWS's own permissions have `aws` where an ARN has an account, and parliament takes that for an
# error (RAM User Guide, "Managing permissions in AWS RAM").
MANAGED = "arn:aws:ram::aws:permission/"
# Parliament's copy of the reference is of 2024; the keys are in service_authorization.json.
NEWER_KEYS = re.compile(
    r"sagemaker:(ModelLifeCycle:|CustomerMetadataProperties|ModelApprovalStatus)|s3:"
    r"RequestObjectTagKeys"
)
# These take a resource of any one type, and parliament wants every type there is.
ANY_TYPE = re.compile(r"'action': '[a-z]+:(TagResource|ListTagsForResource|AddAssociation)'")


def findings(document: dict[str, Any]) -> list[str]:
    """Return what parliament has against a policy document, worst kinds only.

    Parliament knows no trust policies, which have no Resource: they are given one.
    """
    parliament = _parliament()
    statements = [{"Resource": "*", **statement} for statement in document["Statement"]]
    text = json.dumps({**document, "Statement": statements})
    found = map(parliament.enhance_finding, parliament.analyze_policy_string(text).findings)
    return [
        f"{one.severity} {one.issue}: {one.detail} {one.location}"
        for one in found
        if one.severity in SEVERE
        and not (one.issue == "INVALID_ARN" and MANAGED in str(one.location))
        and not (one.issue == "UNKNOWN_CONDITION_FOR_ACTION" and NEWER_KEYS.search(str(one.detail)))
        and not (one.issue == "RESOURCE_MISMATCH" and ANY_TYPE.search(str(one.detail)))
    ]


def _parliament() -> Any:
    """Import parliament 1.6.4, which finds its data through `pkg_resources`.

    setuptools 82 took that module out; parliament asks it for two paths and nothing more. This
    may go when parliament reads its data through `importlib.resources`.
    """
    with pytest.MonkeyPatch.context() as patch:
        stand_in = ModuleType("pkg_resources")
        vars(stand_in)["resource_filename"] = lambda package, name: str(files(package) / name)
        patch.setitem(sys.modules, "pkg_resources", stand_in)
        return importlib.import_module("parliament")
