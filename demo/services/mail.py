"""A mailbox that keeps every mail as a file: `python -m demo.services.mail --port 7025 --folder …`."""

import argparse
import asyncio
import signal
import time
from pathlib import Path
from uuid import uuid4

from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """Accepts mail for anybody and sends it nowhere."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Names begin with the time of arrival in milliseconds, so that they sort; a reader never sees half a mail."""
        name = f"{time.time_ns() // 1_000_000}-{uuid4().hex[:8]}.eml"
        draft = self.folder / f".{name}"
        draft.touch(mode=0o600)
        draft.write_bytes(envelope.original_content or b"")
        draft.rename(self.folder / name)
        return "250 kept"


async def serve(folder: Path, port: int) -> None:
    """Listen on loopback until SIGTERM or SIGINT."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    server = await loop.create_server(lambda: SMTP(Mailbox(folder), enable_SMTPUTF8=True), "127.0.0.1", port)
    await ended.wait()
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--folder", required=True, type=Path)
    options = parser.parse_args()
    asyncio.run(serve(options.folder, options.port))


if __name__ == "__main__":
    main()
