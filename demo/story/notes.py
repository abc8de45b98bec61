"""demo.json: what scripts need to drive the demo. Readable by its owner only, and never half written."""

import json
from pathlib import Path
from typing import Any


def write(file: Path, content: dict[str, Any]) -> None:
    """Replace `file` by `content`, mode 0600."""
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(content, indent=2, ensure_ascii=False))
    draft.replace(file)


def read(file: Path) -> dict[str, Any]:
    """What was written; nothing where there is no story."""
    if not file.exists():
        return {}
    content: dict[str, Any] = json.loads(file.read_text())
    return content
