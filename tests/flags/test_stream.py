"""The stream that says "ask again": who may listen, what is told, and that many listeners and slow ones cost little."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from core import clock
from flags import keys
from flags.choices import KeyKind
from flags.models import FlagKey, FlagUsage, ServingProcess
from tests.conftest import FreshDatabase
from tests.flags.ears import Ear
from tests.flags.serve import serving, wait_for
from tests.flags.shop import SITE, Shop, open_shop

LISTENERS = 1000


@pytest.fixture(scope="module")
def shop(shared_db: FreshDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(shared_db, tmp_path_factory.mktemp("shop"), SLIPWAY_FLAG_TICKET="3") as opened:
        yield opened


def ear(shop: Shop, key: str = "", path: str = "/ofrep/v1/stream", **headers: str) -> Ear:
    sent = {"authorization": f"Bearer {key}", **headers} if key else headers
    return Ear(shop.server.url, path, **sent)


def stream_of(answer: httpx.Response) -> str:
    (stream,) = answer.json()["eventStreams"]
    assert (stream["type"], stream["inactivityDelaySec"]) == ("sse", 120)
    path: str = stream["endpoint"]["requestUri"]
    return path


def told(event: dict[str, Any]) -> int:
    assert event["type"] == "refetchEvaluation"
    return int(event["etag"].strip('"').split(".")[1])


def test_a_change_is_told_and_its_etag_leads_to_the_new_value(shop: Shop) -> None:
    listening = ear(shop, shop.key)
    assert listening.status == 200
    assert listening.headers["content-type"] == "text/event-stream"
    version = shop.bump()
    (event,) = listening.wait(1)
    assert told(event) == version
    answer = shop.bulk(shop.key, query=f"?flagConfigEtag={event['etag']}")
    assert int(answer.headers["slipway-flags-version"]) >= version
    listening.close()


def test_who_comes_back_hears_at_once_what_was_missed(shop: Shop) -> None:
    listening = ear(shop, shop.key)
    version = shop.bump()
    listening.wait(1)
    listening.close()
    newer = shop.bump()
    again = ear(shop, shop.key, last_event_id=f"{shop.production.pk}.{version}")
    assert told(again.wait(1)[0]) == newer
    same = ear(shop, shop.key, last_event_id=f"{shop.production.pk}.{newer}")
    assert same.status == 200
    time.sleep(0.3)
    same._more(0.1)
    assert same.events() == [], "nothing was missed"
    for one in (again, same):
        one.close()


def test_a_browser_listens_with_a_ticket_that_is_not_its_key_and_expires(shop: Shop) -> None:
    answer = shop.bulk(shop.client_key, origin=SITE)
    path = stream_of(answer)
    assert shop.client_key not in path and shop.client_key[6:] not in path
    listening = ear(shop, path=path, origin=SITE)
    assert listening.status == 200
    assert listening.headers["access-control-allow-origin"] == SITE
    elsewhere = ear(shop, path=path, origin="https://evil.example")
    assert (elsewhere.status, elsewhere.headers.get("access-control-allow-origin")) == (403, None)
    assert ear(shop, path=path[:-2] + "xx", origin=SITE).status == 401
    assert httpx.post(f"{shop.server.url}{path}").status_code == 405
    wait_for(lambda: ear(shop, path=path, origin=SITE).status == 401, 8)
    shop.bump()
    listening.wait(1)  # what is open stays open
    known = shop.bulk(shop.client_key, origin=SITE, if_none_match=answer.headers["etag"])
    assert known.status_code == 200, "a 304 would lead back to a ticket that has expired"
    assert ear(shop, path=stream_of(known), origin=SITE).status == 200


def test_a_client_key_opens_no_stream_itself(shop: Shop) -> None:
    """Nor is there any reason to show it there: whoever has it is given tickets."""
    assert ear(shop, shop.client_key).status == 401
    assert ear(shop, shop.client_key, origin=SITE).status == 401


def test_a_ticket_opens_nothing_but_the_stream(shop: Shop) -> None:
    ticket = stream_of(shop.bulk(shop.client_key)).partition("ticket=")[2]
    assert shop.bulk(ticket).status_code == 401
    assert ear(shop, ticket).status == 401


def test_a_change_before_the_stream_was_joined_is_told(shop: Shop) -> None:
    path = stream_of(shop.bulk(shop.client_key, origin=SITE))
    version = shop.bump()
    wait_for(lambda: int(shop.bulk(shop.key).headers["slipway-flags-version"]) >= version, 5)
    assert told(ear(shop, path=path, origin=SITE).wait(1)[0]) == version


def test_an_unchanged_answer_with_a_ticket_still_good_is_a_304(shop: Shop) -> None:
    answer = shop.bulk(shop.client_key, origin=SITE)
    again = shop.bulk(shop.client_key, origin=SITE, if_none_match=answer.headers["etag"])
    assert (again.status_code, again.headers["etag"]) == (304, answer.headers["etag"])


def test_streams_of_a_key_that_ends_are_closed_at_once(shop: Shop) -> None:
    (gone, key), (_, other) = shop.more_key(KeyKind.SERVER), shop.more_key(KeyKind.SERVER)
    wait_for(lambda: shop.server.ask(other, "banner").status_code == 200, 5)
    listening, staying = ear(shop, key), ear(shop, other)
    assert (listening.status, staying.status) == (200, 200)
    keys.revoke_key(key=gone, actor=None)
    listening.wait_for_end(2)
    shop.bump()
    assert staying.wait(1)
    row = FlagKey.objects.get(digest=FlagKey.hash(other))
    keys.replace_key(key=row, overlap=timedelta(seconds=2), actor=None)
    staying.wait_for_end(6)
    assert shop.server.ask(other, "banner").status_code == 401
    assert FlagKey.objects.filter(pk=row.pk, expires_at__lte=clock.now()).exists()


def test_nobody_refetches_an_old_value_from_a_process_that_is_behind(shop: Shop, tmp_path: Path) -> None:
    """The event came from a quicker process. This one waits for the version that it names, at most a second."""
    held = int(shop.bulk(shop.key).headers["slipway-flags-version"])
    began = time.monotonic()
    answer = shop.bulk(shop.key, query=f'?flagConfigEtag="{shop.production.pk}.{held + 5}"')
    assert answer.status_code == 200 and 0.9 < time.monotonic() - began < 4
    tag = answer.headers["etag"]
    late = shop.bulk(shop.key, query=f"?flagConfigEtag={shop.production.pk}.{held + 5}", if_none_match=tag)
    assert late.status_code == 200, "not sure, so no 304"
    began = time.monotonic()
    for other in (f'"{shop.production.pk}.{held}"', f'"{shop.production.pk + 1}.{held + 5}"', "x", '"."', "9" * 400):
        assert shop.bulk(shop.key, query=f"?flagConfigEtag={other}", if_none_match=tag).status_code == 304
    assert time.monotonic() - began < 4, "five times a second, if each had waited"
    with serving(shop.environment, tmp_path / "second") as second:
        hearing = Ear(second.url, authorization=f"Bearer {shop.key}")
        assert hearing.status == 200
        for _ in range(5):
            version = shop.bump()
            event = hearing.wait(1)[-1]
            hearing.heard = b""
            answer = shop.bulk(shop.key, query=f"?flagConfigEtag={event['etag']}")
            assert int(answer.headers["slipway-flags-version"]) >= told(event) >= version


def test_a_process_that_is_asked_to_stop_ends_its_streams(shop: Shop, tmp_path: Path) -> None:
    """And has told by then what it counted, and that nobody has to wait for it."""
    with serving(shop.environment, tmp_path / "ending") as ending:
        hearing = Ear(ending.url, authorization=f"Bearer {shop.key}")
        assert hearing.status == 200
        assert ending.ask(shop.key, "limit").status_code == 200
        wait_for(lambda: ServingProcess.objects.values("process").distinct().count() == 2, 5)
        ending.process.terminate()
        hearing.wait_for_end(5)
        ending.process.wait(5)
    assert ServingProcess.objects.values("process").distinct().count() == 1
    assert FlagUsage.objects.filter(flag__key="limit", by_name=True).exists()


def test_a_thousand_streams_are_fine(shop: Shop, record_property: Callable[[str, object], None]) -> None:
    before = resident(shop)
    listening = [ear(shop, shop.key) for _ in range(LISTENERS)]
    assert {one.status for one in listening} == {200}
    assert shop.server.ready()["streams"] >= LISTENERS
    used, cpu = resident(shop) - before, processor_seconds(shop)
    began = time.monotonic()
    version = shop.bump()
    for one in listening:
        assert told(one.wait(1)[0]) == version
    took = time.monotonic() - began
    record_property("a change reached a thousand streams after, ms", round(took * 1000))
    record_property("memory of a stream, kB", round(used / LISTENERS / 1024, 1))
    record_property("processor time of telling a thousand, ms", round((processor_seconds(shop) - cpu) * 1000))
    assert took < 3 and used / LISTENERS < 64 * 1024
    assert shop.server.ask(shop.key, "banner").status_code == 200
    for one in listening:
        one.close()
    wait_for(lambda: shop.server.ready()["streams"] < 50, 10)


def test_a_reader_who_does_not_read_costs_nothing(shop: Shop) -> None:
    slow = ear(shop, shop.key)
    assert slow.status == 200
    quick = ear(shop, shop.key)
    assert quick.status == 200
    for _ in range(30):
        version = shop.bump()
    wait_for(lambda: quick._more(0.1) and bool(quick.events()) and told(quick.events()[-1]) == version, 5)
    wait_for(lambda: slow._more(0.1) and bool(slow.events()) and told(slow.events()[-1]) == version, 5)
    for one in (slow, quick):
        one.close()


def resident(shop: Shop) -> int:
    """Bytes of the serving process and its children."""
    return sum(_status(pid, "VmRSS") * 1024 for pid in _family(shop))


def processor_seconds(shop: Shop) -> float:
    ticks = 0
    for pid in _family(shop):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / 100


def _family(shop: Shop) -> list[int]:
    parents = {shop.server.process.pid}
    for _ in range(3):  # a keeper, granian, its worker
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = status.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) in parents:
                parents.add(int(status.parent.name))
    return sorted(parents)


def _status(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    return 0
