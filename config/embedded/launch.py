"""Become another program, tied to the life of the one that started it.

Run as a script (`python -I -S launch.py …`), because between fork and exec a Python process with threads may do very
little safely. It can enter a user namespace or give up root on the way: PostgreSQL refuses to run as root, and initdb
refuses a user id without a name.
"""

import argparse
import ctypes
import os
import signal
import sys

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parent", type=int, required=True, help="pid whose death must end this process")
    parser.add_argument("--signal", default="SIGTERM", help="what to receive when the parent dies")
    parser.add_argument("--namespace", help="uid:gid to appear as, in a user namespace of its own")
    parser.add_argument("--user", help="uid:gid to become")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    libc = ctypes.CDLL(None, use_errno=True)
    if options.namespace:
        enter_namespace(libc, *_pair(options.namespace))
    if options.user:
        uid, gid = _pair(options.user)
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    # After the change of identity, which clears it.
    libc.prctl(PR_SET_PDEATHSIG, signal.Signals[options.signal].value, 0, 0, 0)
    if os.getppid() != options.parent:
        sys.exit(1)
    os.execvp(options.command[0], options.command)


def enter_namespace(libc: ctypes.CDLL, uid: int, gid: int) -> None:
    """Appear as `uid`:`gid` to ourselves; to others, and on disk, nothing changes. Raises OSError if refused."""
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    if libc.unshare(CLONE_NEWUSER) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"user namespace refused: {os.strerror(number)}")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {outer_uid} 1"),
        ("gid_map", f"{gid} {outer_gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _pair(text: str) -> tuple[int, int]:
    uid, gid = text.split(":")
    return int(uid), int(gid)


if __name__ == "__main__":
    main()
