"""`make run`: everything, from nothing, until Ctrl-C. See the module `house` for what, `keeper` for how it ends."""

import json
import signal
import sys
import time
from types import FrameType

from config.embedded import keeper, place
from config.embedded.house import House, say
from config.embedded.identity import Unavailable
from config.embedded.place import Place


class Ending(BaseException):
    """Somebody asked us to stop; raised wherever we are, so that a slow start can be stopped too."""


def main() -> int:
    """Exit code: 0 after being stopped, 1 if something is lacking."""
    try:
        where = place.take()
    except Unavailable as lacking:
        print(f"\n{lacking}\n", file=sys.stderr)
        return 1
    return keeper.keep(lambda: supervise(where))


def supervise(where: Place) -> int:
    """Build the house, keep it, close it."""
    for number in keeper.ENDINGS:
        signal.signal(number, _end)
    house, code, began = House(where), 0, time.monotonic()
    print(f"\nSlipway starts, with its data in {where.data}", flush=True)
    try:
        house.build()
        _welcome(where, time.monotonic() - began)
        while True:
            house.tend()
            time.sleep(0.5)
    except Ending:
        pass
    except Unavailable as lacking:
        print(f"\n{lacking}\n", file=sys.stderr, flush=True)
        code = 1
    finally:
        for number in keeper.ENDINGS:
            signal.signal(number, signal.SIG_IGN)
        say("Stopping")
        house.close()
        say("Everything has stopped; the data is kept")
    return code


def _end(number: int, frame: FrameType | None) -> None:
    for other in keeper.ENDINGS:  # a second signal must not interrupt the closing
        signal.signal(other, signal.SIG_IGN)
    raise Ending


def _welcome(where: Place, seconds: float) -> None:
    print(f"\nSlipway is ready after {seconds:.0f} s:  {where.url}\n", flush=True)
    file = where.data / "demo.json"
    if where.demo and file.exists():
        for person in json.loads(file.read_text()).get("people", []):
            said = "  ".join(str(person.get(key, "")) for key in ("email", "password", "role"))
            print(f"    {said}", flush=True)
        print(f"\n    All of it, for scripts: {file}", flush=True)
    print("    Ctrl-C stops everything and keeps the data; `make clean` forgets it.\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
