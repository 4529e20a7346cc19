"""How much of people's work proof of review may take."""

import pytest

from reviewapp.access.rules import Scope
from reviewapp.cases.proof import Shares, Volumes, lowered, taken


@pytest.mark.parametrize(
    ("wanted", "of", "takes", "drawn"),
    [
        (Shares(0.02, 0, 0, 0.05), Volumes(), 0.035, (0.02, 0, 0)),  # the advised: within the cap
        (Shares(0.02, 0.015, 0, 0.05), Volumes(), 0.05, (0.02, 0.015, 0)),  # just so
        (Shares(0.02, 0.05, 0, 0.05), Volumes(), 0.085, (0.01, 0.025, 0)),  # twice what is left: halved
        (Shares(0.05, 0, 0, 0.2), Volumes(), 0.11, (0, 0, 0)),  # blind first alone takes more
        (Shares(0.02, 0, 0, 1.0), Volumes(), 0.02, (0.02, 0, 0)),  # all are blind: that is how the queue works
        (Shares(0, 0, 0.05, 0), Volumes(1_000, 1_000), 0.05, (0, 0, 0.05)),
        (Shares(0, 0, 0.05, 0), Volumes(10_000, 1_000), 0.5, (0, 0, 0.005)),  # ten automatic ones for each case
        (Shares(0, 0, 0.05, 0), Volumes(1_000, 10), 5.0, (0, 0, 0.002)),  # 2 a day in any case
        (Shares(0, 0, 0.05, 0), Volumes(20, 0), 1.0, (0, 0, 0.05)),  # no more than wanted
        (Shares(0, 0, 0, 0), Volumes(), 0, (0, 0, 0)),
    ],
)
def test_what_is_drawn_is_lowered_in_proportion_to_what_the_cap_leaves(wanted, of, takes, drawn):
    assert taken(wanted, of) == pytest.approx(takes)
    found = lowered(wanted, of)
    assert (found.seeded, found.human, found.automatic) == pytest.approx(drawn)
    assert found.blind == wanted.blind


def test_carol_reads_in_the_settings_what_is_drawn_instead(api, sign_in, carol, office):
    settings = "/queues/loans/settings/"
    page = sign_in(carol).get(settings).content.decode()
    assert "take about 0 of 100 cases" in page
    shares = {"seeded_share": 0.02, "qa_human_share": 0.05, "blind_share": 0.05}
    assert api(carol, Scope.CASES_LEAD).patch("/api/v1/queues/loans", shares).status_code == 200
    page = sign_in(carol).get(settings).content.decode()
    for text in ("take about 8.5 of 100 cases", "seeded cases 1 instead of 2", "decisions of people 2.5 instead of 5"):
        assert text in page
