"""P7: what flags were is kept, and whom they named can be forgotten."""

from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from core.models import AuditEntry, AuditText, Environment, User
from flags import actions
from flags.models import Flag, FlagVersion

SOMEBODY = "zoe@mail.example"


def test_p7_a_user_is_forgotten_in_all_that_flags_were(
    typo: Flag, production: Environment, emil: User, browser_of: Callable[[User], Client]
) -> None:
    where = {"attribute": "email", "op": "in", "value": [SOMEBODY, "x@mail.example"]}
    segment = actions.create_segment(product=typo.product, key="friends", name="Friends", condition=where, actor=emil)
    rule = {"name": "Friends", "when": {"segment": "friends"}, "serve": {"variant": "on"}}
    for targeting in ({"pins": {SOMEBODY: "on"}, "rules": [rule]}, {"rules": [rule]}):
        actions.set_targeting(flag=typo, environment=production, targeting=targeting, actor=emil)
    with pytest.raises(CommandError, match="segment friends"):
        call_command("forget_flag_user", "storefront", SOMEBODY)
    left = {**where, "value": ["x@mail.example"]}
    actions.change_segment(segment=segment, name="Friends", description="", condition=left, actor=emil)
    call_command("forget_flag_user", "storefront", SOMEBODY)
    kept = [f"{version.definition} {version.segments}" for version in FlagVersion.objects.all()]
    assert not any(SOMEBODY in content for content in kept) and any("(erased)" in content for content in kept)
    assert AuditEntry.objects.get(action="flag_user_forgotten").data["places"] == 3
    texts = list(AuditText.objects.filter(field="condition").order_by("pk"))
    assert not any(SOMEBODY in text.text for text in texts), "nor in what the segment was"
    assert [bool(text.erased_at) for text in texts] == [True, False]
    assert "(erased)" in browser_of(emil).get(segment.get_absolute_url()).content.decode()
    with pytest.raises(CommandError, match="no such product"):
        call_command("forget_flag_user", "nowhere", SOMEBODY)
