"""Documents beside the facts: attached by who works on the case or by the service that sent it, and refused where they may bite."""

import hashlib
import io
import re
import zlib
from functools import partial

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from reviewapp.access.models import IdempotencyRecord
from reviewapp.audit.models import AuditEvent
from reviewapp.cases.documents.inspecting import inspect, safe_name
from reviewapp.cases.models import Case, Document, DocumentContent
from reviewapp.intake.scoring import score_pending
from reviewapp.lib.errors import Invalid
from reviewapp.lib.ids import uuid7
from reviewapp.predictions.models import Subject
from tests import factories
from tests.factories import make_auditor

pytestmark = pytest.mark.django_db


def pdf(pages=1, *, action=None, key="", attached=False, password=""):
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(200, 200)
    if action:
        given = {NameObject("/S"): NameObject(action), NameObject("/JS"): TextStringObject("app.alert(1)")}
        writer.root_object[NameObject("/OpenAction")] = writer._add_object(DictionaryObject(given))
    if key:
        writer.root_object[NameObject(key)] = DictionaryObject()
    if attached:
        writer.add_attachment("other.txt", b"x")
    if password:
        writer.encrypt(password)
    return written(writer)


def written(writer):
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def picture(kind="PNG", size=(60, 40), **more):
    made = io.BytesIO()
    Image.new("RGB", size, (20, 90, 160)).save(made, kind, **more)
    return made.getvalue()


def bomb():
    """A PNG of a few bytes that says it is 50,000 by 50,000."""
    header = b"IHDR" + (50_000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    parts = [header, b"IDAT" + zlib.compress(bytes(100_000)), b"IEND"]
    chunks = ((len(part) - 4).to_bytes(4, "big") + part + zlib.crc32(part).to_bytes(4, "big") for part in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def with_place():
    """A JPEG that says where it was taken."""
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    exif[0x010E] = "c4n4ry-place"
    return picture("JPEG", exif=exif)


@pytest.fixture
def in_hand(case, alice, api):
    assert api(alice).post("/api/v1/queues/loans/claim").status_code == 200
    case.refresh_from_db()
    return case


def attach(api_client, path, data, name="payslip.pdf", **headers):
    """Through the API, as a program sends it."""
    sent = {"file": SimpleUploadedFile(name, data, "application/octet-stream")}
    return api_client.client.post(path, sent, **headers)


def to_case(client, case, data, **more):
    return attach(client, f"/api/v1/cases/{case.pk}/documents", data, **more)


def upload(browser, case, data, name="payslip.pdf"):
    return browser.post(f"/cases/{case.pk}/documents/", {"file": SimpleUploadedFile(name, data)}, follow=True)


def code_of(answer):
    body = answer.json()
    return body["errors"][0]["code"] if body["errors"] else body["code"]


def test_a_reviewer_attaches_a_payslip_and_opens_it(in_hand, alice, sign_in):
    browser, sent = sign_in(alice), pdf(3)
    told = upload(browser, in_hand, sent, "Payslip May.pdf").content.decode()
    assert ">Attached.<" in re.sub(r"\s*([<>])\s*", r"\1", told), "a message is kept in a cookie, so it names no file"
    assert "Payslip May.pdf" in told
    assert "PDF, 3 pages" in told
    kept = Document.objects.get()
    opened = browser.get(f"/documents/{kept.pk}/")
    assert opened.content == sent
    assert opened["Content-Type"] == "application/pdf"
    assert opened["X-Content-Type-Options"] == "nosniff"
    assert opened["Cache-Control"] == "private, no-store"
    assert opened["Cross-Origin-Resource-Policy"] == "same-origin"
    assert opened["Content-Disposition"] == 'inline; filename="Payslip May.pdf"'
    assert opened["Content-Security-Policy"].startswith("default-src 'none'; sandbox; ")
    event = AuditEvent.objects.filter(action="case.document_viewed").get()
    assert (event.actor_id, event.object_id) == (alice.pk, str(in_hand.pk))
    assert "Alice opened a document." in browser.get(f"/cases/{in_hand.pk}/").content.decode()


def test_the_answer_kept_with_a_key_does_not_name_the_file(in_hand, alice, office, api):
    places = [(alice, f"cases/{in_hand.pk}"), (office.sender, f"predictions/{in_hand.prediction_id}")]
    for pages, (person, place) in enumerate(places, start=1):
        send = partial(attach, api(person), f"/api/v1/{place}/documents", pdf(pages), "Zora Quill.pdf")
        first, again = send(headers={"Idempotency-Key": place}), send(headers={"Idempotency-Key": place})
        assert (first.status_code, again.status_code) == (201, 201), again.content
        assert first.content == again.content
        for kept in (first.content, bytes(IdempotencyRecord.objects.get(key=place).answer)):
            assert b"Quill" not in kept
            assert str(Document.objects.latest("added_at").pk).encode() in kept
    listed = api(alice).get(f"/api/v1/cases/{in_hand.pk}").json()["documents"]
    assert [row["name"] for row in listed] == ["Zora Quill.pdf"] * 2


def test_a_picture_is_drawn_anew_and_what_else_was_in_it_is_gone(in_hand, alice, api, sign_in):
    sent = with_place()
    assert b"c4n4ry-place" in sent
    answer = to_case(api(alice), in_hand, sent + b"PK\x03\x04 another file", name="photo.jpg")
    assert answer.status_code == 201, answer.json()
    assert (answer.json()["kind"], answer.json()["width"], answer.json()["height"]) == ("jpeg", 60, 40)
    opened = sign_in(alice).get(answer.json()["url"])
    assert b"c4n4ry-place" not in opened.content
    assert b"PK\x03\x04" not in opened.content
    assert Image.open(io.BytesIO(opened.content)).size == (60, 40)
    assert "sandbox" in opened["Content-Security-Policy"]
    assert hashlib.sha256(opened.content).hexdigest() == answer.json()["sha256"]


def test_the_sending_service_attaches_to_its_prediction_and_the_case_shows_it(case, office, alice, api, sign_in):
    answer = attach(api(office.sender), f"/api/v1/predictions/{case.prediction_id}/documents", picture(), name="id.png")
    assert answer.status_code == 201, answer.json()
    read = api(alice).get(f"/api/v1/cases/{case.pk}").json()
    assert [row["name"] for row in read["documents"]] == ["id.png"]
    assert "id.png" in sign_in(alice).get(f"/cases/{case.pk}/").content.decode()


def test_a_document_of_a_blind_case_is_shown_before_the_own_view(in_hand, alice, sign_in):
    Case.objects.update(is_blind=True)
    upload(sign_in(alice), in_hand, pdf())
    page = sign_in(alice).get(f"/cases/{in_hand.pk}/").content.decode()
    assert "withheld" in page
    assert "payslip.pdf" in page
    assert sign_in(alice).get(f"/documents/{Document.objects.get().pk}/").status_code == 200


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\0" * 500, "unknown_type"),
        (b"<html><script>alert(1)</script>", "unknown_type"),
        (b"GIF89a" + pdf(), "unknown_type"),
        (b"PK\x03\x04" + b"x" * 90, "unknown_type"),
        (pdf()[:-40], "unreadable"),
        (pdf() + b"PK\x03\x04another file", "unreadable"),
        (b"%PDF-1.7\n%%EOF", "unreadable"),
        (picture()[:-30], "unreadable"),
        (picture("JPEG")[:200], "unreadable"),
        (b"\xff\xd8\xff" + b"\0" * 300, "unreadable"),
        (bomb(), "too_many_pixels"),
        (pdf(201), "too_many_pages"),
        (pdf(password="x"), "locked"),
        (pdf(action="/JavaScript"), "active_content"),
        (pdf(action="/Launch"), "active_content"),
        (pdf(action="/Launch").replace(b"/Launch", b"/L#61unch"), "active_content"),
        (pdf().replace(b"startxref", b"99 0 obj << /S /L#61unch >> endobj\nstartxref"), "active_content"),
        (pdf(action="/SubmitForm"), "active_content"),
        (pdf(key="/XFA"), "active_content"),
        (pdf(attached=True), "active_content"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_plain_document_is_refused_with_a_sentence(in_hand, alice, api, sign_in, data, code):
    refused = to_case(api(alice), in_hand, data)
    assert (refused.status_code, code_of(refused)) == (422, code)
    told = upload(sign_in(alice), in_hand, data)
    assert told.status_code == 422
    assert refused.json()["detail"] in told.content.decode()
    assert not Document.objects.exists()
    assert not DocumentContent.objects.exists()


def test_scripts_inside_compressed_objects_are_found():
    inner = b"1 0 << /S /JavaScript /JS (app.alert\\(1\\)) >>"
    packed = zlib.compress(inner)
    body = pdf_with_object_stream(packed)
    assert b"/JavaScript" not in body
    with pytest.raises(Invalid) as refused:
        inspect(body)
    assert refused.value.errors[0].code == "active_content"


def pdf_with_object_stream(packed):
    """By hand: a PDF whose only action is in an object stream, so that its bytes do not show it."""
    parts = [
        b"2 0 obj\n<< /Type /Catalog /Pages 3 0 R /OpenAction 1 0 R >>\nendobj\n",
        b"3 0 obj\n<< /Type /Pages /Kids [4 0 R] /Count 1 >>\nendobj\n",
        b"4 0 obj\n<< /Type /Page /Parent 3 0 R /MediaBox [0 0 9 9] >>\nendobj\n",
        b"5 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (len(packed), packed),
    ]  # fmt: skip
    body, places = b"%PDF-1.5\n", []
    for part in parts:
        places.append(len(body))
        body += part
    rows = b"\0\0\0\0\0" + b"\2\0\5\0\0"[:1] + (5).to_bytes(3, "big") + b"\0"
    rows += b"".join(b"\1" + place.to_bytes(3, "big") + b"\0" for place in [*places, len(body)])
    end = b"6 0 obj\n<< /Type /XRef /Size 7 /W [1 3 1] /Root 2 0 R /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (
        len(rows),
        rows,
    )
    return body + end + b"startxref\n%d\n%%%%EOF\n" % len(body)


def test_a_large_body_is_refused_before_it_is_read(in_hand, alice, api, sign_in, settings):
    most = settings.DOCUMENT_BODY_BYTES
    assert to_case(api(alice), in_hand, b"%PDF-" + b"x" * most).status_code == 413
    assert upload(sign_in(alice), in_hand, b"%PDF-" + b"x" * most).status_code == 413
    refused = to_case(api(alice), in_hand, b"%PDF-" + b"x" * (10 * 1_048_576))
    assert code_of(refused) == "too_large"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\me\\Payslip.PDF", "Payslip.pdf"),
        ("a\x1b[31mb\r\nSet-Cookie: x.pdf", "a[31mbSet-Cookie: x.pdf"),
        ("gpj.\u202efdp.exe", "gpj.fdp.exe.pdf"),
        ("\0\u200b", "document.pdf"),
        ("...", "document.pdf"),
        ("", "document.pdf"),
        ("x" * 300 + ".pdf", "x" * 95 + ".pdf"),
        ("Gehaltszettel März.pdf", "Gehaltszettel März.pdf"),
    ],
)
def test_a_name_is_made_safe(name, kept):
    assert safe_name(name, "pdf") == kept


def test_a_name_in_any_script_is_sent_encoded(in_hand, alice, api, sign_in):
    answer = to_case(api(alice), in_hand, pdf(), name='Lohn "März"\t.pdf')
    header = sign_in(alice).get(answer.json()["url"])["Content-Disposition"]
    assert header.startswith("inline; filename*=utf-8''Lohn")
    assert "\t" not in header


def test_the_name_stands_in_no_event_and_in_no_log(in_hand, alice, api, sign_in, caplog):
    answer = to_case(api(alice), in_hand, pdf(), name="Zora-Quill-payslip.pdf")
    sign_in(alice).get(answer.json()["url"])
    for event in AuditEvent.objects.filter(action__contains="document"):
        assert "Zora" not in str(event.data)
    assert AuditEvent.objects.get(action="case.document_added").data["sha256"] == answer.json()["sha256"]
    assert "Zora" not in caplog.text


def test_who_may_not_see_the_case_finds_no_document(in_hand, alice, mallory, api, sign_in):
    place = to_case(api(alice), in_hand, pdf()).json()["url"]
    assert sign_in(mallory).get(place).status_code == 404
    assert to_case(api(mallory), in_hand, pdf()).status_code == 404
    assert upload(sign_in(mallory), in_hand, pdf()).status_code == 404
    assert sign_in(alice).get(place).status_code == 200
    Case.objects.filter(pk=in_hand.pk).update(queue=factories.make_office("cards").queue)
    assert sign_in(alice).get(place).status_code == 404, "looked at each time anew"


def test_who_only_reads_opens_and_attaches_nothing(in_hand, alice, office, api, sign_in):
    place = to_case(api(alice), in_hand, pdf()).json()["url"]
    auditor = make_auditor("uma", office)
    assert sign_in(auditor).get(place).status_code == 200
    assert to_case(api(auditor), in_hand, picture()).status_code == 404


def test_another_service_attaches_nothing_to_this_prediction(case, office, api):
    other = factories.make_office("cards").sender
    path = f"/api/v1/predictions/{case.prediction_id}/documents"
    assert attach(api(other), path, pdf()).status_code == 404
    assert attach(api(office.sender), path, pdf()).status_code == 201


def test_the_same_file_is_attached_once_and_the_twenty_first_not_at_all(in_hand, alice, api):
    first = pdf()
    assert to_case(api(alice), in_hand, first).status_code == 201
    assert code_of(to_case(api(alice), in_hand, first, name="again.pdf")) == "document-there"
    kept = Document.objects.get()
    for number in range(19):
        kept.pk, kept.sent_digest = uuid7(), hashlib.sha256(bytes([number])).digest()
        kept.save(force_insert=True)
    assert code_of(to_case(api(alice), in_hand, pdf(2))) == "too-many-documents"


def test_sent_twice_under_one_key_it_is_one_document(in_hand, alice, api):
    client, sent = api(alice), pdf()
    first, again = (to_case(client, in_hand, sent, HTTP_IDEMPOTENCY_KEY="k") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()


def test_sent_again_under_its_key_after_the_decision_it_gets_the_answer_of_then(in_hand, office, alice, api):
    client, places = (
        api(alice),
        [(alice, f"cases/{in_hand.pk}"), (office.sender, f"predictions/{in_hand.prediction_id}")],
    )
    sends = [
        partial(attach, api(person), f"/api/v1/{place}/documents", pdf(pages), headers={"Idempotency-Key": place})
        for pages, (person, place) in enumerate(places, start=1)
    ]
    first = [send() for send in sends]
    assert client.post(f"/api/v1/cases/{in_hand.pk}/review", {"lease": 1, "answer": "agree"}).status_code == 200
    again = [send() for send in sends]
    assert [answer.status_code for answer in (*first, *again)] == [201] * 4
    assert [answer.content for answer in first] == [answer.content for answer in again]
    late = attach(client, f"/api/v1/cases/{in_hand.pk}/documents", pdf(3), headers={"Idempotency-Key": "another"})
    assert code_of(late) == "case-decided"


def test_who_knows_the_person_attaches_nothing(in_hand, alice, bob, api, sign_in):
    assert api(alice).post(f"/api/v1/cases/{in_hand.pk}/recuse", {"lease": 1}).status_code == 200
    assert code_of(to_case(api(alice), in_hand, pdf())) == "knows-subject"
    browser = sign_in(alice)
    refused = upload(browser, in_hand, pdf())
    assert (refused.status_code, "you attach no documents to it" in refused.content.decode()) == (409, True)
    assert "/documents/" not in browser.get(f"/cases/{in_hand.pk}/").content.decode(), "nor is it offered"
    assert not Document.objects.exists()
    assert to_case(api(bob), in_hand, pdf()).status_code == 201


def test_nothing_is_added_to_a_decided_case(in_hand, alice, api):
    assert api(alice).post(f"/api/v1/cases/{in_hand.pk}/review", {"lease": 1, "answer": "agree"}).status_code == 200
    assert code_of(to_case(api(alice), in_hand, pdf())) == "case-decided"


def test_a_document_stays_with_the_case_when_inputs_are_corrected(in_hand, alice, api, sign_in):
    place = to_case(api(alice), in_hand, pdf()).json()["url"]
    given = {"lease": 1, "changes": {"income": 2900}, "sources": {"income": "payslip of May"}}
    assert api(alice).post(f"/api/v1/cases/{in_hand.pk}/corrections", given).status_code == 202
    score_pending(at=timezone.now())
    assert len(api(alice).get(f"/api/v1/cases/{in_hand.pk}").json()["documents"]) == 1
    assert "payslip.pdf" in sign_in(alice).get(f"/cases/{in_hand.pk}/").content.decode()
    assert sign_in(alice).get(place).status_code == 200
    assert to_case(api(alice), in_hand, picture()).status_code == 201


def test_what_is_kept_opens_only_while_the_persons_key_is_there(in_hand, alice, api, sign_in):
    sent = pdf()
    place = to_case(api(alice), in_hand, sent).json()["url"]
    assert sent not in bytes(DocumentContent.objects.get().data)
    Subject.objects.update(data_key=b"")
    browser = sign_in(alice)
    browser.raise_request_exception = False
    assert browser.get(place).status_code == 404


def test_a_document_is_neither_changed_nor_taken_away(in_hand, alice, api):
    to_case(api(alice), in_hand, pdf())
    for statement in ("update cases_document set name = 'x'", "delete from cases_documentcontent"):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"", "multipart/form-data; boundary=x", 422),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x", 422),
        (b"--x--\r\n", "multipart/form-data", 400),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nno file\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            422,
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="other"; filename="a.pdf"\r\n\r\nx\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            422,
        ),
        (b"--x--\r\n", "multipart/form-data; boundary=x; charset=utf-7", 415),
    ],
)
def test_a_body_of_another_shape_is_refused(in_hand, alice, api, body, kind, status):
    answer = api(alice).client.post(f"/api/v1/cases/{in_hand.pk}/documents", body, content_type=kind)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"


def test_a_list_reads_no_bytes(in_hand, alice, api, django_assert_max_num_queries):
    to_case(api(alice), in_hand, pdf())
    with django_assert_max_num_queries(40) as asked:
        api(alice).get(f"/api/v1/cases/{in_hand.pk}")
    assert not [one for one in asked if "documentcontent" in one["sql"]]
