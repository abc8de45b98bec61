#!/usr/bin/env python3
"""Tell Slipway where code mentions flags. For CI: one file, Python 3.9 or later, nothing to install.

    SLIPWAY_URL=https://slipway.example SLIPWAY_TOKEN=slw_… python3 slipway_flags.py --product storefront

Looks through a checkout for the keys of the product's flags, archived ones included, and for evaluations by
OpenFeature of keys that are no flags; sends file and line of each (never the code itself); and says which archived
flags code still mentions, and which keys do not exist. Run it on the main branch, where the last look counts.

Ends with 0; with --strict with 1 if there is such a mention; with 2 if it could not look or tell.
"""

from __future__ import annotations

import argparse
import fnmatch
import itertools
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from re import Pattern
from typing import NamedTuple, NoReturn
from urllib.parse import quote, urlsplit

LARGEST = 1_000_000
"""Bytes of a file that is still read: what is larger was not written by hand."""
MOST, MOST_PER_KEY, LARGEST_LOOK = 20_000, 100, 2_400_000
"""References of one look, those of one key in it, and the bytes of all: Slipway takes no more."""
LONGEST_KEY, LONGEST_PATH = 100, 400
TRIES, PATIENCE = 3, 30
WITHOUT_GIT = {"node_modules", "vendor", "dist", "build", "target", "venv", "__pycache__"}

TYPES = "(?:[Bb]oolean|[Bb]ool|[Ss]tring|[Ii]nteger|[Ii]nt|[Ff]loat|[Dd]ouble|[Nn]umber|[Oo]bject|[Ss]truct)"
CALLS = (
    rf"(?:get|fetch|resolve)_{TYPES}_(?:value|details)(?:_async)?",  # Python, Ruby, Rust
    rf"[Gg]et{TYPES}(?:Value|Details|Evaluation|EvaluationDetails)(?:Async)?",  # JavaScript, Java, .NET, PHP, Swift
    rf"use(?:Suspense)?(?:{TYPES})?Flag(?:Value|Details)?",  # React
)
KEY = r"""["'`](?P<key>[A-Za-z0-9][A-Za-z0-9._:/-]*)["'`]"""
NAMED = r"(?:(?:flag_?[Kk]ey|for[Kk]ey|key)\s*[:=]\s*)?"
CONTEXT = r"[\w.]*[Cc](?:tx|ontext)[\w.]*(?:\(\))?"
GO = rf"\b(?:Boolean|String|Int|Float|Object)(?:Value(?:Details)?)?\(\s*{CONTEXT}\s*,\s*{KEY}"
COMPONENT = rf"<\w*(?:Flag|Feature)\w*\s[^<>]*?\b(?:flagKey|flag-key)\s*=\s*{{?\s*{KEY}"
WORD = re.compile(r"[A-Za-z0-9_-]+")


class Place(NamedTuple):
    key: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Trouble(Exception):
    """It could not look, or could not tell."""


# --- Looking --------------------------------------------------------------------------------------------------------


def files(root: Path, exclude: Sequence[str] = ()) -> Iterator[Path]:
    """What git knows and what it does not ignore; without git all but hidden and made folders. Relative paths."""
    for path in sorted(_by_git(root) or _by_walking(root)):
        name = path.as_posix()
        if len(name) > LONGEST_PATH or not name.isprintable() or any(fnmatch.fnmatch(name, one) for one in exclude):
            continue
        if (root / path).is_file() and not (root / path).is_symlink():
            yield path


def _by_git(root: Path) -> list[Path]:
    asked = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        told = subprocess.run(asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    return [Path(os.fsdecode(name)) for name in told.split(b"\0") if name]


def _by_walking(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in WITHOUT_GIT]
        yield from (Path(folder, name).relative_to(root) for name in names)


def read(path: Path) -> str:
    """Its text; empty for what is none (a NUL in it), is too large or cannot be read."""
    try:
        if path.stat().st_size > LARGEST:
            return ""
        content = path.read_bytes()
    except OSError:
        return ""
    return "" if b"\0" in content else content.decode("utf-8", errors="replace")


def patterns(calls: Sequence[str] = (), extra: Sequence[str] = ()) -> list[Pattern[str]]:
    """What an evaluation looks like: a call that takes the key first. `calls` are further names of functions, `extra`
    expressions whose group `key` (or first group) is one.
    """
    names = "|".join([*CALLS, *(re.escape(name) for name in calls)])
    standard = [rf"\b(?:{names})(?:<[^<>()]*>)?\(\s*{NAMED}{KEY}", GO, COMPONENT]
    try:
        found = [re.compile(one) for one in [*standard, *extra]]
    except re.error as error:
        raise Trouble(f"A pattern cannot be read: {error}") from error
    if any(not one.groups for one in found):
        raise Trouble("A pattern needs a group that is the key.")
    return found


def mentions(text: str, file: str, keys: set[str], asked: Iterable[Pattern[str]]) -> set[Place]:
    """Known keys as whole words (one that is a plain word only in quotes), and keys that are evaluated."""
    found = set()
    for number, line in enumerate(text.splitlines(), 1):
        for word in WORD.finditer(line):
            if word[0] in keys and (not word[0].isalpha() or _quoted(line, word.start(), word.end())):
                found.add(Place(word[0], file, number))
    for pattern in asked:
        for call in pattern.finditer(text):
            name = "key" if "key" in pattern.groupindex else 1
            key = call[name]
            if key and len(key) <= LONGEST_KEY:
                found.add(Place(key, file, text.count("\n", 0, call.start(name)) + 1))
    return found


def _quoted(line: str, start: int, end: int) -> bool:
    return line[start - 1 : start] in {'"', "'", "`"} and line[end : end + 1] in {'"', "'", "`"}


def look(root: Path, keys: set[str], asked: Sequence[Pattern[str]], exclude: Sequence[str] = ()) -> list[Place]:
    """All places, by key, file and line."""
    found: set[Place] = set()
    for path in files(root, exclude):
        text = read(root / path)
        if text:
            found |= mentions(text, path.as_posix(), keys, asked)
    return sorted(found)


def told_of(places: Iterable[Place]) -> list[dict[str, object]]:
    """What Slipway is told: the first places of each key, as many of each as fit."""
    by_key = [list(same) for _, same in itertools.groupby(places, key=lambda place: place.key)]
    most = MOST_PER_KEY
    while most:
        kept = [place._asdict() for same in by_key for place in same[:most]]
        if len(kept) <= MOST and len(json.dumps(kept)) <= LARGEST_LOOK:
            return kept
        most //= 2
    raise Trouble(f"{len(by_key)} keys are more than Slipway takes. Leave something out with --exclude.")


# --- Asking and telling ---------------------------------------------------------------------------------------------


class Faithful(urllib.request.HTTPRedirectHandler):
    """Goes nowhere else: a redirect would carry the token along."""

    def redirect_request(self, *_: object) -> None:
        return None


def call(method: str, address: str, token: str, body: object | None = None) -> dict[str, object]:
    """The answer's JSON. Tries again while Slipway is busy or away. Raises Trouble with what it said."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Accept": "application/json"}
    opener = urllib.request.build_opener(Faithful)
    said = ""
    for attempt in range(TRIES):
        time.sleep(2 * attempt)
        try:
            request = urllib.request.Request(address, data=data, headers=headers, method=method)
            with opener.open(request, timeout=PATIENCE) as answer:
                told = json.load(answer)
                return told if isinstance(told, dict) else {}
        except urllib.error.HTTPError as error:
            said = f"{error.code} {_problem(error)}"
            if error.code < 500 and error.code not in {409, 429}:
                break
        except (OSError, ValueError) as error:
            said = str(error)
    raise Trouble(f"{method} {address}: {said}")


def _problem(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error).get("detail", ""))
    except (ValueError, AttributeError, OSError):
        return str(error.reason)


def git(root: Path, *asked: str) -> str:
    try:
        return subprocess.run(
            ["git", "-C", str(root), *asked], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def repository_of(root: Path) -> str:
    """`owner/name` of where it came from (never a password that stands in that address), or the folder's name."""
    origin = git(root, "config", "--get", "remote.origin.url")
    path = urlsplit(origin).path if "://" in origin else origin.rpartition(":")[2]
    named = re.sub(r"\.git$", "", "/".join(path.strip("/").split("/")[-2:]))
    return named or root.resolve().name


# --- The command ----------------------------------------------------------------------------------------------------


def options(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Tell Slipway where code mentions flags.")
    add = parser.add_argument
    add("path", nargs="?", default=".", type=Path, help="the checkout (default: here)")
    add("--product", default=os.environ.get("SLIPWAY_PRODUCT", ""), help="its short name (or $SLIPWAY_PRODUCT)")
    add("--url", default=os.environ.get("SLIPWAY_URL", ""), help="where Slipway is (or $SLIPWAY_URL)")
    add("--repository", default="", help="what to call it (default: owner/name of git's origin)")
    add("--commit", default="", help="(default: git's HEAD)")
    add("--exclude", action="append", default=[], metavar="GLOB", help="paths to leave out, as 'docs/*'; repeatable")
    add("--call", action="append", default=[], metavar="NAME", help="a function of yours that takes a key; repeatable")
    add("--pattern", action="append", default=[], metavar="REGEX", help="a further evaluation; its group is the key")
    add("--strict", action="store_true", help="end with 1 if code mentions what is archived or does not exist")
    add("--dry-run", action="store_true", help="look and say, but tell Slipway nothing")
    return parser.parse_args(given)


def run(given: argparse.Namespace) -> int:
    token = os.environ.get("SLIPWAY_TOKEN", "")
    if not (given.product and given.url and token):
        raise Trouble("Say --product, --url (or SLIPWAY_URL) and SLIPWAY_TOKEN.")
    if not given.path.is_dir():
        raise Trouble(f"{given.path} is no folder.")
    base = f"{given.url.rstrip('/')}/api/v1/products/{quote(given.product, safe='')}"
    told = call("GET", f"{base}/flags/keys", token)["keys"]
    known = {str(one["key"]): bool(one["archived"]) for one in told}  # type: ignore[attr-defined]
    places = look(given.path, set(known), patterns(given.call, given.pattern), given.exclude)
    if not given.dry_run:
        repository = given.repository or repository_of(given.path)
        commit = given.commit or git(given.path, "rev-parse", "HEAD")
        body = {"repository": repository, "commit": commit, "references": told_of(places)}
        call("PUT", f"{base}/code-references", token, body)
    return say(places, known, strict=given.strict)


def say(places: Sequence[Place], known: dict[str, bool], *, strict: bool) -> int:
    wrong = 0
    for place in places:
        if known.get(place.key, True):
            wrong += 1
            print(f"{place}: {place.key} is {'archived' if place.key in known else 'no flag of this product'}")
    keys = {place.key for place in places}
    print(f"{len(places)} references to {len(keys & set(known))} of {len(known)} flags; {wrong} to none that answers.")
    return 1 if strict and wrong else 0


def main() -> NoReturn:
    try:
        sys.exit(run(options()))
    except Trouble as trouble:
        print(f"slipway_flags: {trouble}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
