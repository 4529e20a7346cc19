"""Figures in words: what each says, of how many, how sure, and why it is not shown where it is not."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from reviewapp.cases.models import Queue
from reviewapp.cases.wording import span
from reviewapp.catalog.models import UseCase
from reviewapp.quality.rules import FEWEST_FOR_RANGE, FEWEST_FOR_VALUE, FEWEST_IN_ARM, FEWEST_RARER, WINDOW

NOT_SHOWN = "not shown"
BECAUSE_WORDS = {
    "always": "every answer",
    "share": "drawn by chance",
    "override": "not the model's answer",
    "direction": "changed the model's outcome one way",
    "outcome": "this answer",
    "confidence": "the model was unsure",
    "amount": "a large amount",
}


def age(made_at: datetime, *, now: datetime) -> str:
    """ "less than a minute ago", "12 min ago"."""
    passed = now - made_at
    return "less than a minute ago" if passed.total_seconds() < 60 else f"{span(passed)} ago"


def share(estimate: Mapping[str, Any], *, what: str) -> dict[str, str]:
    """A share of 100, with its interval. From 10 cases on the interval is shown, from 30 the figure: of weighted ones from what is worth as
    many, and of a sum only if each of its parts has them.

    :param what: the cases, "pairs".
    :return: value, range, n and, where the value is not shown, status: why; brief: the same for a cell.
    """
    n, worth = estimate["n"], worth_of(estimate)
    between = f"{100 * estimate['low']:.0f} to {100 * estimate['high']:.0f} of 100"
    if worth < FEWEST_FOR_RANGE:
        why = f"too few: {_counted(n, worth, FEWEST_FOR_RANGE, what)} from which a range is told"
        return hidden(n, why, brief=f"too few: {n}{_if_less(worth, n)}")
    if estimate["value"] is None:
        return hidden(n, "no figure: one share in force has no answer in this arm yet")
    if worth < FEWEST_FOR_VALUE:
        why = f"range only: {_counted(n, worth, FEWEST_FOR_VALUE, what)} that a figure needs"
        return hidden(n, why, brief=f"{n} {what}{_if_less(worth, n)}: range only", between=between)
    if estimate["status"] != "ok":
        why = f"range only: one share in force has fewer than {FEWEST_FOR_VALUE} answers in this arm"
        return hidden(n, why, between=between)
    return {"value": f"{100 * estimate['value']:.0f} of 100", "range": between, "n": str(n), "status": ""}


def worth_of(estimate: Mapping[str, Any]) -> int:
    """As how many cases that count alike its cases say: all, or fewer where some stand for more decisions than others."""
    return int(estimate.get("effective_n", estimate["n"]))


def _counted(n: int, worth: int, fewest: int, what: str) -> str:
    if worth == n:
        return f"{n} of the {fewest} {what}"
    return f"{n} {what}, some of which stand for more decisions than others, are worth {worth} of the {fewest}"


def _if_less(worth: int, n: int) -> str:
    return "" if worth == n else f", worth {worth}"


def hidden(n: int, status: str, *, brief: str = "", between: str = NOT_SHOWN) -> dict[str, str]:
    """As `share`, of a figure that is not shown. :param brief: where a cell has no room for `status`."""
    return {"value": NOT_SHOWN, "range": between, "n": str(n), "status": status, "brief": brief or status}


def beyond_chance(
    name: str, estimate: Mapping[str, Any], table: Sequence[Sequence[int]], use_case: UseCase
) -> dict[str, str]:
    """Kappa or alpha, or why it is not shown. :param table: (first answer, second answer) counts, in the order of the outcomes."""
    if estimate["status"] == "ok":
        between = f"{estimate['low']:.2f} to {estimate['high']:.2f}"
        return {"value": f"{estimate['value']:.2f}", "range": between, "n": str(estimate["n"]), "status": ""}
    if estimate["n"] < FEWEST_FOR_VALUE:
        return hidden(
            estimate["n"], f"too few for {name}: {estimate['n']} of the {FEWEST_FOR_VALUE} pairs that it needs"
        )
    given = [sum(row) + sum(column) for row, column in zip(table, zip(*table, strict=True), strict=True)]
    commonest = use_case.outcome_label(use_case.outcome_values[given.index(max(given))])
    rarer = sum(given) - max(given)
    words = {
        "one_outcome_only": f"everybody said “{commonest}”: {name} has nothing to compare",
        "too_one_sided": f"too one-sided for {name}: {rarer} of {sum(given)} answers are not “{commonest}”; it needs {FEWEST_RARER}",
        "no_interval": f"no range can be told for {name}: the answers do not vary enough",
    }
    return hidden(estimate["n"], words[estimate["reason"]])


def agreement(queue: Queue, body: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The parts of quality/agreement.html that a report gives. :param names: of people, by id."""
    use_case, fair, asked = queue.use_case, body["fair"], body["asked"]
    return {
        "fair": figures(fair, use_case) if fair["n"] else None,
        "fair_because": _because(body["fair_because"]),
        "asked": figures(asked, use_case) if asked["n"] else None,
        "asked_because": _because(body["asked_because"]),
        "without_outcome": body["without_outcome"],
        "people": _people(body["people"], names),
    }


def _because(counts: Mapping[str, int]) -> str:
    """ "12 not the model's answer, 3 a large amount"."""
    return ", ".join(f"{count} {BECAUSE_WORDS.get(because, because)}" for because, count in sorted(counts.items()))


def figures(body: Mapping[str, Any], use_case: UseCase) -> dict[str, Any]:
    """One sample of pairs: the raw agreement, what is left of it beyond chance, by outcome, and which way the second answer moved."""
    table = body["table"]
    named = [("kappa", "Cohen's kappa", "kappa"), ("quadratic_kappa", "Weighted kappa (quadratic)", "weighted kappa")]
    named.append(("alpha", "Krippendorff's alpha", "alpha"))
    chance = [
        {"label": label} | beyond_chance(word, body[key], table, use_case) for key, label, word in named if body[key]
    ]
    return {
        "n": body["n"],
        "raw": share(body["raw"], what="pairs"),
        "same": sum(row[i] for i, row in enumerate(table)),
        "chance": chance,
        "outcomes": [_outcome(i, of, table, use_case) for i, of in enumerate(body["by_outcome"])],
        "shift": _shift(body["shift"], body["n"], use_case),
    }


def _outcome(i: int, estimate: Mapping[str, Any], table: Sequence[Sequence[int]], use_case: UseCase) -> dict[str, Any]:
    told = share(estimate, what="pairs")
    return told | {
        "label": use_case.outcome_label(use_case.outcome_values[i]),
        "first": sum(table[i]),
        "second": sum(row[i] for row in table),
        "both": table[i][i],
    }


def _shift(shift: Mapping[str, int] | None, n: int, use_case: UseCase) -> list[dict[str, str]]:
    """Levels are listed from the most urgent to the least: a second answer above the first one is less urgent."""
    if shift is None or not n:
        return []
    rows = (("More urgent", "below", "far_below"), ("Less urgent", "above", "far_above"))
    return [
        {"label": label, "value": f"{shift[key]} of {n}", "note": f"{shift[far]} of them by two levels or more"}
        for label, key, far in rows
    ]


def _people(rows: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """By name: an order by the figure would be a ranking."""
    named = [
        {"names": sorted(names.get(person, "somebody who is gone") for person in row["people"])}
        | share(row["raw"], what="pairs")
        for row in rows
    ]
    return sorted(named, key=lambda row: row["names"])


def window_words() -> str:
    return f"the last {WINDOW.days} days"


# Reliance

UNLIKELY = 0.10  # that somebody quick is right in less than 80 of 100: "right" is said as sparingly as "often wrong"
CONCERN = 0.20  # as `inference.evaluation.reviewers.LIMIT`, which may not be imported here


def reliance(body: Mapping[str, Any]) -> dict[str, Any]:
    """The team's part of quality/reliance.html."""
    team = body["team"]
    named = [
        ("Followed a wrong model", "over", "answers"),
        ("Overruled a right model", "under", "answers"),
        ("Followed it after asking what if", "over_after_what_if", "answers"),
        ("Followed it without asking", "over_without", "answers"),
        ("Answered faster than one can read", "fast", "answers"),
    ]
    over = team["over"]
    return {
        "n": body["n"],
        "rows": [{"label": label} | share(team[key], what=what) for label, key, what in named],
        "is_about_team": over["n"] >= FEWEST_FOR_VALUE and over["value"] >= CONCERN,
        "floor": f"{body['floor']:g}",
    }


def people(body: Mapping[str, Any], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """By name. An order by a figure would be a ranking."""
    rows = [{"name": names.get(row["person"], "somebody who is gone")} | person(row) for row in body["people"]]
    return sorted(rows, key=lambda row: row["name"])


def person(row: Mapping[str, Any]) -> dict[str, Any]:
    """One person's part: over, under and fast as `share`, and what stands out."""
    return {
        "over": _rate(row["over"]),
        "under": _rate(row["under"]),
        "fast": share(row["fast"], what="answers"),
        "flags": _flags(row),
        "is_fast_and_right": row["haste"]["status"] == "ok" and row["haste"]["below"] < UNLIKELY,
    }


def _rate(rate: Mapping[str, Any]) -> dict[str, str]:
    """A rate seen against the team: its mean from 30 cases on, with the range that holds it with 90 per cent certainty."""
    return share({**rate, "value": rate["mean"]}, what="answers")


def _flags(row: Mapping[str, Any]) -> list[str]:
    limit = f"{100 * CONCERN:.0f} of 100"
    words = {
        "over": f"follows a wrong model in more than {limit}, almost certainly",
        "under": f"overrules a right model in more than {limit}, almost certainly",
        "haste": "quick, and then often wrong",
    }
    return [words[name] for name in words if row[name]["is_flagged"]]


# Influence


def influence(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of quality/_influence.html; none where no case was answered in either arm."""
    found = body.get("influence")
    if not found or not found["all"]["difference"]["n"]:
        return []
    named = (("all", "All cases"), ("model_right", "The model was right"), ("model_wrong", "The model was wrong"))
    return [
        {
            "label": label,
            "seen": share(found[key]["seen_first"], what="answers"),
            "blind": share(found[key]["blind"], what="answers"),
            "difference": _points(found[key]),
        }
        for key, label in named
    ]


def _points(arms: Mapping[str, Any]) -> dict[str, str]:
    """A difference of two shares in points of 100, and what it says in words."""
    estimate, n = arms["difference"], min(arms["seen_first"]["n"], arms["blind"]["n"])
    if n < FEWEST_FOR_RANGE:
        return hidden(n, f"too few: {n} of the {FEWEST_FOR_RANGE} answers in each arm from which a range is told")
    if estimate["value"] is None:
        return hidden(n, "no figure: one share in force has no answer in one of the arms yet")
    between = f"{100 * estimate['low']:+.0f} to {100 * estimate['high']:+.0f} points"
    if n < FEWEST_IN_ARM:
        return hidden(
            n, f"range only: {n} of the {FEWEST_IN_ARM} answers in each arm that a figure needs", between=between
        )
    if estimate["status"] != "ok":
        why = f"range only: one share in force has fewer than {FEWEST_FOR_VALUE} answers in one of the arms"
        return hidden(n, why, between=between)
    words = "no influence is shown" if estimate["low"] <= 0 <= estimate["high"] else _moved(estimate["value"])
    return {"value": f"{100 * estimate['value']:+.0f} points", "range": between, "n": str(n), "status": words}


def _moved(difference: float) -> str:
    return "seeing it moves people towards it" if difference > 0 else "seeing it moves people away from it"
