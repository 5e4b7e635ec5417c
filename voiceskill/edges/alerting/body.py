"""What a notice is to other programs: JSON, the same for all sinks."""

from __future__ import annotations

import json
from typing import Any

from voiceskill.ports import Notice


def as_json(notice: Notice) -> bytes:
    """A notice as a JSON object in UTF-8. docs/alerts.md explains the keys; other programs rely on them."""
    return json.dumps(as_object(notice), ensure_ascii=False).encode()


def as_object(notice: Notice) -> dict[str, Any]:
    """The same before it is written."""
    return {
        "id": notice.id,
        "status": notice.status,
        "kind": notice.kind,
        "level": notice.level,
        "at": notice.raised.isoformat(timespec="seconds"),
        "attempt": notice.attempt,
        "device": notice.device,
        "message": notice.message,
    }
