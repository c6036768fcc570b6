"""Shares of RAM in tests: permissions by name, and a share that its consumer accepts."""

from __future__ import annotations

from tests.accounts import ACCOUNTS
from tests.localaws.conftest import Aws

_MANAGED = "arn:aws:ram::aws:permission/AWSRAMPermission"
GROUP_DEPLOY = f"{_MANAGED}SageMakerModelPackageGroupAllowDeploy"
GROUP_REGISTER = f"{_MANAGED}SageMakerModelPackageGroupAllowRegister"
FEATURES_READ_ONLY = f"{_MANAGED}SageMakerFeatureGroupReadOnly"
FEATURES_READ_WRITE = f"{_MANAGED}SagemakerFeatureGroupReadWrite"
CATALOG_SEARCH = f"{_MANAGED}SageMakerCatalogResourceSearch"
CARDS_EXPORT = f"{_MANAGED}SageMakerModelCardsAllowExport"
CARDS_READ = f"{_MANAGED}SageMakerModelCards"
PIPELINE_EXECUTION = f"{_MANAGED}SageMakerPipelineAllowExecution"


def share(
    aws: Aws, owner: str, consumer: str, resource: str, permission: str | None = None
) -> None:
    """Share a resource with another account (both by role), which accepts the invitation."""
    named = {"permissionArns": [permission]} if permission else {}
    aws.client("ram", owner).create_resource_share(
        name="shared", resourceArns=[resource], principals=[ACCOUNTS[consumer]], **named
    )
    accept_invitations(aws, consumer)


def accept_invitations(aws: Aws, consumer: str) -> None:
    """Accept every pending invitation of an account."""
    ram = aws.client("ram", consumer)
    for invitation in ram.get_resource_share_invitations()["resourceShareInvitations"]:
        if invitation["status"] == "PENDING":
            arn = invitation["resourceShareInvitationArn"]
            ram.accept_resource_share_invitation(resourceShareInvitationArn=arn)
