"""P7: the record only grows, and tampering with it is found."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from pytest_django.fixtures import Settings

from core import anchors, audit
from core.erasure import erase_person
from core.errors import Refused
from core.grants import append_only_tables, kept_tables
from core.models import AuditEntry, AuditText, User
from tests.conftest import FreshDatabase


@pytest.fixture(autouse=True)
def key_outside(settings: Settings, tmp_path: Path) -> None:
    settings.AUDIT_KEY_FILE = tmp_path / "keys" / "audit.pem"
    settings.AUDIT_ANCHOR_FILE = tmp_path / "anchors.jsonl"


def write(actor: User | None, count: int = 3, stream: str = "release:1") -> None:
    with transaction.atomic():
        for number in range(count):
            audit.record(
                stream=stream,
                actor=actor,
                action="noted",
                subject=stream,
                data={"number": number},
                texts={"reason": f"because of “{number}”"},
            )


@pytest.mark.parametrize("table", sorted(append_only_tables()))
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_p7_postgresql_refuses_the_runtime_role(db: None, table: str, statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(connection.ops.quote_name(table)))


@pytest.mark.parametrize("table", sorted(kept_tables()))
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_p7_a_text_is_blanked_and_never_taken_away(db: None, table: str, statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(connection.ops.quote_name(table)))


def test_p7_the_runtime_role_owns_nothing(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT rolsuper OR rolcreaterole OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False,)


def test_p7_python_refuses_as_well(rhea: User) -> None:
    write(rhea)
    entry = AuditEntry.objects.first()
    assert entry
    with pytest.raises(TypeError):
        entry.save()
    with pytest.raises(TypeError):
        entry.delete()


def test_p7_an_entry_outside_a_transaction_is_a_mistake(fresh_db: FreshDatabase) -> None:
    with pytest.raises(AssertionError):
        audit.record(stream="release:1", actor=None, action="noted", subject="release:1")


def test_p7_what_is_rolled_back_leaves_no_gap(fresh_db: FreshDatabase) -> None:
    write(None, 2)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        audit.record(stream="release:1", actor=None, action="noted", subject="release:1")
        raise ZeroDivisionError
    write(None, 1)
    assert [entry.seq for entry in AuditEntry.objects.order_by("seq")] == [1, 2, 3]
    assert anchors.check().whole


def test_p7_says_how_far_it_proves(rhea: User) -> None:
    write(rhea, 3)
    assert anchors.anchor()
    assert anchors.anchor() is None, "nothing moved since"
    write(rhea, 2)
    report = anchors.check()
    assert report.whole
    assert (report.entries, report.tail, report.anchored) == (5, 2, {"release:1": 3})


def test_p7_every_stream_that_moved_is_anchored(rhea: User) -> None:
    write(rhea, 1, "release:1")
    anchors.anchor()
    write(rhea, 1, "release:2")
    second = anchors.anchor()
    assert second and list(second.heads) == ["release:2"]
    assert anchors.check().anchored == {"release:1": 1, "release:2": 1}


def test_p7_the_key_is_its_owners_alone(settings: Settings) -> None:
    anchors.signing_key()
    assert settings.AUDIT_KEY_FILE.stat().st_mode & 0o777 == 0o600
    assert settings.AUDIT_KEY_FILE.parent.stat().st_mode & 0o777 == 0o700


TAMPERING: dict[str, Callable[[psycopg.Connection], object]] = {
    "changes what happened": lambda owner: owner.execute(
        "UPDATE core_auditentry SET action = 'approved' WHERE seq = 2"
    ),
    "changes who did it": lambda owner: owner.execute("UPDATE core_auditentry SET actor_id = 9 WHERE seq = 2"),
    "changes when": lambda owner: owner.execute("UPDATE core_auditentry SET at = at - interval '1 day' WHERE seq = 2"),
    "takes one out": lambda owner: owner.execute("DELETE FROM core_auditentry WHERE seq = 2"),
    "takes the last out": lambda owner: owner.execute("DELETE FROM core_auditentry WHERE seq = 3"),
    "changes a text": lambda owner: owner.execute("UPDATE core_audittext SET text = 'fine' WHERE text LIKE '%1%'"),
    "takes a text away": lambda owner: owner.execute("DELETE FROM core_audittext WHERE text LIKE '%1%'"),
    "turns the head back": lambda owner: owner.execute("UPDATE core_auditstream SET seq = 2"),
    "forges an anchor": lambda owner: owner.execute("UPDATE core_auditanchor SET heads = '{}'"),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_p7_it_is_found_when_the_owner(fresh_db: FreshDatabase, what: str) -> None:
    write(None, 3)
    anchors.anchor()
    assert anchors.check().whole
    with psycopg.connect(fresh_db.owner_url) as owner:
        owner.execute("ALTER TABLE core_audittext DROP CONSTRAINT IF EXISTS core_audittext_entry_id_fkey")
        TAMPERING[what](owner)
    assert not anchors.check().whole, what
    with pytest.raises(CommandError):
        call_command("verify_audit")


def test_p7_a_perfectly_forged_chain_is_found_by_its_anchors(fresh_db: FreshDatabase) -> None:
    """The owner rewrites the last entry, its digest and the head row: consistent, but not what was anchored."""
    write(None, 3)
    anchors.anchor()
    last = AuditEntry.objects.get(seq=3)
    last.data = {**last.data, "number": 99}
    forged = audit.entry_digest(audit.as_record(last))
    with psycopg.connect(fresh_db.owner_url) as owner:
        change = "UPDATE core_auditentry SET data = %s, digest = %s WHERE id = %s"
        owner.execute(change, [json.dumps(last.data), forged, last.pk])
        owner.execute("UPDATE core_auditstream SET head = %s", [forged])
    assert anchors.check().problems == [
        problem for problem in anchors.check().problems if "not what was anchored" in problem
    ]
    assert not anchors.check().whole
    with psycopg.connect(fresh_db.owner_url) as owner:
        owner.execute("DELETE FROM core_auditanchor")
    assert not anchors.check().whole, "the anchor file still knows"


def test_p7_verification_works_offline(rhea: User, tmp_path: Path, settings: Settings) -> None:
    write(rhea, 3)
    anchors.anchor()
    export = tmp_path / "record.jsonl"
    call_command("export_audit", str(export))
    assert export.stat().st_mode & 0o777 == 0o600
    public = settings.AUDIT_KEY_FILE.with_suffix(".pub")

    def verify() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "core.verify", str(export), "--public-key", str(public)]
        return subprocess.run(command, capture_output=True, text=True, env={}, check=False)  # no settings, no database

    done = verify()
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Whole: 3 of 3 entries")
    export.write_text(export.read_text().replace('"number":1', '"number":7'))
    assert verify().returncode == 1


def test_p7_an_erased_person_is_in_no_table(bea: User, rhea: User, client: Client) -> None:
    """Whatever the application may read: neither the name nor the address is left anywhere."""
    write(bea, 1)
    rhea.is_staff = rhea.is_superuser = True
    rhea.save()
    client.force_login(rhea)
    form = {"email": bea.email, "name": bea.name, "timezone": "UTC", "theme": "dark", "is_active": "on"}
    assert client.post(f"/admin/core/user/{bea.pk}/change/", form).status_code == 302
    Client().post("/login/", {"username": bea.email, "password": "wrong"})
    address, name = bea.email, bea.name
    erase_person(person=bea)
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(
                f"SELECT count(*) FROM {table} AS one WHERE one::text LIKE ANY(%s)", [[f"%{address}%", f"%{name}%"]]
            )
            assert cursor.fetchone() == (0,), table


def test_p7_a_person_can_be_erased_and_the_chain_still_verifies(bea: User, rhea: User) -> None:
    write(bea, 2)
    write(rhea, 1)
    anchors.anchor()
    assert erase_person(person=bea) == 2
    bea.refresh_from_db()
    assert (bea.name, bea.is_active, bea.has_usable_password()) == ("Erased person", False, False)
    assert "bea" not in bea.email
    assert not bea.roles.exists() and not bea.teams.exists()
    assert list(AuditText.objects.filter(entry__actor=bea).values_list("text", "salt")) == [("", ""), ("", "")]
    assert AuditText.objects.filter(entry__actor=rhea).exclude(text="").count() == 1
    assert anchors.check().whole
    with pytest.raises(Refused):
        erase_person(person=bea)
