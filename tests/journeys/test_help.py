"""Help begins with a first day in five lines, and its links lead somewhere."""

import re

import pytest

pytestmark = pytest.mark.django_db
ROLES = ["reviewer", "lead", "admin", "auditor", "ml", "client"]


@pytest.mark.parametrize("role", ROLES)
def test_a_first_day_is_told_in_five_lines_that_lead_to_sections(role, alice, sign_in):
    page = sign_in(alice).get(f"/help/{role}/").content.decode()
    first = re.search(r'<section class="help__first".*?</section>', page, re.DOTALL)
    assert first is not None
    assert 3 <= first[0].count("<li>") <= 5
    assert 'href="#' in first[0]
    sections = set(re.findall(r'href="#([\w-]+)"', page)) - {"main"}
    assert sections <= set(re.findall(r'id="([\w-]+)"', page))


def test_help_for_nobody_is_not_there(alice, sign_in):
    assert sign_in(alice).get("/help/nobody/").status_code == 404
