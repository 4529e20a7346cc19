"""Conditions on a case, as policies and queues use them: data that is checked, worded, and compiled once into closures. Plain Python.

    CONDITION  {"all": [...]} | {"any": [...]} | {"not": CONDITION} | {"field": FIELD, "op": OP, "value": ...}
    FIELD      "features.<name>", or a name of what else is given: outcome, confidence, and what the caller adds
    OP         lt le eq ne ge gt (one value) · in (a list) · between (two ends, both included) · missing (true or false)

A comparison with a value that is not recorded is false.
"""
