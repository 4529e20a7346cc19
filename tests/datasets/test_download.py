"""The three files: equal values, safe cells, honest names, and who may take them."""

import csv
import gc
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewapp.audit.models import AuditEvent
from reviewapp.datasets import rules
from reviewapp.datasets.models import DatasetSnapshot
from tests.datasets.reading import frame, manifest_of


def body_of(client, pk, form):
    answer = client.get(f"/api/v1/datasets/{pk}/download?format={form}")
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def test_pandas_reads_the_same_values_from_all_three(labels, freeze, alice):
    pk = freeze()
    exact, spreadsheet, typed = (frame(body_of(alice.api, pk, form), form) for form in ("jsonl", "csv", "parquet"))
    assert exact.to_dict("records") == typed.to_dict("records")
    assert exact.to_dict("records") == spreadsheet.to_dict("records")
    assert set(exact["purpose"]) == {"home", "=HYPERLINK(1)", 'ｏｄｄ, "quoted"'}
    assert None in list(exact["obrat"])


def test_parquet_is_typed_and_carries_the_manifest(labels, freeze, alice):
    import pyarrow.parquet as pq

    pk = freeze()
    body = body_of(alice.api, pk, "parquet")
    types = {field.name: str(field.type) for field in pq.read_schema(io.BytesIO(body))}
    assert types["obrat"] == "double"
    assert types["loan_amount"] == "int64"
    assert types["self_employed"] == "bool"
    assert types["decided_at"] == "timestamp[us, tz=UTC]"
    assert types["reason_codes"] == "list<element: string>"
    assert manifest_of(body)["digest"] == DatasetSnapshot.objects.get(pk=pk).digest


def test_cells_that_could_run_are_marked_and_numbers_stay_numbers(labels, freeze, alice):
    rows = list(csv.DictReader(io.StringIO(body_of(alice.api, freeze(), "csv").decode(), newline="")))
    assert {row["purpose"] for row in rows} == {"home", "'=HYPERLINK(1)", 'ｏｄｄ, "quoted"'}
    assert "-5" in {row["loan_amount"] for row in rows}
    assert {row["reason_codes"] for row in rows} == {"", "'-R1|R2"}


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-1", "@x", "\tx", "\rx", "\0x", "＝1", '"=1', " =1", "'=1"])
def test_what_a_spreadsheet_could_run_gets_an_apostrophe(text):
    assert rules.safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", "home", "'tis", "1-2", "ｏ＝"])
def test_harmless_text_stays_as_it_is(text):
    assert rules.safe_cell(text) == text


@given(st.text(alphabet=st.sampled_from("'\"=+-@ ab＝\t\r\n\0"), max_size=8) | st.text(max_size=30))
def test_marking_can_be_undone(text):
    assert rules.raw_cell(rules.safe_cell(text)) == text


@given(st.text(max_size=80))
def test_a_file_name_is_one_harmless_header(name):
    header = rules.content_disposition(rules.file_name(name, digest="ab" * 32, extension="csv"))
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    assert "/" not in header
    assert header.startswith("attachment; filename=")


def test_a_file_name_with_quotes_and_foreign_letters_is_encoded(labels, freeze, alice):
    pk = freeze('Bürge "A" / 様')
    answer = alice.browser.get(f"/datasets/{pk}/download?format=csv")
    digest = DatasetSnapshot.objects.get(pk=pk).digest[:12]
    assert answer["Content-Disposition"].endswith(f"filename*=UTF-8''B%C3%BCrge%20-A-%20-%20%E6%A7%98-{digest}.csv")


def test_a_pending_data_set_cannot_be_taken(labels, mortgage, alice):
    asked = alice.api.post(
        "/api/v1/datasets", {"use_case": mortgage.slug, "name": "Soon"}, content_type="application/json"
    ).json()
    answer = alice.api.get(f"/api/v1/datasets/{asked['id']}/download?format=csv")
    assert (answer.status_code, answer.json()["code"]) == (409, "not-frozen")
    assert alice.api.get(f"/api/v1/datasets/{asked['id']}/manifest").status_code == 409
    assert alice.browser.get(f"/datasets/{asked['id']}/download?format=csv").status_code == 409


def test_a_reviewer_takes_nothing(labels, freeze, bob, rita):
    pk = freeze()
    assert bob.api.get(f"/api/v1/datasets/{pk}/download?format=csv").status_code == 404
    assert bob.browser.get(f"/datasets/{pk}/download?format=csv").status_code == 404
    assert bob.browser.get(f"/datasets/{pk}/").status_code == 404
    assert bob.browser.get("/labels/").status_code == 403
    assert bob.browser.get("/datasets/").status_code == 403


def test_more_than_ten_thousand_rows_are_not_for_a_reviewer_who_may_read_labels(
    labels, freeze, rita, alice, monkeypatch
):
    pk = freeze()
    assert body_of(rita.api, pk, "csv")
    monkeypatch.setattr(rules, "MOST_ROWS_FOR_OTHERS", 59)
    answer = rita.api.get(f"/api/v1/datasets/{pk}/download?format=csv")
    assert (answer.status_code, answer.json()["code"]) == (403, "too-many-rows")
    assert b"for the ML team and leads" in rita.browser.get(f"/datasets/{pk}/").content
    assert body_of(alice.api, pk, "csv")
    assert AuditEvent.objects.filter(action="dataset.downloaded").count() == 2


def test_no_trail_no_file(labels, freeze, alice, monkeypatch):
    from django.db import OperationalError

    from reviewapp.datasets import actions

    pk = freeze()

    def refuse(*_, **__):
        raise OperationalError("the audit table is away")

    monkeypatch.setattr(actions.audit, "record", refuse)
    answer = alice.api.get(f"/api/v1/datasets/{pk}/download?format=csv")
    assert answer.status_code == 503
    assert not answer.streaming


@pytest.mark.parametrize("query", ["", "?format=xlsx", "?format=csv&format=csv", "?format=csv&x=1", "?format=CSV"])
def test_the_format_is_read_strictly(query, labels, freeze, alice):
    pk = freeze()
    assert alice.api.get(f"/api/v1/datasets/{pk}/download{query}").status_code == 400
    assert alice.browser.get(f"/datasets/{pk}/download{query}").status_code == 400


def test_slow_readers_leave_threads_for_everybody_else(labels, freeze, alice):
    gc.collect()  # a download that another test began and left holds its place until it is forgotten
    pk = freeze()
    path = f"/api/v1/datasets/{pk}/download?format=csv"
    first, second = (alice.api.get(path) for _ in range(2))
    refused = alice.api.get(path)
    assert (refused.status_code, refused.json()["code"], refused["Retry-After"]) == (429, "busy", "10")
    for answer in (first, second):
        b"".join(answer.streaming_content)
    assert [len(body_of(alice.api, pk, "csv")) for _ in range(3)] == [len(body_of(alice.api, pk, "csv"))] * 3
