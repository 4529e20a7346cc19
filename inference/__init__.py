"""Schemas, models, calibration and explanations, in plain Python: no Django, importable in a notebook."""
