"""Where Airflow's metadata is, and that it is said where it is not Postgres."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack import layout, metadata, postgres, settings


def test_without_the_wheel_it_is_sqlite_and_the_words_say_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "POSTGRES", tmp_path / "postgres.json")
    monkeypatch.setattr(postgres, "PACKAGE", "no_such_package")
    store = metadata.start()
    assert store.url == settings.sqlite()
    assert store.words.startswith("SQLite, for a few runs at once: the package no_such_package")
    assert not layout.POSTGRES.exists()
