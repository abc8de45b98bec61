"""What the other tests stand on: production's roles and rights, databases of one's own, servers that can be killed."""

import subprocess
import sys

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from config.embedded import postgres
from core.models import Product
from tests.conftest import FreshDatabase
from tests.services import Services


@pytest.mark.django_db
def test_p7_the_application_runs_as_a_role_that_owns_nothing_and_cannot_become_more() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, session_user")
        assert cursor.fetchone() == (postgres.APP, postgres.APP)
        cursor.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (False, False, False, False)
        cursor.execute("SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = current_user")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT count(*) FROM pg_auth_members WHERE member = current_user::regrole")
        assert cursor.fetchone() == (0,)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE of_my_own (id int)")


def test_commits_in_a_fresh_database_reach_other_processes(fresh_db: FreshDatabase) -> None:
    Product.objects.create(name="Storefront", slug="storefront")
    with psycopg.connect(fresh_db.url) as other:
        assert other.execute("SELECT count(*) FROM core_product").fetchone() == (1,)
    counting = "from core.models import Product; print('products:', Product.objects.count())"
    said = subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", counting], capture_output=True, text=True, check=True
    )
    assert "products: 1" in said.stdout


@pytest.mark.fresh_db
def test_the_next_fresh_database_is_empty_again() -> None:
    assert not Product.objects.exists()


@pytest.mark.chaos
def test_own_servers_come_back_at_the_same_address_after_a_kill(own_services: tuple[Services, FreshDatabase]) -> None:
    own, database = own_services
    Product.objects.create(name="Storefront", slug="storefront")
    own.kill_postgres()
    with pytest.raises(DatabaseError):
        while True:  # the process that serves us may answer once more before it notices
            Product.objects.count()
    own.start_postgres()
    connection.close()
    assert Product.objects.count() == 1
    with psycopg.connect(database.url) as other:
        assert other.execute("SELECT current_database()").fetchone() == ("own",)
    own.kill_redis()
    own.start_redis()
