"""What a notice is to other programs: JSON, the same for all sinks."""

from __future__ import annotations

import json

from voiceskill.ports import Notice


def as_json(notice: Notice) -> bytes:
    """A notice as a JSON object in UTF-8. docs/alerts.md explains the keys; other programs rely on them."""
    told = {
        "id": notice.id,
        "status": notice.status,
        "kind": notice.kind,
        "level": notice.level,
        "at": notice.raised.isoformat(timespec="seconds"),
        "attempt": notice.attempt,
        "device": notice.device,
        "message": notice.message,
    }
    return json.dumps(told, ensure_ascii=False).encode()
