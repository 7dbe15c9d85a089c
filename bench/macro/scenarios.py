"""The scenarios: what is set up, what is measured, and the bar that Tailrace has set itself."""
import os
import re
import shutil
import signal
import statistics
import subprocess
import time
from dataclasses import dataclass, field

import load
import routes
import websocket
from peers import Setup
from processes import BenchError, on_cpu, wait_for_answer

MB = 1 << 20


@dataclass(frozen=True)
class Scenario:
    name: str
    what: str
    measure: object                  # function(Context, Scenario) -> Table
    kind: str = 'proxy'
    body: int = 11
    unit: str = 'CPU us/req'
    path: str = '/'
    probe_headers: dict = field(default_factory=dict)
    wrk_headers: tuple = ()
    without: tuple = ()              # peers for whom it means nothing
    per: str = 'req'                 # what is counted
    bars: dict = field(default_factory=dict)


@dataclass
class Table:
    columns: list                    # headings; the first column is the peer's name
    rows: dict                       # name -> cells as text
    figures: dict                    # name -> raw figures, for the JSON
    notes: list = field(default_factory=list)


@dataclass
class Context:
    options: object
    tools: object
    peers: dict                      # name -> command of those chosen
    fleet: object
    ports: object

    def setup(self, scenario, origin):
        return Setup(scenario.kind, self.ports.take(), origin, scenario.body, self.fleet.scratch, self.tools,
                     self.options.engine)

    def start_origin(self, scenario):
        if scenario.kind == 'static':
            return 0
        if scenario.kind == 'websocket':
            return websocket.start_origin(self)
        port = self.ports.take()
        origin = self.fleet.start('origin', [self.tools.origin, str(port), str(scenario.body)], self.options.load_cpu)
        wait_for_answer(origin, port, body=scenario.body)
        return port

    def start_peer(self, name, scenario, origin):
        setup = self.setup(scenario, origin)
        process = self.fleet.start(name, self.peers[name](setup), self.options.proxy_cpu)
        wait_for_answer(process, setup.port, scenario.path, scenario.probe_headers, scenario.body)
        return process, setup.port

    def names(self, scenario):
        return [name for name in self.peers if name not in scenario.without]


def under_load(context, scenario):
    """CPU time of the proxy per request, round by round, every peer once per round and each round in another order."""
    options = context.options
    origin = context.start_origin(scenario)
    running = {name: context.start_peer(name, scenario, origin) for name in context.names(scenario)}
    script = None
    if scenario.kind == 'routes':
        script = os.path.join(context.fleet.scratch, 'routes.lua')
        with open(script, 'w') as file:
            file.write(routes.wrk_script())

    def one(name, seconds):
        process, port = running[name]
        before = process.cpu_us()
        if scenario.kind == 'websocket':
            seen = websocket.echoes(context, name, port, seconds)
        else:
            seen = load.wrk(name, port, scenario, options.connections, seconds, options.load_cpu, script)
        process.require_alive()
        return {'us': (process.cpu_us() - before) / seen.requests, 'per_second': seen.per_second,
                'p99_us': seen.p99_us, 'rss_kb': process.rss_kb(), 'requests': seen.requests}

    for name in running:   # pools filled, code compiled
        one(name, options.warm_up)
    rounds = {name: [] for name in running}
    names = list(running)
    for turn in range(options.rounds):
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            rounds[name].append(one(name, options.seconds))
    return load_table(context, scenario, rounds)


def load_table(context, scenario, rounds):
    against = [name for name in ('nginx', 'haproxy', 'floor') if name in rounds]
    rows, figures, notes = {}, {}, []
    for name, seen in rounds.items():
        us = [r['us'] for r in seen]
        ratios = {peer: statistics.median(mine['us'] / its['us'] for mine, its in zip(seen, rounds[peer]))
                  for peer in against}
        rows[name] = [f'{statistics.median(us):.2f}', f'{min(us):.2f}-{max(us):.2f}',
                      f"{statistics.median(r['per_second'] for r in seen):.0f}",
                      f"{statistics.median(r['p99_us'] for r in seen) / 1e3:.2f}", f"{seen[-1]['rss_kb'] / 1024:.1f}",
                      *('1' if peer == name else f'{ratios[peer]:.2f}' for peer in against)]
        figures[name] = {'rounds': seen, 'ratios': ratios}
        if name.startswith('tailrace'):
            notes += [verdict(f'{name} x {peer}', ratios[peer], bar, '') for peer, bar in scenario.bars.items()
                      if peer in ratios]
    return Table([scenario.unit, 'min-max', f'{scenario.per}/s', 'p99 ms', 'RSS MB', *(f'x {peer}' for peer in against)],
                 rows, figures, notes)


def idle_clients(context, scenario):
    """Memory that each idle keep-alive client costs the proxy, after all have had an answer."""
    options = context.options
    rows, figures, notes = {}, {}, []
    for name in context.names(scenario):
        origin = context.start_origin(scenario)
        process, port = context.start_peer(name, scenario, origin)
        if scenario.kind == 'websocket':
            count = options.idle_clients // 2   # each is two connections of the proxy
            websocket.echoes(context, name, port, options.warm_up)
        else:
            count = options.idle_clients
            load.wrk(name, port, scenario, options.connections, options.warm_up, options.load_cpu)
        before = process.rss_kb()
        kind = websocket.IdleSockets if scenario.kind == 'websocket' else load.IdleClients
        clients = kind(name, port, count, scenario.body)
        time.sleep(2)
        grown, held = process.rss_kb() - before, clients.still_open()
        cpu = process.cpu_us()
        time.sleep(2)
        idle_us = (process.cpu_us() - cpu) / 2
        clients.close()
        if held < count:
            raise BenchError(f'{name} kept only {held} of {count} idle clients')
        per_client = grown * 1024 / count
        rows[name] = [f'{per_client:.0f}', f'{before / 1024:.1f}', f'{(before + grown) / 1024:.1f}', f'{idle_us / 1e4:.2f}']
        figures[name] = {'bytes_per_client': per_client, 'rss_before_kb': before, 'rss_after_kb': before + grown,
                         'clients': held, 'idle_cpu_us_per_second': idle_us}
        if name.startswith('tailrace'):
            notes.append(verdict(f'{name} bytes per idle client', per_client, 1024, ' B'))
        context.fleet.stop()
    return Table(['bytes/client', 'RSS MB before', 'RSS MB with', 'CPU % idle'], rows, figures, notes)


def starting(context, scenario):
    """From fork to the first answered request, with memory then, and the size on disk. Medians of several starts."""
    rows, figures, notes = {}, {}, []
    origin = context.start_origin(scenario)
    for name in context.names(scenario):
        times, sizes = [], []
        for _ in range(context.options.starts):
            setup = context.setup(scenario, origin)
            process = context.fleet.start(name, context.peers[name](setup), context.options.proxy_cpu)
            times.append(wait_for_answer(process, setup.port, body=scenario.body, every=0.0005))
            sizes.append(process.rss_kb())
            process.stop()
        program = _program(context.peers[name](context.setup(scenario, origin))[0])
        disk = _size(program, name)
        ms, rss = statistics.median(times), statistics.median(sizes) / 1024
        rows[name] = [f'{ms:.1f}', f'{rss:.1f}', f'{disk / MB:.1f}']
        figures[name] = {'first_answer_ms': times, 'rss_kb': sizes, 'disk_bytes': disk}
        if name == 'tailrace-aot':
            notes += [verdict('AOT binary', disk / MB, 12, ' MB'), verdict('AOT RSS at start', rss, 20, ' MB'),
                      verdict('AOT start to first answer', ms, 30, ' ms')]
    return Table(['first answer ms', 'RSS MB', 'on disk MB'], rows, figures, notes)


def system_calls(context, scenario):
    """System calls per proxied request, counted by strace over a bounded run. Tracing slows all; only the count is used."""
    options = context.options
    rows, figures, notes = {}, {}, []
    origin = context.start_origin(scenario)
    for name in context.names(scenario):
        process, port = context.start_peer(name, scenario, origin)
        load.wrk(name, port, scenario, options.connections, options.warm_up, options.load_cpu)
        report = os.path.join(context.fleet.scratch, f'{name}.strace')
        attach = [arg for pid in process.pids() for arg in ('-p', str(pid))]
        tracer = subprocess.Popen(['strace', '-f', '-c', '-o', report, *attach], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  preexec_fn=on_cpu(options.load_cpu))
        try:
            time.sleep(1)
            if tracer.poll() is not None:
                raise BenchError(f'strace cannot attach to {name}: {tracer.stderr.read().decode().strip()}')
            seconds = max(5, options.seconds)   # so that setting up the connections hardly counts
            seen = load.wrk(name, port, scenario, options.connections, seconds, options.load_cpu)
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.wait(20)
        with open(report) as file:
            calls = {call: int(count) for count, call in
                     re.findall(r'^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+(\w+)\s*$', file.read(), re.M)
                     if call != 'total'}
        per_request = {call: count / seen.requests for call, count in sorted(calls.items(), key=lambda c: -c[1])}
        total = sum(per_request.values())
        rows[name] = [f'{total:.2f}', str(seen.requests),
                      '  '.join(f'{call} {each:.2f}' for call, each in per_request.items() if each >= 0.01)]
        figures[name] = {'total': total, 'requests': seen.requests, 'calls': calls}
        if name.startswith('tailrace'):
            notes.append(verdict(f'{name} system calls per request', total, 4.4, ''))
        process.stop()
    return Table(['calls/req', 'requests', 'which'], rows, figures, notes)


def verdict(what, value, bar, unit):
    return f"bar: {what} at most {bar}{unit}: {value:.2f}{unit}, {'met' if value <= bar else 'MISSED'}"


def _program(path):
    return os.path.realpath(shutil.which(path) or path)


def _size(program, name):
    """Bytes on disk: the one file, or for JIT the whole folder (the shared runtime not counted)."""
    if name != 'tailrace-jit':
        return os.path.getsize(program)
    folder = os.path.dirname(program)
    return sum(os.path.getsize(os.path.join(folder, f)) for f in os.listdir(folder) if not f.endswith('.pdb'))


ALL = [
    Scenario('small', 'keep-alive GET of 11 bytes through the proxy', under_load,
             bars={'nginx': 0.82, 'haproxy': 0.82, 'floor': 1.15}),
    Scenario('routes', '40 routes on 10 hosts, 12 request headers of 600 bytes in all', under_load, kind='routes',
             path=routes.PATHS[0], probe_headers=dict(routes.headers(routes.HOSTS[7])), bars={'nginx': 0.85}),
    Scenario('static', 'fixed reply of 11 bytes from the server itself', under_load, kind='static', bars={'nginx': 0.9}),
    Scenario('large', '1 MB replies through the proxy', under_load, body=MB, unit='CPU us/MB', bars={'nginx': 0.75}),
    Scenario('close', 'a connection per request', under_load, wrk_headers=('Connection: close',),
             probe_headers={'Connection': 'close'}, without=('floor',), bars={'nginx': 0.95}),
    Scenario('idle', 'idle keep-alive clients', idle_clients, without=('floor',)),
    Scenario('websocket', 'echo of 64 bytes over WebSocket through the proxy', under_load, kind='websocket',
             unit='CPU us/msg', per='msg', bars={'nginx': 0.85, 'haproxy': 0.85}),
    Scenario('websocket-idle', 'open, idle WebSockets', idle_clients, kind='websocket', without=('floor',)),
    Scenario('start', 'from start to the first answered request', starting, without=('floor',)),
    Scenario('syscalls', 'system calls per proxied keep-alive GET of 11 bytes', system_calls),
]
