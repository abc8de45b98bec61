"""A real browser, and a stack per module. The browser is ours, not the plugin's: its loop ends with the module."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program, "The journeys need Chromium on the PATH (package chromium)."
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=options)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Short, because sockets have short names."""
    return tmp_path_factory.mktemp("run")


@pytest.fixture
def tell(capfd: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Figures that are read by people also when all is well, past every capture."""

    def say(text: str) -> None:
        with capfd.disabled():
            sys.stderr.write(f"\n    {text}\n")

    return say
