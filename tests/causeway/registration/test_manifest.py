"""The manifest notices every change of an artifact, and refuses archives that could do harm."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import random
import tarfile
from collections.abc import Callable

import pytest

from causeway.archives import Bounds
from causeway.errors import BadInput, CausewayError, UnexpectedState
from causeway.registration.manifest import Manifest, manifest_of

#: `make test` mutates an artifact 500 times, `make soak` (CAUSEWAY_DEPTH=full) 10,000 times.
MUTATIONS = 10_000 if os.environ.get("CAUSEWAY_DEPTH") == "full" else 500
FILES = {
    "model.json": b'{"learner": {"trees": [1, 2, 3]}}' * 40,
    "encoder.json": b'{"columns": ["a", "b"]}',
    "code/inference.py": b"def model_fn(folder):\n    return folder\n",
    "code/requirements.txt": b"",
}


def packed(files: dict[str, bytes], *members: tarfile.TarInfo) -> bytes:
    archive = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=archive, mode="wb", mtime=0, filename="") as zipped,
        tarfile.open(fileobj=zipped, mode="w") as tar,
    ):
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for member in members:
            tar.addfile(member)
    return archive.getvalue()


def read(archive: bytes) -> Manifest:
    return manifest_of(io.BytesIO(archive), where="s3://bucket/model.tar.gz")


ORIGINAL = packed(FILES)


def test_every_file_is_listed_with_its_digest() -> None:
    manifest = read(ORIGINAL)
    assert manifest.sha256 == hashlib.sha256(ORIGINAL).hexdigest()
    assert {f.path: f.sha256 for f in manifest.files} == {
        name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()
    }
    assert read(ORIGINAL) == manifest
    assert manifest.digest == hashlib.sha256(manifest.text().encode()).hexdigest()


# ------------------------------------------------------------------- mutations of the archive
def flip(archive: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(archive))
    changed = archive[at] ^ (1 << draw.randrange(8))
    return archive[:at] + bytes([changed]) + archive[at + 1 :]


def truncate(archive: bytes, draw: random.Random) -> bytes:
    return archive[: draw.randrange(len(archive))]


def append(archive: bytes, draw: random.Random) -> bytes:
    return archive + draw.randbytes(draw.randrange(1, 64))


def append_zeros(archive: bytes, draw: random.Random) -> bytes:
    return archive + bytes(draw.randrange(1, 64))


# ------------------------------------------------------------- mutations of what is inside it
def rename(_: bytes, draw: random.Random) -> bytes:
    name = draw.choice(sorted(FILES))
    return packed({(f"{k}{draw.randrange(10)}" if k == name else k): v for k, v in FILES.items()})


def change(_: bytes, draw: random.Random) -> bytes:
    name = draw.choice([n for n in sorted(FILES) if FILES[n]])
    at = draw.randrange(len(FILES[name]))
    content = FILES[name][:at] + b"\x00" + FILES[name][at + 1 :]
    return packed({**FILES, name: content})


def shorten(_: bytes, draw: random.Random) -> bytes:
    name = draw.choice([n for n in sorted(FILES) if FILES[n]])
    return packed({**FILES, name: FILES[name][: draw.randrange(len(FILES[name]))]})


def add(_: bytes, draw: random.Random) -> bytes:
    return packed({**FILES, f"extra{draw.randrange(10)}.py": draw.randbytes(8)})


def remove(_: bytes, draw: random.Random) -> bytes:
    name = draw.choice(sorted(FILES))
    return packed({k: v for k, v in FILES.items() if k != name})


def swap(_: bytes, draw: random.Random) -> bytes:
    first, second = draw.sample(sorted(FILES), 2)
    return packed({**FILES, first: FILES[second], second: FILES[first]})


MUTATORS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(flip, truncate, append, append_zeros),
    *(rename, change, shorten, add, remove, swap),
)


@pytest.mark.parametrize("mutate", MUTATORS)
def test_no_mutation_passes_the_copy(mutate: Callable[[bytes, random.Random], bytes]) -> None:
    """Refused as no archive, or by its digest where it is read, or as stored, naming the file."""
    draw = random.Random(f"seed {mutate.__name__}")
    evaluated = read(ORIGINAL)
    for _ in range(MUTATIONS // len(MUTATORS)):
        mutated = mutate(ORIGINAL, draw)
        assert mutated != ORIGINAL
        with pytest.raises(CausewayError) as at_source:
            read(mutated).require(evaluated.sha256, where="the source")
        assert isinstance(at_source.value, BadInput | UnexpectedState)
        with pytest.raises(CausewayError):
            evaluated.require_same(read(mutated), where="the copy")


def test_the_file_that_differs_is_named() -> None:
    other = packed({**FILES, "code/inference.py": b"import os"})
    with pytest.raises(UnexpectedState, match=r"files that differ: code/inference\.py"):
        read(ORIGINAL).require_same(read(other), where="the copy")


@pytest.mark.parametrize("name", ["../escape", "/etc/passwd", "a/../../b"])
def test_a_path_that_leaves_the_archive_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="no plain file"):
        read(packed({name: b"x"}))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(kind: bytes) -> None:
    member = tarfile.TarInfo("innocent")
    member.type, member.linkname = kind, "model.json"
    with pytest.raises(BadInput, match="no plain file"):
        read(packed(FILES, member))


def test_one_path_twice_is_refused() -> None:
    member = tarfile.TarInfo("./model.json")
    with pytest.raises(BadInput, match="is there twice"):
        read(packed(FILES, member))


@pytest.mark.parametrize(
    "archive",
    [b"", b"no archive", gzip.compress(b""), packed({})],
    # Named: an archive holds the time it was made, and every test process has to see one name.
    ids=["empty", "no-archive", "empty-gzip", "no-files"],
)
def test_what_is_no_archive_of_files_is_refused(archive: bytes) -> None:
    with pytest.raises(BadInput, match="is refused"):
        read(archive)


def test_an_archive_that_unpacks_to_too_much_is_refused() -> None:
    with pytest.raises(BadInput, match="more than 100 bytes"):
        manifest_of(io.BytesIO(ORIGINAL), where="the source", bounds=Bounds(size=100))
