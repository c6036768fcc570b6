"""S3 buckets and their policies."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from localaws.cloudformation.errors import DeployError
from localaws.cloudformation.properties import (
    ANYTHING,
    Property,
    boolean,
    document,
    integer,
    listing,
    one_of,
    structure,
    tags,
    text,
)
from localaws.cloudformation.resource import (
    REGISTER,
    Context,
    Instance,
    ResourceType,
    exists,
    tag_list,
    unless,
)

_BLOCKS = (
    "BlockPublicAcls",
    "BlockPublicPolicy",
    "IgnorePublicAcls",
    "RestrictPublicBuckets",
)
#: Canned access, in the spelling of templates and of the S3 API.
ACCESS = {
    "Private": "private",
    "PublicRead": "public-read",
    "PublicReadWrite": "public-read-write",
    "AuthenticatedRead": "authenticated-read",
    "LogDeliveryWrite": "log-delivery-write",
    "BucketOwnerRead": "bucket-owner-read",
    "BucketOwnerFullControl": "bucket-owner-full-control",
    "AwsExecRead": "aws-exec-read",
}
#: What a bucket without access control lists takes: it changes nothing.
WITHOUT_LISTS = ("Private", "BucketOwnerFullControl")
OWNER_ENFORCED = "BucketOwnerEnforced"


@REGISTER.add
class Bucket(ResourceType):
    """AWS::S3::Bucket."""

    name = "AWS::S3::Bucket"
    attributes = ("Arn", "DomainName", "RegionalDomainName")
    made_with = ("BucketName",)
    properties = {
        "AccessControl": Property(one_of(*ACCESS), default=ANYTHING),
        "BucketEncryption": Property(
            structure(
                ServerSideEncryptionConfiguration=listing(
                    structure(
                        {"BucketKeyEnabled": False},
                        BucketKeyEnabled=boolean,
                        ServerSideEncryptionByDefault=structure(
                            SSEAlgorithm=text, KMSMasterKeyID=text
                        ),
                    )
                )
            ),
            default=ANYTHING,
        ),
        "BucketName": Property(text, default=ANYTHING, replaces=True),
        "LifecycleConfiguration": Property(
            structure(
                Rules=listing(
                    structure(
                        Id=text,
                        Status=one_of("Enabled", "Disabled"),
                        Prefix=text,
                        ExpirationInDays=integer,
                        NoncurrentVersionExpiration=structure(NoncurrentDays=integer),
                        AbortIncompleteMultipartUpload=structure(DaysAfterInitiation=integer),
                    )
                )
            ),
            default=ANYTHING,
        ),
        # On AWS it can be switched on later, too; never off (S3 User Guide, "Object Lock
        # considerations").
        "ObjectLockEnabled": Property(boolean, default=False, replaces=True),
        "ObjectLockConfiguration": Property(
            structure(
                ObjectLockEnabled=one_of("Enabled"),
                Rule=structure(
                    DefaultRetention=structure(
                        Mode=one_of("GOVERNANCE", "COMPLIANCE"), Days=integer, Years=integer
                    )
                ),
            ),
            default=ANYTHING,
        ),
        "OwnershipControls": Property(
            structure(Rules=listing(structure(ObjectOwnership=text))), default=ANYTHING
        ),
        "PublicAccessBlockConfiguration": Property(
            structure(dict.fromkeys(_BLOCKS, False), **dict.fromkeys(_BLOCKS, boolean)),
            default=ANYTHING,
        ),
        "Tags": Property(tags, default={}),
        "VersioningConfiguration": Property(
            structure(Status=text), default={"Status": "Suspended"}
        ),
    }

    def create(self, context: Context, instance: Instance) -> str:
        """Create the bucket; the name must not be in use in any account."""
        s3, name = context.client("s3"), instance["BucketName"]
        if name is ANYTHING:
            name = context.generated_name(instance.logical_id)[:63].lower()
        _check_access(instance)
        if exists(lambda: s3.head_bucket(Bucket=name), "404", "NoSuchBucket"):
            raise DeployError(f"{name} already exists")
        location = {"LocationConstraint": context.region}
        elsewhere = {} if context.region == "us-east-1" else {"CreateBucketConfiguration": location}
        locks = {"ObjectLockEnabledForBucket": True} if instance["ObjectLockEnabled"] else {}
        s3.create_bucket(Bucket=name, **elsewhere, **locks)
        return str(name)

    def apply(self, context: Context, instance: Instance, changed: Collection[str]) -> None:
        """Write each changed configuration, or remove it if the template does not set it."""
        s3, bucket = context.client("s3"), instance.physical_id
        for name in changed:
            value = instance[name]
            if name == "AccessControl":
                if value is not ANYTHING and _check_access(instance):
                    s3.put_bucket_acl(Bucket=bucket, ACL=ACCESS[value])
            elif name == "BucketEncryption":
                _put_or_delete(
                    value,
                    lambda v: s3.put_bucket_encryption(
                        Bucket=bucket, ServerSideEncryptionConfiguration=_encryption(v)
                    ),
                    lambda: s3.delete_bucket_encryption(Bucket=bucket),
                )
            elif name == "LifecycleConfiguration":
                _put_or_delete(
                    value,
                    lambda v: s3.put_bucket_lifecycle_configuration(
                        Bucket=bucket, LifecycleConfiguration=_lifecycle(v)
                    ),
                    lambda: s3.delete_bucket_lifecycle(Bucket=bucket),
                )
            elif name == "ObjectLockConfiguration":
                s3.put_object_lock_configuration(
                    Bucket=bucket,
                    ObjectLockConfiguration=(
                        {"ObjectLockEnabled": "Enabled"} if value is ANYTHING else value
                    ),
                )
            elif name == "OwnershipControls":
                _put_or_delete(
                    value,
                    lambda v: s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=v),
                    lambda: s3.delete_bucket_ownership_controls(Bucket=bucket),
                )
            elif name == "PublicAccessBlockConfiguration":
                _put_or_delete(
                    value,
                    lambda v: s3.put_public_access_block(
                        Bucket=bucket, PublicAccessBlockConfiguration=v
                    ),
                    lambda: s3.delete_public_access_block(Bucket=bucket),
                )
            elif name == "Tags":
                _put_or_delete(
                    value or ANYTHING,
                    lambda v: s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tag_list(v)}),
                    lambda: s3.delete_bucket_tagging(Bucket=bucket),
                )
            elif name == "VersioningConfiguration":
                s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=value)

    def observe(self, context: Context, instance: Instance) -> Mapping[str, Any]:
        """Read each configuration that is set."""
        s3, bucket = context.client("s3"), instance.physical_id
        encryption = unless(
            lambda: s3.get_bucket_encryption(Bucket=bucket),
            "ServerSideEncryptionConfigurationNotFoundError",
            default={},
        ).get("ServerSideEncryptionConfiguration")
        rules = unless(
            lambda: s3.get_bucket_lifecycle_configuration(Bucket=bucket),
            "NoSuchLifecycleConfiguration",
            default={},
        ).get("Rules")
        locks = unless(
            lambda: s3.get_object_lock_configuration(Bucket=bucket),
            "ObjectLockConfigurationNotFoundError",
            default={},
        ).get("ObjectLockConfiguration")
        properties = {
            "ObjectLockConfiguration": locks,
            "ObjectLockEnabled": bool(locks),
            "AccessControl": _declared(instance, "AccessControl"),  # a list does not tell its name
            "BucketName": bucket,
            "OwnershipControls": unless(
                lambda: s3.get_bucket_ownership_controls(Bucket=bucket),
                "OwnershipControlsNotFoundError",
                default={},
            ).get("OwnershipControls"),
            "PublicAccessBlockConfiguration": unless(
                lambda: s3.get_public_access_block(Bucket=bucket),
                "NoSuchPublicAccessBlockConfiguration",
                default={},
            ).get("PublicAccessBlockConfiguration"),
            "Tags": unless(
                lambda: s3.get_bucket_tagging(Bucket=bucket), "NoSuchTagSet", default={}
            ).get("TagSet"),
            "VersioningConfiguration": {
                "Status": s3.get_bucket_versioning(Bucket=bucket).get("Status", "Suspended")
            },
        }
        if rules:
            properties["LifecycleConfiguration"] = {"Rules": [_declared_rule(r) for r in rules]}
        if encryption:
            properties["BucketEncryption"] = {
                "ServerSideEncryptionConfiguration": [
                    {
                        "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
                        "ServerSideEncryptionByDefault": rule["ApplyServerSideEncryptionByDefault"],
                    }
                    for rule in encryption["Rules"]
                ]
            }
        return properties

    def delete(self, context: Context, instance: Instance) -> None:
        """Delete the bucket; a bucket with objects is not deleted, as on AWS."""
        s3, bucket = context.client("s3"), instance.physical_id
        unless(lambda: s3.delete_bucket(Bucket=bucket), "NoSuchBucket", "404")

    def read_attribute(self, context: Context, instance: Instance, name: str) -> Any:
        """Return the bucket's ARN or one of its host names."""
        bucket = instance.physical_id
        return {
            "Arn": f"arn:aws:s3:::{bucket}",
            "DomainName": f"{bucket}.s3.amazonaws.com",
            "RegionalDomainName": f"{bucket}.s3.{context.region}.amazonaws.com",
        }[name]


def _check_access(instance: Instance) -> bool:
    """Tell whether a list is to be set; DeployError if the bucket has none.

    A new bucket has no access control lists (S3 User Guide, "Controlling ownership of objects").
    """
    access = instance["AccessControl"]
    if access is ANYTHING or access in WITHOUT_LISTS:
        return False
    ownership = instance["OwnershipControls"]
    rules = [] if ownership is ANYTHING else ownership["Rules"]
    if not rules or rules[0]["ObjectOwnership"] == OWNER_ENFORCED:
        raise DeployError(
            f"Bucket cannot have ACLs set with ObjectOwnership's {OWNER_ENFORCED} setting"
        )
    return True


def _declared(instance: Instance, name: str) -> Any:
    value = instance[name]
    return None if value is ANYTHING else value


def _put_or_delete(value: Any, put: Callable[[Any], Any], delete: Callable[[], Any]) -> None:
    delete() if value is ANYTHING else put(value)


#: Members of a lifecycle rule that templates and the S3 API have alike.
_SAME = ("Status", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")


def _lifecycle(value: dict[str, Any]) -> dict[str, Any]:
    """Return lifecycle rules as the S3 API has them."""
    return {
        "Rules": [
            {
                **{name: rule[name] for name in _SAME if name in rule},
                **({"ID": rule["Id"]} if "Id" in rule else {}),
                **(
                    {"Expiration": {"Days": rule["ExpirationInDays"]}}
                    if "ExpirationInDays" in rule
                    else {}
                ),
                "Filter": {"Prefix": rule.get("Prefix", "")},
            }
            for rule in value["Rules"]
        ]
    }


def _declared_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """Return a rule of the S3 API as a template has it."""
    prefix = rule.get("Filter", {}).get("Prefix") or rule.get("Prefix")
    return {
        **{name: rule[name] for name in _SAME if name in rule},
        **({"Id": rule["ID"]} if "ID" in rule else {}),
        **({"Prefix": prefix} if prefix else {}),
        **({"ExpirationInDays": rule["Expiration"]["Days"]} if "Expiration" in rule else {}),
    }


def _encryption(value: dict[str, Any]) -> dict[str, Any]:
    return {
        "Rules": [
            {
                "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
                "BucketKeyEnabled": rule["BucketKeyEnabled"],
            }
            for rule in value["ServerSideEncryptionConfiguration"]
        ]
    }


@REGISTER.add
class BucketPolicy(ResourceType):
    """AWS::S3::BucketPolicy."""

    name = "AWS::S3::BucketPolicy"
    made_with = ("Bucket", "PolicyDocument")
    properties = {
        "Bucket": Property(text, required=True, replaces=True),
        "PolicyDocument": Property(document, required=True),
    }

    def create(self, context: Context, instance: Instance) -> str:
        """Put the policy on a bucket that has none yet."""
        s3, bucket = context.client("s3"), instance["Bucket"]
        if exists(lambda: s3.get_bucket_policy(Bucket=bucket), "NoSuchBucketPolicy"):
            raise DeployError(f"The bucket policy already exists on bucket {bucket}.")
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(instance["PolicyDocument"]))
        return str(bucket)

    def apply(self, context: Context, instance: Instance, changed: Collection[str]) -> None:
        """Replace the policy."""
        if changed:
            policy = json.dumps(instance["PolicyDocument"])
            context.client("s3").put_bucket_policy(Bucket=instance["Bucket"], Policy=policy)

    def observe(self, context: Context, instance: Instance) -> Mapping[str, Any]:
        """Read the policy."""
        s3, bucket = context.client("s3"), instance["Bucket"]
        reply = unless(
            lambda: s3.get_bucket_policy(Bucket=bucket), "NoSuchBucketPolicy", default={}
        )
        return {"Bucket": bucket, "PolicyDocument": reply.get("Policy", "{}")}

    def delete(self, context: Context, instance: Instance) -> None:
        """Remove the policy from the bucket, if the bucket exists."""
        s3, bucket = context.client("s3"), instance["Bucket"]
        unless(lambda: s3.delete_bucket_policy(Bucket=bucket), "NoSuchBucket", "NoSuchBucketPolicy")
