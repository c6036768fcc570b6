"""Resource policies of buckets, keys, repositories and the Glue catalogue.

Those of buckets and keys are guards, which only administrators write; Airflow reads them.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Final

from causeway.sharing.policies import PolicyHolder
from causeway_airflow.hooks.base import AwsCallError, CausewayHook


class PolicyHook(CausewayHook):
    """Policies of one kind of resource in one account."""

    holder: ClassVar[PolicyHolder]

    @abstractmethod
    def read(self, name: str) -> str | None:
        """Return the policy of a resource, None where it has none."""

    def missing_is_none(self, operation: str, code: str, key: str, **params: str) -> str | None:
        """Return one member of a reply, None when the service says that there is no policy."""
        try:
            return str(self.call(operation, **params)[key])
        except AwsCallError as error:
            if error.code == code:
                return None
            raise


class OwnedPolicyHook(PolicyHook):
    """Policies that Airflow keeps."""

    @abstractmethod
    def write(self, name: str, document: str) -> None:
        """Put a policy in place of what was there."""


class BucketPolicyHook(PolicyHook):
    """Policies of S3 buckets, by the bucket's name."""

    service = "s3"
    holder = PolicyHolder.BUCKET

    def read(self, name: str) -> str | None:
        """Return the bucket's policy."""
        return self.missing_is_none(
            "get_bucket_policy", "NoSuchBucketPolicy", "Policy", Bucket=name
        )


class KeyPolicyHook(PolicyHook):
    """Policies of KMS keys, by the key's alias or id."""

    service = "kms"
    holder = PolicyHolder.KEY

    def read(self, name: str) -> str | None:
        """Return the key's policy."""
        reply = self.call("get_key_policy", KeyId=self.key_id(name), PolicyName="default")
        return str(reply["Policy"])

    def key_id(self, name: str) -> str:
        """Return the id behind an alias: the policy calls take no alias."""
        return str(self.call("describe_key", KeyId=name)["KeyMetadata"]["KeyId"])


class RepositoryPolicyHook(OwnedPolicyHook):
    """Policies of ECR repositories, by the repository's name."""

    service = "ecr"
    holder = PolicyHolder.REPOSITORY

    def read(self, name: str) -> str | None:
        """Return the repository's policy."""
        return self.missing_is_none(
            "get_repository_policy",
            "RepositoryPolicyNotFoundException",
            "policyText",
            repositoryName=name,
        )

    def write(self, name: str, document: str) -> None:
        """Put the repository's policy."""
        self.call("set_repository_policy", repositoryName=name, policyText=document)


class CatalogPolicyHook(OwnedPolicyHook):
    """The policy of an account's Glue catalogue; the name is the account's id."""

    service = "glue"
    holder = PolicyHolder.CATALOG

    def read(self, name: str) -> str | None:
        """Return the catalogue's policy."""
        return self.missing_is_none(
            "get_resource_policy", "EntityNotFoundException", "PolicyInJson"
        )

    def write(self, name: str, document: str) -> None:
        """Put the catalogue's policy."""
        self.call("put_resource_policy", PolicyInJson=document)


#: The policies that Airflow keeps, and those that it compares.
OWNED: Final[dict[PolicyHolder, type[OwnedPolicyHook]]] = {
    hook.holder: hook for hook in (RepositoryPolicyHook, CatalogPolicyHook)
}
COMPARED: Final[dict[PolicyHolder, type[PolicyHook]]] = {
    hook.holder: hook for hook in (BucketPolicyHook, KeyPolicyHook)
}
