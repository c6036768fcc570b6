"""Serverless variants: what AWS refuses of them, and their limit of concurrent requests.

The model server is that of any variant, and is there at once: there are no cold starts.
Sources: API reference, `ProductionVariantServerlessConfig`; SageMaker Developer Guide, "Deploy
models with Amazon SageMaker Serverless Inference" (feature exclusions) and "Update a serverless
endpoint". AWS's words are not verified.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from localaws.kit.service import ServiceError
from localaws.sagemaker.hosting.models import Model
from localaws.sagemaker.machine.network import isolated, network_of

#: Memory comes in steps of 1 GB (botocore knows its bounds).
STEP: Final = 1024
OF_INSTANCES: Final = (
    "InstanceType",
    "InitialInstanceCount",
    "AcceleratorType",
    "VolumeSizeInGB",
)


def check_serverless(request: Mapping[str, Any], variant: Mapping[str, Any], model: Model) -> None:
    """Raise ValidationException for what a serverless variant cannot have."""
    config = variant["ServerlessConfig"]
    name, memory = variant["VariantName"], config["MemorySizeInMB"]
    own = [member for member in OF_INSTANCES if member in variant]
    if own:
        raise _refused(f"Variant {name}: {own[0]} cannot be specified with ServerlessConfig")
    if memory % STEP:
        raise _refused(f"Variant {name}: MemorySizeInMB {memory} is no multiple of {STEP}")
    if config.get("ProvisionedConcurrency", 0) > config["MaxConcurrency"]:
        raise _refused(f"Variant {name}: ProvisionedConcurrency is above MaxConcurrency")
    if len(request["ProductionVariants"]) > 1:
        raise _refused("A serverless endpoint has one production variant")
    if request.get("KmsKeyId"):
        raise _refused("KmsKeyId cannot be specified with ServerlessConfig: there is no volume")
    if isolated(model.request) or network_of(model.request).get("VpcConfig"):
        raise _refused(
            f"Model {model.name} has a VPC or network isolation, which serverless inference lacks"
        )


def check_update(live: bool, serverless: bool) -> None:
    """Raise ValidationException when an endpoint with instances is to become serverless."""
    if serverless and not live:
        raise _refused("An endpoint with instances cannot be updated to a serverless one")


def concurrency_of(variant: Mapping[str, Any]) -> int | None:
    """Return how many requests a variant answers at once; None without a limit."""
    config = variant.get("ServerlessConfig")
    return int(config["MaxConcurrency"]) if config else None


def capacity(variant: Mapping[str, Any], serves: bool) -> dict[str, Any]:
    """Return what DescribeEndpoint says of a variant's capacity.

    While no process serves, no instance is counted; that AWS counts so is not verified.
    """
    config = variant.get("ServerlessConfig")
    if config:
        return {
            "CurrentInstanceCount": 0,
            "CurrentServerlessConfig": config,
            "DesiredServerlessConfig": config,
        }
    count = variant["InitialInstanceCount"]
    return {"CurrentInstanceCount": count if serves else 0, "DesiredInstanceCount": count}


def _refused(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)
