"""AWS sessions of a process, one per connection: what several hooks of it share.

A session assumes its connection's role, and before that the role of its profile: two calls and
half of what a task's process spends on AWS. Hooks of one connection share them, and connections of
one profile share the credentials below. Credentials are refreshed when they run out.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any, ClassVar

from airflow.providers.amazon.aws.hooks.base_aws import BaseSessionFactory
from botocore.loaders import Loader, create_loader

#: A session makes clients in one thread at a time only (boto3's guide).
making_clients = threading.Lock()
_making = threading.Lock()
_locks: dict[tuple[Any, ...], threading.RLock] = {}
_sessions: dict[tuple[Any, ...], Any] = {}
#: Where the AWS configuration of a session comes from beside its connection.
ENVIRONMENT = ("AWS_ENDPOINT_URL", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")


class SharedSessions(BaseSessionFactory):
    """Makes sessions that share service models, and base sessions that are there once a profile.

    Every botocore session has a loader of its own, which parses endpoints and service models
    again: most of what a hook costs. The models are read-only.
    """

    loader: ClassVar[Loader] = create_loader()

    def _create_basic_session(self, session_kwargs: dict[str, Any]) -> Any:
        make = super()._create_basic_session
        key = ("base", *sorted(session_kwargs.items()))
        return once(key, lambda: self._with_loader(make(session_kwargs)))

    def _create_session_with_assume_role(
        self, session_kwargs: dict[str, Any], deferrable: bool = False
    ) -> Any:
        return self._with_loader(
            super()._create_session_with_assume_role(session_kwargs, deferrable)
        )

    def _with_loader(self, session: Any) -> Any:
        session._session.register_component("data_loader", self.loader)
        return session


def once(key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    """Return the session of a key in the environment that holds now, made on first use.

    Who asks for another key does not wait: making a session calls STS.
    """
    key = (*key, *(os.environ.get(name) for name in ENVIRONMENT))
    with _making:
        lock = _locks.setdefault(key, threading.RLock())
    with lock:
        if key not in _sessions:
            _sessions[key] = make()
        return _sessions[key]
