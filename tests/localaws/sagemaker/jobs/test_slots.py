"""Jobs wait for their turn."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

from localaws.sagemaker.jobs.slots import JobSlots
from tests.localaws.waiting import eventually


class Threads:
    """The capability that the slots need: `Background`."""

    def background(self, function: Callable[..., None], *args: Any) -> threading.Thread:
        def run() -> None:
            with contextlib.suppress(RuntimeError):  # the local AWS logs it
                function(*args)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def on_shutdown(self, function: Callable[[], None]) -> None:
        raise AssertionError("jobs do not wait for the end of the local AWS")


THREADS = Threads()


class Work:
    """Work that lasts until it is let go."""

    def __init__(self, order: list[int], number: int) -> None:
        self.go = threading.Event()
        self.order = order
        self.number = number

    def __call__(self) -> None:
        self.order.append(self.number)
        self.go.wait(10)


def test_at_most_the_limit_runs_and_the_others_follow_in_order() -> None:
    slots, order = JobSlots(), list[int]()
    works = [Work(order, number) for number in range(5)]
    for work in works:
        slots.submit(THREADS, work)
    eventually(lambda: sorted(order) == [0, 1])
    for number, work in enumerate(works):
        work.go.set()
        eventually(lambda number=number: len(order) >= min(5, number + 3))
    assert order[2:] == [2, 3, 4]


def test_waiting_work_can_be_taken_back_and_running_work_cannot() -> None:
    slots, order = JobSlots(), list[int]()
    works = [Work(order, number) for number in range(3)]
    for work in works:
        slots.submit(THREADS, work)
    eventually(lambda: len(order) == 2)
    assert slots.withdraw(works[2])
    assert not slots.withdraw(works[0])
    for work in works:
        work.go.set()
    assert order == [0, 1]


def test_failing_work_frees_its_slot(monkeypatch: Any) -> None:
    monkeypatch.setenv("LOCALAWS_JOB_SLOTS", "1")
    slots, order = JobSlots(), list[int]()
    assert slots.limit == 1

    def fail() -> None:
        raise RuntimeError

    slots.submit(THREADS, fail)
    last = Work(order, 1)
    last.go.set()
    slots.submit(THREADS, last)
    eventually(lambda: order == [1])
