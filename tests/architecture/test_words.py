"""The trail has words for every act the product records, and for none it does not."""

import re

from reviewapp.audit.rules import ACTION_WORDS
from tests.architecture.source import APP, modules

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
