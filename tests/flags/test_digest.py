"""The week's mail: whoever has flags that can go hears of it on Monday morning, once, through a real mail server."""

from datetime import UTC, datetime, timedelta

import pytest

from core import outbox
from core.models import OutboxMessage, Product, User
from core.weights import FULL
from flags import actions, digest
from flags.models import Flag, FlagState
from tests.core.mailbox import Mailbox, mailbox
from tests.queries import cost

__all__ = ["mailbox"]

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)  # 08:00 in Berlin, where everybody is
WEEK, MINUTE = timedelta(days=7), timedelta(minutes=1)


@pytest.fixture
def over(storefront: Product, emil: User) -> Flag:
    """Emil's flag, that everyone has had for weeks."""
    return made(storefront, "checkout-one-page", emil)


def made(product: Product, key: str, owner: User, *, days: int = 40) -> Flag:
    flag = actions.create_flag(product=product, key=key, name=key, actor=owner)
    since = MONDAY - timedelta(days=days)
    Flag.objects.filter(pk=flag.pk).update(created_at=since)
    FlagState.objects.filter(flag=flag).update(weight=FULL, changed_at=since)
    return flag


def mails() -> list[tuple[str, str]]:
    return [(str(one.recipient), one.subject) for one in OutboxMessage.objects.order_by("recipient__name")]


def test_the_owner_reads_it_in_a_mail(over: Flag, mailbox: Mailbox) -> None:
    assert digest.tell_owners(MONDAY) == 1
    outbox.deliver_due()
    [mail] = mailbox.received
    assert (mail["To"], mail["Subject"]) == ("emil@example.com", "1 flag to clean up")
    text, html = (str(part.get_payload(decode=True), "utf-8") for part in mail.get_payload())  # type: ignore[union-attr,arg-type]
    words = " ".join(text.replace("\u00a0", " ").split())
    assert "checkout-one-page (Storefront): Everyone has had it for 40 d." in words
    assert "http://localhost:8000/flags/storefront/checkout-one-page/" in text
    assert "http://localhost:8000/flags/backlog/?mine=1" in text and "/flags/storefront/checkout-one-page/" in html


def test_it_comes_on_monday_morning_where_the_person_is(over: Flag, emil: User) -> None:
    assert digest.tell_owners(MONDAY - MINUTE) == 0
    emil.timezone = "America/New_York"
    emil.save()
    assert digest.tell_owners(MONDAY + timedelta(hours=5, minutes=59)) == 0
    assert digest.tell_owners(MONDAY + timedelta(hours=6)) == 1


def test_it_comes_once_a_week_however_often_and_late_the_task_runs(over: Flag) -> None:
    late = MONDAY + timedelta(days=1)
    assert [digest.tell_owners(at) for at in (late, late, late + timedelta(days=2), MONDAY + WEEK - MINUTE)] == [
        1,
        0,
        0,
        0,
    ]
    assert [digest.tell_owners(at) for at in (MONDAY + WEEK, MONDAY + WEEK + MINUTE)] == [1, 0]
    assert mails() == [("Emil Sand", "1 flag to clean up")] * 2


def test_after_thursday_the_next_monday_is_near(over: Flag) -> None:
    assert digest.tell_owners(MONDAY + digest.LATE + MINUTE) == 0


def test_nothing_to_say_no_mail(storefront: Product, emil: User, over: Flag) -> None:
    """Nor on Tuesday, for what fell due that day: that waits for Monday."""
    FlagState.objects.update(changed_at=MONDAY - timedelta(days=13, hours=23))
    assert digest.tell_owners(MONDAY + timedelta(days=1)) == 0
    assert digest.tell_owners(MONDAY + WEEK) == 1


def test_whoever_is_asked_hears_of_it_instead_of_the_owner(over: Flag, rhea: User, tomas: User) -> None:
    actions.ask_clean_up(flag=over, actor=rhea, owner=tomas)
    OutboxMessage.objects.all().delete()
    digest.tell_owners(MONDAY)
    assert mails() == [("Tomas Weber", "1 flag to clean up")]


def test_nobody_hears_of_a_product_they_left(over: Flag, emil: User) -> None:
    emil.roles.all().delete()
    assert digest.tell_owners(MONDAY) == 0


def test_a_long_list_is_cut_and_costs_no_more_queries(storefront: Product, emil: User, rhea: User) -> None:
    made(storefront, "old", emil)
    few = cost(lambda: digest.tell_owners(MONDAY))
    for number in range(digest.MOST):
        made(storefront, f"old-{number}", emil)
    assert cost(lambda: digest.tell_owners(MONDAY + WEEK)) == few
    mail = OutboxMessage.objects.get(subject=f"{digest.MOST + 1} flags to clean up")
    assert mail.text.count("/flags/storefront/") == digest.MOST and "And 1 more." in mail.text
