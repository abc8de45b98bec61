"""How a rollout reads: facts in, sentences, notches and the next action out. Pure but for the reader's time zone."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from core.ui import Line, Point
from core.weights import as_percent
from core.words import moment, short, span
from rollouts.choices import RolloutState
from rollouts.facts import RolloutFacts, StepFacts

DASH = " \N{EN DASH} "
SILENT_ROUTER = timedelta(seconds=10)
"""A router that was not heard for so long, and has a problem, does not answer."""
NUMBERS = ("no", "the one", "both", "all three", "all four", "all five", "all six")


@dataclass(frozen=True, kw_only=True)
class Next:
    """The box of what happens next. `line` may lead up to a countdown to `until`."""

    label: str
    line: str
    detail: str = ""
    until: datetime | None = None


def clock(at: datetime) -> str:
    """``10:41:11 CET`` in the reader's zone."""
    return f"{timezone.localtime(at):%H:%M:%S %Z}"


def time(at: datetime, now: datetime) -> str:
    """``10:41:11`` today, ``Fri 13:50`` before; the zone stands elsewhere on the page."""
    local = timezone.localtime(at)
    return f"{local:%H:%M:%S}" if local.date() == timezone.localtime(now).date() else short(at)


def targets(count: int) -> str:
    return "1 target" if count == 1 else f"{count} targets"


def seen(facts: RolloutFacts) -> str:
    """How many people had it, where a source counts them; a sentence to go on with, or nothing."""
    users = max((kpi.users for kpi in facts.kpis), default=0)
    return f" {users} {'person was' if users == 1 else 'people were'} seen on it." if users else ""


def said(facts: RolloutFacts) -> str:
    """What a screen reader hears when it changes: one short text per material change, without what ticks."""
    state, weight = facts.state, as_percent(facts.desired)
    if state is RolloutState.ROLLED_BACK:
        if facts.restored_at and facts.ended_at:
            return f"Rolled back in {seconds(facts.restored_at - facts.ended_at)}"
        return "Rolling back"
    if state is RolloutState.COMPLETED:
        return f"Complete: everyone has {facts.candidate}"
    if state is RolloutState.PAUSED:
        return f"Paused: {because(facts)}"
    if facts.silent:
        return f"Held: no data for {' and '.join(kpi.name for kpi, _ in facts.silent)}"
    if state is RolloutState.HELD:
        return f"Held: {because(facts).partition(DASH)[0]}"
    if facts.turned_off:
        return f"Held: {' and '.join(facts.turned_off)} turned off"
    if facts.step < 0:
        return "Started"
    if not facts.all_confirmed:
        return f"Going to {weight}"
    return "Watching at 100\u00a0%" if state is RolloutState.WATCH else f"{weight} confirmed"


def seconds(duration: timedelta) -> str:
    """``3.2 s`` below two minutes, else as everywhere."""
    exact = duration.total_seconds()
    return f"{exact:.1f}\u00a0s" if exact < 120 else span(duration)


def sentence(facts: RolloutFacts) -> Line:
    """The first line of the page: what is, and what then."""
    state, weight = facts.state, as_percent(facts.desired)
    if state is RolloutState.ROLLED_BACK:
        return _rolled_back(facts)
    if state is RolloutState.COMPLETED:
        lead = f"Complete: everyone has {facts.candidate}"
        ended = f"since {moment(facts.ended_at)}" if facts.ended_at else ""
        return Line("good", "open", lead, ended, "a newer rollout took over" if facts.superseded else "")
    stopped = _stopped(facts, weight)
    if stopped:
        return stopped
    if facts.step < 0:
        return Line("live", "live", "Started:", f"nobody has {facts.candidate} yet", _then(facts))
    if not facts.all_confirmed:
        text = f"{facts.confirmed} of {len(facts.targets)} targets have confirmed"
        return Line("live", "live", f"Going to {weight}:", text, _then(facts))
    if state is RolloutState.WATCH:
        return Line("live", "live", "Watching at 100\u00a0%:", _health(facts), _then(facts))
    lead = f"Healthy at {weight}:" if facts.judged and facts.passing == len(facts.judged) else f"At {weight}:"
    return Line("live", "live", lead, _health(facts), _then(facts))


def _stopped(facts: RolloutFacts, weight: str) -> Line | None:
    """What keeps a live rollout from growing, if anything does: a person's word first, then missing data."""
    if facts.state is RolloutState.PAUSED:
        return Line("wait", "hold", f"Paused at {weight}:", because(facts), "a person resumes it or rolls it back")
    if facts.silent:
        return _silent(facts)
    if facts.state is RolloutState.HELD:
        return Line("wait", "hold", f"Held at {weight}:", because(facts), "goes on by itself when that is gone")
    if facts.turned_off:
        off = " and ".join(facts.turned_off)
        then = "turned on again, or back"
        return Line("wait", "hold", f"Held at {weight}:", f"{off} is turned off by a person", then)
    return None


def _rolled_back(facts: RolloutFacts) -> Line:
    cause = _harm(facts) or because(facts)
    if facts.restored_at and facts.ended_at:
        took = seconds(facts.restored_at - facts.ended_at)
        then = f"everyone is {facts.way_back} since {clock(facts.restored_at)}"
        return Line("bad", "back", f"Rolled back in {took}:", cause, then)
    back = f"{facts.confirmed} of {len(facts.targets)} targets have confirmed 0\u00a0%"
    return Line("bad", "back", "Rolling back:", cause, back)


def _silent(facts: RolloutFacts) -> Line:
    kpi, age = max(facts.silent, key=lambda pair: pair[1])
    others = f" and {len(facts.silent) - 1} more" if len(facts.silent) > 1 else ""
    text = f"no data for {kpi.name}{others} for {span(age)}"
    then = "goes on by itself when it is back and passes"
    return Line("wait", "hold", f"Held at {as_percent(facts.desired)}:", text, then)


def because(facts: RolloutFacts) -> str:
    """The first reason in its first sentence, ``Failed searches – no canary traffic for 11 min``: what else there is
    to say stands where it belongs, below.
    """
    said = facts.reasons[0] if facts.reasons else "somebody asked for it"
    about, colon, why = said.partition(": ")
    if not colon:
        return said.rstrip(".")
    why = why if facts.by_person else _lowered(why.split(". ")[0])
    return f"{about}{DASH}{why.rstrip('.')}"


def _lowered(text: str) -> str:
    """To go on within a sentence: but ``QA``, ``API`` stay."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _harm(facts: RolloutFacts) -> str:
    """``Failed searches 3.1× stable at 25 %``: what a comparison showed, from the numbers it left behind."""
    cause = facts.cause
    kpi, canary, stable = cause.get("kpi"), cause.get("canary"), cause.get("stable")
    proven = (cause.get("e_value") or 0) >= (cause.get("bound") or float("inf"))
    if facts.by_person or not (kpi and canary and stable and proven):
        return ""
    others = "stable" if facts.stable else "everybody else"
    times = f"{canary / stable:.2g}" if canary < 10 * stable else f"{canary / stable:.0f}"
    return f"{kpi} {times}× {others} at {as_percent(cause.get('weight', 0))}"


def _health(facts: RolloutFacts) -> str:
    count = len(facts.judged)
    if not count:
        return "no KPI can judge it" if facts.kpis else "no KPI watches it"
    if facts.passing == count:
        named = NUMBERS[count] if count < len(NUMBERS) else f"all {count}"
        which = "" if count == len(facts.kpis) else " that can still be judged"
        return f"{named} KPI{'s' if count != 1 else ''}{which} {'pass' if count != 1 else 'passes'}"
    waiting = [kpi.name for kpi in facts.judged if not kpi.is_fine]
    return f"{facts.passing} of {count} KPIs pass, not yet {' and '.join(waiting[:2])}"


def _then(facts: RolloutFacts) -> str:
    at = f" at {clock(facts.action.at)}" if facts.action.at and facts.action.at > facts.now else ""
    if facts.action.verb == "advance":
        go = facts.waits_for_go
        by = f"when {go} presses go" if go else "by itself, if they still do"
        return f"{as_percent(facts.action.weight)}{at} {by}"
    if facts.action.verb == "watch":
        return f"the watch begins{at}"
    if facts.action.verb == "complete":
        return f"complete{at}, if nothing happens"
    return ""


def next_box(facts: RolloutFacts, *, told: str = "") -> Next:
    """What happens next, who makes it happen, and what it needs. `told`: who heard of a rollback, as a sentence."""
    if facts.state is RolloutState.ROLLED_BACK and not facts.restored_at:
        asked = f"{facts.confirmed} of {targets(len(facts.targets))} confirmed; the others are told again every second."
        return Next(label="Next, by itself", line=f"Everybody {facts.way_back} again", detail=f"{asked} {told}".strip())
    if facts.state is RolloutState.ROLLED_BACK:
        line = "Nothing moves until a new candidate has passed the gates"
        return Next(label="Next, by a person", line=line, detail=told)
    if facts.state is RolloutState.COMPLETED:
        return Next(
            label="Next, by a person", line="Take the flags out of the code", detail="They are no longer needed."
        )
    if facts.action.verb == "none" and facts.state is not RolloutState.PAUSED:
        return Next(label="Next, by itself", line="Stop, and ask a person", detail=" ".join(facts.action.waits_for[:1]))
    if facts.action.verb == "none":
        detail = _more(facts) or "Users keep what they have until then."
        return Next(label="Next, by a person", line="Resume, or roll back", detail=detail)
    line, detail = _by_itself(facts)
    detail = _more(facts) or detail
    counting = facts.action.at is not None and facts.action.at > facts.now
    if counting:
        return Next(label="Next, by itself", line=line, detail=detail, until=facts.action.at)
    now = "as soon as nothing stands in its way" if facts.action.waits_for else "now"
    return Next(label="Next, by itself", line=f"{line} {now}", detail=detail)


def _more(facts: RolloutFacts) -> str:
    """The first thing that stands in its way and is not said yet, neither in the first sentence nor beside its KPI; the
    others stand below, beside what they are about.
    """
    told = facts.state in {RolloutState.HELD, RolloutState.PAUSED} or bool(facts.silent or facts.turned_off)
    waits = facts.action.waits_for
    if told:
        kpis = tuple(f"{kpi.name}: " for kpi in facts.kpis)
        waits = tuple(one for one in waits if one not in facts.reasons[:1] and not one.startswith(kpis))
    return f"{waits[0]} And {len(waits) - 1} more, below." if len(waits) > 1 else "".join(waits)


def _by_itself(facts: RolloutFacts) -> tuple[str, str]:
    if facts.action.verb == "complete":
        return "Complete", f"Until then {_warm(facts)}, and rolling back takes seconds."
    if facts.action.verb == "watch":
        return "Begin the watch", f"It lasts {span(facts.watch)}; {_warm(facts)}."
    go = facts.waits_for_go
    needs = f"Needs {'a go from ' + go + ', ' if go else ''}every KPI to pass and every gate to be open."
    return f"Grow to {as_percent(facts.action.weight)}", needs


def _warm(facts: RolloutFacts) -> str:
    return f"{facts.stable} is kept warm" if facts.stable else "its flags can go off at once"


def rail(facts: RolloutFacts) -> list[Point]:
    """The steps and the watch; after a rollback the hull stands at 0 % again with its track dotted behind it."""
    if facts.state is RolloutState.ROLLED_BACK:
        return _undone(facts)
    points = [_notch(facts, index, step) for index, step in enumerate(facts.steps)]
    finished = facts.state is RolloutState.COMPLETED
    if facts.state is RolloutState.WATCH:
        at, done_to = "now", _share(facts, facts.watch)
    else:
        at, done_to = ("done", 100.0) if finished else ("todo", 0.0)
    return [*points, Point("Watch", f"{span(facts.watch)}, {facts.kept_warm}", at, done_to)]


def _notch(facts: RolloutFacts, index: int, step: StepFacts) -> Point:
    name = as_percent(step.weight)
    past = index < facts.step or facts.state in {RolloutState.WATCH, RolloutState.COMPLETED}
    if past:
        since = f"since {time(step.since, facts.now)}" if step.since else "done"
        return Point(name, since, "done", 100)
    if index > facts.step:
        go = f", {step.go_team} presses go" if step.go_team else ""
        return Point(name, f"bakes {span(step.bake)}{go}")
    if facts.baked_since is None:
        return Point(name, f"{facts.confirmed} of {len(facts.targets)} confirmed", "now", 12)
    baked = min(facts.now - facts.baked_since, step.bake)
    note = f"{span(baked)} of {span(step.bake)} baked" if baked < step.bake else f"baked {span(step.bake)}"
    return Point(name, note, "now", _covered(baked, step.bake))


def _share(facts: RolloutFacts, whole: timedelta) -> float:
    left = facts.action.at - facts.now if facts.action.at else timedelta()
    return _covered(whole - left, whole)


def _covered(part: timedelta, whole: timedelta) -> float:
    """Per cent of a notch's way; from 12 on, so that the hull never stands on the notch's name."""
    share = part / whole if whole else 1.0
    return round(12 + 80 * min(max(share, 0.0), 1.0), 1)


def _undone(facts: RolloutFacts) -> list[Point]:
    back = f"confirmed {time(facts.restored_at, facts.now)}" if facts.restored_at else "being confirmed"
    note = f"{back} on {facts.confirmed} of {len(facts.targets)}"
    points = [Point("0\u00a0%", note, "now", 100 if facts.step >= 0 else 0, undone=facts.step >= 0)]
    for index, step in enumerate(facts.steps):
        name = as_percent(step.weight)
        if index > facts.step:
            points.append(Point(name, "not reached"))
        elif index < facts.step:
            points.append(Point(name, _stay(step.since, facts.steps[index + 1].since), "done", 100, undone=True))
        else:
            stay = _stay(facts.step_since, facts.ended_at)
            points.append(Point(name, stay, "done", 81, undone=True, tone="bad", icon="fail"))
    return points


def _stay(since: datetime | None, until: datetime | None) -> str:
    return f"was here {span(until - since)}" if since and until else "was here"
