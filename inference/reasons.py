"""Why, in plain language. Standard library only: web processes import it.

`reasons_for` turns an explanation (JSON form), the record it explains and the schema into sentences:
"The loan is 95 % of the price, above the 80 % guideline. Pushes towards deny."
Correlated inputs (`reason_group` in the schema) speak once. The thresholds are those measured in the design notes
of decision support: what they mean is said beside each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inference.contrast import LOG_ODDS, Contrast, contrast
from inference.schema import NOT_RECORDED, NUMERIC, Feature, FeatureSchema

STRONG_SHARE = 0.25
PLAIN_SHARE = 0.10
STANDS_OUT_SHARE = 0.15
NEAR_TIE = {LOG_ODDS: 0.07}  # sampling spread of a contribution against a background of 100 cases
NEAR_TIE_OTHERWISE = 0.01
NOTICEABLE = {LOG_ODDS: 0.02}  # smaller contradictions are noise
NOTICEABLE_OTHERWISE = 0.004
NO_SINGLE_REASON = "No single reason stands out."

Profile = Mapping[str, Mapping[str, float | None]]
_LINKED = re.compile(r"^(.*?)\[(.+?)\](.*)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence. `lead` is the part to link to the fact, between `before` and `rest`."""

    feature: str
    label: str
    value: str
    before: str
    lead: str
    rest: str
    push: str
    direction: str  # "toward" or "against" the predicted outcome
    towards: str  # label of the outcome it pushes towards
    strength: str  # "strongly", "" or "slightly"
    contribution: float
    share: float
    rank: int
    is_tied: bool
    is_unusual: bool
    is_missing: bool
    members: tuple[str, ...]
    group: str

    @property
    def sentence(self) -> str:
        return f"{self.before}{self.lead}{self.rest}"

    @property
    def text(self) -> str:
        return f"{self.sentence} {self.push}"


@dataclass(frozen=True, slots=True)
class Reasons:
    items: tuple[Reason, ...]
    headline: str
    outcome: str
    against: str
    toward_label: str
    against_label: str
    is_pairwise: bool


@dataclass(frozen=True, slots=True)
class _Push:
    """The joint push of one input or one group of inputs, named after its strongest member."""

    feature: Feature
    total: float
    members: tuple[str, ...]


def reasons_for(
    schema: FeatureSchema,
    features: Mapping[str, object],
    explanation: Mapping[str, Any],
    outcomes: Sequence[Mapping[str, Any]],
    *,
    is_ordinal: bool = False,
    against: str | None = None,
    severity_words: tuple[str, str] | None = None,
    profile: Profile | None = None,
    limit: int = 4,
) -> Reasons:
    """The `limit` largest reasons, largest first.

    :param against: the outcome to contrast with, where there are more than two.
    :param severity_words: for ordered outcomes ("more urgent", "less urgent") in place of outcome labels.
    :param profile: per feature the quartiles `p25` and `p75` of the training cases; sharpens `is_unusual`.
    :raises ExplanationFailed: the explanation says nothing about `against`.
    """
    compared = contrast(explanation, outcomes, is_ordinal=is_ordinal, against=against)
    toward, away = _labels(compared, outcomes, severity_words)
    pushes = _pushes(schema, compared.contributions)
    weight = sum(abs(push.total) for push in pushes) or 1.0
    ranks = _ranks(pushes[:limit], NEAR_TIE.get(compared.space, NEAR_TIE_OTHERWISE))
    severity = _severity_sign(compared, outcomes, is_ordinal)
    items = tuple(
        _reason(
            schema,
            features,
            push,
            share=abs(push.total) / weight,
            rank=rank,
            is_tied=ranks.count(rank) > 1,
            towards=toward if push.total > 0 else away,
            is_unusual=_is_unusual(push, features, compared, severity, profile or {}),
        )
        for push, rank in zip(pushes[:limit], ranks, strict=True)
    )
    headline = "" if items and items[0].share >= STANDS_OUT_SHARE else NO_SINGLE_REASON
    return Reasons(items, headline, compared.outcome, compared.against, toward, away, compared.is_pairwise)


def _pushes(schema: FeatureSchema, contributions: Mapping[str, float]) -> list[_Push]:
    """One push per reason group, largest first; inputs that push not at all are left out."""
    groups: dict[str, list[tuple[str, float]]] = {}
    for name, value in contributions.items():
        if name in schema.by_name and value:
            feature = schema.by_name[name]
            groups.setdefault(feature.reason_group or f"\0{name}", []).append((name, value))
    pushes = [_joint(schema, members) for members in groups.values()]
    return sorted((push for push in pushes if push.total), key=lambda push: -abs(push.total))


def _joint(schema: FeatureSchema, members: Sequence[tuple[str, float]]) -> _Push:
    total = sum(value for _, value in members)
    sign = 1 if total >= 0 else -1
    ordered = sorted(members, key=lambda member: -sign * member[1])
    return _Push(schema.by_name[ordered[0][0]], total, tuple(name for name, _ in ordered))


def _ranks(pushes: Sequence[_Push], spread: float) -> list[int]:
    """Ranks from 1; a push within `spread` of the first of its rank shares it, so it is listed but not ranked."""
    ranks: list[int] = []
    lead = 0.0
    for position, push in enumerate(pushes, start=1):
        if ranks and lead - abs(push.total) < spread:
            ranks.append(ranks[-1])
        else:
            ranks.append(position)
            lead = abs(push.total)
    return ranks


def _reason(
    schema: FeatureSchema,
    features: Mapping[str, object],
    push: _Push,
    *,
    share: float,
    rank: int,
    is_tied: bool,
    towards: str,
    is_unusual: bool,
) -> Reason:
    feature, value = push.feature, features.get(push.feature.name)
    before, lead, rest = _sentence(schema, feature, value)
    strength = _strength(share)
    return Reason(
        feature=feature.name,
        label=feature.label,
        value=schema.format_value(feature.name, value),
        before=before,
        lead=lead,
        rest=rest,
        push=f"Pushes {strength} towards {towards}.".replace("  ", " "),
        direction="toward" if push.total > 0 else "against",
        towards=towards,
        strength=strength,
        contribution=push.total,
        share=share,
        rank=rank,
        is_tied=is_tied,
        is_unusual=is_unusual,
        is_missing=feature.is_missing(value),
        members=push.members,
        group=feature.reason_group,
    )


def _strength(share: float) -> str:
    if share >= STRONG_SHARE:
        return "strongly"
    return "" if share >= PLAIN_SHARE else "slightly"


def _sentence(schema: FeatureSchema, feature: Feature, value: object) -> tuple[str, str, str]:
    """(before, lead, rest), the lead being what is in square brackets in the schema's own wording."""
    if feature.is_missing(value):
        return "", feature.label, f": {_missing_words(schema, feature, value)}."
    phrase = schema.outside_phrase(feature.name, value)
    ending = f", {phrase}." if phrase else "."
    named = feature.category(value)
    wording = named.sentence if named and named.sentence else feature.sentence
    if wording:
        return _split(wording.replace("{value}", schema.format_value(feature.name, value)), ending)
    joint = " is " if feature.kind in NUMERIC else ": "
    return "", feature.label, f"{joint}{schema.format_value(feature.name, value)}{ending}"


def _missing_words(schema: FeatureSchema, feature: Feature, value: object) -> str:
    words = schema.format_value(feature.name, value)
    return words if words == NOT_RECORDED else f"{NOT_RECORDED} ({words})"


def _split(wording: str, ending: str) -> tuple[str, str, str]:
    found = _LINKED.match(wording)
    if found is None:
        return "", wording, ending
    return found[1], found[2], found[3] + ending


# --- direction ---------------------------------------------------------------------------------------------------


def _labels(
    compared: Contrast, outcomes: Sequence[Mapping[str, Any]], severity_words: tuple[str, str] | None
) -> tuple[str, str]:
    """Words for a push towards the predicted outcome, and for one towards the other."""
    order = [str(item["value"]) for item in outcomes]
    if severity_words is not None:
        more, less = severity_words
        is_more_severe = order.index(compared.outcome) < order.index(compared.against)
        return (more, less) if is_more_severe else (less, more)
    labels = {str(item["value"]): str(item.get("label", item["value"])) for item in outcomes}
    return _in_sentence(labels[compared.outcome]), _in_sentence(labels[compared.against])


def _in_sentence(label: str) -> str:
    """A label inside a sentence loses its capital, unless it is an abbreviation or starts with a number."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def _severity_sign(compared: Contrast, outcomes: Sequence[Mapping[str, Any]], is_ordinal: bool) -> int:
    """1 when a push towards the predicted outcome is one towards the worse side, -1 away from it, 0 neither."""
    order = [str(item["value"]) for item in outcomes]
    if is_ordinal:
        return 1 if order.index(compared.outcome) < order.index(compared.against) else -1
    adverse = {str(item["value"]): bool(item.get("adverse")) for item in outcomes}
    return int(adverse[compared.outcome]) - int(adverse[compared.against])


def _is_unusual(
    push: _Push, features: Mapping[str, object], compared: Contrast, severity: int, profile: Profile
) -> bool:
    """The named input is clearly high or low, and pushes against the direction the schema declares."""
    feature = push.feature
    if not feature.direction or not severity:
        return False
    own = compared.contributions[feature.name]
    if abs(own) <= NOTICEABLE.get(compared.space, NOTICEABLE_OTHERWISE):
        return False
    expected = feature.direction * _place(feature, features.get(feature.name), profile.get(feature.name))
    return expected * own * severity < 0


def _place(feature: Feature, value: object, quartiles: Mapping[str, float | None] | None) -> int:
    """1 for a high value, -1 for a low one, 0 in the middle half or unknown."""
    code = feature.code_of(value)
    low, high = _middle(feature, quartiles)
    if code is None:
        return 0
    if high is not None and code > high:
        return 1
    return -1 if low is not None and code < low else 0


def _middle(feature: Feature, quartiles: Mapping[str, float | None] | None) -> tuple[float | None, float | None]:
    if quartiles:
        return quartiles.get("p25"), quartiles.get("p75")
    if feature.reference is not None:
        return feature.reference.low, feature.reference.high
    return None, None
