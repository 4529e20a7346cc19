"""`make bench`: the product measured from outside, on embedded services with durable commits, against the real web and worker processes.

Prints a table and writes bench.json. Wall time depends on what else the machine does; CPU per operation much less: compare that first.
"""
