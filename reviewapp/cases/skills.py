"""Which skill a case needs, by a queue's rules. Plain Python.

    RULES     [{"when": [COMPARISON, ...], "skill": "cardiology"}, ...]

Rules are read in order; the first of which every COMPARISON holds (see catalog.conditions) says the skill, and without one the case needs
none. They ask about inputs alone: whoever sees that a case needs a skill is not to learn by it what the model says.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from reviewapp.cases.sla import MOST_COMPARISONS, MOST_RULES
from reviewapp.catalog.conditions.checking import Check
from reviewapp.catalog.conditions.testing import Facts, MissingCodes, Test, compile_condition
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
    """:param rules: rules in which `rule_faults` finds nothing. :param missing_codes: per feature, the numbers for "not recorded"."""
    return [(compile_condition({"all": rule["when"]}, missing_codes), rule["skill"]) for rule in rules]


def needed(rules: SkillRules, facts: Facts) -> str:
    return next((skill for test, skill in rules if test(facts)[0]), NO_SKILL)


def rule_faults(rules: object, *, check: Check, at: str) -> list[Problem]:
    """Every fault of the rules, in their order, with pointers that begin with `at`. :param check: of the use case, with nothing beside inputs."""
    if check.is_list(rules, at, most=MOST_RULES) and isinstance(rules, list):
        for place, rule in enumerate(rules):
            _check_rule(check, rule, f"{at}/{place}")
    return check.found


def _check_rule(check: Check, rule: object, at: str) -> None:
    if not check.is_object(rule, at, required={"when", "skill"}) or not isinstance(rule, Mapping):
        return
    if check.is_list(rule["when"], f"{at}/when", most=MOST_COMPARISONS, least=1):
        for place, part in enumerate(rule["when"]):
            here = f"{at}/when/{place}"
            if check.is_object(part, here, required={"field", "op"}, optional={"value"}):
                check.comparison(part, here)
    if not is_skill(rule["skill"]):
        check.add(f"{at}/skill", "wrong_type", NAME_HELP)
