"""The command that CI runs: what it sees in a checkout, and what it says. The one file, as an engineer gets it."""

import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.wsgi import get_wsgi_application

from core.models import ApiToken, Product, User
from flags import actions
from flags.models import CodeScan
from tests.architecture.walk import ROOT

FILE = ROOT / "scripts/slipway_flags.py"
spec = importlib.util.spec_from_file_location("slipway_flags", FILE)
assert spec and spec.loader
command: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(command)

KEYS = {"search-typo", "search", "new_basket", "v2"}
ASKED = command.patterns()

CALLS = [
    'client.get_boolean_value("gone-1", False)',
    "await client.get_string_details_async('gone-1', '')",
    "client.get_object_value(flag_key='gone-1', default_value={})",
    "const on = await client.getBooleanValue('gone-1', false);",
    "client.getNumberDetails(`gone-1`, 0)",
    'client.get_bool_value("gone-1", None, None).await',
    'client.fetch_boolean_value(flag_key: "gone-1", default_value: false)',
    'await client.GetIntegerValueAsync("gone-1", 0);',
    'client.getValue(key: "x"); client.getDoubleEvaluation("gone-1", 1.0)',
    'client.BooleanValue(ctx, "gone-1", false, openfeature.EvaluationContext{})',
    'client.StringValueDetails(context.Background(), "gone-1", "")',
    'client.Boolean(r.Context(), "gone-1", false, evalCtx)',
    "const { value } = useBooleanFlagValue('gone-1', false)",
    "const { value } = useFlag<boolean>('gone-1', false)",
    "const x = useSuspenseFlag('gone-1', false)",
    '<FeatureFlag flagKey="gone-1" matchValue={true}>',
    "<FeatureFlag match={true} flagKey={'gone-1'}>",
]


@pytest.mark.parametrize("call", CALLS)
def test_it_knows_an_evaluation_in_every_language(call: str) -> None:
    assert command.mentions(f"\n{call}\n", "a.x", set(), ASKED) == {("gone-1", "a.x", 2)}


NOT_CALLS = [
    'sa.String(255, "utf8_bin")',
    'reader.get("gone-1")',
    'getBooleanValue(key, "gone-1")',
    "client.getBooleanValue(`gone-${n}`, false)",
    'forget_boolean_value("gone-1")',
    f'client.get_boolean_value("{"x" * 101}", False)',
]


@pytest.mark.parametrize("text", NOT_CALLS, ids=lambda text: text[:40])
def test_it_leaves_alone_what_is_none(text: str) -> None:
    assert command.mentions(text, "a.x", set(), ASKED) == set()


LINES = [
    ("flags: [search-typo, other]", {"search-typo"}),
    ("research-typo search-typos search-typo-2 search_typo", set()),
    ("we search for typos", set()),
    ('"search"', {"search"}),
    ("flag.search = 'search'", {"search"}),
    ("NEW_BASKET new_basket", {"new_basket"}),
    ("flags.v2.on", {"v2"}),
]


@pytest.mark.parametrize(("line", "found"), LINES)
def test_a_key_is_a_whole_word_and_a_plain_word_stands_in_quotes(line: str, found: set[str]) -> None:
    assert {place.key for place in command.mentions(line, "a.x", KEYS, ASKED)} == found


def test_a_call_over_several_lines_is_found_where_its_key_stands() -> None:
    text = 'on = client.get_boolean_value(\n    "gone-1",\n    False,\n)\nsearch_typo = "search-typo"  # search-typo\n'
    assert sorted(command.mentions(text, "a.py", KEYS, ASKED)) == [("gone-1", "a.py", 2), ("search-typo", "a.py", 5)]


def test_own_functions_and_own_patterns() -> None:
    asked = command.patterns(["is_on"], [r"feature:(\w+)"])
    found = command.mentions('is_on("a-1") feature:a2 is_onward("a-3")', "a.x", set(), asked)
    assert {place.key for place in found} == {"a-1", "a2"}
    for bad in ("(", "no group"):
        with pytest.raises(command.Trouble):
            command.patterns([], [bad])


def checkout(folder: Path, *, git: bool) -> Path:
    for name, text in {
        "app/basket.py": 'on = client.get_boolean_value("new_basket", False)\nget_boolean_value("never-was", 0)\n',
        "docs/flags.md": "search-typo\n",
        "ignored/a.py": '"search-typo"',
        "node_modules/a.js": '"search-typo"',
        ".gitignore": "ignored/\nnode_modules/\n",
        "big.txt": "search-typo\n" * 100_000,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "image.bin").write_bytes(b"search-typo\0")
    (folder / "latin.txt").write_bytes(b"\xe4 search-typo\n")
    (folder / "link.md").symlink_to(folder / "docs/flags.md")
    if git:
        run = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@example.com"]
        subprocess.run([*run, "init", "-q"], check=True)
        subprocess.run(
            [*run, "remote", "add", "origin", "https://x:secret@git.example/shop/storefront.git"], check=True
        )
        subprocess.run([*run, "add", "app"], check=True)
        subprocess.run([*run, "commit", "-qm", "Begin"], check=True)
    return folder


def test_it_reads_what_git_does_not_ignore(tmp_path: Path) -> None:
    places = command.look(checkout(tmp_path, git=True), KEYS, ASKED)
    assert [(place.key, str(place)) for place in places] == [
        ("never-was", "app/basket.py:2"),
        ("new_basket", "app/basket.py:1"),
        ("search-typo", "docs/flags.md:1"),
        ("search-typo", "latin.txt:1"),
    ]
    assert command.repository_of(tmp_path) == "shop/storefront", "never the password"
    assert [str(one) for one in command.look(tmp_path, KEYS, ASKED, ["app/*", "*.txt"])] == ["docs/flags.md:1"]


def test_without_git_it_walks(tmp_path: Path) -> None:
    places = command.look(checkout(tmp_path, git=False), KEYS, ASKED)
    assert {place.file for place in places} == {"app/basket.py", "docs/flags.md", "latin.txt", "ignored/a.py"}
    assert command.repository_of(tmp_path) == tmp_path.name


def test_it_tells_no_more_than_is_taken() -> None:
    places = [command.Place(f"key-{key}", "f" * 300, line) for key in range(300) for line in range(1, 101)]
    told = command.told_of(places)
    assert {one["key"] for one in told} == {place.key for place in places}, "the first places of every key"
    assert len(told) <= command.MOST and len(json.dumps(told)) <= command.LARGEST_LOOK


def test_it_runs_with_an_older_python() -> None:
    compile(FILE.read_text(), str(FILE), "exec", dont_inherit=True)
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--target-version", "py39", "--select", "E9,F", FILE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


class _Silent(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving() -> Iterator[str]:
    """The whole site over real HTTP."""
    with make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=_Silent) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def ran(*given: object, token: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "SLIPWAY_TOKEN": token}
    asked = [sys.executable, "-I", str(FILE), *map(str, given)]
    return subprocess.run(asked, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.fresh_db
def test_ci_looks_and_tells(storefront: Product, emil: User, tmp_path: Path) -> None:
    """As a pipeline runs it: its own process, over HTTP, with a token."""
    for key in ("search-typo", "new_basket", "unmentioned"):
        flag = actions.create_flag(product=storefront, key=key, name=key, actor=emil)
        if key == "search-typo":
            actions.archive_flag(flag=flag, actor=emil)
    _, token = ApiToken.issue(user=emil, product=storefront, name="pipeline")
    folder = checkout(tmp_path, git=True)
    with serving() as url:
        dry = ran(folder, "--product", "storefront", "--url", url, "--dry-run", token=token)
        assert dry.returncode == 0 and not CodeScan.objects.exists()
        strict = ran(folder, "--product", "storefront", "--url", url, "--strict", token=token)
        assert (strict.returncode, strict.stderr) == (1, "")
        assert strict.stdout.splitlines() == [
            "app/basket.py:2: never-was is no flag of this product",
            "docs/flags.md:1: search-typo is archived",
            "latin.txt:1: search-typo is archived",
            "4 references to 2 of 3 flags; 3 to none that answers.",
        ]
        wrong = ran(folder, "--product", "storefront", "--url", url, token="slw_wrong")
        assert wrong.returncode == 2 and "401 This needs a valid token" in wrong.stderr
        nowhere = ran(folder, "--product", "elsewhere", "--url", url, token=token)
        assert nowhere.returncode == 2 and "404" in nowhere.stderr
    scan = CodeScan.objects.get()
    assert (scan.repository, len(scan.commit), scan.references.count()) == ("shop/storefront", 40, 4)
