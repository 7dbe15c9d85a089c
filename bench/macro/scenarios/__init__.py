"""All scenarios, in the order of the report. A family is a file here with a list SCENARIOS."""
from . import basic, body, idle, routes, start, syscalls

ALL = [scenario for family in (basic, body, routes, idle, start, syscalls) for scenario in family.SCENARIOS]
