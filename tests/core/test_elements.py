"""The design system's tags: escaped, accessible, and never colour alone."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django import forms
from django.conf import settings
from django.db import transaction
from django.template import Context, Engine, Template
from django.test import Client
from django.utils import timezone

from core import audit, samples, ui
from core.models import AuditEntry, User

TEMPLATES = settings.BASE_DIR / "templates"
Browser = Callable[[User], Client]
NASTY = "<script>alert(1)</script>"


def draw(source: str, **context: object) -> str:
    return Template(source).render(Context(context))


@pytest.mark.parametrize(
    "source",
    [
        '{% state tone="good" icon="open" word=x %}',
        "{% sentence line %}",
        '{% rail points "Steps" %}',
        "{% gate gate %}",
        '{% empty x "text" %}',
        "{% seal x %}",
    ],
)
def test_everything_is_escaped(source: str) -> None:
    gate_state = SimpleNamespace(value=NASTY, tone="bad", icon="blocked")
    gate = SimpleNamespace(
        name=NASTY, state=gate_state, sentence=NASTY, who=NASTY, since=None, url="/x/", act=NASTY, is_open=False
    )
    line = ui.Line("bad", "blocked", NASTY, NASTY, NASTY, NASTY)
    drawn = draw(source, x=NASTY, line=line, points=[ui.Point(NASTY, NASTY)], gate=gate)
    assert "<script>" not in drawn and "&lt;scr" in drawn


def test_a_state_is_an_icon_and_a_word() -> None:
    drawn = draw('{% state tone="bad" icon="fail" word="fail" %}')
    assert "#i-fail" in drawn and ">fail</span>" in drawn and 'aria-hidden="true"' in drawn


def test_the_rail_says_where_it_stands() -> None:
    points = [ui.Point("5 %", at="done"), ui.Point("25 %", at="now", done_to=40), ui.Point("100 %")]
    drawn = draw('{% rail points "Steps" %}', points=points)
    assert drawn.count('aria-current="step"') == 1
    assert drawn.count("rail__hull") == 1
    assert 'x2="40%"' in drawn and 'data-count="3"' in drawn


def test_a_rolled_back_rail_is_dotted_and_stands_at_the_top() -> None:
    points = [ui.Point("0 %", at="now", done_to=100, undone=True), ui.Point("5 %", at="done", done_to=81, undone=True)]
    drawn = draw('{% rail points "Steps" %}', points=points)
    assert drawn.count("rail__undone") == 2 and drawn.count("rail__stop") == 1
    assert "rail__done" not in drawn


def test_a_time_keeps_its_exact_moment() -> None:
    at = timezone.now() - timedelta(hours=3)
    assert f'datetime="{at.isoformat()}"' in draw("{% when at %}", at=at)
    assert f'data-countdown="{at.isoformat()}"' in draw("{% countdown at %}", at=at)
    nothing: datetime | None = None
    assert draw("{% when at %}{% ago at %}{% countdown at %}", at=nothing) == ""


class Form(forms.Form):
    reason = forms.CharField(help_text="One sentence.")
    sure = forms.BooleanField()
    verdict = forms.ChoiceField(choices=[("yes", "Approve"), ("no", "Refuse")], widget=forms.RadioSelect)


def test_a_field_is_wired_to_its_label_hint_and_errors() -> None:
    form = Form({})
    drawn = draw("{% for one in form %}{% field one %}{% endfor %}", form=form)
    assert 'for="id_reason"' in drawn
    assert 'aria-describedby="id_reason_error id_reason_hint"' in drawn
    assert 'id="id_reason_error"' in drawn and 'id="id_reason_hint"' in drawn
    assert drawn.count('aria-invalid="true"') >= 2
    assert "<legend" in drawn and drawn.count('type="radio"') == 2
    assert " checked" not in drawn, "nothing is chosen beforehand"


def test_the_history_tells_who_did_what(rhea: User) -> None:
    with transaction.atomic():
        audit.record(stream="product:1", actor=rhea, action="something_new", subject="product:1")
        audit.record(stream="product:1", actor=None, action="something_else", subject="product:1")
    drawn = draw("{% history entries %}", entries=AuditEntry.objects.order_by("-seq"))
    assert "<b>Slipway</b>: something else" in drawn
    assert "<b>Rhea Lind</b>: something new" in drawn


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('{% button "Go" look="primary big" icon="play" %}', '<button class="btn btn--primary btn--big">'),
        ('{% button "All" "audit" look="quiet" %}', '<a class="btn btn--quiet" href="/audit/">'),
        ('{% button "Decide" "#decide" %}', '<a class="btn" href="#decide">'),
        ('{% button "Hold" formaction="/x/" disabled=True hx_post=none %}', ' formaction="/x/" disabled>'),
        ('{% button "More" look="icon" icon="more" about="Search" %}', 'aria-label="More Search"'),
        ('{% tag "2.0.3" icon="build" %}', '<span class="tag"><svg'),
        ('{% tag "a-key" "audit" code=True %}', '<a class="tag tag--code" href="/audit/">a-key</a>'),
        ('{% heading "Gates" %}<b>2</b>{% endheading %}', '<h2>Gates</h2><span class="count"><b>2</b></span></div>'),
        (
            '{% heading "All" "audit" link="More" level=3 %}{% endheading %}',
            '<h3>All</h3><a class="push" href="/audit/">',
        ),
        ('{% weight 10 "a reason" %}', 'width="20" height="8"'),
        ('{% weight -30 "a reason" %}', "\N{MINUS SIGN}30"),
    ],
)
def test_an_element_draws(source: str, expected: str) -> None:
    assert expected in draw(source, none=None)


def test_the_page_of_elements_shows_every_one_of_them(emil: User, browser_of: Browser) -> None:
    shown = browser_of(emil).get("/elements/")
    assert shown.status_code == 200
    drawn = {template.name for template in shown.templates}
    files = {f"elements/{one.name}" for one in (TEMPLATES / "elements").glob("*.html")}
    assert files <= drawn, "an element without a sample"
    source = "".join((TEMPLATES / name).read_text() for name in ("core/elements.html", "core/_elements_acts.html"))
    engine = Engine.get_default()
    ours = [two for one, two in zip(engine.builtins, engine.template_builtins, strict=True) if one.startswith("core.")]
    assert len(ours) == 3
    for library in ours:
        for name in library.tags:
            assert f"{{% {name} " in source, f"the tag {name} has no sample"
        for name in library.filters:
            assert f"|{name} " in source, f"the filter {name} has no sample"


def test_the_page_of_elements_is_for_those_who_build_it(rhea: User, emil: User, browser_of: Browser) -> None:
    assert browser_of(rhea).get("/elements/").status_code == 403
    assert browser_of(emil).get("/elements/").status_code == 200
    rhea.is_staff = True
    rhea.save(update_fields=["is_staff"])
    assert browser_of(rhea).get("/elements/").status_code == 200


def test_every_icon_that_a_state_has_is_in_the_sprite() -> None:
    sprite = set(samples.icons())
    assert {"open", "waiting", "blocked"} <= sprite
    missing = {str(one.icon) for _, states in samples.words() for one in states} - sprite
    assert not missing


def test_colours_have_names_and_narrow_rules_are_for_screens() -> None:
    """A literal colour would miss one of the themes; on paper every page has its wide layout."""
    for sheet in (settings.BASE_DIR / "static/css").glob("*.css"):
        rules = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)
        assert "@media (max-width" not in rules, sheet.name
        if sheet.name != "tokens.css":
            assert not re.search(r":[^;{]*(#[0-9a-f]{3,8}\b|\b(rgb|hsl|oklch)a?\()", rules), sheet.name
