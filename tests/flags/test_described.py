"""P7: what was said of a flag before and after is told with why; what people wrote stands where it can be erased."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from core.erasure import erase_person
from core.models import AuditEntry, User
from flags import actions, described
from flags.choices import FlagKind
from flags.models import Flag
from tests.flags.typed import typed

BrowserOf = Callable[[User], Client]
PAGE = "/flags/storefront/search-typo/"
DESCRIBE = f"{PAGE}describe/"


def told(flag: Flag) -> list[tuple[str, str, str]]:
    """Of the newest change, as its page tells it."""
    entry = AuditEntry.objects.filter(subject=f"flag:{flag.pk}").prefetch_related("texts").first()
    assert entry
    [parts] = described.changes_in([entry]).values()
    return [(one.title, line.before, line.after) for one in parts for line in one.lines]


def test_a_change_says_from_what_to_what_and_why(typo: Flag, rhea: User, browser_of: BrowserOf) -> None:
    fields = typed(browser_of(rhea).get(DESCRIBE).content.decode(), DESCRIBE)
    sent = {**fields, "description": "Finds jaket.", "tags": "search, old", "reason": "Nobody knew what it was"}
    page = browser_of(rhea).post(DESCRIBE, sent, follow=True).content.decode()
    assert "<ins>Finds jaket.</ins>" in page and "<ins>search, old</ins>" in page
    assert "changed what is said about search-typo: description, tags: Nobody knew what it was" in page
    entry = AuditEntry.objects.get(action="flag_described")
    assert entry.data["fields"] == ["description", "tags"] and "jaket" not in str(entry.data)
    assert "Nobody" not in str(entry.data), "only its salted hash is chained"


def test_p7_what_was_written_is_erased_with_who_wrote_it(typo: Flag, rhea: User, emil: User) -> None:
    actions.describe_flag(flag=typo, actor=emil, name="Ask Ada", kind=FlagKind.PERMISSION, owner=rhea, reason="why")
    assert told(typo)[0] == ("Name", typo.name, "Ask Ada")
    erase_person(person=emil)
    assert told(typo)[0] == ("Name", "(erased)", "(erased)")
    assert told(typo)[1:] == [("Kind", "Release", "Permission"), ("Owner", "Erased person", "Rhea Lind")]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"for_clients": True}, [("For clients", "no", "yes")]),
        ({"expected_removal": date(2027, 1, 31)}, [("Expected removal", "none", "2027-01-31")]),
        ({"kind": FlagKind.PERMISSION}, [("Kind", "Release", "Permission")]),
        ({"description": f"{'a' * 200}b"}, [("Description", "", f"{'a' * 160}…")]),
        ({"name": "Search with typos"}, []),
    ],
)
def test_each_field_reads(typo: Flag, emil: User, changes: dict[str, Any], says: list[object]) -> None:
    actions.describe_flag(flag=typo, actor=emil, name="Search with typos")
    actions.describe_flag(flag=typo, actor=emil, **changes)
    assert told(typo) == says


def test_long_texts_are_cut_to_where_they_differ(typo: Flag, emil: User) -> None:
    for end in ("old", "new"):
        actions.describe_flag(flag=typo, actor=emil, description=f"{'a' * 500} {end}")
    [(_, before, after)] = told(typo)
    assert before.endswith("a old") and after.endswith("a new") and before.startswith("…") and len(before) < 60


def test_entries_of_before_have_no_lines(typo: Flag, emil: User) -> None:
    assert described.changes_in(list(AuditEntry.objects.all())) == {}
