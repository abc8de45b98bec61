"""Checking the record, offline: ``python -m core.verify export.jsonl --public-key audit.pub``.

Works on an export alone, with nothing of Slipway's running. It recomputes every hash, follows every chain, checks every
signature, and says how far it proves: up to a stream's last anchored head nobody can have changed anything without the
signing key; the unanchored tail is only consistent with itself.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from core.chain import GENESIS, anchor_payload, entry_digest, text_hash


@dataclass
class Report:
    """What was found. `anchored` and `length` are sequence numbers per stream."""

    entries: int = 0
    anchors: int = 0
    last_anchor: str = ""
    problems: list[str] = field(default_factory=list)
    length: dict[str, int] = field(default_factory=dict)
    anchored: dict[str, int] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        return not self.problems

    @property
    def tail(self) -> int:
        """Entries after the last anchored head of their stream."""
        return sum(length - self.anchored.get(stream, 0) for stream, length in self.length.items())

    def sentence(self) -> str:
        if not self.whole:
            problems = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
            return f"Broken: {problems} in {self.entries} entries."
        proven = f"{self.entries - self.tail} of {self.entries} entries are proven by signed anchors"
        last = f", the last of {self.last_anchor}" if self.last_anchor else ""
        return f"Whole: {proven}{last}; {self.tail} are newer and only consistent with themselves."


class Verifier:
    """Feed it the lines of an export in any order, then ask for the report. `keys` maps key id → public key."""

    def __init__(self, keys: Mapping[str, Ed25519PublicKey]) -> None:
        self._keys = keys
        self._entries: dict[str, dict[int, tuple[str, str, Mapping[str, str]]]] = {}
        self._heads: dict[str, tuple[int, str]] = {}
        self._anchors: list[Mapping[str, Any]] = []
        self._texts: list[Mapping[str, Any]] = []
        self._report = Report()

    def feed(self, line: Mapping[str, Any]) -> None:
        kind = line.get("kind")
        if kind == "entry":
            self._entry(line["record"], line["digest"])
        elif kind == "head":
            self._heads[line["stream"]] = (line["seq"], line["head"])
        elif kind == "anchor":
            self._anchors.append(line)
        elif kind == "text":
            self._texts.append(line)
        else:
            self._report.problems.append(f"a line of unknown kind {kind!r}")

    def report(self) -> Report:
        for stream in sorted(self._entries | self._heads):
            self._chain(stream)
        for anchor in self._anchors:
            self._anchor(anchor)
        for text in self._texts:
            self._text(text)
        self._gone()
        return self._report

    def _entry(self, record: Mapping[str, Any], digest: str) -> None:
        report, stream, seq = self._report, record["stream"], record["seq"]
        report.entries += 1
        if entry_digest(record) != digest:
            report.problems.append(f"{stream} #{seq}: its content does not have its digest")
        chain = self._entries.setdefault(stream, {})
        if seq in chain:
            report.problems.append(f"{stream} #{seq}: there twice")
        chain[seq] = (record["previous"], digest, record["data"].get("text_hashes", {}))

    def _chain(self, stream: str) -> None:
        problems, chain = self._report.problems, self._entries.get(stream, {})
        expected = GENESIS
        for seq in range(1, max(chain, default=0) + 1):
            if seq not in chain:
                problems.append(f"{stream} #{seq}: missing")
                expected = chain[seq + 1][0] if seq + 1 in chain else expected
                continue
            previous, digest, _ = chain[seq]
            if previous != expected:
                problems.append(f"{stream} #{seq}: does not follow the entry before it")
            expected = digest
        self._report.length[stream] = max(chain, default=0)
        if self._heads.get(stream) != (max(chain, default=0), expected):
            problems.append(f"{stream}: its head row does not stand at its last entry")

    def _anchor(self, anchor: Mapping[str, Any]) -> None:
        report, at = self._report, anchor["at"]
        key = self._keys.get(anchor["key_id"])
        try:
            if key is None:
                raise InvalidSignature
            payload = anchor_payload(at=at, heads=anchor["heads"], key_id=anchor["key_id"])
            key.verify(bytes.fromhex(anchor["signature"]), payload)
        except (InvalidSignature, ValueError):
            report.problems.append(f"anchor of {at}: not signed by {'the key given' if key else 'any key given'}")
            return
        report.anchors += 1
        report.last_anchor = max(report.last_anchor, at)
        for stream, (seq, head) in anchor["heads"].items():
            entry = self._entries.get(stream, {}).get(seq)
            if entry is None or entry[1] != head:
                report.problems.append(f"{stream} #{seq}: not what was anchored at {at}")
            else:
                report.anchored[stream] = max(report.anchored.get(stream, 0), seq)

    def _text(self, line: Mapping[str, Any]) -> None:
        stream, seq, name = line["stream"], line["seq"], line["field"]
        entry = self._entries.get(stream, {}).get(seq)
        hashed = entry[2].get(name) if entry else None
        if hashed is None:
            self._report.problems.append(f"{stream} #{seq}: a text {name!r} that the entry does not know")
        elif not line["erased"] and text_hash(line["salt"], line["text"]) != hashed:
            self._report.problems.append(f"{stream} #{seq}: the text {name!r} is not the one that was recorded")

    def _gone(self) -> None:
        """A text may be erased, which leaves its row; a row that is gone was taken away by somebody."""
        there = {(text["stream"], text["seq"], text["field"]) for text in self._texts}
        for stream, chain in self._entries.items():
            for seq, (_, _, hashes) in chain.items():
                missing = [name for name in hashes if (stream, seq, name) not in there]
                self._report.problems += [f"{stream} #{seq}: the text {name!r} is gone" for name in missing]


def verify(lines: Iterable[Mapping[str, Any]], keys: Mapping[str, Ed25519PublicKey]) -> Report:
    verifier = Verifier(keys)
    for line in lines:
        verifier.feed(line)
    return verifier.report()


def key_id(key: Ed25519PublicKey) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of the raw public key."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def read_keys(paths: Sequence[Path]) -> dict[str, Ed25519PublicKey]:
    """Public keys by their id. Raises ValueError for a file that holds another kind."""
    keys = {}
    for path in paths:
        key = load_pem_public_key(path.read_bytes())
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError(f"{path} is not an Ed25519 public key.")
        keys[key_id(key)] = key
    return keys


def read_lines(*paths: Path) -> Iterator[dict[str, Any]]:
    for path in paths:
        with path.open(encoding="utf-8") as file:
            yield from (json.loads(line) for line in file if line.strip())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m core.verify", description=__doc__)
    parser.add_argument("export", type=Path, help="what `manage.py export_audit` wrote")
    parser.add_argument("--public-key", type=Path, action="append", required=True, help="PEM; again for an older key")
    parser.add_argument("--anchors", type=Path, help="the anchor file, kept apart from the database")
    given = parser.parse_args()
    files = [given.export, *([given.anchors] if given.anchors else [])]
    report = verify(read_lines(*files), read_keys(given.public_key))
    for problem in report.problems:
        sys.stderr.write(f"{problem}\n")
    sys.stdout.write(f"{report.sentence()}\n")
    return 0 if report.whole else 1


if __name__ == "__main__":
    sys.exit(main())
