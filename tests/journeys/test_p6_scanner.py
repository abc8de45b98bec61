"""P6: a mail scanner opens every address of the real mail, and presses what it finds there: nothing has happened."""

import re
from collections.abc import Iterator, Mapping
from email import message_from_bytes, policy
from pathlib import Path

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, Page
from psycopg import sql

from approvals.actions import decide
from approvals.case import Case
from approvals.models import SignoffRequest
from tests.conftest import FreshDatabase
from tests.house import person, told_in
from tests.journeys import bringing
from tests.journeys.site import Site, opened

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]
NOT_DOMAIN = ("django_session", "axes_", "flags_servingprocess")
"""Sessions, the throttle of the login page, and the sign of life that a web process gives by itself."""
LINK = re.compile(r"https?://[^\s\"'<>)]+")


@pytest.fixture(scope="module")
def site(shared_db: FreshDatabase, folder: Path) -> Iterator[Site]:
    with told_in(folder), opened(shared_db, folder) as site:
        yield site


@pytest.fixture(scope="module")
def asked(site: Site) -> SignoffRequest:
    bringing.policy("Business", "QA")
    return bringing.asked(bringing.written("Search 2.0"))[0]


@pytest.fixture(scope="module")
def links(site: Site, asked: SignoffRequest, folder: Path) -> list[str]:
    """Every address in every mail that the server has got, as text and as HTML."""
    with bringing.post(folder) as box:
        assert {mail.to for mail in bringing.letters(box, "bea")} == {"bea@example.com"}
        parts = [
            part.get_content()
            for file in box.glob("*.eml")
            for part in message_from_bytes(file.read_bytes(), policy=policy.default).walk()
            if part.get_content_maintype() == "text"
        ]
    return sorted({link.rstrip(".,") for part in parts for link in LINK.findall(part) if link.startswith(site.base)})


def everything(database: FreshDatabase) -> Mapping[str, str]:
    """A digest of all rows of every table of the domain."""
    digest = "SELECT coalesce(md5(string_agg(one::text, E'\\n' ORDER BY one::text)), '') FROM {} one"
    with psycopg.connect(database.owner_url) as connection:
        tables = [name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        asked = {name: sql.SQL(digest).format(sql.Identifier(name)) for name in tables}
        rows = {name: connection.execute(query).fetchone() for name, query in asked.items()}
    return {name: row[0] for name, row in rows.items() if row and not name.startswith(NOT_DOMAIN)}


def press_the_first_button(page: Page, link: str) -> None:
    page.goto(link)
    page.locator("button:visible, input[type=submit]:visible").first.click()
    page.wait_for_timeout(500)  # if that sent anything, it is sent


def send_the_first_form(scanner: httpx.Client, link: str) -> None:
    """As it stands on the page, with the token that is in it, whatever the page requires of people."""
    page = scanner.get(link)
    form = page.text[page.text.index("<form") : page.text.index("</form>")]
    action = re.search(r'action="([^"]*)"', form)
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    assert action and "csrfmiddlewaretoken" in fields
    assert scanner.post(str(page.url.join(action[1])), data=fields).status_code < 500


def test_p6_a_scanner_of_mails_decides_nothing(
    site: Site, links: list[str], shared_db: FreshDatabase, chromium: Browser
) -> None:
    assert any(re.search(r"/approve/\d+/$", link) for link in links), links
    before = everything(shared_db)
    context = chromium.new_context()
    with httpx.Client(follow_redirects=True, timeout=20) as scanner:
        for link in links:
            for method in ("HEAD", "GET", "OPTIONS"):
                assert scanner.request(method, link).status_code < 500
            send_the_first_form(scanner, link)
            page = context.new_page()
            press_the_first_button(page, link)
            page.close()
        assert scanner.get(site.base).url.path == "/login/"
    page = context.new_page()
    page.goto(site.base)
    assert "/login/" in page.url, "the scanner is signed in"
    context.close()
    after = everything(shared_db)
    assert {name for name in before if after[name] != before[name]} == set()


def test_the_look_at_all_rows_would_have_seen_a_signature(
    site: Site, asked: SignoffRequest, shared_db: FreshDatabase
) -> None:
    before = everything(shared_db)

    def sign() -> object:
        return decide(request=asked, person=person("bea"), verdict="approve", seal_digest=Case(asked.release).digest)

    site.aside(sign)
    changed = {name for name, digest in everything(shared_db).items() if digest != before[name]}
    assert changed >= {"approvals_decision", "core_auditentry"}
