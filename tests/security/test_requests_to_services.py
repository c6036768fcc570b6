"""Services of JSON and of forms: one operation, one body, and a refusal for what is none."""

from __future__ import annotations

import gzip
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.accounts import REGION
from tests.localaws.conftest import Aws, Signer
from tests.security.raw import ask, json_call

DYNAMODB = "DynamoDB_20120810"
TABLE = "governance"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def table(aws: Aws) -> Any:
    dynamodb = aws.client("dynamodb", "prod")
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for key in ("mine", "theirs"):
        dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": key}, "is": {"S": f"of {key}"}})
    return dynamodb


@pytest.fixture(scope="module")
def reader(aws: Aws, table: Any) -> Signer:
    """Somebody who may list tables, and read the items whose key is `mine`."""
    allow = [
        {"Effect": "Allow", "Action": ["dynamodb:ListTables", "iam:ListUsers"], "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": ["dynamodb:Query", "dynamodb:GetItem", "dynamodb:BatchGetItem"],
            "Resource": f"arn:aws:dynamodb:{REGION}:*:table/{TABLE}",
            "Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["mine"]}},
        },
        {
            "Effect": "Allow",
            "Action": "dynamodb:PartiQLSelect",
            "Resource": f"arn:aws:dynamodb:{REGION}:*:table/mine",
        },
    ]
    aws.role("prod", "reader", allow=allow)
    return aws.assume("prod", "reader")


def test_the_action_of_a_query_string_is_not_the_operation(reader: Signer, table: Any) -> None:
    body = json.dumps({"TableName": TABLE}).encode()
    answer = json_call(
        reader, "dynamodb", f"{DYNAMODB}.ListTables", body, path="/?Action=DeleteTable"
    )
    assert TABLE in table.list_tables()["TableNames"]
    assert "TableDescription" not in answer.text


def test_a_form_does_not_choose_the_operation_of_json(reader: Signer, table: Any) -> None:
    form = (
        b'--x\r\nContent-Disposition: form-data; name="Action"\r\n\r\nDescribeLimits\r\n--x--\r\n'
    )
    for kind in ("multipart/form-data; boundary=x", FORM["Content-Type"]):
        answer = json_call(
            reader, "dynamodb", f"{DYNAMODB}.ListTables", form, headers={"Content-Type": kind}
        )
        assert answer.status in (400, 501)


def test_a_form_and_a_query_string_name_one_action(aws: Aws, reader: Signer) -> None:
    """moto reads the form, a router the query string."""
    body = urlencode({"Action": "CreateUser", "UserName": "smuggled", "Version": "2010-05-08"})
    target = "/?Action=ListUsers&Version=2010-05-08"
    answer = ask(reader, "iam", "POST", target, headers=FORM, body=body.encode())
    assert answer.status == 404
    assert aws.client("iam", "prod").list_users()["Users"] == []


def test_a_parameter_is_there_once(reader: Signer) -> None:
    target = "/?Action=ListUsers&Action=CreateUser&UserName=x&Version=2010-05-08"
    assert ask(reader, "iam", "GET", target).status == 404


def test_a_packed_body_is_judged_by_what_is_in_it(reader: Signer) -> None:
    document = json.dumps({"TableName": TABLE, "Key": {"pk": {"S": "theirs"}}}).encode()
    answer = json_call(
        reader,
        "dynamodb",
        f"{DYNAMODB}.GetItem",
        gzip.compress(document),
        headers={"Content-Encoding": "gzip"},
    )
    assert "AccessDenied" in answer.text


def test_a_packed_body_is_bounded(reader: Signer) -> None:
    bomb = gzip.compress(b"0" * (65 << 20))
    answer = json_call(
        reader, "dynamodb", f"{DYNAMODB}.GetItem", bomb, headers={"Content-Encoding": "gzip"}
    )
    assert answer.status == 400


@pytest.mark.parametrize(
    "query",
    [
        {"KeyConditionExpression": "pk = :v"},
        {"KeyConditionExpression": "pk=:v"},
        {"KeyConditionExpression": "(pk = :v)"},
        {"KeyConditionExpression": "#k = :v", "ExpressionAttributeNames": {"#k": "pk"}},
        {"KeyConditionExpression": "pk = :v aNd sk = :v"},
        {"KeyConditionExpression": "sk = :v\tand\tpk = :v"},
        {"KeyConditionExpression": "pk = :mine AND pk = :v"},
        {"KeyConditionExpression": "begins_with(pk, :v)"},
        {
            "KeyConditions": {
                "pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "theirs"}]}
            }
        },
    ],
    ids=str,
)
def test_a_query_is_judged_by_the_key_that_it_reads(reader: Signer, query: Any) -> None:
    document = {"TableName": TABLE, **query}
    if "KeyConditionExpression" in query:
        document["ExpressionAttributeValues"] = {":v": {"S": "theirs"}, ":mine": {"S": "mine"}}
    answer = json_call(reader, "dynamodb", f"{DYNAMODB}.Query", json.dumps(document).encode())
    assert answer.status == 400
    assert "of theirs" not in answer.text


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM governance",
        "SELECT ' FROM mine ' FROM governance",
        'SELECT "a FROM mine b" FROM governance',
        'SELECT * FROM"governance"',
        "SELECT * FROM governance -- FROM mine",
        "select/**/*from governance",
    ],
)
def test_a_statement_is_judged_by_the_table_that_it_reads(reader: Signer, statement: str) -> None:
    body = json.dumps({"Statement": statement}).encode()
    answer = json_call(reader, "dynamodb", f"{DYNAMODB}.ExecuteStatement", body)
    assert answer.status == 400
    assert "of theirs" not in answer.text


def test_a_call_that_names_nothing_is_refused(reader: Signer) -> None:
    """Nothing was asked for, and so nothing was judged."""
    bodies: list[tuple[str, Any]] = [
        ("BatchGetItem", {"RequestItems": {}}),
        ("TransactGetItems", {"TransactItems": []}),
        ("TransactWriteItems", {"TransactItems": [{"Nothing": {"TableName": TABLE}}]}),
        ("BatchExecuteStatement", {"Statements": []}),
    ]
    for operation, document in bodies:
        body = json.dumps(document).encode()
        assert json_call(reader, "dynamodb", f"{DYNAMODB}.{operation}", body).status == 400


def test_a_queue_in_the_path_is_judged(aws: Aws) -> None:
    sqs = aws.client("sqs", "prod")
    urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("mine", "theirs")}
    allow = [{"Effect": "Allow", "Action": "sqs:*", "Resource": f"arn:aws:sqs:{REGION}:*:mine"}]
    aws.role("prod", "sender", allow=allow)
    sender = aws.assume("prod", "sender")
    for name, status in (("mine", 200), ("theirs", 403)):
        path = "/" + urls[name].split("/", 3)[3]
        body = json.dumps({"MessageBody": "x"}).encode()
        answer = json_call(sender, "sqs", "AmazonSQS.SendMessage", body, path=path)
        assert answer.status == status
        form = urlencode({"Action": "SendMessage", "MessageBody": "x", "Version": "2012-11-05"})
        answer = ask(sender, "sqs", "POST", path, headers=FORM, body=form.encode())
        assert answer.status == status


DEEP = 100_000
MALFORMED = {
    "too large a number": b'{"Limit": 1e400}',
    "no number": b'{"Limit": NaN}',
    "infinity": b'{"Limit": -Infinity}',
    "too long a number": b'{"Limit": ' + b"9" * 5000 + b"}",
    "deep lists": b'{"Limit": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep maps": b'{"a":' * 500 + b"1" + b"}" * 500,
    "a list": b"[]",
    "a text": b'"x"',
    "no UTF-8": b'{"TableName": "\xff"}',
    "UTF-16": '{"TableName": "governance"}'.encode("utf-16"),
    "a byte-order mark": b'\xef\xbb\xbf{"TableName": "governance"}',
    "half a document": b'{"TableName": ',
    "a list for a map": b'{"TableName": "governance", "Key": []}',
    "a number for a text": b'{"TableName": 5}',
    "a text for a map": b'{"RequestItems": "x", "TransactItems": "x", "Key": "x"}',
}
OPERATIONS = [
    ("dynamodb", f"{DYNAMODB}.GetItem"),
    ("dynamodb", f"{DYNAMODB}.BatchWriteItem"),
    ("dynamodb", f"{DYNAMODB}.TransactWriteItems"),
    ("sqs", "AmazonSQS.SendMessage"),
    ("kms", "TrentService.Decrypt"),
    ("events", "AWSEvents.PutEvents"),
    ("sagemaker", "SageMaker.CreateTrainingJob"),
    ("glue", "AWSGlue.CreateTable"),
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation[1])
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_document_is_the_clients_error(
    aws: Aws, operation: tuple[str, str], body: bytes
) -> None:
    service, target = operation
    assert json_call(aws.administrator("prod"), service, target, body).refused


@pytest.mark.parametrize(
    ("service", "target", "members"),
    [
        ("sagemaker", "SageMaker.CreateModelCard", ("ModelCardName", "Content")),
        ("sagemaker", "SageMaker.CreatePipeline", ("PipelineName", "PipelineDefinition")),
        (
            "sagemaker",
            "SageMaker.PutModelPackageGroupPolicy",
            ("ModelPackageGroupName", "ResourcePolicy"),
        ),
        ("events", "AWSEvents.PutRule", ("Name", "EventPattern")),
        ("kms", "TrentService.CreateKey", ("Description", "Policy")),
        ("sqs", "AmazonSQS.SendMessage", ("QueueUrl", "MessageBody")),
    ],
)
def test_a_document_in_a_document_may_not_be_endlessly_deep(
    aws: Aws, service: str, target: str, members: tuple[str, str]
) -> None:
    name, document = members
    body = {name: "deep", document: "[" * 20_000, "ModelCardStatus": "Draft"}
    body["RoleArn"] = "arn:aws:iam::666666666666:role/none"
    body["ClientRequestToken"] = "t" * 32
    answer = json_call(aws.administrator("prod"), service, target, json.dumps(body).encode())
    assert answer.refused


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e-400", "NaN", "Infinity", "9" * 60])
def test_a_number_that_dynamodb_cannot_hold_is_refused(table: Any, aws: Aws, number: str) -> None:
    item = {"TableName": TABLE, "Item": {"pk": {"S": "n"}, "n": {"N": number}}}
    answer = json_call(
        aws.administrator("prod"), "dynamodb", f"{DYNAMODB}.PutItem", json.dumps(item).encode()
    )
    assert answer.status == 400


def test_a_deep_policy_is_the_clients_error(aws: Aws) -> None:
    form = {
        "Action": "CreateRole",
        "Version": "2010-05-08",
        "RoleName": "deep",
        "AssumeRolePolicyDocument": "[" * 20_000,
    }
    answer = ask(
        aws.administrator("prod"), "iam", "POST", "/", headers=FORM, body=urlencode(form).encode()
    )
    assert answer.refused


@pytest.mark.parametrize(
    ("service", "method", "path", "body"),
    [
        (
            "sagemaker",
            "PUT",
            "/FeatureGroup/group",
            b'{"Record": ' + b"[" * DEEP + b"]" * DEEP + b"}",
        ),
        ("sagemaker", "PUT", "/FeatureGroup/group", b"[]"),
        ("sagemaker", "PUT", "/FeatureGroup/group", b'{"Record": "x"}'),
        ("sagemaker", "PUT", "/FeatureGroup/group", b'{"Record": [{"FeatureName": 5}]}'),
        ("sagemaker", "POST", "/BatchGetRecord", b'{"Identifiers": 5}'),
        ("ram", "POST", "/createresourceshare", b'{"name": ' + b"[" * DEEP + b"]" * DEEP + b"}"),
        ("ram", "POST", "/createresourceshare", b'{"name": 1e400, "tags": "x"}'),
        ("lakeformation", "POST", "/GrantPermissions", b'{"Principal": [], "Resource": 5}'),
    ],
)
def test_a_malformed_document_of_rest_is_the_clients_error(
    aws: Aws, service: str, method: str, path: str, body: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    assert ask(aws.administrator("prod"), service, method, path, headers=headers, body=body).refused
