"""Raw data as its authors publish it: where it lies and what it must be.

The contract of a use case declares one address; nothing is loaded from any other. What arrives is
compared with the declared digests, sizes and number of rows.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from causeway.documents import Strict
from causeway.errors import BadInput

NEXT_STEP: Final = (
    "Look at the address in the contract (`published`): declare what is published now, or "
    "hand in the file by path or S3 URI."
)

Digest256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Address = Annotated[str, StringConstraints(pattern=r"^https://[A-Za-z0-9.-]+(:[0-9]+)?/[!-~]*$")]


class Published(Strict):
    """A published raw file.

    `member` is the file in the archive, `header` says whether that file has the header line of the
    contract (else the contract's columns stand for it), `rows` how many rows it has. The digests
    are of what is downloaded and of the file as it lies in the archive; the limits are in bytes.
    """

    address: Address
    archive: Literal["zip", "tar.gz"] | None = None
    member: str = ""
    header: bool = True
    rows: Annotated[int, Field(ge=1)] | None = None
    download_sha256: Digest256 | None = None
    sha256: Digest256 | None = None
    download_limit: Annotated[int, Field(ge=1)] = 64 << 20
    limit: Annotated[int, Field(ge=1)] = 256 << 20


def check_digest(digest: str, declared: str | None, what: str) -> None:
    """Compare a SHA-256 with the declared one, if there is one.

    Raises:
        BadInput: they differ.
    """
    if declared is not None and digest != declared:
        raise BadInput(
            f"{what} is not what the contract declares: its SHA-256 is {digest}, not {declared}",
            next_step=NEXT_STEP,
        )
