"""Confidence in words: it counts real cases, and says so when there are too few."""

import pytest

from inference.confidence import TOO_FEW, CasesLike, cases_like, confidence_words, wilson

DENY = {"value": "deny", "label": "Deny", "past": "denied"}


def table(n: int, denied_from: int) -> dict:
    """Case i of n was given probability i/n of deny, and was denied from `denied_from` on."""
    deny = [i / n for i in range(n)]
    return {
        "outcomes": ["approve", "deny"],
        "actual": [int(i >= denied_from) for i in range(n)],
        "probability": {"deny": deny, "approve": [1 - p for p in deny]},
    }


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(73, 100, 0.636, 0.807), (0, 10, 0.0, 0.278), (10, 10, 0.722, 1.0), (0, 0, 0.0, 1.0)],
)
def test_wilsons_interval_matches_published_values(hits, n, low, high):
    assert wilson(hits, n) == pytest.approx((low, high), abs=5e-4)


def test_the_nearest_hundred_cases_are_counted():
    like = cases_like(table(400, 300), "deny", 0.75)
    assert 100 <= like.n <= 101
    assert like.hits == pytest.approx(50, abs=1)
    assert like.others[0][0] == "approve"


def test_one_in_twenty_is_taken_where_that_is_more():
    assert cases_like(table(4000, 2000), "deny", 0.5).n == pytest.approx(200, abs=1)


def test_cases_as_near_as_the_last_are_all_counted():
    level = {"outcomes": ["a", "b"], "actual": [0, 1] * 300, "probability": {"a": [0.5] * 600, "b": [0.5] * 600}}
    assert cases_like(level, "a", 0.5) == CasesLike(600, 300, (("b", 300),))


def test_cases_scored_otherwise_do_not_count_however_few_there_are():
    few = table(120, 60)
    assert cases_like(few, "deny", 0.5).n == pytest.approx(36, abs=2)
    assert cases_like(few, "deny", 0.99).hits == cases_like(few, "deny", 0.99).n


def test_an_outcome_never_calibrated_has_no_cases():
    assert cases_like(table(400, 300), "refer", 0.5).n == 0


@pytest.mark.parametrize(
    ("hits", "n", "word"),
    [
        (60, 100, "Close call"),
        (73, 100, "Leaning"),
        (73, 1000, "Close call"),
        (850, 1000, "Fairly sure"),
        (980, 1000, "Sure"),
    ],
)
def test_the_word_follows_the_lower_end_of_the_interval(hits, n, word):
    assert confidence_words(CasesLike(n, hits), DENY).word == word


def test_the_sentence_counts_out_of_a_hundred():
    words = confidence_words(CasesLike(330, 241), DENY, noun="applications")
    assert words.sentence == "Of 100 applications it scored like this, 73 were denied (68 to 78)."
    assert (words.of_100, words.low, words.high, words.n) == (73, 68, 78, 330)


def test_an_outcome_without_a_past_form_is_named():
    words = confidence_words(CasesLike(100, 90), {"value": "2", "label": "2 Very urgent"})
    assert "90 came out as 2 Very urgent" in words.sentence


def test_ordered_outcomes_are_unsure_between_neighbours():
    assert confidence_words(CasesLike(100, 50), DENY, neighbours=True).word == "Unsure between neighbours"
    assert confidence_words(CasesLike(100, 95), DENY, neighbours=True).word != "Unsure between neighbours"


@pytest.mark.parametrize("like", [None, CasesLike(49, 49)])
def test_under_fifty_cases_it_does_not_say_how_sure(like):
    words = confidence_words(like, DENY)
    assert words.sentence == TOO_FEW
    assert not words.is_known
