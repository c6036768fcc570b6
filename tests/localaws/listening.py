"""A queue that hears the events of an account's default bus."""

from __future__ import annotations

import json
from typing import Any

from tests.localaws.conftest import Aws


class Listener:
    """An SQS queue behind a rule for one detail type."""

    def __init__(self, aws: Aws, role: str, detail_type: str) -> None:
        self._sqs, events = aws.client("sqs", role), aws.client("events", role)
        name = detail_type.replace(" ", "-")
        self._url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:{aws.region}:{aws.account(role)}:{name}"
        aws.open_queue(role, self._url, arn)
        pattern = {"source": ["aws.sagemaker"], "detail-type": [detail_type]}
        events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": arn}])

    def heard(self) -> list[dict[str, Any]]:
        """Return the events that came since the last look, waiting a second for the first."""
        request = {"QueueUrl": self._url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1}
        messages = self._sqs.receive_message(**request).get("Messages", [])
        for message in messages:
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in messages]
