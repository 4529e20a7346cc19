"""Broken twins: the product with one guard taken out. The tests of that guard run against them and must find the fault."""
