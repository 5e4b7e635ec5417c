"""A skill as a person writes it: a folder of YAML files, read strictly into the frozen values of `core.skill`.

Laws of this package:
- Every problem is found in one go, and each says where it stands and what to do about it.
- The loader knows no subject, only what a skill is made of and what can be spoken well.
- `document` reads one file, `schema` says what it may hold, `spoken` what can be said aloud, `phrases` and `collected` what can be heard,
  `slots` what can be told, `checks` how the parts fit together, `load` puts them in order.
"""

from voiceskill.skill_files.document import Problem
from voiceskill.skill_files.load import SkillErrors, load_skill

__all__ = ["Problem", "SkillErrors", "load_skill"]
