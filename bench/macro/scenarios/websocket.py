"""WebSocket through the proxy: the CPU time of an echoed message, and the memory of connections that are open and idle."""
import functools
import re
import socket
import subprocess
import time

import prepare
from measure import interleaved, median, ratio_table, start
from model import Bar, Kind, Scenario, Table
from peers import floor_run, haproxy_run, haproxy_server, nginx_run, nginx_upstream, tailrace_cluster, tailrace_run
from processes import BenchError, on_cpu, wait_for_answer

program = functools.cache(prepare.compiled)

PAYLOAD = 64
IDLE_MAX = 4000   # each is two connections of the proxy
UPGRADE = (b'GET /chat HTTP/1.1\r\nHost: bench.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
           b'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
MESSAGE = bytes((0x82, 0x80 | 5, 0, 0, 0, 0)) + b'hello'
ECHO = bytes((0x82, 5)) + b'hello'


def nginx_websocket(setup):
    return nginx_run(setup, nginx_upstream(setup) + f'''  server {{ listen 127.0.0.1:{setup.port} reuseport backlog=4096;
    location / {{ proxy_pass http://origin; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection;
      proxy_read_timeout 300s; proxy_send_timeout 300s; }} }}
''')


def haproxy_websocket(setup):
    return haproxy_run(setup, f'''  timeout tunnel 300s
frontend bench
  bind 127.0.0.1:{setup.port} backlog 4096
  default_backend origin
backend origin
{haproxy_server(setup)}''')


def tailrace_websocket(setup):
    return tailrace_run(setup, '', 'routes:\n  - { cluster: origin }\nclusters:\n' + tailrace_cluster(setup))


WEBSOCKET = Kind(tailrace_websocket, nginx_websocket, haproxy_websocket, floor_run)


def start_echo(context):
    """The echo origin; it also answers a plain GET, by which everybody is seen to be up."""
    port = context.ports.take()
    origin = context.fleet.start('wsecho', [program('wsecho'), str(port)], context.options.load_cpu)
    wait_for_answer(origin, port, body=11)
    return port


def echoes(context, name, process, port, seconds):
    """CPU time of the proxy per message, while each connection sends one and waits for its echo before the next."""
    options = context.options
    command = [program('wsload'), str(port), str(options.connections), str(seconds), str(PAYLOAD)]
    before = process.cpu_us()
    run = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30, preexec_fn=on_cpu(options.load_cpu),
                         check=False)
    used = process.cpu_us() - before
    seen = re.match(r'(\d+) messages, ([\d.]+) seconds, p99 (\d+) us', run.stdout)
    if run.returncode or not seen or seen.group(1) == '0':
        raise BenchError(f'{name} in websocket: {run.stdout}{run.stderr}')
    process.require_alive()
    count = int(seen.group(1))
    return {'value': used / count, 'per_second': count / float(seen.group(2)), 'p99_us': float(seen.group(3)),
            'rss_kb': process.rss_kb(), 'messages': count}


def echo(context, scenario):
    origin = start_echo(context)
    everyone = context.who(scenario)
    running = {who.name: start(context, scenario, who, origin) for who in everyone}

    def one(who, seconds=context.options.seconds):
        return echoes(context, who.name, *running[who.name], seconds)

    for who in everyone:
        one(who, context.options.warm_up)
    rounds = interleaved(everyone, context.options.rounds, one)
    extra = {'msg/s': lambda seen: f"{median(seen, 'per_second'):.0f}",
             'p99 ms': lambda seen: f"{median(seen, 'p99_us') / 1e3:.2f}",
             'RSS MB': lambda seen: f"{seen[-1]['rss_kb'] / 1024:.1f}"}
    return ratio_table(scenario, everyone, rounds, extra)


class OpenSockets:
    """WebSockets that have had one message echoed each and now say nothing."""

    def __init__(self, name, port):
        self.name, self.port, self.sockets = name, port, []

    def open(self, count):
        try:
            while len(self.sockets) < count:
                client = socket.create_connection(('127.0.0.1', self.port), timeout=10)
                self.sockets.append(client)
                client.sendall(UPGRADE)
                head = self.receive(client, lambda got: b'\r\n\r\n' in got)
                if not head.startswith(b'HTTP/1.1 101 '):
                    raise BenchError(f'{self.name} answered WebSocket {len(self.sockets)} with {head[:40]!r}')
                client.sendall(MESSAGE)
                if self.receive(client, lambda got: len(got) >= len(ECHO)) != ECHO:
                    raise BenchError(f'{self.name}: WebSocket {len(self.sockets)} echoes something else')
        except OSError as error:
            raise BenchError(f'{self.name}: WebSocket {len(self.sockets)} of {count}: {error}') from error

    def receive(self, client, is_whole):
        got = b''
        while not is_whole(got):
            more = client.recv(4096)
            if not more:
                raise BenchError(f'{self.name} closed WebSocket {len(self.sockets)} early')
            got += more
        return got

    def still_open(self):
        count = 0
        for client in self.sockets:
            client.setblocking(False)
            try:
                client.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                count += 1
            except OSError:
                pass
        return count

    def close(self):
        for client in self.sockets:
            client.close()


def idle(context, scenario):
    options = context.options
    count = min(IDLE_MAX, options.idle_clients // 2)
    rows, figures, bars = {}, {}, []
    for who in context.who(scenario):
        origin = start_echo(context)
        process, port = start(context, scenario, who, origin)
        echoes(context, who.name, process, port, options.warm_up)
        before = process.rss_kb()
        sockets = OpenSockets(who.name, port)
        try:
            sockets.open(count)
            time.sleep(2)
            grown, held = process.rss_kb() - before, sockets.still_open()
        finally:
            sockets.close()
        if held < count:
            raise BenchError(f'{who.name} kept only {held} of {count} WebSockets')
        each = grown * 1024 / count
        rows[who.name] = [f'{each:.0f}', f'{before / 1024:.1f}', f'{(before + grown) / 1024:.1f}']
        figures[who.name] = {'bytes_each': each, 'rss_before_kb': before, 'rss_after_kb': before + grown, 'open': held}
        bars += [bar.judge(f'websocket-idle: {who.name} bytes each', each, ' B') for bar in scenario.bars if bar.binds(who)]
        context.fleet.stop()
    return Table(['bytes each', 'RSS MB before', 'RSS MB with'], rows, figures, bars)


SCENARIOS = [
    Scenario('websocket', 'echo of 64 bytes over WebSocket through the proxy', echo, WEBSOCKET, unit='CPU us/msg', bars=(
        Bar(0.85, 'nginx'), Bar(0.85, 'haproxy'))),
    Scenario('websocket-idle', 'open, idle WebSockets', idle, WEBSOCKET, without=('floor',), bars=(Bar(1024),)),
]
