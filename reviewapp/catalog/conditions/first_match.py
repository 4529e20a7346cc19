"""Rules of which the first that fits counts: [{"when": [COMPARISON, ...], NAME: what the rule says}, ...]. NAME is the caller's."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from reviewapp.catalog.conditions.checking import Check
from reviewapp.catalog.conditions.testing import Facts, MissingCodes, Test, compile_condition
from reviewapp.lib.errors import Problem

T = TypeVar("T")
MOST_RULES, MOST_COMPARISONS = 30, 3


def compile_rules(
    rules: Sequence[Mapping[str, Any]], missing_codes: MissingCodes, *, says: str
) -> tuple[tuple[Test, Any], ...]:
    """:param rules: in which `rule_faults` finds nothing. :param missing_codes: per feature, the numbers for "not recorded"."""
    return tuple((compile_condition({"all": rule["when"]}, missing_codes), rule[says]) for rule in rules)


def first_match(rules: Sequence[tuple[Test, T]], facts: Facts, *, otherwise: T) -> T:
    """What the first rule says of which every comparison holds."""
    return next((said for test, said in rules if test(facts)[0]), otherwise)


def rule_faults(
    rules: object, *, check: Check, at: str, says: str, fault_of: Callable[[object], str | None]
) -> list[Problem]:
    """Every fault of the rules, in their order, with pointers that begin with `at`.

    :param check: of the use case, with what else the rules may ask about. :param fault_of: what is wrong with what a rule says; None: nothing.
    """
    if check.is_list(rules, at, most=MOST_RULES) and isinstance(rules, list):
        for place, rule in enumerate(rules):
            _check_rule(check, rule, f"{at}/{place}", says, fault_of)
    return check.found


def _check_rule(check: Check, rule: object, at: str, says: str, fault_of: Callable[[object], str | None]) -> None:
    if not check.is_object(rule, at, required={"when", says}) or not isinstance(rule, Mapping):
        return
    if check.is_list(rule["when"], f"{at}/when", most=MOST_COMPARISONS, least=1):
        for place, part in enumerate(rule["when"]):
            here = f"{at}/when/{place}"
            if check.is_object(part, here, required={"field", "op"}, optional={"value"}):
                check.comparison(part, here)
    if fault := fault_of(rule[says]):
        check.add(f"{at}/{says}", "wrong_type", fault)
