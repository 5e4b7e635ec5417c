"""Play the recorded questions to voiceskill, keep the spoken replies as WAV files, and show the conversation."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
QUESTIONS = ROOT / "scripts" / "questions"
REPLIES = ROOT / "out" / "replies"


def answer(question: Path, reply: Path) -> list[dict[str, str]]:
    """Run the main job on one recording. Returns what was heard and said, in order."""
    command = [sys.executable, "-m", "voiceskill", "run", "--wav", str(question), "--out", str(reply), "--events", "-"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)  # noqa: S603 - our own program
    return [event for line in done.stdout.splitlines() if (event := json.loads(line))["event"] in {"heard", "say"}]


def main() -> None:
    """Answer every question."""
    REPLIES.mkdir(parents=True, exist_ok=True)
    for question in sorted(QUESTIONS.glob("*.wav")):
        reply = REPLIES / question.name
        print(f"\n{question.relative_to(ROOT)}")
        for event in answer(question, reply):
            print(f"  {'it heard' if event['event'] == 'heard' else 'it says '}  {event['text']}", flush=True)
        print(f"  (spoken: {reply.relative_to(ROOT)})")


if __name__ == "__main__":
    main()
