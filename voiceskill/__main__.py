"""`python -m voiceskill`."""

from voiceskill.cli import main

main()
