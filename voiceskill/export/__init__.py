"""A skill in the formats of other assistants: what they are to understand, and what they say to it.

Laws of this package:
- A skill goes in, files come out, as text by path. Nothing is read or written; the same skill gives the same bytes.
- Other assistants hold no conversation for us. What needs one is answered by saying where it is held (`replies`).
"""

from voiceskill.export.homeassistant import home_assistant_files
from voiceskill.export.ovos import ovos_files

__all__ = ["home_assistant_files", "ovos_files"]
