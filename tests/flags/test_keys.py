"""Flag keys: what they may be, how one replaces another, and when they end."""

from datetime import timedelta

import pytest

from core import clock
from core.errors import Conflict, Forbidden, Refused
from core.models import AuditEntry, Environment, User
from flags import keys, snapshot
from flags.choices import KeyKind
from flags.models import FlagKey
from flags.origins import parse_origins

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://shop.example", "https://shop.example"),
        ("HTTPS://Shop.Example/", "https://shop.example"),
        ("http://localhost:5173", "http://localhost:5173"),
        ("https://shop.example:443", "https://shop.example"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("*", "*"),
    ],
)
def test_an_origin_is_kept_as_browsers_say_it(given: str, kept: str) -> None:
    assert parse_origins([given, "", f" {given} "]) == [kept]


@pytest.mark.parametrize(
    "given",
    [
        "shop.example",
        "https://",
        "https://shop.example/path",
        "https://shop.example?q",
        "https://me@shop.example",
        "https://*.shop.example",
        "ftp://shop.example",
        "https://shop.example:port",
        "https://[::1",
        "null",
        "https://" + "x" * 300,
    ],
)
def test_p12_what_is_no_origin_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="not an origin"):
        parse_origins([given])
    with pytest.raises(ValueError, match="20 origins"):
        parse_origins([f"https://{number}.example" for number in range(21)])


def test_a_server_key_is_no_key_for_browsers(production: Environment, emil: User) -> None:
    for wrong, field in (
        ({"kind": KeyKind.SERVER, "origins": ["https://shop.example"]}, "origins"),
        ({"kind": KeyKind.CLIENT, "origins": ["shop"]}, "origins"),
        ({"kind": KeyKind.CLIENT, "rate": 0}, "rate"),
    ):
        with pytest.raises(Refused) as refused:
            keys.issue_key(environment=production, name="web", actor=emil, **wrong)
        assert refused.value.field == field
    assert not FlagKey.objects.exists() and not AuditEntry.objects.exists()


def test_a_key_is_replaced_with_an_overlap(production: Environment, emil: User, bea: User) -> None:
    old, _ = keys.issue_key(
        environment=production, kind=KeyKind.CLIENT, name="web", origins=["https://a.example"], rate=5, actor=emil
    )
    with pytest.raises(Forbidden):
        keys.replace_key(key=old, overlap=DAY, actor=bea)
    new, text = keys.replace_key(key=old, overlap=DAY, actor=emil)
    old.refresh_from_db()
    assert (new.name, new.kind, new.origins, new.rate, new.replaces) == ("web", "client", ["https://a.example"], 5, old)
    assert old.expires_at and timedelta() < old.expires_at - clock.now() <= DAY
    held = snapshot.load()[production.pk].keys
    assert held[old.digest].expires_at == old.expires_at.timestamp()
    assert held[FlagKey.hash(text)].expires_at is None
    with pytest.raises(Conflict):
        keys.replace_key(key=old, overlap=DAY, actor=emil)
    with pytest.raises(Conflict):
        keys.issue_key(environment=production, kind=KeyKind.CLIENT, name="web", actor=emil)
    keys.revoke_key(key=old, actor=emil)
    assert set(snapshot.load()[production.pk].keys) == {new.digest}
    assert AuditEntry.objects.filter(action="flag_key_replaced").count() == 1


@pytest.mark.parametrize("overlap", [timedelta(), -DAY, 31 * DAY])
def test_p12_an_overlap_has_bounds(production: Environment, emil: User, overlap: timedelta) -> None:
    old, _ = keys.issue_key(environment=production, kind=KeyKind.SERVER, name="shop", actor=emil)
    with pytest.raises(Refused):
        keys.replace_key(key=old, overlap=overlap, actor=emil)
    assert FlagKey.objects.get().expires_at is None


def test_what_has_expired_opens_nothing_and_frees_its_name(production: Environment, emil: User) -> None:
    old, _ = keys.issue_key(environment=production, kind=KeyKind.SERVER, name="shop", actor=emil)
    FlagKey.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert snapshot.load()[production.pk].keys == {}
    with pytest.raises(Refused):
        keys.replace_key(key=old, overlap=DAY, actor=emil)
    keys.issue_key(environment=production, kind=KeyKind.SERVER, name="shop", actor=emil)
