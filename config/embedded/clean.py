"""`make clean`: forget the data folder, unless somebody is using it or it is not ours to forget."""

import fcntl
import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = {"venv", "postgres", "log", "run.lock", "install.lock", "secrets", "cache", "pycache"}
"""A folder without any of these was not made by Slipway, and is left alone."""


def main() -> int:
    data = Path(os.environ.get("SLIPWAY_DATA") or ROOT / ".slipway").expanduser().absolute()
    if not data.exists():
        return 0
    if not OURS & {entry.name for entry in data.iterdir()}:
        print(f"{data} does not look like a data folder of Slipway; it was left alone.", file=sys.stderr)
        return 1
    lock = data / "run.lock"
    if lock.exists():
        with lock.open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                print(f"Slipway runs on {data}. Stop it first.", file=sys.stderr)
                return 1
    shutil.rmtree(data)
    print(f"Forgotten: {data}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
