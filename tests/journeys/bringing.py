"""What others have done before a person's day begins: releases brought as far as their part in it, and the post."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiosmtpd.controller import Controller
from django.test import override_settings
from django.utils.text import slugify

from approvals.actions import StageSpec, add_item, set_policy, submit_release, tick_item
from approvals.models import SignoffRequest
from config.embedded import ports
from core import outbox
from core.choices import RoleKind
from core.models import Product, User
from demo import mails
from demo.services.mail import Mailbox
from releases import actions as releases
from releases.models import Build, Release
from rollouts.actions import StepSpec, TargetSpec, set_plan
from tests.house import person
from tests.rollouts.story import make_flag
from validation.actions import start_run, submit_step, write_scenario
from validation.models import Scenario

SCENARIOS = ("A swapped letter finds what was meant", "Nothing found is said kindly")
ITEM = "Load test looked at"


def product() -> Product:
    return Product.objects.get(slug="storefront")


def policy(*teams: str) -> None:
    """From now on these have to sign."""
    olga = User.objects.filter(email="olga@example.com").first()
    if olga is None:
        olga = User.objects.create_user("olga@example.com", None, name="Olga Brandt")
        olga.roles.create(product=product(), kind=RoleKind.OWNER)
    found = {team.name: team for team in product().teams.all()}
    set_policy(product=product(), actor=olga, stages=[StageSpec(name=name, team=found[name]) for name in teams])


def build(name: str, *, production: bool = False) -> Build:
    """Registered, checked and deployed, as the pipeline does."""
    emil, storefront = person("emil"), product()
    digest = f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"
    made, _ = releases.register_build(product=storefront, version=f"of {name}", digest=digest, actor=emil)
    releases.report_check(build=made, kind="regression", status="pass", actor=emil)
    for environment in storefront.environments.all() if production else storefront.environments.filter(slug="staging"):
        releases.register_deployment(build=made, environment=environment, actor=emil)
    return made


def written(name: str) -> Release:
    """Scope, candidate, plan, scenarios and checklist are there; nobody has tried anything."""
    rhea, emil, storefront = person("rhea"), person("emil"), product()
    release = releases.create_release(product=storefront, name=name, actor=rhea, way_back="The flag goes off.")
    flag = make_flag(storefront, slugify(name), rhea)
    releases.add_feature(release=release, name=name, owner=emil, actor=rhea, flags=[flag])
    releases.set_candidate(release=release, build=build(name), actor=emil)
    for title in SCENARIOS:
        write_scenario(release=release, title=title, steps=[{"do": "Search.", "expect": "It is found."}], actor=rhea)
    add_item(release=release, text=ITEM, team=storefront.teams.get(name="QA"), actor=rhea)
    set_plan(
        release=release,
        environment=storefront.environments.get(is_production=True),
        steps=[StepSpec(weight=5_000, bake_seconds=600, min_users=1), StepSpec(weight=100_000, bake_seconds=600)],
        targets=[TargetSpec(router="flag", key=flag.key)],
        kpis=[],
        actor=rhea,
    )
    return Release.objects.get(pk=release.pk)


def tried(release: Release) -> Release:
    """Tomas passed everything."""
    tomas, staging = person("tomas"), release.product.environments.get(slug="staging")
    run = start_run(release=release, environment=staging, tester=tomas)
    for scenario in Scenario.objects.filter(release=release):
        submit_step(run=run, scenario=scenario, step=1, status="pass", actor=tomas, conclude=True)
    return release


def asked(release: Release) -> list[SignoffRequest]:
    """Tried, ticked, and everybody whose signature is needed is asked."""
    for item in tried(release).checklist.all():
        tick_item(item=item, actor=person("quinn"), evidence="Dashboard, run 118")
    return submit_release(release=release, actor=person("rhea"))


@contextmanager
def post(folder: Path) -> Iterator[Path]:
    """A real mail server; in the folder lies what came."""
    box, port = folder / "mail", ports.free()[0]
    box.mkdir(mode=0o700)
    server = Controller(Mailbox(box), hostname="127.0.0.1", port=port)
    server.start()
    smtp = "django.core.mail.backends.smtp.EmailBackend"
    try:
        with override_settings(EMAIL_BACKEND=smtp, EMAIL_HOST="127.0.0.1", EMAIL_PORT=port):
            yield box
    finally:
        server.stop()


def letters(box: Path, to: str) -> list[mails.Mail]:
    """Everything that is due is delivered; then what came for this person, the newest first."""
    while outbox.deliver_due():
        pass
    return [mail for mail in mails.delivered(box, limit=1_000) if mail.to == f"{to}@example.com"]
