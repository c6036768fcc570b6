"""Policies of topics and repositories: what they open, to whom, and under which conditions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localaws.conftest import Aws
from tests.localaws.policies import DATA, OTHER, document, signed_in, statement
from tests.refusals import refused_saying

TOPIC = f"arn:aws:sns:eu-central-1:{DATA}:news"
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


def allow(action: str | list[str], resource: str | None, **more: Any) -> dict[str, Any]:
    """A statement for the other account; a repository's has no resource."""
    named = {"Resource": resource} if resource else {}
    principal = {"AWS": f"arn:aws:iam::{OTHER}:root"}
    return {"Effect": "Allow", "Principal": principal, "Action": action, **named, **more}


@pytest.fixture
def topic(aws: Aws) -> str:
    return str(aws.client("sns", "data").create_topic(Name="news")["TopicArn"])


def set_policy(aws: Aws, *statements: dict[str, Any]) -> None:
    aws.client("sns", "data").set_topic_attributes(
        TopicArn=TOPIC, AttributeName="Policy", AttributeValue=document(*statements)
    )


# ------------------------------------------------------------------ SNS
def test_a_new_topic_is_its_accounts_alone(aws: Aws, topic: str) -> None:
    aws.client("sns", "data").publish(TopicArn=topic, Message="x")
    stranger = signed_in(aws, "data_science", statement("sns:*")).client("sns")
    words = "because no resource-based policy allows the sns:Publish action"
    refused_saying("AuthorizationError", words, stranger.publish, TopicArn=topic, Message="x")


def test_within_the_account_either_policy_is_enough(aws: Aws, topic: str) -> None:
    own = {"AWS": f"arn:aws:iam::{DATA}:role/duty"}
    signer = signed_in(aws, "data")
    set_policy(aws, allow("sns:Publish", topic))  # in place of what a new topic has
    publish = signer.client("sns").publish
    refused_saying("AuthorizationError", "sns:Publish", publish, TopicArn=topic, Message="x")
    set_policy(aws, allow("sns:Publish", topic) | {"Principal": own})
    assert publish(TopicArn=topic, Message="x")["MessageId"]


def test_across_accounts_both_policies_are_needed(aws: Aws, topic: str) -> None:
    set_policy(aws, allow("sns:Publish", topic))
    may = signed_in(aws, "data_science", statement("sns:Publish", topic)).client("sns")
    assert may.publish(TopicArn=topic, Message="x")["MessageId"]
    may_not = signed_in(aws, "data_science", name="idle").client("sns")
    words = "because no identity-based policy allows the sns:Publish action"
    refused_saying("AuthorizationError", words, may_not.publish, TopicArn=topic, Message="x")


def test_a_denial_of_the_topic_counts_for_its_own_account(aws: Aws, topic: str) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": topic}
    set_policy(aws, deny)
    client = signed_in(aws, "data", statement("sns:*")).client("sns")
    words = "explicit deny in a resource-based policy"
    refused_saying("AuthorizationError", words, client.publish, TopicArn=topic, Message="x")


# ------------------------------------------------------------------ ECR
@pytest.fixture
def repository(aws: Aws) -> str:
    reply = aws.client("ecr", "data").create_repository(repositoryName="images")
    return str(reply["repository"]["repositoryArn"])


def share(aws: Aws, *statements: dict[str, Any]) -> None:
    text = document(*statements)
    aws.client("ecr", "data").set_repository_policy(repositoryName="images", policyText=text)


def pull(client: Any) -> Any:
    return client.batch_get_image(
        registryId=DATA, repositoryName="images", imageIds=[{"imageTag": "1"}]
    )


def test_images_are_pulled_by_another_account_under_both_policies(
    aws: Aws, repository: str
) -> None:
    client = signed_in(aws, "data_science", statement(PULL, repository)).client("ecr")
    words = "because no resource-based policy allows the ecr:BatchGetImage action"
    refused_saying("AccessDeniedException", words, pull, client=client)
    share(aws, allow(PULL, None))
    assert pull(client)["images"] == []
    idle = signed_in(aws, "data_science", name="idle").client("ecr")
    words = "because no identity-based policy allows the ecr:BatchGetImage action"
    refused_saying("AccessDeniedException", words, pull, client=idle)


def test_a_repository_opens_no_other_action_and_no_other_account(aws: Aws, repository: str) -> None:
    share(aws, allow(PULL, None))
    client = signed_in(aws, "data_science", statement("ecr:*")).client("ecr")
    refused_saying(
        "AccessDeniedException",
        "ecr:DescribeImages",
        client.describe_images,
        registryId=DATA,
        repositoryName="images",
    )
    third = signed_in(aws, "prod", statement("ecr:*")).client("ecr")
    refused_saying("AccessDeniedException", "ecr:BatchGetImage", pull, client=third)


def test_a_condition_of_a_repository_is_obeyed(aws: Aws, repository: str) -> None:
    role = f"arn:aws:iam::{OTHER}:role/puller"
    share(aws, allow(PULL, None, Condition={"ArnEquals": {"aws:PrincipalArn": role}}))
    client = signed_in(aws, "data_science", statement(PULL), name="puller").client("ecr")
    assert pull(client)["failures"]
    other = signed_in(aws, "data_science", statement(PULL), name="other").client("ecr")
    refused_saying("AccessDeniedException", "ecr:BatchGetImage", pull, client=other)
