"""A client that checks its replies against botocore's output shapes, on the wire."""

from __future__ import annotations

import json
from typing import Any

from localaws.door.conformance import in_json


def checked(client: Any) -> Any:
    """Make a client (JSON protocols) assert the shape of every successful reply, and return it."""

    def look(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
        shape = operation_model.output_shape
        if response_dict["status_code"] >= 300 or shape is None:
            return
        wrong = in_json(shape, json.loads(response_dict["body"] or b"{}"))
        assert not wrong, f"{operation_model.name}: " + "; ".join(wrong)

    client.meta.events.register("before-parse", look)
    return client
