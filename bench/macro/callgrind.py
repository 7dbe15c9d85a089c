"""Instructions per request: Tailrace's AOT build under callgrind, its functions summed by the folder that they stand in."""
import os
import re
import socket
import subprocess
import time
from collections import Counter
from dataclasses import dataclass

import peers
from model import Contestant, Kind, Setup
from prepare import ROOT, run
from processes import BenchError, wait_for_answer
from scenarios import routes, tcp

PATIENCE = 300   # seconds: nothing here is timed, and the machine may be busy
BODIES = (b'hello world', b'x' * 11)   # of the fixed reply, and of the origin


@dataclass(frozen=True)
class Scenario:
    name: str
    what: str
    kind: Kind
    depth: int = 1   # requests that a client writes at a time
    closes: bool = False   # a connection for each

    def requests(self):
        if self.name != 'routes':
            close = b'Connection: close\r\n' if self.closes else b''
            return [b'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n' + close + b'\r\n']
        return [f'GET {path} HTTP/1.1\r\n'.encode() + b''.join(f'{n}: {v}\r\n'.encode() for n, v in routes.headers(host))
                + b'\r\n' for path in routes.PATHS for host in routes.HOSTS]


ALL = [
    Scenario('proxied', 'keep-alive GET of 11 bytes through the proxy', peers.PROXY),
    Scenario('fixed', 'fixed reply of the server itself', peers.STATIC),
    Scenario('routes', 'proxied, 40 routes on 10 hosts, 12 request headers of 600 bytes', routes.SCENARIOS[0].kind),
    Scenario('tunnel', 'the same GET over an open TCP tunnel', tcp.TCP),
    Scenario('tunnel-connect', 'a TCP tunnel opened, one GET over it, and closed', tcp.TCP, closes=True),
    Scenario('pipelined', 'fixed reply, 16 requests in one write', peers.STATIC, depth=16),
]


@dataclass
class Context:
    options: object
    tools: object
    binary: str
    fleet: object
    ports: object


def strip(binary, scratch):
    """A copy with the names of functions alone: valgrind does not read what else .NET writes."""
    target = os.path.join(scratch, 'tailrace')
    run(['objcopy', '--strip-debug', binary, target], 60)
    symbols = subprocess.run(['nm', target], capture_output=True, text=True, check=False).stdout
    if 'HeaderParser' not in symbols:
        raise BenchError(f'{binary} has no symbols; publish it with -p:StripSymbols=false')
    return target


def count(context, scenario):
    """Function -> instructions per request."""
    few, many = (profile(context, scenario, times * context.options.requests) for times in (1, 2))
    counted = Counter(many)
    counted.subtract(few)
    return {name: cost / context.options.requests for name, cost in counted.items() if cost}


def profile(context, scenario, requests):
    """Function -> instructions of a process from its start to its end."""
    port, origin = context.ports.take(), context.ports.take()
    if scenario.kind is not peers.STATIC:
        wait_for_answer(context.fleet.start('origin', [context.tools.origin, str(origin), '11'], 1), origin, body=11)
    who = Contestant('tailrace', 'tailrace', 'epoll', 'aot', context.binary)
    setup = Setup(who, port, origin, 11, 1, context.fleet.scratch, context.tools)
    out = setup.write('callgrind', '')
    os.environ['DOTNET_GCHeapHardLimit'] = '10000000'   # valgrind has no room for the 256 GB that are reserved otherwise
    process = context.fleet.start('tailrace', ['valgrind', '--tool=callgrind', f'--callgrind-out-file={out}',
                                               *scenario.kind.command(setup)], 0)
    host = {'Host': routes.HOSTS[0]} if scenario.name == 'routes' else {}
    wait_for_answer(process, port, headers=host, body=11, seconds=PATIENCE)
    send(port, scenario, requests, context.options.connections)
    process.popen.terminate()
    process.popen.wait(PATIENCE)   # it writes its profile then
    context.fleet.stop()
    return read(out)


def send(port, scenario, requests, connections):
    """All clients write, then all read: the loop meets nearly the same batches each time."""
    messages = scenario.requests()
    clients, sent = [], 0
    while sent < requests:
        if scenario.closes or not clients:
            for client in clients:
                client.close()
            clients = [socket.create_connection(('127.0.0.1', port), timeout=PATIENCE) for _ in range(connections)]
            for client in clients:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for client in clients:
            client.sendall(b''.join(messages[(sent + i) % len(messages)] for i in range(scenario.depth)))
            sent += scenario.depth
        for client in clients:
            answers = b''
            while sum(map(answers.count, BODIES)) < scenario.depth:
                piece = client.recv(1 << 16)
                if not piece:
                    raise BenchError(f'{scenario.name}: the connection was closed')
                answers += piece
            if answers.count(b'HTTP/1.1 200') != scenario.depth:
                raise BenchError(f'{scenario.name}: not every answer was a 200')
    for client in clients:
        client.close()


def read(path):
    """The self cost of each function. Format: valgrind's manual, callgrind format specification."""
    names, costs, current = {}, Counter(), ''
    with open(path) as profile_text:
        lines = iter(profile_text)
        for line in lines:
            if line.startswith(('fn=', 'cfn=')):
                found = re.match(r'c?fn=\((\d+)\)(?: (.*))?', line)
                if found.group(2):
                    names[found.group(1)] = found.group(2)
                if line.startswith('fn='):
                    current = names[found.group(1)]
            elif line.startswith('calls='):
                next(lines)   # what the callee cost: it is counted there
            elif line[:1].isdigit() or line[:1] in '+-*':
                costs[current] += int(line.split()[1])
    if not costs:
        raise BenchError('callgrind wrote no profile')
    return costs


def folders():
    """Type, as symbols spell it -> folder below src/Tailrace."""
    found = {}
    top = os.path.join(ROOT, 'src', 'Tailrace')
    for folder, _, files in os.walk(top):
        place = os.path.relpath(folder, top)
        for file in files:
            if file.endswith('.cs'):
                found['_'.join(['Tailrace', *place.split(os.sep), file.split('.')[0]])] = place
    return found


def place_of(function, known):
    """The folder of a function; a suspended method's box and a generic's instance belong to the type they are made for."""
    if function.startswith(('Rhp', 'RhBulk', 'RhNew', 'JIT_')):
        return 'runtime: barriers, casts'
    name = re.sub(r'^(Tailrace_)(?=Tailrace_)', '', function)
    if name.startswith('Tailrace_'):
        best = max((type_name for type_name in known if name.startswith(type_name)), key=len, default='')
        folder = '/'.join(re.match(r'Tailrace_((?:[A-Z][A-Za-z0-9]*_)*)', name).group(1).strip('_').split('_')[:2])
        return known[best] if best else folder
    if name.startswith(('S_P_CoreLib', 'System_')):
        return '.NET library'
    return 'C library, runtime'


def layout(counts, functions):
    """A table of folders by scenario, and the dearest functions of each where that is asked for."""
    known = folders()
    sums = {name: Counter() for name in counts}
    for name, costs in counts.items():
        for function, cost in costs.items():
            sums[name][place_of(function, known)] += cost
    places = sorted({place for summed in sums.values() for place in summed},
                    key=lambda place: -max(summed[place] for summed in sums.values()))
    places = [place for place in places if any(round(summed[place]) for summed in sums.values())]
    width = max(map(len, places)) + 2
    lines = ['Instructions per request', ' ' * width + ''.join(name.rjust(11) for name in counts)]
    lines.append('all'.ljust(width) + ''.join(f'{sum(costs.values()):11.0f}' for costs in counts.values()))
    lines += [place.ljust(width) + ''.join(f'{sums[name][place]:11.0f}' for name in counts) for place in places]
    lines += [''] + [f'{s.name}: {s.what}' for s in ALL if s.name in counts]
    for name, costs in counts.items() if functions else ():
        lines += ['', f'{name}, by function']
        lines += [f'{cost:9.1f}  {function[:140]}' for function, cost in
                  sorted(costs.items(), key=lambda item: -item[1])[:functions]]
    return '\n'.join(lines) + '\n'
