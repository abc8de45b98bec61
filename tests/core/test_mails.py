"""The plain part of a mail is plain: nothing in it was drawn for a page."""

from pathlib import Path

import pytest
from django.conf import settings
from django.template.base import Template
from django.template.library import TagHelperNode
from django.template.loader import get_template

TEMPLATES = Path(settings.BASE_DIR, "templates")
PLAIN = sorted(str(file.relative_to(TEMPLATES)) for file in TEMPLATES.glob("**/*.txt"))


def drawn(source: str) -> list[str]:
    """The tags of ours in a template: they draw HTML, where a filter says the same in words."""
    nodes = Template(source).nodelist.get_nodes_by_type(TagHelperNode)
    return [str(node.token.contents) for node in nodes if isinstance(node, TagHelperNode) and node.token]


@pytest.mark.parametrize("name", PLAIN)
def test_no_plain_part_draws_html(name: str) -> None:
    source = TEMPLATES.joinpath(name).read_text()
    assert get_template(name) and drawn(source) == [] and "<" not in source


def test_a_tag_within_a_block_would_be_found() -> None:
    assert drawn('{% extends "email/base.txt" %}{% block body %}{% if due %}{% when due %}{% endif %}{% endblock %}')
