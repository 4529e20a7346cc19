"""Templates and styles: nothing inline, nothing unescaped, every colour and length a token."""

import re

import pytest

from tests.architecture.source import STATIC, TEMPLATES, place

INLINE = re.compile(
    r"""\sstyle\s*=|<style\b|\son[a-z]+\s*=\s*["']|javascript:|<script\b(?![^>]*\bsrc=)|<script\b[^>]*>\s*[^<\s]""",
    re.IGNORECASE,
)
UNESCAPED = re.compile(r"\|\s*safe\b|\|\s*safeseq\b|\{%\s*autoescape\s+off|\|\s*force_escape_off")
FOREIGN = re.compile(r"""\b(src|href|action)\s*=\s*["'](https?:)?//""", re.IGNORECASE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
DATA_SCRIPT = re.compile(r"""<script\b[^>]*type\s*=\s*["']application/json["'][^>]*>""")
# A breakpoint cannot read a custom property, so its length stands where it is used.
CONDITION = re.compile(r"@(media|container|supports)[^{]*")
COLOUR = re.compile(r"#[0-9a-f]{3,8}\b|\b(rgb|rgba|hsl|hsla|hwb|lab|lch|oklab|oklch|color)\(", re.IGNORECASE)
LENGTH = re.compile(r"(?<![\w.#-])-?(?!0(?:px|rem|em)\b)\d*\.?\d+(px|rem|em|ch|ex|pt|cm|mm|ms|s)\b", re.IGNORECASE)


def strip(css: str) -> str:
    """Without comments and conditions, each line kept in its place."""
    for pattern in (COMMENT, CONDITION):
        css = pattern.sub(lambda match: "\n" * match[0].count("\n"), css)
    return css


def literals(css: str) -> list[int]:
    return [
        number for number, line in enumerate(strip(css).splitlines(), 1) if COLOUR.search(line) or LENGTH.search(line)
    ]


def lines(pattern: re.Pattern[str], text: str) -> list[int]:
    return [text.count("\n", 0, match.start()) + 1 for match in pattern.finditer(text)]


def pages():
    return sorted(path for path in TEMPLATES.rglob("*") if path.suffix in {".html", ".svg", ".txt"})


@pytest.mark.parametrize(
    "html",
    [
        '<p style="x">',
        "<style>p{}</style>",
        "<a onclick='x()'>",
        "<script>go()</script>",
        '<script src="x">go()</script>',
        '<a href="javascript:x">',
    ],
)
def test_inline_style_and_script_are_found(html):
    assert lines(INLINE, html)
    assert not lines(INLINE, '<script type="module" src="/x.js"></script><p class="style" data-on="x">')


@pytest.mark.parametrize(
    "css",
    [
        "a { color: #fff }",
        "a { color: rgb(0 0 0) }",
        "a { margin: 4px }",
        "a { inset: -.5rem }",
        "a { transition: all 200ms }",
    ],
)
def test_a_literal_colour_or_length_is_found(css):
    assert literals(css) == [1]


def test_tokens_fractions_and_breakpoints_are_no_literals():
    css = "@media (min-width: 40rem) {\n a { margin: 0 var(--space-1) 50%; grid-template-columns: 1fr; line-height: 1.5 } /* 4px */ }"
    assert literals(css) == []


def test_templates_hold_no_inline_style_or_script():
    assert [
        place(path, line) for path in pages() for line in lines(INLINE, DATA_SCRIPT.sub("", path.read_text()))
    ] == []


def test_templates_escape_everything():
    assert [place(path, line) for path in pages() for line in lines(UNESCAPED, path.read_text())] == []


def test_pages_ask_nothing_of_other_hosts():
    assert [place(path, line) for path in pages() for line in lines(FOREIGN, path.read_text())] == []


def test_every_colour_and_length_is_a_token():
    sheets = [path for path in sorted(STATIC.rglob("*.css")) if path.name != "tokens.css"]
    assert [place(path, line) for path in sheets for line in literals(path.read_text())] == []


def test_every_template_opens_with_what_it_needs():
    openings = ("{#", "{% comment", "{% extends", "{% load", "<!")
    silent = [
        place(path) for path in pages() if path.suffix == ".html" and not path.read_text().lstrip().startswith(openings)
    ]
    assert silent == []
