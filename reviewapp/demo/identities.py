"""Invented people. The data sets name nobody; Faker does, from the case's own id, so that a case sent twice names the same person."""

from datetime import date, timedelta
from functools import cache
from zlib import crc32

from faker import Faker

from reviewapp.demo.split import Arrival

_LOCALES = (
    "en_US",
    "en_US",
    "en_US",
    "es_MX",
    "pt_PT",
    "ar_EG",
)  # some names are written from right to left, as in life
_TODAY = date(2026, 1, 1)  # ages count from here: a real today would change the body of a case that is sent again
_YEAR = timedelta(days=365.2425)
_APPLICANTS = (24, 71)


def person(arrival: Arrival) -> dict[str, str]:
    """The `subject` of a prediction."""
    number = crc32(arrival.external_id.encode())
    fake = _faker(_LOCALES[number % len(_LOCALES)])
    fake.seed_instance(number)
    name = f"{fake.first_name()} {fake.last_name()}"
    years = arrival.case.record.get("age") or fake.random_int(*_APPLICANTS)
    born = _TODAY - years * _YEAR - timedelta(days=fake.random_int(1, 360))
    code, _, digits = arrival.external_id.partition("-")
    contact = f"{code.lower()}{digits}@{fake.random_element(('example.com', 'example.net', 'example.org'))}"
    return {"reference": f"CUST-{digits}", "name": name, "date_of_birth": born.isoformat(), "contact": contact}


@cache
def _faker(locale: str) -> Faker:
    return Faker(locale)
