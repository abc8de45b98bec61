"""Make the virtual environment in the data folder, or bring it up to date when the lock has changed.

Runs on the system's Python, before anything is installed, so it uses the standard library alone. Binary wheels only:
nothing is compiled. `SLIPWAY_VENV` names an environment that is ready to use instead.
"""

import fcntl
import hashlib
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LOCK = ROOT / "requirements.lock"
OLDEST = (3, 11)


def main() -> int:
    if sys.version_info < OLDEST:
        return lacking(
            f"Slipway needs Python 3.11 or newer; this is {sys.version.split()[0]}. Try: make run PYTHON=python3.12"
        )
    if os.environ.get("SLIPWAY_VENV"):
        return 0
    data = Path(os.environ.get("SLIPWAY_DATA") or ROOT / ".slipway").expanduser().absolute()
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (data / "install.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return install(data / "venv")
    except PermissionError:
        return lacking(
            f"You may not write to the data folder {data}; it, or the folder around it, belongs to somebody else.\n"
            'Choose one of your own:  make run SLIPWAY_DATA="$HOME/slipway-data"'
        )


def install(folder: Path) -> int:
    """Nothing to do if the environment was made from this very lock by this very Python."""
    stamp = folder / "installed-from"
    wanted = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return 0
    print(f"Installing into {folder} (the first time takes a minute or two)", flush=True)
    stamp.unlink(missing_ok=True)
    try:
        venv.EnvBuilder(with_pip=True, clear=True).create(folder)
    except (subprocess.CalledProcessError, ImportError):
        return lacking("This Python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv")
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    command += ["--progress-bar", "off", "--no-compile", "--only-binary", ":all:", "--require-hashes", "-r", str(LOCK)]
    code = show_progress(command, total=len(re.findall(r"(?m)^[a-z0-9][^ ]*==", LOCK.read_text())))
    if code == 0:
        stamp.write_text(wanted)
        print("Installed", flush=True)
    return code


def show_progress(command: list[str], total: int) -> int:
    """Run pip; of its many lines show one that counts, and everything if it fails."""
    said, count, live = [], 0, sys.stdout.isatty()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT) as pip:
        for line in pip.stdout or ():
            said.append(line)
            if line.startswith("Collecting "):
                count += 1
                text = f"  {min(count, total):3d} of {total}  {line.split()[1].split('==')[0]:<40}"
                if live or count % 10 == 0:
                    print(text, end="\r" if live else "\n", flush=True)
            elif line.startswith("Installing collected"):
                print(f"  unpacking {total} packages{' ' * 40}", flush=True)
    if pip.returncode != 0:
        print("".join(said[-25:]), file=sys.stderr)
        return lacking(
            "The packages could not be installed; pip's last lines are above. Is the package index reachable?"
        )
    return 0


def lacking(text: str) -> int:
    print(f"\n{text}\n", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
