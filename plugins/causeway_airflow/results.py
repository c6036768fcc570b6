"""What one task hands to another: small, JSON-able, and typed once for giver and taker.

XComArgs carry these values with their types; no template renders them.
"""

from __future__ import annotations

from typing import TypedDict


class ProcessedJob(TypedDict):
    """A processing job: its name, and the folder of each output by name."""

    job: str
    outputs: dict[str, str]


class TrainedJob(TypedDict):
    """A training job: its name and where it left model and output data."""

    job: str
    model_uri: str
    output_uri: str
    hyperparameters: dict[str, str]
    image_uri: str
