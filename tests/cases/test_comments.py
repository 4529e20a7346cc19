"""Comments on a case: who writes, who reads, whom they tell, and from whom they are kept."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from reviewapp.access.models import IdempotencyRecord
from reviewapp.access.rules import VIEW_QUEUE, Role
from reviewapp.audit.models import AuditEvent
from reviewapp.cases.actions import commenting
from reviewapp.cases.mentions import named_in
from reviewapp.cases.models import Case
from reviewapp.cases.models.discussion import Comment, Mention
from tests import factories

ASKED = ">Add comment</button>"
SECRET = "The payslip of October is a scan of a copy."


@pytest.fixture
def case(office):
    return office.send(external_id="APP-7")


@pytest.fixture
def frank(office):
    return factories.make_auditor("frank", office)


def write(client, case, text, status=201):
    answer = client.post(f"/api/v1/cases/{case.pk}/comments", {"text": text})
    assert answer.status_code == status, answer.content
    return answer.json()


def texts(client, case):
    answer = client.get(f"/api/v1/cases/{case.pk}/comments")
    assert answer.status_code == 200, answer.content
    return [line["text"] for line in answer.json()["results"]]


def mentioned(client):
    return [line["comment"]["text"] for line in client.get("/api/v1/mentions").json()["results"]]


def page_of(browser, case):
    return browser.get(f"/cases/{case.pk}/").content.decode()


def review(client, case, **given):
    lease = client.post(f"/api/v1/cases/{case.pk}/claim").json()["lease"]["number"]
    sent = client.post(f"/api/v1/cases/{case.pk}/review", {"lease": lease, "answer": "agree", **given})
    assert sent.status_code == 200, sent.content


def test_a_comment_is_read_by_all_who_may_see_the_case_and_by_nobody_else(api, sign_in, alice, bob, frank, case):
    written = write(api(alice), case, SECRET)
    assert (written["round"], written["withdrawn_at"]) == (1, None)
    for reader in (bob, frank):
        assert texts(api(reader), case) == [SECRET]
        assert SECRET in page_of(sign_in(reader), case)
    stranger = factories.make_reviewer("mallory", factories.make_office("elsewhere"))
    assert api(stranger).get(f"/api/v1/cases/{case.pk}/comments").status_code == 404
    write(api(stranger), case, "Let me in", status=404)
    assert Comment.objects.count() == 1


def test_a_decided_case_takes_comments_too_and_so_do_people_who_only_read(api, alice, frank, case):
    review(api(alice), case)
    write(api(frank), case, "Looked at in the audit.")
    assert texts(api(alice), case) == ["Looked at in the audit."]


def test_the_trail_says_how_much_was_written_and_the_kept_answer_nothing_of_it(api, alice, case):
    answer = api(alice).post(f"/api/v1/cases/{case.pk}/comments", {"text": SECRET}, **{"Idempotency-Key": "once"})
    again = api(alice).post(f"/api/v1/cases/{case.pk}/comments", {"text": SECRET}, **{"Idempotency-Key": "once"})
    assert (answer.status_code, again.status_code, Comment.objects.count()) == (201, 201, 1)
    assert answer.content == again.content
    event = AuditEvent.objects.get(action="case.commented")
    assert (event.data["length"], event.data["mentions"]) == (len(SECRET), 0)
    for kept in (bytes(event.canon), bytes(IdempotencyRecord.objects.get(key="once").answer), answer.content):
        assert SECRET[:11].encode() not in kept


def test_its_author_withdraws_it_and_nobody_else(api, sign_in, alice, bob, carol, case):
    written = write(api(alice), case, f"@bob {SECRET}")
    path = f"/api/v1/cases/{case.pk}/comments/{written['id']}/withdraw"
    assert api(carol).post(path).status_code == 403
    assert sign_in(bob).get("/my-work/").content.decode().count("October") == 1
    done = api(alice).post(path)
    assert (done.status_code, done.json()["withdrawn_at"] is not None) == (200, True)
    assert api(alice).post(path).json()["code"] == "already-withdrawn"
    assert Comment.objects.get().text == ""
    assert (texts(api(bob), case), mentioned(api(bob))) == ([None], [])
    page = page_of(sign_in(bob), case)
    assert "Withdrawn by its author." in page
    assert "Alice wrote a comment." in page
    assert "Alice withdrew a comment." in page
    assert "October" not in page + sign_in(bob).get("/my-work/").content.decode()


@pytest.mark.parametrize(
    "statement",
    [
        "update cases_comment set text = 'other'",
        "update cases_comment set text = '', withdrawn_at = now(), round = 2",
        "delete from cases_comment",
        "delete from cases_mention",
        "truncate cases_comment, cases_mention",
    ],
)
def test_what_was_written_is_changed_by_nothing_else(api, alice, bob, case, statement):
    write(api(alice), case, f"@bob {SECRET}")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute(statement)


def test_who_is_mentioned_finds_it_in_my_work_until_they_have_opened_the_case(api, sign_in, alice, bob, case):
    write(api(alice), case, "First, for nobody.")
    write(api(alice), case, "@bob, can you call the employer?\nThe number is in the file.")
    browser = sign_in(bob)
    work = browser.get("/my-work/").content.decode()
    assert "can you call the employer?" in work
    assert '<span class="tag">new</span>' in work
    assert "for nobody" not in work
    assert "can you call the employer?" not in sign_in(alice).get("/my-work/").content.decode()
    page = page_of(browser, case)
    assert page.count("mentions you") == 1
    assert Mention.objects.get().seen_at is not None
    assert "mentions you" not in page_of(browser, case)
    work = browser.get("/my-work/mentions/").content.decode()
    assert "can you call the employer?" in work
    assert '<span class="tag">new</span>' not in work


def test_nobody_who_cannot_read_the_case_can_be_mentioned_and_nothing_tells_whether_there_is_such_a_person(
    api, sign_in, office, alice, case
):
    factories.make_reviewer("mallory", factories.make_office("elsewhere"))
    factories.make_user("erin", Role.ADMIN)
    told = []
    for name in ("mallory", "erin", "ghost", "loans-system"):
        refused = api(alice).post(f"/api/v1/cases/{case.pk}/comments", {"text": f"Ask @{name}."})
        assert refused.status_code == 422
        detail = refused.json()["errors"][0]["detail"]
        assert f"@{name}: nobody of that name can read this case." in detail
        told.append(detail.replace(name, "X"))
    assert len(set(told)) == 1
    assert not Comment.objects.exists()
    page = sign_in(alice).post(f"/cases/{case.pk}/comments/", {"text": "Ask @mallory"})
    assert page.status_code == 422
    assert "@mallory: nobody of that name can read this case." in page.content.decode()
    assert ">Ask @mallory</textarea>" in page.content.decode()


def test_the_page_offers_those_who_may_read_the_case_and_takes_one_by_the_form_alone(
    api, sign_in, office, alice, bob, frank, case
):
    gone = factories.make_reviewer("gone", office)
    gone.is_active = False
    gone.save()
    browser = sign_in(alice)
    page = page_of(browser, case)
    assert all(f'<option value="{name}">' in page for name in ("bob", "frank"))
    assert all(f'<option value="{name}">' not in page for name in ("alice", "gone", "loans-system"))
    done = browser.post(f"/cases/{case.pk}/comments/", {"text": "Please look.", "person": "bob"}, follow=True)
    assert "Your comment is on the case." in done.content.decode()
    assert mentioned(api(bob)) == ["@bob Please look."]


def test_a_role_that_may_read_the_queue_is_offered_and_mentioned_like_its_people(api, sign_in, office, alice, case):
    from django.contrib.auth.models import Group
    from guardian.shortcuts import assign_perm

    gina = factories.make_user("gina", Role.ML)
    assign_perm(VIEW_QUEUE, Group.objects.get(name=Role.ML), office.queue)
    assert '<option value="gina">' in page_of(sign_in(alice), case)
    write(api(alice), case, "@Gina: is this model yours?")
    assert mentioned(api(gina)) == ["@Gina: is this model yours?"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@bob, @Carol. @bob again", ["bob", "Carol"]),
        ("bob@example.org and x@@y", []),
        ("(@bob.miller)", ["bob.miller"]),
        ("@ bob, @-x", []),
    ],
)
def test_a_name_follows_an_at_that_begins_a_word(text, names):
    assert [name.casefold() for name in named_in(text)] == [name.casefold() for name in names]


def test_a_comment_is_text_and_nothing_else(api, sign_in, alice, case):
    write(api(alice), case, "<script>alert(1)</script>\nhttps://example.org/x {{7*7}} \u202ereversed \x1b[31m")
    page = page_of(sign_in(alice), case)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\nhttps://example.org/x {{7*7}}" in page
    assert "<script>alert" not in page
    assert 'href="https://example.org' not in page


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("", 422, "required"),
        (" \n ", 422, "text_needed"),
        ("x" * 2_001, 422, "wrong_type"),
        (7, 422, "wrong_type"),
        (" ".join(f"@p{n}" for n in range(11)), 422, "too_many_mentions"),
    ],
)
def test_what_is_no_comment_is_refused(api, alice, case, text, status, code):
    refused = api(alice).post(f"/api/v1/cases/{case.pk}/comments", {"text": text})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (status, code)
    assert not Comment.objects.exists()


def test_two_thousand_characters_fit_however_the_browser_writes_its_lines(sign_in, alice, case):
    browser = sign_in(alice)
    text = "x\r\n" * 1_000
    assert browser.post(f"/cases/{case.pk}/comments/", {"text": text}).status_code == 302
    assert Comment.objects.get().text == "\n".join(["x"] * 1_000)
    assert browser.post(f"/cases/{case.pk}/comments/", {"text": "x" * 2_001}).status_code == 422
    assert browser.post(f"/cases/{case.pk}/comments/", {"text": "a\0b"}).status_code in {400, 422}


def test_nobody_floods_a_case_or_the_house(api, alice, bob, case, monkeypatch):
    monkeypatch.setattr(commenting, "MOST_AT_ONCE", 2)
    for _ in range(2):
        write(api(alice), case, "More")
    refused = api(alice).post(f"/api/v1/cases/{case.pk}/comments", {"text": "More"})
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-comments")
    assert int(refused.headers["Retry-After"]) > 0
    write(api(bob), case, "Mine is my first.")
    monkeypatch.setattr(commenting, "AT_ONCE", timedelta(0))
    monkeypatch.setattr(commenting, "MOST_OF_CASE", 3)
    full = api(bob).post(f"/api/v1/cases/{case.pk}/comments", {"text": "More"})
    assert (full.status_code, full.json()["code"]) == (409, "comments-full")


def test_who_knows_the_person_of_the_case_writes_no_comment_on_it(api, sign_in, office, alice, bob, carol, case):
    lease = api(alice).post(f"/api/v1/cases/{case.pk}/claim").json()["lease"]["number"]
    written = write(api(alice), case, "I shall look at it.")
    assert api(alice).post(f"/api/v1/cases/{case.pk}/recuse", {"lease": lease}).status_code == 200
    link = {"person": "bob", "reason": "They are neighbours."}
    assert api(carol).post(f"/api/v1/cases/{case.pk}/recuse", link).status_code == 200
    same_person = office.send(external_id="APP-8")
    for person in (alice, bob):
        for about in (case, same_person):
            refused = api(person).post(f"/api/v1/cases/{about.pk}/comments", {"text": "Be kind to her."})
            assert (refused.status_code, refused.json()["code"]) == (409, "knows-subject")
            assert refused.json()["detail"].endswith("you write no comments on it.")
        page = sign_in(person).post(f"/cases/{case.pk}/comments/", {"text": "Be kind to her."})
        assert page.status_code == 409
        assert "Be kind to her." in page.content.decode()  # not lost
    assert Comment.objects.count() == 1
    assert api(alice).post(f"/api/v1/cases/{case.pk}/comments/{written['id']}/withdraw").status_code == 200
    conflict = api(carol).get("/api/v1/conflicts").json()["results"][0]
    assert conflict["person"]["username"] == "bob"
    assert api(carol).post(f"/api/v1/conflicts/{conflict['id']}/end", {"reason": "A namesake."}).status_code == 200
    write(api(bob), case, "It was somebody else.")


def test_who_knows_the_person_is_told_why_instead_of_asked_for_a_comment(api, sign_in, alice, bob, carol, case):
    write(api(alice), case, "I shall look at it.")
    lease = api(alice).post(f"/api/v1/cases/{case.pk}/claim").json()["lease"]["number"]
    assert ASKED in page_of(sign_in(alice), case)
    assert api(alice).post(f"/api/v1/cases/{case.pk}/recuse", {"lease": lease}).status_code == 200
    link = {"person": "bob", "reason": "They are neighbours."}
    assert ASKED in page_of(sign_in(bob), case)
    assert api(carol).post(f"/api/v1/cases/{case.pk}/recuse", link).status_code == 200
    for person in (alice, bob):
        page = page_of(sign_in(person), case)
        assert ASKED not in page
        assert "You know the person this case is about" in page
        assert "so somebody else answers it" in page
        assert "I shall look at it." in page
    page = page_of(sign_in(carol), case)
    assert ASKED in page
    assert "You know the person" not in page


def test_the_list_is_paged_newest_first_and_reading_it_is_a_look_at_the_case(api, alice, bob, case):
    for number in range(3):
        write(api(alice), case, f"@bob {number}")
    first = api(bob).get(f"/api/v1/cases/{case.pk}/comments", page_size=2).json()
    assert [line["text"] for line in first["results"]] == ["@bob 2", "@bob 1"]
    rest = api(bob).get(f"/api/v1/cases/{case.pk}/comments", page_size=2, cursor=first["next"]).json()
    assert [line["text"] for line in rest["results"]] == ["@bob 0"]
    assert AuditEvent.objects.filter(action="case.viewed", actor_id=bob.pk).count() == 2
    assert not Mention.objects.filter(seen_at=None).exists()


def test_who_lost_sight_of_the_case_loses_its_mentions(api, office, alice, bob, case):
    from guardian.shortcuts import remove_perm

    write(api(alice), case, "@bob look")
    assert mentioned(api(bob)) == ["@bob look"]
    remove_perm("work_cases", bob, office.queue)
    assert mentioned(api(bob)) == []


# Independence


@pytest.fixture
def second(office, case):
    office.queue.review_policy = {"always": True}
    office.queue.save()
    return case


def test_who_may_still_answer_hears_nothing_from_who_has_until_they_have_too(
    api, sign_in, alice, bob, carol, frank, second
):
    write(api(bob), second, "Before anybody answered.")
    write(api(alice), second, f"@bob my early view: {SECRET}")
    review(api(alice), second)
    write(api(alice), second, f"@bob @carol I denied it. {SECRET}")
    write(api(frank), second, f"@bob Alice denied it. {SECRET}")
    for reader in (bob, carol):
        assert texts(api(reader), second) == ["Before anybody answered."]
        assert mentioned(api(reader)) == []
        browser = sign_in(reader)
        for path in (f"/cases/{second.pk}/", "/my-work/", "/my-work/mentions/", f"/cases/{second.pk}/similar/"):
            text = browser.get(path).content.decode()
            assert "October" not in text
            assert "wrote a comment" not in text.replace("Bob wrote a comment", "")
    assert len(texts(api(frank), second)) == 4
    assert len(texts(api(alice), second)) == 4
    told = [event.data["told"] for event in AuditEvent.objects.filter(action="case.commented").order_by("id")]
    assert told == [[], [str(bob.pk)], [], []]
    review(api(bob), second, answer="correct", outcome="approve", note="x")
    assert len(texts(api(bob), second)) == 4
    assert len(mentioned(api(bob))) == 3
    assert texts(api(carol), second) == []  # by two who differ, and she decides between them


def test_what_was_kept_from_somebody_is_still_new_to_them_once_the_case_is_decided(
    api, sign_in, alice, bob, carol, second
):
    review(api(alice), second)
    write(api(alice), second, "@carol I denied it.")
    page_of(sign_in(carol), second)
    assert Mention.objects.get().seen_at is None
    review(api(bob), second)
    assert '<span class="tag">new</span>' in sign_in(carol).get("/my-work/").content.decode()
    assert "I denied it." in page_of(sign_in(carol), second)


def test_naming_somebody_does_not_tell_that_they_have_answered(api, office, alice, bob, carol, second):
    from guardian.shortcuts import remove_perm

    review(api(alice), second)
    remove_perm("work_cases", alice, office.queue)
    refused = api(bob).post(f"/api/v1/cases/{second.pk}/comments", {"text": "@alice was it you?"})
    assert refused.status_code == 422
    review(api(bob), second)
    write(api(bob), second, "@alice was it you?")


def test_after_a_reopening_what_was_written_before_is_read_like_what_was_answered_before(
    api, office, alice, bob, carol, second
):
    dave = factories.make_reviewer("dave", office)
    review(api(alice), second)
    write(api(alice), second, "I denied it.")
    review(api(bob), second)
    reopened = api(carol).post(f"/api/v1/cases/{second.pk}/reopen", {"reason": "New papers"})
    assert reopened.status_code == 200
    assert texts(api(dave), second) == ["I denied it."]


def test_on_a_blind_case_who_has_seen_the_model_is_not_heard_by_who_has_not(
    api, sign_in, office, alice, bob, frank, case
):
    Case.objects.filter(pk=case.pk).update(is_blind=True)
    write(api(bob), case, "Is the employer known?")
    write(api(frank), case, f"@bob the model says deny. {SECRET}")
    lease = api(alice).post(f"/api/v1/cases/{case.pk}/claim").json()["lease"]["number"]
    write(api(alice), case, "@bob early")
    blind = {"lease": lease, "answer": "blind", "outcome": "deny"}
    assert api(alice).post(f"/api/v1/cases/{case.pk}/review", blind).status_code == 200
    write(api(alice), case, f"@bob it is right. {SECRET}")
    browser = sign_in(bob)
    assert texts(api(bob), case) == ["Is the employer known?"]
    assert mentioned(api(bob)) == []
    assert "October" not in page_of(browser, case) + browser.get("/my-work/").content.decode()
    assert "Frank wrote" not in page_of(browser, case)
    assert len(texts(api(alice), case)) == 4
    api(alice).post(f"/api/v1/cases/{case.pk}/release", {"lease": lease})
    lease = api(bob).post(f"/api/v1/cases/{case.pk}/claim").json()["lease"]["number"]
    api(bob).post(f"/api/v1/cases/{case.pk}/review", {**blind, "lease": lease})
    assert len(texts(api(bob), case)) == 4
    assert len(mentioned(api(bob))) == 3


def test_nor_is_who_could_read_it_while_the_case_was_decided(api, office, alice, bob, carol, case):
    review(api(alice), case)
    Case.objects.filter(pk=case.pk).update(is_blind=True)
    assert api(carol).post(f"/api/v1/cases/{case.pk}/reopen", {"reason": "New papers"}).status_code == 200
    write(api(carol), case, "@bob the model said deny.")
    assert (texts(api(bob), case), mentioned(api(bob))) == ([], [])


def test_nor_who_could_read_an_answer_before_the_decision_was_taken_back(
    api, office, alice, bob, carol, second, settings
):
    settings.UNDO_SECONDS = 30
    review(api(alice), second)
    review(api(bob), second, answer="correct", outcome="approve", note="x")
    review(api(carol), second, note="x")
    assert api(carol).post(f"/api/v1/cases/{second.pk}/undo").status_code == 200
    heidi, dave = factories.make_lead("heidi", office), factories.make_reviewer("dave", office)
    write(api(heidi), second, "Alice denied it, and Bob did not.")
    assert texts(api(dave), second) == []


def test_times_are_of_the_moment(api, alice, case):
    before = timezone.now()
    write(api(alice), case, "Now")
    assert before <= Comment.objects.get().written_at <= timezone.now()
