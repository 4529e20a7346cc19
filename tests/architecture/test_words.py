"""The trail has words for every act the product records, and for none it does not. Codes of problems are written in one way."""

import ast
import re
from collections.abc import Iterable, Iterator

from reviewapp.audit.rules import ACTION_WORDS
from reviewapp.lib import errors
from tests.architecture.source import APP, HOME, calls, dotted, modules, place, tree

ACTION = re.compile(
    r"\"([a-z_]+\.(?:[a-z]+_)*(?:[a-z]+ed|frozen|given|taken|taken_back|undone|withdrawn|reset|signed_in|signed_out))\""
)
NOT_RECORDED = {"live.changed"}  # a message between sockets


def test_every_recorded_action_has_words_and_every_word_is_used():
    sources = [
        path.read_text() for path in modules(APP) if path.as_posix().rpartition("reviewapp/")[2] != "audit/rules.py"
    ]
    recorded = {action for source in sources for action in ACTION.findall(source)}
    assert recorded - NOT_RECORDED == set(ACTION_WORDS)


KEBAB, SNAKE = re.compile(r"[a-z]+(-[a-z0-9]+)*"), re.compile(r"[a-z]+(_[a-z0-9]+)*")
PROMISED = {"unknown_param"}  # named so in the contract
ERRORS = {name for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, Exception)}


def codes_of_problems(module: ast.AST) -> Iterator[str]:
    """Of whole answers: `raise Conflict(..., code="…")`, `code = "…"` in the class of an error, and what is answered at once."""
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef):
            values = [
                each.value for each in node.body if isinstance(each, ast.Assign) and dotted(each.targets[0]) == "code"
            ]
        elif isinstance(node, ast.Call) and dotted(node.func) in ERRORS:
            values = [each.value for each in node.keywords if each.arg == "code"]
        elif isinstance(node, ast.Call) and dotted(node.func) == "refuse":
            values = node.args[2:3]
        elif isinstance(node, ast.Call) and dotted(node.func) in {"problem", "plain_problem"}:
            values = node.args[1:2]
        else:
            continue
        yield from texts(values)


def codes_of_fields(module: ast.AST) -> Iterator[str]:
    """Of single values: `Problem(pointer, "…", …)`, `Fault(field, "…", …)` and `fields.add(name, "…", …)`."""
    for call in calls(module):
        name = dotted(call.func)
        if name in {"Problem", "Fault"} or (name.endswith(".add") and len(call.args) == 3):
            yield from texts(call.args[1:2])


def texts(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        yield from (
            each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)
        )


def test_the_codes_of_problems_are_written_with_hyphens_and_those_of_single_values_with_underscores():
    wrong = {"problems": set(), "fields": set()}
    for path in modules(APP, HOME / "inference"):
        found = {"problems": (codes_of_problems, KEBAB), "fields": (codes_of_fields, SNAKE)}
        for kind, (codes, form) in found.items():
            wrong[kind] |= {
                f"{place(path)}: {code}"
                for code in codes(tree(path))
                if not form.fullmatch(code) and code not in PROMISED
            }
    assert wrong == {"problems": set(), "fields": set()}


def test_the_check_of_codes_sees_each_way_of_giving_one():
    written = """
class Late(Conflict):
    code = "too_late"
raise Conflict("…", code="bad_a")
refuse(request, 400, "bad_b", "…")
problem(400, "bad_f", "…")
Problem("/x", "bad-c", "…")
self.add("x", "bad-d" if y else "fine", "…")
Fault("x", "bad-e", "…")
"""
    module = ast.parse(written)
    assert set(codes_of_problems(module)) == {"too_late", "bad_a", "bad_b", "bad_f"}
    assert set(codes_of_fields(module)) == {"bad-c", "bad-d", "fine", "bad-e"}
