"""All scenarios, in the order of the report. A family is a file here with a list SCENARIOS, and a line below."""
from importlib import import_module

FAMILIES = [
    'basic',
    'body',
    'sweep',
    'routes',
    'websocket',
    'pipeline',
    'latency',
    'idle',
    'start',
    'syscalls',
    'workers',
    'hedging',
    'soak',
    'tcp',
    'udp',
]

ALL = [scenario for family in FAMILIES for scenario in import_module(f'scenarios.{family}').SCENARIOS]
