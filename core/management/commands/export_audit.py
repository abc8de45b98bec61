"""``manage.py export_audit record.jsonl``: the record as a file that `python -m core.verify` checks without Slipway."""

import json
import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from core import anchors


class Command(BaseCommand):
    help = "Write the whole record as JSON lines, readable by its owner only."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        descriptor = os.open(options["file"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        count = 0
        with os.fdopen(descriptor, "w", encoding="utf-8") as out, transaction.atomic():
            anchors.read_one_snapshot()
            for line in anchors.export():
                out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
                count += 1
        self.stdout.write(f"{count} lines in {options['file']}; the public key stands beside the signing key.")
