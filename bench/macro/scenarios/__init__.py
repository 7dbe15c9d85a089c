"""All scenarios, in the order of the report. A family is a file here with a list SCENARIOS."""
from . import basic, idle, routes, start, syscalls, udp, websocket

ALL = [scenario for family in (basic, routes, websocket, udp, idle, start, syscalls) for scenario in family.SCENARIOS]
