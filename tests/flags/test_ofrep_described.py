"""The application is asked what `docs/ofrep.yaml` allows, and what it does not; it answers as described.

(The protocol's own description cannot be held against anything strictly: its `oneOf` matches twice.)
"""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from flags.evaluation import Definition
from flags.snapshot import Key
from tests.flags import inside
from tests.flags.inside import Inside
from tests.services import ROOT

KEYS = {"server": Key(1, "server"), "page": Key(2, "client", origins=("https://shop.example",))}
FLAGS = [
    Definition(key="split", seed="s", weight=50_000, for_clients=True, metadata={"release": "Search 2.0"}),
    Definition(key="ratio", type="float", variants=(("on", 1.0), ("off", 0.5)), weight=100_000),
    Definition(key="layout", type="json", variants=(("on", {"wide": [1]}), ("off", {})), weight=100_000),
    Definition(key="broken", weight=100_000, targeting={}),
]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
DESCRIBED = schemathesis.openapi.from_path(ROOT / "docs/ofrep.yaml")
OPERATIONS = [
    found.ok() for found in DESCRIBED.get_all_operations() if isinstance(found, Ok) and "stream" not in found.ok().path
]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    with inside.held(tmp_path_factory.mktemp("none"), KEYS, *FLAGS) as here:
        yield here


ASKED = [
    pytest.param(operation, mode, id=f"{operation.label} {mode.value}")
    for operation in OPERATIONS
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    if operation.path != "/readyz" or mode.is_positive  # it takes nothing, so nothing can be wrong with it
]


@pytest.mark.parametrize(("operation", "mode"), ASKED)
def test_it_answers_as_described(here: Inside, operation: Any, mode: GenerationMode) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(st.data(), st.sampled_from(["server", "page", "wrong", ""]), st.sampled_from([flag.key for flag in FLAGS]))
    def ask(data: st.DataObject, key: str, flag: str) -> None:
        case = data.draw(operation.as_strategy(generation_mode=mode))
        if "key" in (case.path_parameters or {}) and data.draw(st.booleans()):
            case.path_parameters["key"] = flag
        asked = requests.Request(**case.as_transport_kwargs(base_url="http://here")).prepare()
        said = _ask(here, asked, key)
        case.validate_response(_response(asked, said), checks=CHECKS)

    ask()


def _ask(here: Inside, asked: requests.PreparedRequest, key: str) -> inside.Said:
    assert asked.url and asked.method
    body = _bytes(asked.body) if isinstance(asked.body, bytes | str) else b""
    told = {str(name).lower().encode(): _bytes(value) for name, value in asked.headers.items()}
    told.pop(b"authorization", None)
    return here.send(asked.path_url.encode(), body, [*{**told, b"x-api-key": key.encode()}.items()], asked.method)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "replace")


def _response(asked: requests.PreparedRequest, said: inside.Said) -> Response:
    headers = {name: [value] for name, value in said.headers.items()}
    return Response(said.status, headers, said.body, asked, elapsed=0.0, verify=False)
