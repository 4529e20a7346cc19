"""Freezing: the same labels give the same digest, in one split each, once."""

import hashlib
import json

from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from reviewapp.audit.models import AuditEvent
from reviewapp.datasets import freezing, queries
from reviewapp.datasets.models import DatasetRow, DatasetSnapshot
from reviewapp.datasets.rules import EMPTY, Split, split_of
from tests.datasets import world


def test_the_same_labels_twice_have_the_same_digest(labels, freeze):
    first, second = (DatasetSnapshot.objects.get(pk=freeze(name)) for name in ("March", "March again"))
    assert first.digest == second.digest
    assert len(first.digest) == 64
    assert first.rows_done == first.rows_total == 60


def test_one_label_more_is_another_digest(labels, freeze, mortgage, alice):
    first = DatasetSnapshot.objects.get(pk=freeze())
    world.make_labels(mortgage, 1, sender=alice.user, seed=1)
    assert DatasetSnapshot.objects.get(pk=freeze()).digest != first.digest


def test_the_size_of_a_batch_does_not_matter(labels, freeze, monkeypatch):
    whole = DatasetSnapshot.objects.get(pk=freeze())
    monkeypatch.setattr(queries, "BATCH", 7)
    monkeypatch.setattr(queries.unfrozen_rows, "__kwdefaults__", {"size": 7})
    parts = DatasetSnapshot.objects.get(pk=freeze())
    assert (parts.digest, parts.counts, parts.summary) == (whole.digest, whole.counts, whole.summary)


def test_labels_that_come_later_are_not_in_it(labels, mortgage, alice):
    body = {"use_case": mortgage.slug, "name": "Before"}
    asked = alice.api.post("/api/v1/datasets", body, content_type="application/json").json()
    world.make_labels(mortgage, 5, sender=alice.user, seed=1)
    freezing.freeze_pending(at=timezone.now())
    assert DatasetSnapshot.objects.get(pk=asked["id"]).rows_done == 60


def test_the_digest_can_be_checked_from_the_jsonl_file(labels, freeze, alice):
    pk = freeze()
    answer = alice.api.get(f"/api/v1/datasets/{pk}/download?format=jsonl")
    body = b"".join(answer.streaming_content)
    digest = EMPTY
    for line in body.split(b"\n")[:-1]:
        digest = hashlib.sha256(digest + line).digest()
    assert digest.hex() == DatasetSnapshot.objects.get(pk=pk).digest
    assert int(answer["Content-Length"]) == len(body)


def test_a_subject_stays_in_one_split_across_data_sets(mortgage, alice, freeze):
    people = [world.subject(mortgage, f"subject {n}") for n in range(8)]
    world.make_labels(mortgage, 60, sender=alice.user, subjects=people)
    freeze(), freeze(outcome="approve")
    seen: dict[object, set[str]] = {}
    for subject, split in DatasetRow.objects.values_list("label__prediction__subject_id", "split"):
        seen.setdefault(subject, set()).add(split)
    assert len(seen) == 8
    assert all(len(splits) == 1 for splits in seen.values())


@given(st.binary(min_size=1, max_size=64))
def test_a_key_has_one_split(key):
    assert split_of(key) is split_of(bytes(key))


def test_splits_are_eighty_ten_ten():
    counts = dict.fromkeys(Split, 0)
    for number in range(20_000):
        counts[split_of(number.to_bytes(16, "big"))] += 1
    assert abs(counts[Split.TRAIN] / 20_000 - 0.8) < 0.01
    assert abs(counts[Split.VALIDATION] / 20_000 - 0.1) < 0.01


def test_asking_freezing_and_taking_are_on_record_each_once(labels, freeze, alice):
    pk = freeze()
    b"".join(alice.api.get(f"/api/v1/datasets/{pk}/download?format=csv").streaming_content)
    events = list(AuditEvent.objects.filter(object_id=pk).order_by("id").values_list("action", "actor_name"))
    assert events == [
        ("dataset.requested", "alice"),
        ("dataset.frozen", "dataset-freezer"),
        ("dataset.downloaded", "alice"),
    ]


def test_a_label_that_cannot_be_written_fails_its_data_set_and_no_other(labels, mortgage, alice, freeze, monkeypatch):
    poisoned = labels[0].position
    real = freezing.row

    def row(split, features, values):
        if values[1] == poisoned:
            raise ValueError("cannot be written")
        return real(split, features, values)

    monkeypatch.setattr(freezing, "row", row)
    whole = freeze("All")
    part = freeze("Agreed", agreement="agrees")  # the first label overrides
    states = dict(DatasetSnapshot.objects.values_list("name", "state"))
    assert states == {"All": "failed", "Agreed": "frozen"}
    assert AuditEvent.objects.filter(action="dataset.failed", object_id=whole).count() == 1
    assert alice.api.get(f"/api/v1/datasets/{whole}/download?format=csv").json()["code"] == "not-frozen"
    assert alice.api.get(f"/api/v1/datasets/{part}").json()["state"] == "frozen"


def test_the_manifest_says_what_is_in_it(labels, freeze, alice):
    pk = freeze("Märch", agreement="overrides")
    manifest = alice.api.get(f"/api/v1/datasets/{pk}/manifest").json()
    assert manifest["rows"] == sum(manifest["splits"].values()) == sum(manifest["outcomes"].values()) == 12
    assert manifest["overridden"] == 12
    assert manifest["filters"] == {"agreement": "overrides"}
    assert manifest["requested_by"] == "alice"
    assert manifest["schemas"][0]["number"] == 1
    names = [column["name"] for column in manifest["columns"]]
    assert names[:4] == ["decision_id", "position", "split", "decided_at"]
    assert "feature_confidence" in names
    assert len(names) == len(set(names))
    page = alice.browser.get(f"/datasets/{pk}/manifest")
    assert json.loads(page.content)["digest"] == manifest["digest"]
    assert "filename*=UTF-8''M%C3%A4rch-" in page["Content-Disposition"]
