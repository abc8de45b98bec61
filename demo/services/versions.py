"""The two versions of the search service: what its builds are called, and their digests."""

from hashlib import sha256
from typing import NamedTuple


class Version(NamedTuple):
    """One build of the search service."""

    version: str
    digest: str


def _version(number: str) -> Version:
    return Version(number, "sha256:" + sha256(f"storefront-search {number}".encode()).hexdigest())


BLUE = _version("1.4.2")
GREEN = _version("2.0.0")
