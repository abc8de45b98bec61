"""Rules of the house that a machine can check."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.utils.module_loading import import_string

from tests.architecture.walk import ROOMS, ROOT, parsed, sources

LONGEST_FILE = 300
LONGEST_BODY = 40


def templates() -> list[Path]:
    return sorted(ROOT.glob("templates/**/*.html")) + sorted(ROOT.glob("*/templates/**/*.html"))


def trees() -> Iterator[tuple[str, ast.Module]]:
    for file in sources():
        yield str(file.relative_to(ROOT)), parsed(file)


def body_length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of what it does: without its signature and its docstring."""
    first, *rest = function.body
    explained = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and rest
    start = rest[0] if explained else first
    return (function.end_lineno or 0) - start.lineno + 1


def test_files_stay_small() -> None:
    lengths = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in sources()}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}
    assert median(lengths.values()) < 100


def test_functions_stay_small() -> None:
    long = {
        f"{name}:{node.name}": body_length(node)
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and body_length(node) > LONGEST_BODY
    }
    assert long == {}


def test_a_row_lock_says_which_rows() -> None:
    """`select_for_update()` alone locks every joined row as well."""
    silent = [
        f"{name}:{node.lineno}"
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", "") == "select_for_update"
        and not any(keyword.arg == "of" for keyword in node.keywords)
    ]
    assert silent == []


def test_one_client_talks_to_the_outside() -> None:
    """Other libraries have no address guard. The demo's services and the launcher are no part of the application."""
    others = {"httpx", "requests", "urllib3", "aiohttp", "urllib.request", "http.client"}
    found = [
        f"{name}: {module}"
        for name, tree in trees()
        if not name.startswith(("demo/services/", "config/embedded/")) and name != "core/http.py"
        for module in imported(tree)
        if module in others or module.split(".")[0] in others
    ]
    assert found == []


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("file", templates(), ids=lambda file: str(file.relative_to(ROOT)))
def test_no_inline_script_or_style(file: Path) -> None:
    if "email" in file.parts:
        return  # mail needs inline styles, and no policy reaches it
    text = re.sub(r"{#.*?#}|{% comment %}.*?{% endcomment %}", "", file.read_text(), flags=re.DOTALL)
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:|\shx-on", text, re.IGNORECASE)
    assert "|safe" not in text and "autoescape off" not in text
    for form in re.findall(r"<form\b.*?</form>", text, re.DOTALL | re.IGNORECASE):
        posts = re.search(r'method="post"', form, re.IGNORECASE)
        assert posts is None or "csrf_token" in form, "a POST form without its token"
        if "hx-post" in form:
            assert posts, "a form that works with htmx only"


@pytest.mark.parametrize("file", templates(), ids=lambda file: str(file.relative_to(ROOT)))
def test_icons_exist(file: Path) -> None:
    sprite = (ROOT / "static/icons.svg").read_text()
    for name in re.findall(r'{% icon "([a-z-]+)"', file.read_text()):
        assert f'id="i-{name}"' in sprite, name


def test_sentences_use_icons_that_exist() -> None:
    sprite = (ROOT / "static/icons.svg").read_text()
    for path in settings.AUDIT_SENTENCES:
        for action, sentence in import_string(path).items():
            assert f'id="i-{sentence.icon}"' in sprite, f"{action}: {sentence.icon}"
            assert sentence.tone in {"good", "wait", "bad", "live", "none"}, action


def test_every_plug_fits() -> None:
    """Settings that name functions name ones that exist."""
    plugs = [*settings.GATES, *settings.SEAL_PARTS, *settings.RELEASE_PANELS, *settings.PRODUCT_PANELS, *settings.TODAY]
    for path in [*plugs, *settings.FEATURE_FACTS, *settings.RISKS, *settings.SIGNERS]:
        assert callable(import_string(path)), path
    for label in [*settings.TOPICS.values()]:
        assert hasattr(apps.get_model(label)._default_manager, "visible_to"), label
    for label, owner in settings.ERASABLE_TEXTS.items():
        model = apps.get_model(label)
        assert {"text", "salt"} <= {field.name for field in model._meta.get_fields()}
        model._default_manager.filter(**{owner: 1}).query  # noqa: B018  (raises FieldError for a wrong path)


def test_every_model_is_in_the_admin_site() -> None:
    """Useful columns and search included."""
    missing = [
        model._meta.label
        for model in apps.get_models()
        if model._meta.app_label in ROOMS and model not in admin.site._registry and not model._meta.auto_created
    ]
    assert missing == []
    for model, page in admin.site._registry.items():
        if model._meta.app_label in ROOMS:
            assert page.list_display != ("__str__",), model._meta.label


def test_nothing_names_a_registry_or_a_home() -> None:
    tracked = [*sources(), *templates(), *ROOT.glob("*.lock"), *ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    hosts = ["pypi" + ".org", "files.python" + "hosted", "registry.npm" + "js", "/ro" + "ot/", "/ho" + "me/"]
    for file in tracked:
        text = file.read_text()
        assert not [host for host in hosts if host in text], file
