"""The rule engine: a policy is data, compiled once into closures. Plain Python.

    {"rules": [{"name": "Large loans are reviewed", "when": CONDITION,
                "then": {"result": "auto"} or {"result": "review", "queue": "slug", "priority": 0 to 100}}],
     "always_review": ["deny"], "confidence_threshold": 0.95, "qa_share": 0.05, "default": {"queue": "slug", "priority": 0}}

    CONDITION  see catalog.conditions; a FIELD may be "features.<name>", "outcome", "confidence" or "margin"

Rules are read in order and the first that matches decides; then outcomes that are always reviewed, then the confidence threshold. What would
pass, by an "auto" rule or at the end, enters the draw of the quality sample.
"""

from reviewapp.catalog.conditions.wording import Labels
from reviewapp.policies.rules.checking import faults
from reviewapp.policies.rules.engine import (
    AUTO,
    BY_SAMPLE,
    QA_PURPOSE,
    REVIEW,
    CompiledPolicy,
    Routing,
    compile_policy,
)
from reviewapp.policies.rules.wording import in_words

__all__ = [
    "AUTO",
    "BY_SAMPLE",
    "QA_PURPOSE",
    "REVIEW",
    "CompiledPolicy",
    "Labels",
    "Routing",
    "compile_policy",
    "faults",
    "in_words",
]
