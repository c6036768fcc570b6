"""The local AWS's control route (`localaws.door.control`), signed by an administrator's keys."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.accounts import REGION


def control(
    endpoint: str, signer: Credentials, method: str, route: str, document: Any = None
) -> dict[str, Any]:
    """Ask the control route something; HTTPError when it refuses."""
    body = json.dumps(document).encode() if document is not None else None
    request = AWSRequest(method, f"{endpoint}{route}", data=body or b"")
    SigV4Auth(signer, "localaws", REGION).add_auth(request)
    headers = dict(request.prepare().headers.items())
    sent = urllib.request.Request(f"{endpoint}{route}", data=body, headers=headers, method=method)
    with urllib.request.urlopen(sent, timeout=60) as reply:
        found: dict[str, Any] = json.load(reply)
    return found


def administrator_keys(account: dict[str, str]) -> Credentials:
    """Return an account administrator's keys, from how the local AWS describes the account."""
    return Credentials(account["access_key_id"], account["secret_access_key"])
