"""What owner and consumer see of a share."""

from __future__ import annotations

import json

from tests.accounts import ACCOUNTS
from tests.localaws.ram.shares import (
    CONSUMER,
    OWNER,
    accept,
    share,
)
from tests.localaws.sharing import GROUP_DEPLOY, GROUP_REGISTER
from tests.refusals import refused


def test_both_sides_list_resources_and_principals(group, owner, consumer) -> None:
    share(owner, group)
    accept(consumer)
    kind = "sagemaker:ModelPackageGroup"
    for client, side in ((owner, "SELF"), (consumer, "OTHER-ACCOUNTS")):
        (resource,) = client.list_resources(resourceOwner=side, resourceType=kind)["resources"]
        assert resource["arn"] == group
        assert client.list_resources(resourceOwner=side, resourceArns=["arn:x"])["resources"] == []
    (to,) = owner.list_principals(resourceOwner="SELF")["principals"]
    assert (to["id"], to["external"]) == (ACCOUNTS[CONSUMER], True)
    (by,) = consumer.list_principals(resourceOwner="OTHER-ACCOUNTS")["principals"]
    assert by["id"] == ACCOUNTS[OWNER]
    (policy,) = owner.get_resource_policies(resourceArns=[group])["policies"]
    assert json.loads(policy)["Statement"][0]["Principal"] == {"AWS": [ACCOUNTS[CONSUMER]]}


def test_shares_are_filtered_and_paged(group, owner) -> None:
    for number in range(5):
        owner.create_resource_share(name=f"s-{number}", permissionArns=[GROUP_DEPLOY])
    named = owner.get_resource_shares(resourceOwner="SELF", name="s-3")["resourceShares"]
    assert [item["name"] for item in named] == ["s-3"]
    with_it = owner.get_resource_shares(resourceOwner="SELF", permissionArn=GROUP_REGISTER)
    assert with_it["resourceShares"] == []
    names, token = [], {}
    while True:
        page = owner.get_resource_shares(resourceOwner="SELF", maxResults=2, **token)
        names += [item["name"] for item in page["resourceShares"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert names == [f"s-{number}" for number in range(5)]
    refused(
        "InvalidNextTokenException",
        owner.get_resource_shares,
        resourceOwner="SELF",
        name="s-1",
        **token,
    )


def test_permissions_and_types_can_be_looked_up(owner) -> None:
    kind = "sagemaker:FeatureGroup"
    listed = owner.list_permissions(resourceType=kind)["permissions"]
    assert {item["name"] for item in listed} >= {"AWSRAMPermissionSagemakerFeatureGroupAdmin"}
    assert kind in [item["resourceType"] for item in owner.list_resource_types()["resourceTypes"]]


def test_owner_and_consumer_are_told_of_an_acceptance(aws, group, owner, consumer) -> None:
    urls = {}
    for account in (OWNER, CONSUMER):
        sqs, bus = aws.client("sqs", account), aws.client("events", account)
        urls[account] = url = sqs.create_queue(QueueName="seen")["QueueUrl"]
        reply = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        bus.put_rule(Name="all", EventPattern=json.dumps({"source": ["aws.ram"]}))
        aws.open_queue(account, url, reply["Attributes"]["QueueArn"])
        bus.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": reply["Attributes"]["QueueArn"]}])
    share(owner, group)
    accept(consumer)
    for account, url in urls.items():
        received = aws.client("sqs", account).receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        details = [json.loads(message["Body"])["detail"] for message in received["Messages"]]
        assert {"event": "Resource Share Invitation", "status": "accepted"} in details
