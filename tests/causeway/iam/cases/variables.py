"""Policy variables in resources, and the policy version that knows them."""

from __future__ import annotations

from tests.causeway.iam.cases import *
from tests.causeway.iam.cases.pages import *

_HOME_OF = "arn:aws:s3:::homes/${aws:username}/*"
_ANAS = "arn:aws:s3:::homes/ana/x"
_TEAM = {"aws:PrincipalTag/team": "ml"}
_NOT_TEAM = {"StringNotEquals": {"s3:prefix": "${aws:PrincipalTag/team}"}}

CASES = [
    Case("a user's own home", ALLOWED, VARIABLES, who=USER, resource=_ANAS,
         identity=[allow("s3:*", _HOME_OF)]),
    Case("another's home", NO_IDENTITY, VARIABLES, who=USER,
         resource="arn:aws:s3:::homes/ben/x", identity=[allow("s3:*", _HOME_OF)]),
    Case("a session has no user's name", NO_IDENTITY, VARIABLES, who=SESSION,
         resource=_ANAS, identity=[allow("s3:*", _HOME_OF)]),
    Case("no variables in the old version", NO_IDENTITY, VERSION_PAGE, who=USER,
         resource=_ANAS, identity=[allow("s3:*", _HOME_OF)], version="2008-10-17"),
    Case("no version is the old one", NO_IDENTITY, VERSION_PAGE, who=USER,
         resource=_ANAS, identity=[allow("s3:*", _HOME_OF)], version=None),
    Case("a text in the old version", ALLOWED, VERSION_PAGE, who=USER, version="2008-10-17",
         resource="arn:aws:s3:::homes/${aws:username}/x", identity=[allow("s3:*", _HOME_OF)]),
    Case("a tag of the principal", ALLOWED, VARIABLES, resource="arn:aws:s3:::ml/x",
         context=_TEAM, identity=[allow("s3:*", "arn:aws:s3:::${aws:PrincipalTag/team}/*")]),
    Case("another resource beside an unknown variable", ALLOWED, VARIABLES,
         identity=[allow("s3:*", ["arn:aws:s3:::${saml:sub}/*", "arn:aws:s3:::data/*"])]),
    Case("a key of several values is no variable", NO_IDENTITY, VARIABLES,
         resource="arn:aws:s3:::a/x", context={"aws:TagKeys": ["a", "b"]},
         identity=[allow("s3:*", "arn:aws:s3:::${aws:TagKeys}/*")]),
    Case("what cannot be compared does not allow", NO_IDENTITY, VARIABLES,
         context={"s3:prefix": "x"}, identity=[allow("s3:*", Condition=_NOT_TEAM)]),
    Case("what cannot be compared is denied", DENY_IDENTITY,
         VARIABLES, context={"s3:prefix": "x"},
         identity=[allow(), deny("s3:*", Condition=_NOT_TEAM)]),
    Case("all but an unknown resource is not allowed", NO_IDENTITY, VARIABLES,
         identity=[{"Effect": "Allow", "Action": "s3:*",
                    "NotResource": "arn:aws:s3:::${saml:sub}/*"}]),
]  # fmt: skip
