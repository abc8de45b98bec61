"""P11 with real processes: PostgreSQL killed, no Redis, the serving process killed and started again in that state."""

import stat
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connections
from django.db.models import Sum
from pytest_django import DjangoDbBlocker

from config import env
from config.embedded import postgres
from core import clock
from core.models import Environment, Product, User
from core.weights import FULL
from flags import actions, keys
from flags.choices import KeyKind
from flags.evaluation import bucket
from flags.models import Flag, FlagUsage, ServingProcess
from flags.serving import COUNTS_SECONDS, FLUSH_SECONDS, lagging
from tests.flags.conftest import state_of
from tests.flags.ears import Ear
from tests.flags.serve import Server, serving, wait_for
from tests.services import Services

pytestmark = pytest.mark.chaos
USERS = [f"u-{number}" for number in range(100)]
NO_REDIS = "redis://127.0.0.1:1/0"


@pytest.fixture
def doomed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_db_blocker: DjangoDbBlocker) -> Iterator[Services]:
    """A PostgreSQL of this test's own, which it may kill; this process works on it too."""
    cluster = postgres.start(tmp_path / "pg", log=tmp_path / "pg.log", settings=postgres.FORGETFUL)
    own = Services(folder=tmp_path, cluster=cluster, redis_url=NO_REDIS)
    with own.clone("doomed"), django_db_blocker.unblock():
        for variable, value in own.environment("doomed").items():
            monkeypatch.setenv(variable, value)
        connections.close_all()
        for name, value in env.database("DATABASE_URL").items():
            monkeypatch.setitem(connections.settings["default"], name, value)
        yield own
        connections.close_all()
    own.cluster.stop()


def kill(server: postgres.Cluster) -> None:
    assert server.process
    connections.close_all()
    server.process.kill()
    server.process.wait()


def values(server: Server, key: str) -> list[bool]:
    return [server.ask(key, "typo", targetingKey=user).json()["value"] for user in USERS]


def expected(weight: int) -> list[bool]:
    return [bucket("seed", user) < weight for user in USERS]


def test_p11_flags_answer_through_every_outage(
    doomed: Services, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    product = Product.objects.create(name="Storefront", slug="storefront")
    production = product.environments.create(name="production", slug="production", is_production=True)
    flag = actions.create_flag(product=product, key="typo", name="Typo", seed="seed", actor=None)
    actions.set_weight(flag=flag, environment=production, weight=30_000, actor=None)
    row, key = keys.issue_key(environment=production, kind=KeyKind.SERVER, name="shop", actor=None)
    environment, snapshots = doomed.environment("doomed"), tmp_path / "snapshots"

    with serving(environment, snapshots) as server:
        assert values(server, key) == expected(30_000)
        actions.set_weight(flag=flag, environment=production, weight=60_000, actor=None)
        wait_for(lambda: values(server, key) == expected(60_000), 5)
        wait_for(lambda: (snapshots / f"environment-{production.pk}.json").read_text().count('"weight":60000') == 1, 5)
        assert stat.S_IMODE((snapshots / f"environment-{production.pk}.json").stat().st_mode) == 0o600

        _, newer_key = keys.replace_key(key=row, overlap=timedelta(hours=1), actor=None)
        wait_for(lambda: server.ask(newer_key, "typo", targetingKey="u-1").status_code == 200, 5)

        kill(doomed.cluster)
        wait_for(lambda: server.ready()["database"] == "not reached", 10)
        assert values(server, key) == expected(60_000)
        assert server.ready()["ready"] is True
        server.kill()

    with serving(environment, snapshots) as server:  # started with nothing behind it
        assert values(server, newer_key) == expected(60_000)
        assert server.ask(key, "typo", targetingKey="u-1").status_code == 200, "the old key still opens"
        assert server.ask("slf_s_wrong", "typo").status_code == 401
        answer = server.ask(newer_key, targetingKey="u-1")
        assert int(answer.headers["slipway-flags-age"]) >= 0
        hearing = Ear(server.url, authorization=f"Bearer {newer_key}")
        assert hearing.status == 200
        key = newer_key

        doomed.cluster = postgres.start(
            tmp_path / "pg", log=tmp_path / "pg.log", settings=postgres.FORGETFUL, sockets=doomed.cluster.sockets
        )
        actions.kill(flag=flag, environment=production, actor=None)
        took = wait_for(lambda: values(server, key) == [False] * len(USERS), 15)
        record_property("a change after the outage arrived after, s", round(took, 1))
        assert hearing.wait(1), "who listened all the time hears of it"
        asked = FlagUsage.objects.filter(flag=flag, by_name=True)
        wait_for(lambda: (asked.aggregate(sum=Sum("count"))["sum"] or 0) >= 2 * len(USERS), FLUSH_SECONDS + 5)
        version = state_of(flag, production).version
        wait_for(lambda: ServingProcess.objects.filter(version=version).exists(), 5)
        later = clock.now() + timedelta(seconds=COUNTS_SECONDS - 1)
        assert not lagging(production, version, later), "the killed one is not waited for after half a minute"


def test_p11_without_database_and_copy_it_says_so(tmp_path: Path) -> None:
    nowhere = {"DATABASE_URL": f"postgresql://a:b@{str(tmp_path).replace('/', '%2F')}/none", "REDIS_URL": NO_REDIS}
    with serving(nowhere, tmp_path / "snapshots") as server:
        answer = server.ask("slf_s_any", "typo")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert server.ready()["ready"] is False


def test_who_is_behind_is_named_with_how_long(
    typo: Flag, production: Environment, staging: Environment, emil: User
) -> None:
    version = actions.set_weight(flag=typo, environment=production, weight=FULL, actor=emil).version
    now = clock.now()
    for process, held, where in [("a", version, production), ("b", version - 1, production), ("c", 0, staging)]:
        ServingProcess.objects.create(process=process, environment=where, version=held)
    ServingProcess.objects.create(
        process="gone", environment=production, version=0, seen_at=now.replace(year=now.year - 1)
    )
    (one,) = lagging(production, version, now)
    assert (one.process, one.version) == ("b", version - 1)
    assert one.behind is not None and one.behind.total_seconds() >= 0
    assert lagging(production, version - 1, now) == []
