"""Search 2.0: three features that depend on each other, tried by two testers, signed by QA, and waiting for Bea."""

from dataclasses import dataclass

from approvals.actions import add_item, decide, submit_release, tick_item
from approvals.case import Case
from approvals.choices import Verdict
from approvals.models import SignoffRequest
from core.models import User
from demo.story import plans, stage
from demo.story.stage import Stage
from releases import actions
from releases.choices import CheckKind, LinkKind
from releases.models import Feature, Release
from validation import actions as testing
from validation.choices import ResultStatus, Severity

BAKE = 18
"""Seconds at each step: the judge leaves out five, and holds a total against its limit after ten more."""
STEPS = ((5_000, BAKE, 5), (25_000, BAKE, 20), (50_000, BAKE, 30), (100_000, BAKE, 0))
FEATURES = (
    ("Typo tolerance", "“jakcet” finds jackets.", "search-typo", "emil"),
    ("Instant results", "Results appear while one types.", "search-instant", "emil"),
    ("Better ranking", "What others buy comes first.", "search-ranking", "mara"),
)


@dataclass(frozen=True, kw_only=True)
class Written:
    """A scenario; `feature` is an index into the ones above, `steps` are what to do and what to expect."""

    title: str
    story: str
    feature: int
    minutes: int
    steps: tuple[tuple[str, str], ...]


SCENARIOS: tuple[Written, ...] = (
    Written(
        title="A swapped letter finds what was meant",
        story="As a shopper on a phone, I mistype what I want and still get it.",
        feature=0,
        minutes=4,
        steps=(
            ("Open the shop on a phone and tap the search field.", "The keyboard opens, the field stays visible."),
            ("Type “jakcet”, do not press enter.", "The list offers “jacket” within a second."),
            ("Choose the first suggestion.", "Jackets are shown, and the field says “jacket”."),
            ("Press back and type “lapm”.", "Lamps are shown; the jackets are gone."),
            ("Turn the phone sideways.", "The same articles, nothing cut off."),
        ),
    ),
    Written(
        title="Results appear while typing",
        story="As a shopper in a hurry, I see articles before I have finished the word.",
        feature=1,
        minutes=3,
        steps=(
            ("Type “la” slowly.", "Lamps appear before the word is whole."),
            ("Type on, quickly, to “lamp shade”.", "The list follows, and never shows an older answer."),
            ("Clear the field.", "The list is empty."),
        ),
    ),
    Written(
        title="The cheapest fitting article comes first",
        story="As a shopper with little money, I find the bargain without sorting.",
        feature=2,
        minutes=5,
        steps=(
            ("Search for “red”.", "Prices rise down the list."),
            ("Go to the second page.", "It begins where the first one ended."),
            ("Choose the size M.", "What is left is still in the order of price."),
            ("Press back.", "The whole list is there, in the same order."),
        ),
    ),
    Written(
        title="Nothing found is said kindly",
        story="As a shopper who wants what the shop does not have, I am told so and helped on.",
        feature=0,
        minutes=2,
        steps=(
            ("Search for “xylophone”.", "The page says that there is none."),
            ("Read the page.", "It offers the departments, not a guess."),
            ("Choose a department.", "Its articles are shown, and the field is empty."),
        ),
    ),
)


def outline(at: Stage) -> Release:
    """The release as Rhea wrote it down: scope, scenarios, checklist and plan, before any build is there."""
    rhea = at.people["rhea"]
    release = actions.create_release(
        product=at.storefront,
        name="Search 2.0",
        summary="Search forgives typing errors, answers while one types, and ranks by what sells.",
        way_back="The route goes back to version 1.4.2, which keeps running; the flags go off. No data changes.",
        actor=rhea,
    )
    features = [_feature(at, release, *row) for row in FEATURES]
    together, after = LinkKind.TOGETHER, LinkKind.AFTER
    actions.link_features(feature=features[1], other=features[0], kind=together, actor=rhea)
    actions.link_features(feature=features[2], other=features[1], kind=after, actor=rhea)
    for one in SCENARIOS:
        testing.write_scenario(
            release=release,
            title=one.title,
            story=one.story,
            steps=[{"do": do, "expect": expect} for do, expect in one.steps],
            feature=features[one.feature],
            minutes=one.minutes,
            actor=rhea,
        )
    teams = {team.name: team for team in at.storefront.teams.all()}
    add_item(release=release, text="Support knows what changes", team=teams["Business"], actor=rhea)
    add_item(release=release, text="Load test on staging looked at", team=teams["QA"], actor=rhea)
    add_item(
        release=release,
        text="Old and new version run on the same tables",
        team=teams["QA"],
        check_kind=CheckKind.DATABASE,
        actor=rhea,
    )
    plans.by_route(at, release, steps=STEPS, watch=60)
    return release


def prepare(at: Stage, release: Release) -> None:
    """Everything up to the last signature: build, tests by two people, checklist, QA's yes; then Bea is asked."""
    build = stage.candidate(at)
    actions.set_candidate(release=release, build=build, actor=at.people["emil"])
    _try_out(at, release)
    evidence = {"Support knows what changes": ("bea", "Newsletter of Monday to the support desk")}
    evidence["Load test on staging looked at"] = ("quinn", "Dashboard “search staging”, run 118")
    for item in release.checklist.filter(check_kind=""):
        who, where = evidence[item.text]
        tick_item(item=item, actor=at.people[who], evidence=where)
    submit_release(release=release, actor=at.people["rhea"])
    sign(release, "QA", at.people["quinn"], condition="slow searches are watched closely: staging has no real load.")


def sign(release: Release, stage_name: str, person: User, condition: str = "") -> None:
    """`person` reads what the release is now, and says yes to exactly that."""
    request = SignoffRequest.objects.get(release=release, stage__name=stage_name)
    verdict = Verdict.CONDITION if condition else Verdict.APPROVE
    read = Case(Release.objects.get(pk=release.pk)).digest
    decide(request=request, person=person, verdict=verdict, seal_digest=read, reason=condition)


def _feature(at: Stage, release: Release, name: str, description: str, flag: str, owner: str) -> Feature:
    return actions.add_feature(
        release=release,
        name=name,
        description=description,
        owner=at.people[owner],
        flags=[at.flags[flag]],
        actor=at.people["rhea"],
    )


def _try_out(at: Stage, release: Release) -> None:
    """Tomas tries everything, Tara what is new; she finds something small, which Rhea accepts."""
    scenarios = list(release.scenarios.all())
    staging = at.place(at.storefront, "staging")
    for tester, chosen in (("tomas", scenarios), ("tara", scenarios[:2])):
        person = at.people[tester]
        run = testing.start_run(release=release, environment=staging, tester=person)
        for scenario in chosen:
            for step in range(1, len(scenario.steps) + 1):
                testing.submit_step(run=run, scenario=scenario, step=step, status=ResultStatus.PASS, actor=person)
            testing.submit_result(run=run, scenario=scenario, status=ResultStatus.PASS, actor=person)
        testing.finish_run(run=run, actor=person)
    finding = testing.raise_finding(
        release=release,
        build=run.build,
        title="The list flickers once on very slow connections",
        severity=Severity.MINOR,
        scenario=scenarios[1],
        step=2,
        actor=at.people["tara"],
    )
    reason = "Seen once, at 56 kbit/s; the next build draws the list in one go."
    testing.move_finding(finding=finding, verb="accepted", actor=at.people["rhea"], reason=reason)
