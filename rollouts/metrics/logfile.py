"""Reads a growing file in bounded portions and finds its place again after a restart or a rotation.

The place is the file's first bytes (a fingerprint), its inode and an offset. A rotated file is recognised by them under
whatever name it now has beside the live one, read to its end, and followed by the next younger one.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

PREFIX_BYTES = 1024
COMPRESSED = {".gz", ".bz2", ".xz", ".zst"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading goes on: an offset in the file known by inode and by the hash of its first `prefix` bytes."""

    device: int
    inode: int
    offset: int
    prefix: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Portion:
    """Whole lines, the place after them, and whether more is waiting. `lost`: the place was in a file now gone."""

    lines: list[bytes]
    place: Place
    more: bool
    lost: bool = False


def read_portion(path: Path, place: Place | None, limit: int) -> Portion:
    """At most `limit` bytes of lines after `place` (None: the last `limit` bytes there are). Raises OSError."""
    files = _generations(path)
    if place is None:
        return _from_file(path, max(0, path.stat().st_size - limit), limit, is_last=True, cut_in=True)
    current = _find(files, place)
    if current is None:
        portion = _from_file(path, 0, limit, is_last=True)
        return Portion(portion.lines, portion.place, portion.more, lost=True)
    younger = [file for file in files[files.index(current) + 1 :] if file.stat().st_size]
    portion = _from_file(current, place.offset, limit, is_last=not younger)
    if portion.lines or portion.more or not younger:
        return Portion(portion.lines, portion.place, portion.more or bool(younger))
    portion = _from_file(younger[0], 0, limit, is_last=len(younger) == 1)
    return Portion(portion.lines, portion.place, portion.more or len(younger) > 1)


def _generations(path: Path) -> list[Path]:
    """The live file last, before it what it was rotated to, oldest first."""
    rotated: list[tuple[int, Path]] = []
    for name in _names_beside(path):
        with suppress(FileNotFoundError):  # rotated once more while we looked
            rotated.append((name.stat().st_mtime_ns, name))
    return [name for _, name in sorted(rotated)] + [path]


def _names_beside(path: Path) -> Iterator[Path]:
    for name in path.parent.iterdir():
        if name != path and name.name.startswith(path.name) and name.suffix not in COMPRESSED and name.is_file():
            yield name


def _find(files: list[Path], place: Place) -> Path | None:
    """The file the place is in. The same inode first; a copy with the same beginning will do (copy and truncate)."""
    fitting = []
    for file in files:
        with suppress(FileNotFoundError), file.open("rb") as handle:
            status = os.fstat(handle.fileno())
            same_file = (status.st_dev, status.st_ino) == (place.device, place.inode)
            same_start = _fingerprint(handle.read(place.prefix)) == place.fingerprint
            if same_start and status.st_size >= place.offset and (same_file or place.prefix):
                fitting.append((not same_file, file))
    return min(fitting, key=lambda pair: pair[0])[1] if fitting else None


def _fingerprint(data: bytes) -> str:
    return blake2b(data, digest_size=12).hexdigest()


def _from_file(path: Path, offset: int, limit: int, *, is_last: bool, cut_in: bool = False) -> Portion:
    """Lines from `offset`; a last line without its end is left for later while the file may still grow."""
    with path.open("rb") as handle:
        status = os.fstat(handle.fileno())
        if cut_in and offset:
            handle.seek(offset - 1)
            offset += len(handle.readline(limit)) - 1
        handle.seek(offset)
        data = handle.read(limit)
        at_end = offset + len(data) >= status.st_size
        whole = data.rfind(b"\n") + 1
        # A line longer than the limit is garbage: take it in pieces rather than stop here for ever.
        if (at_end and not is_last) or (not whole and len(data) == limit):
            whole = len(data)
        handle.seek(0)
        prefix = handle.read(min(PREFIX_BYTES, offset + whole))
    place = Place(status.st_dev, status.st_ino, offset + whole, len(prefix), _fingerprint(prefix))
    return Portion(data[:whole].splitlines(), place, more=not at_end)
