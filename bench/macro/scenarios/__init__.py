"""All scenarios, in the order of the report. A family is a file here with a list SCENARIOS."""
from . import basic, hedging, idle, routes, start, syscalls, websocket

ALL = [scenario for family in (basic, routes, websocket, idle, start, syscalls, hedging) for scenario in family.SCENARIOS]
