"""The gates of this room: load facts (a constant number of queries), let `releases.rules` decide, say who and where."""

from datetime import datetime

from django.db.models import Q
from django.urls import reverse

from core.models import AuditEntry, Environment
from releases import rules
from releases.choices import CheckKind
from releases.gates.base import Gate, Question
from releases.models import Build, Check, Deployment, Feature, FeatureLink, Freeze, Release
from releases.rules import Answer, GateState, OnClose

SCOPE_ACTIONS = (
    "release_created",
    "release_changed",
    "feature_added",
    "feature_changed",
    "feature_removed",
    "features_linked",
    "features_unlinked",
)


def scope(question: Question) -> list[Gate]:
    """Features exist, what they depend on is in the release and goes in no circle, and the way back is written."""
    release = question.release
    features = [rules.Feature(id=row.pk, name=row.name) for row in Feature.objects.filter(release=release)]
    links = list(FeatureLink.objects.filter(feature__release=release).values_list("feature_id", "other_id", "kind"))
    after = [(one, other) for one, other, kind in links if kind == "after"]
    linked = [end for one, other, _ in links for end in (one, other)]
    answer = rules.scope(features, after, linked, release.way_back)
    who, since = _last_change(release)
    return [_gate("scope", "Scope", answer, release, who=who, since=since, act="Change scope", anchor="scope")]


def flag_coverage(question: Question) -> list[Gate]:
    """Each feature has a flag that this release holds, or a stated reason why not."""
    release = question.release
    features = []
    for row in Feature.objects.filter(release=release).prefetch_related("flags"):
        flags = tuple(
            rules.Flag(key=flag.key, claimed=flag.claim == release.subject, archived=flag.archived_at is not None)
            for flag in row.flags.all()
        )
        features.append(rules.Feature(id=row.pk, name=row.name, flags=flags, no_flag_reason=row.no_flag_reason))
    answer = rules.flag_coverage(features)
    who = "by itself" if answer.is_open else str(release.manager)
    return [_gate("flag_coverage", "Flag coverage", answer, release, who=who, act="Add flags", anchor="scope")]


def candidate(question: Question) -> list[Gate]:
    """Every product has a build, the pinned one if one was pinned, and its regression suite passed."""
    answer = rules.candidate(candidates(question.release), question.digests)
    check = Check.objects.filter(pk=answer.about).select_related("reported_by").first() if answer.about else None
    who = str(check.reported_by) if check and check.reported_by else "the pipeline"
    since = check.reported_at if check else None
    gate = _gate(
        "candidate", "Candidate", answer, question.release, who=who, since=since, act="Set", anchor="candidate"
    )
    return [gate]


def running_build(question: Question) -> list[Gate]:
    """In production each candidate runs, by its deployment record and by what the slot itself said lately."""
    facts = candidates(question.release)
    products = [one.product_id for one in facts]
    running = _running(products)
    producing = list(
        Environment.objects.filter(product__in=products, is_production=True).values_list("product_id", flat=True)
    )
    answer = rules.running_build(facts, [place for place, _ in running], producing, question.digests, question.now)
    made = next((row for place, row in running if place.deployment_id == answer.about), None)
    who = str(made.deployed_by) if made and made.deployed_by else "the pipeline"
    return [
        Gate(
            key="running_build",
            name="Running build",
            state=answer.state,
            sentence=answer.sentence,
            who=who,
            since=made.deployed_at if made else None,
            url=reverse("running"),
            act="View",
            on_close=OnClose.HOLD,
        )
    ]


def freeze(question: Question) -> list[Gate]:
    """No product of the release is frozen now."""
    release = question.release
    rows = Freeze.objects.filter(
        Q(product__candidates__release=release) | Q(product=release.product_id),
        lifted_at=None,
        ends_at__gt=question.now,
    ).distinct()
    facts = [rules.Freeze(id=row.pk, reason=row.reason, starts_at=row.starts_at, ends_at=row.ends_at) for row in rows]
    answer = rules.freeze(facts, question.now)
    starts = {fact.id: fact.starts_at for fact in facts}
    since = None if answer.is_open or answer.about is None else starts[answer.about]
    gate = _gate("freeze", "Freeze", answer, release, who="the calendar", since=since, anchor="gates")
    return [gate]


def candidates(release: Release) -> list[rules.Candidate]:
    """The release's products with their builds and newest regression checks, in the order of product names."""
    rows = list(release.candidates.select_related("product", "build").order_by("product__name"))
    checks = {
        check.build_id: check
        for check in Check.objects.filter(
            build__in=[row.build_id for row in rows if row.build_id], kind=CheckKind.REGRESSION
        ).order_by("reported_at", "id")
    }
    return [
        rules.Candidate(
            product_id=row.product_id,
            product=row.product.name,
            version=row.build.version if row.build else "",
            digest=row.build.digest if row.build else "",
            regression=checks[row.build_id].status if row.build_id in checks else "",
            check_id=checks[row.build_id].pk if row.build_id in checks else None,
        )
        for row in rows
    ]


def _running(products: list[int]) -> list[tuple[rules.Running, Deployment]]:
    newest = list(
        Deployment.objects.filter(environment__product__in=products, environment__is_production=True)
        .order_by("environment_id", "slot_id", "-deployed_at", "-id")
        .distinct("environment_id", "slot_id")
        .select_related("build", "slot", "environment", "deployed_by")
    )
    said = [row.slot.observed_digest for row in newest if row.slot and row.slot.observed_digest]
    versions = {
        (product, digest): version
        for product, digest, version in Build.objects.filter(product__in=products, digest__in=said).values_list(
            "product_id", "digest", "version"
        )
    }
    return [(_place(row, versions), row) for row in newest]


def _place(row: Deployment, versions: dict[tuple[int, str], str]) -> rules.Running:
    slot, product = row.slot, row.environment.product_id
    said = slot.observed_digest if slot else ""
    return rules.Running(
        product_id=product,
        place=f"{row.environment.name} {slot.name}" if slot else row.environment.name,
        version=row.build.version,
        digest=row.build.digest,
        deployment_id=row.pk,
        answers=bool(slot and slot.version_url),
        said_digest=said,
        said=versions.get((product, said)) or rules.short(said),
        said_at=slot.observed_at if slot else None,
    )


def _last_change(release: Release) -> tuple[str, datetime | None]:
    entry = (
        AuditEntry.objects.filter(stream=release.subject, action__in=SCOPE_ACTIONS)
        .select_related("actor")
        .order_by("-seq")
        .first()
    )
    return (str(entry.actor or release.manager), entry.at) if entry else (str(release.manager), None)


def _gate(
    key: str,
    name: str,
    answer: Answer,
    release: Release,
    *,
    who: str,
    act: str = "View",
    anchor: str,
    since: datetime | None = None,
) -> Gate:
    """A freeze holds a rollout, as it lifts itself; the others need a person. An open gate only shows its place."""
    page = f"{reverse('release', args=[release.pk])}#{anchor}"
    work = page if answer.is_open or anchor == "gates" else reverse("release-scope", args=[release.pk])
    return Gate(
        key=key,
        name=name,
        state=answer.state,
        sentence=answer.sentence,
        who=who,
        since=since,
        url=work,
        act="View" if answer.state is GateState.OPEN else act,
        on_close=OnClose.HOLD if key == "freeze" else OnClose.PAUSE,
    )
