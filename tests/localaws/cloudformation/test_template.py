"""The template engine alone: reading, parameters, functions, order. Needs no server."""

from __future__ import annotations

from typing import Any

import pytest

from localaws.cloudformation.errors import TemplateError
from localaws.cloudformation.evaluation import Evaluation
from localaws.cloudformation.ordering import in_order
from localaws.cloudformation.parameters import bind
from localaws.cloudformation.template import MAX_BYTES, load

PSEUDO = {
    "AWS::AccountId": "111111111111",
    "AWS::Region": "eu-central-1",
    "AWS::StackId": "arn:aws:cloudformation:eu-central-1:111111111111:stack/s/1",
    "AWS::StackName": "s",
    "AWS::NotificationARNs": [],
}


class Thing:
    """A resource that exists."""

    def __init__(self, name: str) -> None:
        self.name = name

    def ref(self) -> str:
        return self.name

    def attribute(self, name: str) -> str:
        return f"{self.name}.{name}"


def template(text: str) -> str:
    return f"Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n{text}"


def evaluate(expression: str, *, extra: str = "", values: dict[str, str] | None = None) -> Any:
    body = template(f"    Properties:\n      Value: {expression}\n{extra}")
    loaded = load(body)
    evaluation = Evaluation(loaded, bind(loaded.parameters, values or {}), PSEUDO)
    evaluation.existing["Other"] = Thing("other")
    return evaluation.value(loaded.resources["Queue"].properties)["Value"]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("!Ref AWS::AccountId", "111111111111"),
        ("!Ref AWS::Partition", "aws"),
        ("!Ref Other", "other"),
        ("!GetAtt Other.Arn", "other.Arn"),
        ("{Fn::GetAtt: [Other, Arn]}", "other.Arn"),
        (
            "!Sub arn:${AWS::Partition}:sqs:${AWS::Region}:${Other}",
            "arn:aws:sqs:eu-central-1:other",
        ),
        ("!Sub '${Other.Arn}/*'", "other.Arn/*"),
        ("!Sub ['${A}-${Other}', {A: !Ref AWS::Region}]", "eu-central-1-other"),
        ("!Sub '${!aws:username}'", "${aws:username}"),
        ("!Join ['-', [a, !Ref Other]]", "a-other"),
        ("!Split [',', 'a,b']", ["a", "b"]),
        ("!Select [1, !Split ['.', !GetAtt Other.Arn]]", "Arn"),
        ("!Equals [a, a]", True),
        ("!If [IsOn, 1, 2]", 1),
        ("!If [IsOff, 1, 2]", 2),
        ("[a, !If [IsOff, b, !Ref AWS::NoValue], c]", ["a", "c"]),
        ("{a: !If [IsOff, b, !Ref AWS::NoValue], c: d}", {"c": "d"}),
        ("!FindInMap [Sizes, !Ref AWS::Region, Cpu]", 4),
        ("{Version: 2012-10-17}", {"Version": "2012-10-17"}),
        (
            "{Condition: {Bool: {aws:SecureTransport: 'false'}}}",
            {"Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        ),
    ],
)
def test_functions_are_evaluated(expression: str, value: Any) -> None:
    extra = (
        "Conditions:\n  IsOn: !Not [!Condition IsOff]\n"
        "  IsOff: !And [!Equals [a, a], !Equals [a, b]]\n"
        "Mappings:\n  Sizes:\n    eu-central-1: {Cpu: 4}\n"
    )
    assert evaluate(expression, extra=extra) == value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("!Ref Nobody", "Nobody"),
        ("!GetAtt Nobody.Arn", "Nobody"),
        ("!Sub '${Nobody}'", "Nobody"),
        ("!Select [2, [a, b]]", "index 2"),
        ("!FindInMap [A, b, c]", "A::b::c"),
        ("!If [Missing, 1, 2]", "Missing"),
        ("!Join [a]", "Fn::Join"),
    ],
)
def test_a_function_that_cannot_be_evaluated_names_what_is_wrong(
    expression: str, message: str
) -> None:
    with pytest.raises(TemplateError, match=message):
        evaluate(expression)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (template("    Properties: {A: !GetAZs x}"), "Fn::GetAZs"),
        (template("    Properties: {A: {Fn::Base64: x}}"), "Fn::Base64"),
        (template("    UpdatePolicy: {}"), "UpdatePolicy"),
        (template("    DeletionPolicy: Snapshot"), "Snapshot"),
        (template("    Condition: Missing"), "Missing"),
        (template("Transform: AWS::Serverless-2016-10-31"), "Transform"),
        (template("    Type: AWS::SQS::Queue"), "duplicate key 'Type'"),
        ("Resources: {A: {Type: Queue}}", r"Unrecognized resource types: \[Queue\]"),
        ("Resources: {A-b: {Type: AWS::SQS::Queue}}", "A-b"),
        ("Resources: {A: {}}", "Type"),
        ("Resources: {}", "At least one Resources member"),
        ("- a", "unsupported structure"),
        ("a: [", "not well-formed"),
        ("#" * (MAX_BYTES + 1), str(MAX_BYTES)),
    ],
)
def test_what_is_malformed_or_not_supported_is_refused(body: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        load(body)


def test_json_is_read_too() -> None:
    body = '{"Resources": {"A": {"Type": "AWS::SQS::Queue", "Properties": {"B": {"Ref": "X"}}}}}'
    assert load(body).resources["A"].properties == {"B": {"Ref": "X"}}


ACCOUNT = {
    "Account": {
        "Type": "String",
        "AllowedPattern": r"^\d{12}$",
        "ConstraintDescription": "twelve digits",
    }
}


def test_parameters_take_what_is_given_or_their_default() -> None:
    declared = {**ACCOUNT, "Days": {"Type": "Number", "Default": 3, "MaxValue": 5}}
    assert bind(declared, {"Account": "1" * 12}) == {"Account": "1" * 12, "Days": "3"}


@pytest.mark.parametrize(
    ("declared", "values", "message"),
    [
        (ACCOUNT, {}, r"Parameters: \[Account\] must have values"),
        (ACCOUNT, {"Account": "1" * 12, "Typo": "x"}, r"\[Typo\] do not exist in the template"),
        (ACCOUNT, {"Account": "12"}, "Account failed to satisfy constraint: twelve digits"),
        ({"A": {"Type": "String", "AllowedValues": ["x"]}}, {"A": "y"}, "'A' must be one of"),
        ({"A": {"Type": "String", "MinLength": 2}}, {"A": "y"}, "at least 2"),
        ({"A": {"Type": "String", "MaxLength": 2}}, {"A": "yyy"}, "at most 2"),
        ({"A": {"Type": "Number"}}, {"A": "y"}, "'A' must be a number"),
        ({"A": {"Type": "Number", "MinValue": 2}}, {"A": "1"}, "not less than 2"),
        ({"A": {"Type": "Number", "MaxValue": 2}}, {"A": "3"}, "not greater than 2"),
        ({"A": {"Type": "AWS::EC2::VPC::Id"}}, {"A": "x"}, "AWS::EC2::VPC::Id"),
        ({"A": {"Type": "String", "Pattern": "x"}}, {"A": "x"}, "'Pattern' of A"),
        ({"A": {"Default": "x"}}, {}, "Type member"),
    ],
)
def test_parameters_at_fault_are_named(
    declared: dict[str, Any], values: dict[str, str], message: str
) -> None:
    with pytest.raises(TemplateError, match=message):
        bind(declared, values)


def test_a_list_parameter_is_a_list_where_it_is_referred_to() -> None:
    extra = "Parameters:\n  Names: {Type: CommaDelimitedList}\n"
    assert evaluate("!Ref Names", extra=extra, values={"Names": "a, b"}) == ["a", "b"]


def order_of(body: str) -> list[str]:
    loaded = load(body)
    return in_order(Evaluation(loaded, bind(loaded.parameters, {}), PSEUDO))


def test_what_is_referred_to_comes_first() -> None:
    order = order_of(
        """
Resources:
  A: {Type: AWS::SQS::Queue, Properties: {X: !Sub "${B.Arn}/*"}}
  B: {Type: AWS::SQS::Queue, DependsOn: C}
  C: {Type: AWS::SQS::Queue, Properties: {X: [{Y: !Ref D}]}}
  D: {Type: AWS::SQS::Queue}
"""
    )
    assert order == ["D", "C", "B", "A"]


def test_a_circle_is_refused_with_its_members() -> None:
    with pytest.raises(TemplateError, match=r"Circular dependency between resources: \[.*A.*B"):
        order_of(
            """
Resources:
  A: {Type: AWS::SQS::Queue, Properties: {X: !Ref B}}
  B: {Type: AWS::SQS::Queue, Properties: {X: !GetAtt A.Arn}}
"""
        )


def test_what_its_condition_excludes_is_left_out() -> None:
    order = order_of(
        """
Conditions: {IsOff: !Equals [a, b]}
Resources:
  A: {Type: AWS::SQS::Queue, DependsOn: B}
  B: {Type: AWS::SQS::Queue, Condition: IsOff}
"""
    )
    assert order == ["A"]


def test_a_condition_that_asks_itself_is_refused() -> None:
    with pytest.raises(TemplateError, match="depends on itself"):
        order_of(
            """
Conditions: {A: !Not [!Condition B], B: !Not [!Condition A]}
Resources:
  Q: {Type: AWS::SQS::Queue, Condition: A}
"""
        )


@pytest.mark.parametrize("where", ["DependsOn: Nobody", "Properties: {X: !Ref Nobody}"])
def test_a_reference_to_nothing_is_refused(where: str) -> None:
    with pytest.raises(TemplateError, match="Nobody"):
        order_of(f"Resources:\n  A: {{Type: AWS::SQS::Queue, {where}}}\n")
