"""An export is named after its card's version; the audit keeps where it lies and its digest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from causeway.errors import UnexpectedState
from causeway.model_cards.export import CardExport, export_arn, export_name
from causeway.model_cards.lifecycle import Card, CardStatus
from causeway.topology.arns import ModelPackageArn
from tests.causeway.values import CARD, VERSIONS

VERSION = f"{VERSIONS}/3"
EXPORT = CardExport(
    version_arn=ModelPackageArn.parse(VERSION),
    card_arn=CARD,
    card_version=7,
    status="Approved",
    job_arn=f"{CARD}/export-job/credit-risk-v7",
    uri="s3://bucket/cards/credit-risk/credit-risk-v7.pdf",
    object_version="v",
    sha256="a" * 64,
)


def test_a_name_follows_the_cards_version_and_leaves_room_for_attempts() -> None:
    card = Card(CARD, 7, CardStatus.APPROVED, {})
    assert export_arn(card, export_name(card)) == EXPORT.job_arn
    long = replace(card, arn=f"{CARD.rpartition('/')[0]}/{'x' * 63}")
    assert len(export_name(long) + "-a9") <= 63 and export_name(long).endswith("-v7")


def test_an_export_is_kept_with_its_version_and_only_once() -> None:
    update = EXPORT.keep(datetime(2026, 1, 1, tzinfo=UTC))
    assert (update.key.pk, update.key.sk) == (f"VERSION#{VERSION}", "CARD#7")
    assert update.condition == "attribute_not_exists(pk)"
    assert update.item is not None and update.item["sha256"] == "a" * 64


def test_a_pdf_that_was_written_over_is_noticed() -> None:
    update = EXPORT.keep(datetime(2026, 1, 1, tzinfo=UTC))
    EXPORT.require_same(update.item or {})
    with pytest.raises(UnexpectedState, match="kept was a"):
        replace(EXPORT, sha256="b" * 64).require_same(update.item or {})
