"""What hedging does to the slowest answers, and what it costs: three origins, one of them slow now and then."""
import asyncio
import http.client
import os
import sys
import time

from measure import set_up
from model import Bar, Kind, Scenario, Table
from peers import POOL, tailrace_run
from processes import BenchError, wait_for_answer

DELAY_MS = 20
CLIENTS = 24
REQUEST = b'GET / HTTP/1.1\r\nHost: bench.example\r\n\r\n'


def tailrace_hedged(setup, hedge=''):
    addresses = ', '.join(f'"http://127.0.0.1:{port}"' for port in setup.origin)
    return tailrace_run(setup, '', f'''routes:
  - {{ cluster: origins }}
clusters:
  origins:
    destinations: [{addresses}]
    pool: {{ idle_per_destination: {POOL} }}
{hedge}''')


async def ask(port, until, latencies):
    """One client that asks again and again."""
    reader, writer = await asyncio.open_connection('127.0.0.1', port)
    while time.monotonic() < until:
        began = time.perf_counter()
        writer.write(REQUEST)
        head = await reader.readuntil(b'\r\n\r\n')
        body = await reader.readexactly(11)
        if not head.startswith(b'HTTP/1.1 200 ') or body != b'hello world':
            raise BenchError(f'hedging: a wrong answer: {head}{body}')
        latencies.append((time.perf_counter() - began) * 1e3)
    writer.close()


async def ask_all(port, seconds, latencies):
    until = time.monotonic() + seconds
    await asyncio.gather(*(ask(port, until, latencies) for _ in range(CLIENTS)))


def counted(ports):
    """Requests that have come to the origins."""
    return sum(asked(port) for port in ports)


def asked(port):
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=10)
    connection.request('GET', '/count')
    count = int(connection.getresponse().read())
    connection.close()
    return count


def one(context, scenario, who, hedge):
    ports = [context.ports.take() for _ in range(3)]
    program = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'slow_origins.py')
    origins = context.fleet.start('origins', [sys.executable, program, str(DELAY_MS), *map(str, ports)],
                                  context.options.load_cpu)
    for port in ports:
        wait_for_answer(origins, port, body=scenario.body)
    setup = set_up(context, scenario, who, ports)
    process = context.fleet.start(who.name, tailrace_hedged(setup, hedge), context.options.proxy_cpu)
    wait_for_answer(process, setup.port, body=scenario.body)
    asyncio.run(ask_all(setup.port, context.options.warm_up + 2, []))
    latencies, before = [], counted(ports)
    asyncio.run(ask_all(setup.port, 5 * context.options.seconds, latencies))
    sent = counted(ports) - before
    process.require_alive()
    context.fleet.stop()
    latencies.sort()
    at = {p: latencies[int(len(latencies) * p / 100)] for p in (50, 97, 99, 99.9)}
    return at, len(latencies), 100 * (sent / len(latencies) - 1)


def hedging(context, scenario):
    rows, figures, bars = {}, {}, []
    for who in context.who(scenario):
        p99 = {}
        for name, hedge in (('off', ''), ('on', '    hedge: {}\n')):
            at, requests, extra = one(context, scenario, who, hedge)
            p99[name] = at[99]
            rows[f'{who.name} {name}'] = [*(f'{at[p]:.1f}' for p in at), f'{requests}', f'{extra:.1f}']
            figures[f'{who.name} {name}'] = {'percentiles_ms': at, 'requests': requests, 'extra_percent': extra}
        found = {'p99': (100 * (1 - p99['on'] / p99['off']), ' %'), 'load added': (extra, ' %')}
        bars += [bar.judge(f'hedging: {who.name} {bar.figure}', *found[bar.figure])
                 for bar in scenario.bars if bar.binds(who)]
    return Table(['p50 ms', 'p97 ms', 'p99 ms', 'p99.9 ms', 'requests', 'load added %'], rows, figures, bars)


SCENARIOS = [Scenario(
    'hedging', f'three origins of {DELAY_MS} ms, one of which takes 50 times as long for 1 in 20 requests', hedging,
    Kind(tailrace_hedged), origin=False, bars=(Bar(80, figure='p99', at_least=True), Bar(5, figure='load added')))]
