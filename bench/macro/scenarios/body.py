"""Bodies of 256 MB on 16 connections at once: CPU time per MB, and the memory that the proxy takes meanwhile."""
import os
import selectors
import socket
import time

from measure import interleaved, ratio_table, start, start_origin
from model import Bar, Kind, Scenario
from peers import floor_run, haproxy_proxy, nginx_proxy, tailrace_proxy
from processes import BenchError

MB = 1 << 20
CLIENTS = 16
SAMPLE_SECONDS = 0.05
STUCK_SECONDS = 20
REQUEST = b'GET / HTTP/1.1\r\nHost: bench.example\r\nConnection: close\r\n\r\n'


def download(context, name, port, body, sample):
    """Reads one body on each of the connections, all at once, on the CPU of the load; calls sample() now and then."""
    os.sched_setaffinity(0, {context.options.load_cpu})
    room, left, next_sample = bytearray(MB // 4), {}, 0
    with selectors.DefaultSelector() as selector:
        for _ in range(CLIENTS):
            client = socket.create_connection(('127.0.0.1', port), timeout=10)
            client.sendall(REQUEST)
            client.setblocking(False)
            selector.register(client, selectors.EVENT_READ)
            left[client] = None
        while left:
            ready = selector.select(STUCK_SECONDS)
            if not ready:
                raise BenchError(f'{name}: {len(left)} of {CLIENTS} bodies of {body} bytes are stuck')
            for key, _ in ready:
                client, got = key.fileobj, key.fileobj.recv_into(room)
                if left[client] is None:
                    head = room[:got].find(b'\r\n\r\n') + 4
                    if head < 4 or not room.startswith(b'HTTP/1.1 200 '):
                        raise BenchError(f'{name} answered {bytes(room[:40])!r}')
                    left[client], got = body, got - head
                left[client] -= got
                if got == 0 and left[client]:
                    raise BenchError(f'{name} ended a body of {body} bytes {left[client]} early')
                if left[client] == 0:
                    selector.unregister(client)
                    client.close()
                    del left[client]
            if time.monotonic() >= next_sample:
                sample()
                next_sample = time.monotonic() + SAMPLE_SECONDS


def bodies(context, scenario):
    origin = start_origin(context, scenario)
    everyone = context.who(scenario)
    running = {who.name: start(context, scenario, who, origin) for who in everyone}
    # One answer has been read: pools are filled, code is compiled.
    at_start = {name: process.rss_kb() for name, (process, _) in running.items()}

    def one(who):
        process, port = running[who.name]
        before, most = process.cpu_us(), [0]

        def sample():
            most[0] = max(most[0], process.rss_kb())

        download(context, who.name, port, scenario.body, sample)
        process.require_alive()
        return {'value': (process.cpu_us() - before) * MB / (CLIENTS * scenario.body),
                'grown_mb': (most[0] - at_start[who.name]) / 1024}

    affinity = os.sched_getaffinity(0)
    try:
        rounds = interleaved(everyone, context.options.rounds, one)
    finally:
        os.sched_setaffinity(0, affinity)
    table = ratio_table(scenario, everyone, rounds, {
        'RSS MB at start': lambda seen: '', 'MB above start': lambda seen: f'{grown(seen):.1f}'})
    for who in everyone:
        table.rows[who.name][2] = f'{at_start[who.name] / 1024:.1f}'
    table.bars += [bar.judge(f'body: {who.name} {bar.figure}', grown(rounds[who.name]), ' MB')
                   for who in everyone for bar in scenario.bars if bar.figure and bar.binds(who)]
    return table


def grown(seen):
    return max(r['grown_mb'] for r in seen)


def nginx_bodies(setup):
    """Without it nginx would write to files what clients have not taken yet: another kind of work."""
    return nginx_proxy(setup, '  proxy_max_temp_file_size 0;\n')


SCENARIOS = [Scenario(
    'body', f'{CLIENTS} replies of 256 MB at once through the proxy', bodies,
    Kind(tailrace_proxy, nginx_bodies, haproxy_proxy, floor_run), body=256 * MB, unit='CPU us/MB',
    bars=(Bar(0.75, 'nginx'), Bar(1, 'haproxy'), Bar(64, figure='memory above start')))]
