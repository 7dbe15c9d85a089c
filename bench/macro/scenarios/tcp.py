"""The TCP proxy. The load is HTTP, of which those between know nothing here: so that every answer can be checked."""
import socket
import time
from dataclasses import replace

from measure import interleaved, ratio_table, start, start_origin, under_load
from model import Bar, Kind, Scenario
from peers import STREAM_MODULE, floor_run, haproxy_run, nginx_run, splices, tailrace_cluster, tailrace_run
from processes import BenchError

from .idle import idle_clients
from .latency import one_connection
from .syscalls import system_calls

MB = 1 << 20
STREAMED = 1024   # replies of 1 MB that make the one-way stream


def nginx_tcp(setup):
    return nginx_run(setup, stream=f'''  server {{ listen 127.0.0.1:{setup.port} backlog=4096;
    proxy_pass 127.0.0.1:{setup.origin}; proxy_timeout 300s; tcp_nodelay on; }}
''')


def haproxy_tcp(setup):
    return haproxy_run(setup, f'''listen bench
  bind 127.0.0.1:{setup.port} backlog 4096
{'  option splice-auto' if splices(setup) else ''}
  server one 127.0.0.1:{setup.origin}
''', mode='tcp')


def tailrace_tcp(setup):
    return tailrace_run(setup, 'protocol: tcp, cluster: origin', 'clusters:\n' + tailrace_cluster(setup, scheme='tcp'))


TCP = Kind(tailrace_tcp, nginx_tcp, haproxy_tcp, floor_run)


def one_way(context, scenario):
    """CPU time per MB of one long stream: all replies are asked for at once, then read as they come."""
    origin = start_origin(context, scenario)
    everyone = context.who(scenario)
    running = {who.name: start(context, scenario, who, origin) for who in everyone}
    replies = max(32, STREAMED * min(context.options.seconds, 3) // 3)   # all of them but in a quick run

    def one(who):
        process, port = running[who.name]
        before, begun = process.cpu_us(), time.monotonic()
        read_stream(who.name, port, replies, scenario.body)
        process.require_alive()
        return {'value': (process.cpu_us() - before) / replies, 'mb_per_second': replies / (time.monotonic() - begun),
                'rss_kb': process.rss_kb()}

    for who in everyone:
        one(who)
    rounds = interleaved(everyone, context.options.rounds, one)
    return ratio_table(scenario, everyone, rounds, {
        'MB/s': lambda seen: f"{sum(r['mb_per_second'] for r in seen) / len(seen):.0f}",
        'RSS MB': lambda seen: f"{seen[-1]['rss_kb'] / 1024:.1f}"})


def read_stream(name, port, replies, body):
    buffer = bytearray(256 * 1024)
    with socket.create_connection(('127.0.0.1', port), timeout=30) as stream:
        stream.sendall(b'GET / HTTP/1.1\r\nHost: bench.example\r\n\r\n' * replies)
        got = stream.recv_into(buffer)
        head = bytes(buffer[:got]).split(b'\r\n\r\n')[0]
        if not head.startswith(b'HTTP/1.1 200 '):
            raise BenchError(f'{name} streamed {head[:40]!r}')
        due = replies * (len(head) + 4 + body)
        while got < due:
            more = stream.recv_into(buffer)
            if not more:
                raise BenchError(f'{name} ended a stream of {due} bytes after {got}')
            got += more


SCENARIOS = [replace(scenario, programs=(*scenario.programs, STREAM_MODULE)) for scenario in (
    Scenario('tcp', '11-byte request and reply over open TCP tunnels', under_load, TCP, bars=(
        Bar(1.04, 'floor'), Bar(1, 'better', 'epoll'), Bar(0.9, 'better', 'io_uring'))),
    Scenario('tcp-1000', 'the same over 1,000 tunnels', under_load, TCP, connections=1000, bars=(Bar(0.7, 'better'),)),
    Scenario('tcp-large', '1 MB replies over TCP tunnels', under_load, TCP, body=MB, unit='CPU us/MB',
             bars=(Bar(0.9, 'haproxy'),)),
    Scenario('tcp-stream', '1 GB in one direction of one TCP tunnel', one_way, TCP, body=MB, unit='CPU us/MB',
             bars=(Bar(0.9, 'haproxy'),)),
    Scenario('tcp-connect', 'a tunnel opened, one exchange, and closed', under_load, TCP, wrk=('-H', 'Connection: close'),
             headers={'Connection': 'close'}, unit='tunnels/CPU s', more_is_better=True,
             bars=(Bar(1.1, 'haproxy', at_least=True),)),
    Scenario('tcp-connect-syscalls', 'system calls of a tunnel opened, one exchange, and closed', system_calls, TCP,
             wrk=('-H', 'Connection: close'), headers={'Connection': 'close'}, programs=('strace',)),
    Scenario('tcp-idle', 'idle TCP tunnels', idle_clients, TCP, connections=4000,
             bars=(Bar(1024, figure='bytes per client'), Bar(0.5, figure='CPU while idle'))),
    Scenario('tcp-latency', '11-byte request and reply over one TCP tunnel', one_connection, TCP,
             bars=(Bar(1, 'haproxy', figure='p50'), Bar(1, 'haproxy', figure='p999'))),
)]
