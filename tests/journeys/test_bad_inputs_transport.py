"""Bad input below the application: raw bytes to the real server's port. Answers are plain refusals, never a 5xx, a file or a wait."""

import json
import time
from typing import Any

import pytest

from reviewapp.predictions.models import Prediction
from tests.journeys.conftest import RawAnswer, Served, body

pytestmark = [pytest.mark.xdist_group("bad_inputs_transport"), pytest.mark.django_db, pytest.mark.timeout(300)]
MIB = 1_048_576
SINGLE, BATCH, CLAIM = "/api/v1/predictions", "/api/v1/predictions/batch", "/api/v1/queues/loans/claim"


def ask(
    served: Served,
    method: str = "GET",
    path: str = "/api/v1/cases",
    *lines: str,
    who: str = "alice",
    host: str = "Host: 127.0.0.1",
    content: bytes = b"",
    **how: Any,
) -> RawAnswer:
    head = [
        f"{method} {path} HTTP/1.1",
        *([host] if host else []),
        f"Authorization: Bearer {served.tokens[who]}",
        *lines,
    ]
    return served.raw("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + content, **how)


def send(served: Served, path: str, *lines: str, content: bytes = b"", **how: Any) -> RawAnswer:
    return ask(served, "POST", path, "Content-Type: application/json", *lines, who="sender", content=content, **how)


def chunks(content: bytes, size: int = 65_536) -> bytes:
    parts = [content[start : start + size] for start in range(0, len(content), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def padded(size: int) -> bytes:
    """A good prediction in so many bytes."""
    plain = json.dumps(body()).encode()
    return plain + b" " * (size - len(plain))


@pytest.fixture
def unchanged(served: Served) -> Any:
    before = served.fingerprint()
    yield
    assert served.fingerprint() == before


# A9: sizes, said, unsaid and lied about


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/predictions",
        "/api/v1/predictions/batch",
        CLAIM,
        "/api/v1/datasets",
        "/sign-in/",
        "/preferences/",
        "/api/v1/nowhere",
    ],
)
@pytest.mark.parametrize("way", ["announced", "announced and sent", "in chunks"])
def test_a9_too_large_a_body_is_cut_off(served, unchanged, path, way):
    most = 16 * MIB if path == BATCH else MIB
    if way == "in chunks":
        answer = send(served, path, "Transfer-Encoding: chunked", content=chunks(b" " * (most + 1)))
    else:
        answer = send(served, path, f"Content-Length: {most + 1}", content=b" " * (most + 1) if "sent" in way else b"")
    if way == "in chunks" and not path.startswith("/api/v1/"):
        assert answer.status in {400, 403}, "a form without a token is not read further"
    elif way == "in chunks" and path.endswith("nowhere"):
        assert answer.status == 404
    else:
        assert (answer.status, answer.closed) == (413, True)
    if path.startswith("/api/") and answer.status == 413:
        assert answer.problem()["code"] == "too-large"


@pytest.mark.parametrize("way", ["announced", "in chunks"])
def test_a9_the_largest_body_is_taken(served, way):
    content = padded(MIB)
    lines = ["Transfer-Encoding: chunked"] if way == "in chunks" else [f"Content-Length: {len(content)}"]
    answer = send(served, SINGLE, *lines, content=chunks(content) if way == "in chunks" else content)
    assert (answer.status, answer.closed) == (201, False)


def test_a9_an_endless_body_is_cut_off_while_it_comes(served, unchanged):
    """64 MiB more than may come: the server hangs up long before it has read them."""
    answer = send(served, BATCH, "Transfer-Encoding: chunked", content=chunks(b" " * (80 * MIB), size=MIB)[:-5])
    assert answer.status in {413, 0}
    assert answer.closed


@pytest.mark.parametrize("way", ["length", "chunks"])
def test_a9_a_body_that_ends_early_is_dropped(served, unchanged, way):
    content = json.dumps(body()).encode()
    if way == "length":
        answer = send(served, SINGLE, f"Content-Length: {len(content) + 100}", content=content, end=True, seconds=30)
    else:
        answer = send(served, SINGLE, "Transfer-Encoding: chunked", content=chunks(content)[:-40], end=True, seconds=30)
    assert answer.status in {400, 408, 0}


def test_a9_a_length_shorter_than_the_body_reads_that_much(served, unchanged):
    content = json.dumps(body()).encode()
    assert send(served, SINGLE, "Content-Length: 10", content=content).status == 400


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: abc"],
        ["Content-Length: -1"],
        ["Content-Length: 1e3"],
        ["Content-Length: ٥"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: 99999999999999999999999"],
        ["Transfer-Encoding: gzip"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding: xchunked"],
    ],
    ids=str,
)
def test_a9_a_length_that_is_none_is_refused(served, unchanged, lines):
    answer = served.raw(
        "\r\n".join([f"POST {SINGLE} HTTP/1.1", "Host: 127.0.0.1", *lines]).encode() + b"\r\n\r\n" + b"12345", end=True
    )
    assert answer.status in {400, 411, 413, 501, 0}


@pytest.mark.parametrize(
    "content",
    [
        b"zz\r\n{}\r\n0\r\n\r\n",
        b"-1\r\n{}\r\n0\r\n\r\n",
        b"ffffffffffffffffff\r\n{}",
        b"2\r\n{}XX0\r\n\r\n",
        b"1" * 10_000 + b"\r\n",
    ],
    ids=lambda content: content[:12],
)
def test_a9_chunks_that_are_none_are_refused(served, unchanged, content):
    answer = send(served, SINGLE, "Transfer-Encoding: chunked", content=content, end=True)
    assert answer.status in {400, 413, 422, 0}


def test_two_lengths_smuggle_no_second_request(served):
    """By RFC 9112 the chunks count; what follows them is a request of its own or nothing."""
    count = Prediction.objects.count()
    inner = b"GET /api/v1/cases HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    answer = send(
        served, SINGLE, "Content-Length: 4", "Transfer-Encoding: chunked", content=b"0\r\n\r\n" + inner, end=True
    )
    assert answer.status in {400, 422}
    assert Prediction.objects.count() == count


def test_chunked_values_are_read_and_never_taken_for_nothing(served):
    good, bad = json.dumps(body()).encode(), b'{"unknown": 1}'
    assert send(served, SINGLE, "Transfer-Encoding: chunked", content=chunks(good, size=7)).status == 201
    refused = ask(
        served, "POST", CLAIM, "Content-Type: application/json", "Transfer-Encoding: chunked", content=chunks(bad)
    )
    assert (refused.status, refused.problem()["errors"][0]["code"]) == (422, "unknown_field")


def test_a_form_with_a_file_is_refused_and_kept_nowhere(served, unchanged):
    part = (
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="../../x"\r\n\r\n'
        + b"0" * 500_000
        + b"\r\n--x--\r\n"
    )
    answer = served.raw(
        b"POST /sign-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: %d\r\n\r\n"
        % len(part)
        + part
    )
    assert answer.status == 403, "no token"


# B8, B9, B10: paths, methods, what is accepted

PATHS = [
    "//",
    "///etc/passwd",
    "/%2e%2e/",
    "/../../etc/passwd",
    "/static/../../../etc/passwd",
    "/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/static/..%2f..%2fmanage.py",
    "/static/..;/x",
    "/static//etc/passwd",
    "/%00",
    "/static/%00",
    "/cases/%00/",
    "/;x",
    "/sign-in;x/",
    "/%252f",
    "/api/v1/%252e%252e",
    "/api//v1/cases",
    "/api/v1/cases/",
    "/api/v1//cases",
    "/API/v1/cases",
    "/.git/config",
    "/.env",
    "/manage.py",
    "/reviewapp/config/settings.py",
    "/api/v1/cases%0d%0aX:1",
    "/%ff",
    "/%c0%ae%c0%ae/",
    "/policies/loans/99999999999999999999/",
    "/people/roles/%00/",
    "/static/css",
    "/api/v1/models/%2e%2e/versions",
]


@pytest.mark.parametrize("path", PATHS)
def test_b8_an_odd_path_leads_nowhere_and_never_to_a_file(served, unchanged, path):
    for lines in ([], ["Cookie: countersign_session=x"]):
        answer = served.raw("\r\n".join([f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]).encode())
        assert answer.status in {302, 400, 401, 403, 404, 414}, answer
        assert b"root:" not in answer.body
        assert b"SECRET" not in answer.body
        if answer.status == 302:
            assert answer.headers["location"].startswith("/sign-in/?next=/"), "anonymous: sign in first"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/cases?q=" + "x" * 8_192,
        "/" + "x" * 8_192,
        "/api/v1/cases/" + "a" * 5_000,
        "/sign-in/?next=/" + "é" * 3_000,
    ],
)
def test_b8_an_address_of_8_kb_is_too_long(served, unchanged, path):
    assert ask(served, "GET", path.replace("é", "%C3%A9")).status == 414


@pytest.mark.parametrize("path", ["/api/v1/cases?q=" + "x" * 600_000, "/" + "x" * 600_000])
def test_b8_an_address_of_600_kb_is_refused_by_the_server_itself(served, unchanged, path):
    assert ask(served, "GET", path).status in {400, 413, 414, 431, 0}


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "FOO", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "COPY"])
@pytest.mark.parametrize("path", ["/api/v1/cases", "/api/v1/predictions", CLAIM, "/api/v1/openapi.json"])
def test_b9_an_unknown_method_is_refused(served, unchanged, method, path):
    answer = ask(served, method, path, "X-Canary: c4n4ry")
    assert answer.status in ({400, 403, 405} if path.endswith("openapi.json") else {400, 405})
    assert b"c4n4ry" not in answer.body
    if answer.status == 405:
        assert answer.headers["allow"]


@pytest.mark.parametrize("method", ["TRACE", "FOO", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/sign-in/", "/healthz", "/help/"])
def test_b9_pages_refuse_it_too(served, unchanged, method, path):
    """Who is not signed in is shown the way in first, for any method."""
    answer = served.raw(f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Canary: c4n4ry\r\n\r\n".encode())
    assert answer.status in {302, 403, 405}
    assert b"c4n4ry" not in answer.body


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override: DELETE", "X-HTTP-Method: POST", "X-Method-Override: POST"])
def test_b9_a_method_in_a_header_is_ignored(served, unchanged, header):
    assert ask(served, "GET", "/api/v1/cases", header).status == 200
    assert ask(served, "GET", CLAIM, header).status == 405
    form = "_method=DELETE"
    answer = ask(
        served,
        "POST",
        "/api/v1/cases",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(form)}",
        content=form.encode(),
    )
    assert answer.status == 405


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "application/x",
        "*/*;q=0",
        "",
        "application/xml, text/html;q=0.9",
        "x" * 5_000,
        "image/png",
        "application/json;version=../../x",
    ],
)
def test_b10_whatever_is_accepted_the_api_answers_json(served, unchanged, accept):
    for path, status in (("/api/v1/cases", 200), ("/api/v1/nowhere", 404), ("/api/v1/cases?x=1", 400)):
        answer = ask(served, "GET", path, f"Accept: {accept}")
        assert answer.status == status
        assert answer.headers["content-type"] in {"application/json", "application/problem+json"}
        json.loads(answer.body)


@pytest.mark.parametrize("query", ["format=html", "format=api", "format=xml", "format=admin"])
def test_b10_there_is_no_browsable_form(served, query):
    assert ask(served, "GET", f"/api/v1/cases?{query}").problem()["code"] == "unknown_param"


# C3, C4, C5: headers

HOSTS = [
    ["Host: evil.example"],
    ["Host: 127.0.0.1", "Host: evil.example"],
    ["Host: evil.example", "Host: 127.0.0.1"],
    ["Host: 127.0.0.1, evil.example"],
    ["Host: 127.0.0.1:80@evil.example"],
    ["Host: "],
    [],
    ["Host: 127.0.0.1 evil.example"],
    ["Host: 127.0.0.1/evil"],
    ["Host: [::1"],
    ["Host: 127.0.0.1\tevil"],
]


@pytest.mark.parametrize("lines", HOSTS, ids=str)
@pytest.mark.parametrize("path", ["/sign-in/", "/api/v1/cases", "/api/v1/openapi.json"])
def test_c3_a_foreign_missing_or_second_host_is_refused(served, unchanged, lines, path):
    answer = ask(served, "GET", path, *lines, host="")
    assert answer.status == 400, answer
    assert b"evil" not in answer.body


@pytest.mark.parametrize(
    "lines",
    [
        ["X-Forwarded-Host: evil.example"],
        ["X_Forwarded_Host: evil.example"],
        ["X-Forwarded-Proto: https"],
        ["X_Forwarded_Proto: https"],
        ["Forwarded: host=evil.example"],
        ["X-Original-URL: /people/"],
        ["X-Rewrite-URL: /people/"],
    ],
    ids=str,
)
def test_c3_what_a_proxy_would_say_is_ignored(served, lines):
    answer = served.raw("\r\n".join(["GET /my-work/ HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]).encode())
    assert (answer.status, answer.headers["location"]) == (302, "/sign-in/?next=/my-work/")


def test_c3_an_absolute_address_of_another_host_is_refused(served, unchanged):
    answer = ask(served, "GET", "http://evil.example/api/v1/cases")
    assert answer.status in {200, 400, 404}
    assert b"evil" not in answer.body


@pytest.mark.parametrize("value", ["a\x0bb", "a\x85b", "a\x0cb", "a\x7fb", "a\x01b", "a\x00b", "a\rb", "a\nb"])
@pytest.mark.parametrize("name", ["X-Request-ID", "Idempotency-Key", "User-Agent", "Cookie"])
def test_c4_a_control_character_in_a_header_is_refused(served, unchanged, name, value):
    answer = ask(served, "GET", "/api/v1/cases", f"{name}: {value}")
    emptied = value == "a\x85b" and "\x85" not in str(answer.headers)  # what is not ASCII never comes through
    assert answer.status == 400 or emptied


@pytest.mark.parametrize("path", ["/healthz", "/sign-in/", "/queues/", "/api/v1/cases"])
def test_c4_a_control_character_that_a_cookie_writes_in_digits_is_refused(served, unchanged, path):
    assert ask(served, "GET", path, r'Cookie: countersign_session="abcdefgh\000ijkl"').status == 400


def test_c4_a_folded_or_broken_header_is_refused(served, unchanged):
    for lines in (["X-A: b", " folded"], ["no colon"], ["X A: b"], [": empty"], ["X-A : b"]):
        assert ask(served, "GET", "/api/v1/cases", *lines).status == 400


@pytest.mark.parametrize("given", ["x" * 65, "a b", "é", "../x", "<script>", ""])
def test_c4_a_request_id_that_is_none_is_replaced(served, given):
    answer = ask(served, "GET", "/api/v1/cases", f"X-Request-ID: {given}")
    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 32


MANY = {
    "200 headers": [f"X-Header-{number}: v" for number in range(200)],
    "200 times the same": ["X-Same: v"] * 200,
    "64 KB cookie": ["Cookie: a=" + "b" * 65_000],
    "3,000 cookies": ["Cookie: " + "; ".join(f"c{number}=v" for number in range(3_000))],
    "1 MB header": ["X-Long: " + "x" * MIB],
    "long name": ["X-" + "y" * 70_000 + ": v"],
    "two keys": ["Authorization: Bearer csk_x_y"],
    "10 KB key": ["Authorization: Bearer " + "x" * 10_000],
}


@pytest.mark.parametrize("name", MANY)
def test_c5_too_many_or_too_long_headers_are_answered_at_once(served, unchanged, name):
    started = time.monotonic()
    answer = served.raw(
        "\r\n".join(
            ["GET /api/v1/cases HTTP/1.1", "Host: 127.0.0.1", "Authorization: Basic eA==", *MANY[name], "", ""]
        ).encode()
    )
    assert answer.status in {400, 401, 431, 0}
    assert time.monotonic() - started < 10, "a second on a quiet machine"


def test_two_keys_are_no_key(served, unchanged):
    assert ask(served, "GET", "/api/v1/cases", f"Authorization: Bearer {served.tokens['bob']}").status in {400, 401}


@pytest.mark.parametrize(
    "start",
    [
        b"GARBAGE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\r\n\r\n",
        b"\x00" * 100,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET  /  HTTP/1.1\r\n\r\n",
    ],
    ids=lambda start: start[:10],
)
def test_what_is_no_request_is_answered_or_dropped(served, unchanged, start):
    assert served.raw(start, end=True).status in {400, 505, 0}


def test_the_server_still_answers(served):
    assert ask(served).status == 200
