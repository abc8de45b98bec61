"""Pages travel compressed, and tell nothing by their length; what streams is left as it is (decision 12)."""

import gzip

import pytest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.test import Client, RequestFactory

from core.middleware import CompressionMiddleware


def through(answer: HttpResponseBase) -> HttpResponseBase:
    def view(request: HttpRequest) -> HttpResponseBase:
        return answer

    passed = CompressionMiddleware(view)(RequestFactory().get("/", headers={"Accept-Encoding": "gzip, br"}))
    assert isinstance(passed, HttpResponseBase)
    return passed


def test_a_page_is_compressed_for_whoever_can_read_it(db: None) -> None:
    plain, packed = Client().get("/login/"), Client().get("/login/", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert b"Sign in to Slipway" in gzip.decompress(packed.content)
    assert len(packed.content) < len(plain.content) * 0.7


def test_the_same_page_never_has_the_same_length_for_long() -> None:
    assert len({len(through(HttpResponse(b"one secret " * 90)).content) for _ in range(30)}) > 5  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["text/event-stream", "text/html"])
def test_what_streams_is_not_held_back_in_a_compressor(kind: str) -> None:
    answer = StreamingHttpResponse(iter([b"data: {}\n\n"] * 50), content_type=kind)
    assert through(answer) is answer
    assert "Content-Encoding" not in answer.headers
