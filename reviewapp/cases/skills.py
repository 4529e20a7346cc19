"""Which skill a case needs, by a queue's rules. Plain Python.

    RULES     [{"when": [COMPARISON, ...], "skill": "cardiology"}, ...]

Rules are read in order; the first of which every COMPARISON holds (see catalog.conditions) says the skill, and without one the case needs
none. They ask about inputs alone: whoever sees that a case needs a skill is not to learn by it what the model says.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from reviewapp.catalog.conditions import first_match
from reviewapp.catalog.conditions.checking import Check
from reviewapp.catalog.conditions.testing import Facts, MissingCodes, Test
from reviewapp.lib.errors import Problem

NO_SKILL = ""
SKILL_LENGTH = 40
MOST_SKILLS = 50  # of one person in a use case
_SKILL = re.compile(r"[a-z0-9]+(?:[ -][a-z0-9]+)*", re.ASCII)
NAME_HELP = (
    f"Write a skill in at most {SKILL_LENGTH} small letters and digits, with single blanks or dashes between words."
)
SkillRules = Sequence[tuple[Test, str]]


def is_skill(name: object) -> bool:
    return isinstance(name, str) and len(name) <= SKILL_LENGTH and bool(_SKILL.fullmatch(name))


def compile_rules(rules: Sequence[Mapping[str, Any]], missing_codes: MissingCodes) -> SkillRules:
    """As `first_match` has it."""
    return first_match.compile_rules(rules, missing_codes, says="skill")


def needed(rules: SkillRules, facts: Facts) -> str:
    return first_match.first_match(rules, facts, otherwise=NO_SKILL)


def rule_faults(rules: object, *, check: Check, at: str) -> list[Problem]:
    """As `first_match` has it. :param check: of the use case, with nothing beside inputs."""
    return first_match.rule_faults(rules, check=check, at=at, says="skill", fault_of=_skill_fault)


def _skill_fault(skill: object) -> str | None:
    return None if is_skill(skill) else NAME_HELP
