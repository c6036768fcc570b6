"""A template cannot make the local AWS work for long, or fail."""

from __future__ import annotations

import json
import time

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws
from tests.refusals import code_of

LAUGHS = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
)
QUEUE = "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n"
TEMPLATES = {
    "aliases of aliases": QUEUE + "Description:\n  " + LAUGHS.replace("\n", "\n  "),
    "an alias": QUEUE + "    Properties: &p {QueueName: q}\n  Other:\n    Properties: *p\n",
    "a merge": QUEUE + "    Properties:\n      <<: &p {QueueName: q}\n",
    "an alias of itself": "Resources: &r {Queue: *r}\n",
    "deep lists": QUEUE + "Description: " + "[" * 20_000 + "]" * 20_000,
    "deep maps": QUEUE + "Description: " + "{a: " * 10_000 + "}" * 10_000,
    "deep JSON": '{"Resources": ' + "[" * 25_000 + "]" * 25_000 + "}",
    "deep functions": QUEUE + "    Properties:\n      QueueName: " + "!Sub [" * 5_000 + "]" * 5_000,
    "a key that is a list": "? [a, b]\n: c\n",
    "a tag of Python": QUEUE + "Description: !!python/object/apply:os.system [id]\n",
    "no YAML": "{[}",
    "no characters": "\x00",
}


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES.keys())
def test_a_template_that_means_harm_is_refused_at_once(aws: Aws, template: str) -> None:
    cloudformation = aws.client("cloudformation", "prod")
    start = time.process_time()
    with pytest.raises(ClientError) as error:
        cloudformation.create_stack(StackName="harm", TemplateBody=template)
    assert code_of(error) == "ValidationError"
    assert time.process_time() - start < 5


def test_a_template_says_that_aliases_are_not_allowed(aws: Aws) -> None:
    with pytest.raises(ClientError, match="YAML aliases are not allowed in CloudFormation"):
        aws.client("cloudformation", "prod").validate_template(TemplateBody=TEMPLATES["an alias"])


def test_a_template_of_json_may_have_what_looks_like_an_alias(aws: Aws) -> None:
    resources = {"Queue": {"Type": "AWS::SQS::Queue"}}
    body = json.dumps({"Description": "*a &b <<: {}", "Resources": resources})
    assert aws.client("cloudformation", "prod").validate_template(TemplateBody=body)
