"""Lambda functions: their resource-based policies, within and across accounts, and for services."""

from __future__ import annotations

from causeway.iam import Principal
from tests.causeway.iam.cases import *
from tests.causeway.iam.cases.pages import *

_INVOKE = "lambda:InvokeFunction"
_MINE = f"arn:aws:lambda:eu-central-1:{HOME}:function:scorer"
_THEIRS = f"arn:aws:lambda:eu-central-1:{AWAY}:function:scorer"
_LIVE = f"{_THEIRS}:live"
_API = Principal.of_service("apigateway.amazonaws.com")
_METHOD = f"arn:aws:execute-api:eu-central-1:{HOME}:a1b2c3/prod/POST/score"
_OF_API = {
    "ArnLike": {"aws:SourceArn": f"arn:aws:execute-api:eu-central-1:{HOME}:a1b2c3/*/*/score"}
}
_BUCKET = Principal.of_service("s3.amazonaws.com")
_OF_BUCKET = {
    "ArnLike": {"aws:SourceArn": "arn:aws:s3:::inbox"},
    "StringEquals": {"aws:SourceAccount": HOME},
}
_ORG = {"StringEquals": {"aws:PrincipalOrgID": "o-abc123"}}


_mine = of(action=_INVOKE, resource=_MINE)
_theirs = of(action=_INVOKE, resource=_THEIRS)


def _lets(principal: object, resource: str = _THEIRS, **more: object) -> list[dict[str, object]]:
    """A function's policy as AddPermission writes it."""
    return [let(principal, _INVOKE, Resource=resource, **more)]


CASES = [
    _mine("a function, the identity alone", ALLOWED, SAME, identity=[allow(_INVOKE, _MINE)]),
    _mine("a function, neither", NO_IDENTITY, SAME),
    _mine("a function names the role", ALLOWED, FUNCTIONS,
          resource_policy=_lets(ROLE_ARN, _MINE)),
    _mine("a function names the account", NO_IDENTITY, FUNCTIONS,
          resource_policy=_lets(HOME_ROOT, _MINE)),
    _mine("a function names the role, the identity denies", DENY_IDENTITY, EXPLICIT,
          identity=[deny("lambda:*")], resource_policy=_lets(ROLE_ARN, _MINE)),
    _mine("a function names the role, its boundary lacks it", NO_BOUNDARY, SAME,
          boundary=[allow("s3:*")], resource_policy=_lets(ROLE_ARN, _MINE)),
    _mine("to invoke is not to read", NO_IDENTITY, FUNCTIONS, action="lambda:GetFunction",
          identity=[allow(_INVOKE)], resource_policy=_lets(ROLE_ARN, _MINE)),
    _mine("who invokes does not grant", NO_IDENTITY, FUNCTIONS, action="lambda:AddPermission",
          identity=[allow(_INVOKE)]),
    _mine("the names of functions that begin so", ALLOWED, FUNCTION_NAMES,
          identity=[allow(_INVOKE, _MINE.replace("scorer", "score*"))]),
    # Across accounts
    _theirs("another account's function, both sides", ALLOWED, FUNCTION_CROSS,
            identity=[allow(_INVOKE)], resource_policy=_lets(HOME_ROOT)),
    _theirs("another account's function, both, the role named", ALLOWED, FUNCTION_CROSS,
            identity=[allow(_INVOKE, _THEIRS)], resource_policy=_lets(ROLE_ARN)),
    _theirs("another account's function, its policy alone", NO_IDENTITY, FUNCTION_CROSS,
            resource_policy=_lets(ROLE_ARN)),
    _theirs("another account's function, the identity alone", NO_RESOURCE, CROSS,
            identity=[allow(_INVOKE)]),
    _theirs("another account's function that lets a third in", NO_RESOURCE, FUNCTION_CROSS,
            identity=[allow(_INVOKE)], resource_policy=_lets("999999999999")),
    _theirs("another account's function, its root user", ALLOWED, FUNCTION_CROSS, who=ROOT,
            resource_policy=_lets(HOME_ROOT)),
    _theirs("a function for an organisation", ALLOWED, FUNCTION_ORGANISATION,
            identity=[allow(_INVOKE)], context={"aws:PrincipalOrgID": "o-abc123"},
            resource_policy=_lets("*", Condition=_ORG)),
    _theirs("a function for another organisation", NO_RESOURCE, FUNCTION_ORGANISATION,
            identity=[allow(_INVOKE)], context={"aws:PrincipalOrgID": "o-other"},
            resource_policy=_lets("*", Condition=_ORG)),
    # Versions and aliases have policies of their own
    _theirs("an alias that its policy names", ALLOWED, FUNCTIONS, resource=_LIVE,
            identity=[allow(_INVOKE)], resource_policy=_lets(HOME_ROOT, _LIVE)),
    _theirs("an alias, the function is named", NO_RESOURCE, FUNCTIONS, resource=_LIVE,
            identity=[allow(_INVOKE)], resource_policy=_lets(HOME_ROOT)),
    _theirs("a function, the alias is named", NO_RESOURCE, FUNCTIONS,
            identity=[allow(_INVOKE)], resource_policy=_lets(HOME_ROOT, _LIVE)),
    _mine("an alias, the identity names the function", NO_IDENTITY, FUNCTION_NAMES,
          resource=f"{_MINE}:live", identity=[allow(_INVOKE, _MINE)]),
    _mine("an alias, the identity names all of them", ALLOWED, FUNCTION_NAMES,
          resource=f"{_MINE}:live", identity=[allow(_INVOKE, [_MINE, f"{_MINE}:*"])]),
    # Services
    _mine("a function behind the API that it names", ALLOWED, FUNCTION_SERVICES, who=_API,
          context={"aws:SourceArn": _METHOD},
          resource_policy=_lets({"Service": "apigateway.amazonaws.com"}, _MINE, Condition=_OF_API)),
    _mine("a function behind another API", NO_RESOURCE, DEPUTY, who=_API,
          context={"aws:SourceArn": _METHOD.replace("a1b2c3", "z9y8x7")},
          resource_policy=_lets({"Service": "apigateway.amazonaws.com"}, _MINE, Condition=_OF_API)),
    _mine("a function behind another path of the API", NO_RESOURCE, FUNCTION_SERVICES, who=_API,
          context={"aws:SourceArn": _METHOD.replace("/score", "/admin")},
          resource_policy=_lets({"Service": "apigateway.amazonaws.com"}, _MINE, Condition=_OF_API)),
    _mine("a function without a policy for services", NO_RESOURCE, FUNCTION_SERVICES, who=_API,
          context={"aws:SourceArn": _METHOD}, resource_policy=_lets(ROLE_ARN, _MINE)),
    _mine("a function that any source may use", ALLOWED, FUNCTION_SERVICES, who=_BUCKET,
          context={"aws:SourceArn": "arn:aws:s3:::of-others", "aws:SourceAccount": AWAY},
          resource_policy=_lets({"Service": "s3.amazonaws.com"}, _MINE)),
    _mine("a function behind the bucket of its account", ALLOWED, FUNCTIONS, who=_BUCKET,
          context={"aws:SourceArn": "arn:aws:s3:::inbox", "aws:SourceAccount": HOME},
          resource_policy=_lets({"Service": "s3.amazonaws.com"}, _MINE, Condition=_OF_BUCKET)),
    # A bucket's name says nothing of its account, and a deleted one can be anybody's.
    _mine("a function behind a bucket that another account made anew", NO_RESOURCE, DEPUTY,
          who=_BUCKET,
          context={"aws:SourceArn": "arn:aws:s3:::inbox", "aws:SourceAccount": AWAY},
          resource_policy=_lets({"Service": "s3.amazonaws.com"}, _MINE, Condition=_OF_BUCKET)),
]  # fmt: skip
