"""SQS queues: received in batches, deleted in batches."""

from __future__ import annotations

from typing import Any

from causeway_airflow.hooks.base import CausewayHook


class QueueHook(CausewayHook):
    """Queues of one account, by name."""

    service = "sqs"

    def receive(self, queue: str, *, wait_seconds: int) -> list[dict[str, Any]]:
        """Return up to ten messages, waiting for the first."""
        return list(
            self.call(
                "receive_message",
                QueueUrl=self._url(queue),
                MaxNumberOfMessages=10,
                WaitTimeSeconds=wait_seconds,
            ).get("Messages", [])
        )

    def delete(self, queue: str, messages: list[dict[str, Any]]) -> None:
        """Delete received messages."""
        self.call(
            "delete_message_batch",
            QueueUrl=self._url(queue),
            Entries=[
                {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]}
                for index, message in enumerate(messages)
            ],
        )

    def _url(self, queue: str) -> str:
        return str(self.call("get_queue_url", QueueName=queue)["QueueUrl"])
