"""The clients: wrk for load, plain sockets for idle connections. Every answer is judged; nothing wrong is averaged away."""
import os
import re
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, replace

from processes import BenchError, on_cpu, probe

SCALE = {'us': 1, 'ms': 1e3, 's': 1e6, 'm': 60e6, 'B': 1, 'KB': 1 << 10, 'MB': 1 << 20, 'GB': 1 << 30, 'TB': 1 << 40}


# A stopped wrk that goes on needs some time before a signal ends it: the thread that waits for it has to be awake.
SIGNAL_SECONDS = 0.05


@dataclass(frozen=True)
class Load:
    """What wrk saw in one bounded run. No time of an answer where it was stopped meanwhile."""
    requests: int
    per_second: float
    p99_us: float | None
    bytes_read: float


def scaled(text):
    number, unit = re.fullmatch(r'([\d.]+)([a-zA-Z]*)', text).groups()
    return float(number) * SCALE[unit or 'B']


def wrk(context, name, port, scenario, connections, seconds):
    """Runs wrk and returns its Load; raises when one answer was not 2xx, an error occurred, or bytes are missing."""
    check(name, port, scenario)
    run = subprocess.run(wrk_command(context, port, scenario, connections, seconds), capture_output=True, text=True,
                         timeout=seconds + 30, preexec_fn=on_cpu(context.options.load_cpu), check=False)
    seen = judged(name, scenario, run.stdout, run.stderr, run.returncode)
    check(name, port, scenario)
    return seen


def wrk_in_slices(context, ports, scenario, connections, seconds):
    """Runs a wrk for each of `ports` (name -> port), all in turn in slices of that many seconds altogether each.

    What else the machine does lasts longer than a slice, and so meets all alike. Returns name -> Load.
    """
    slices, limit = context.options.slices, (seconds + 1) * len(ports) + 30
    running, active = {}, dict.fromkeys(ports, 0)
    try:
        for name, port in ports.items():
            check(name, port, scenario)
            running[name] = subprocess.Popen(wrk_command(context, port, scenario, connections, limit),
                                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                             preexec_fn=on_cpu(context.options.load_cpu))
            running[name].send_signal(signal.SIGSTOP)
        names = list(ports)
        for turn in range(slices):
            for name in names[turn % len(names):] + names[:turn % len(names)]:
                active[name] += go_on(running[name], seconds / slices)
                running[name].send_signal(signal.SIGSTOP)
        found = {}
        for name, wrk_process in running.items():
            active[name] += go_on(wrk_process, SIGNAL_SECONDS)
            wrk_process.send_signal(signal.SIGINT)
            text, errors = wrk_process.communicate(timeout=30)
            seen = judged(name, scenario, text, errors, wrk_process.returncode)
            found[name] = replace(seen, per_second=seen.requests / active[name], p99_us=None)
            check(name, ports[name], scenario)
        return found
    finally:
        for wrk_process in running.values():
            wrk_process.kill()   # a stopped one hears nothing else
            wrk_process.wait()


def go_on(process, seconds):
    began = time.monotonic()
    process.send_signal(signal.SIGCONT)
    time.sleep(seconds)
    return time.monotonic() - began


def wrk_command(context, port, scenario, connections, seconds):
    command = ['wrk', '-t1', f'-c{connections}', f'-d{seconds}s', '--timeout', '10s', '--latency', *scenario.wrk]
    if scenario.script:
        path = os.path.join(context.fleet.scratch, f'{scenario.name}.lua')
        with open(path, 'w') as file:
            file.write(scenario.script)
        command += ['-s', path]
    return command + [f'http://127.0.0.1:{port}/']


def judged(name, scenario, text, errors, code):
    """The Load that wrk has printed."""
    for pattern in (r'Non-2xx or 3xx responses: \d+', r'Socket errors: .*'):
        found = re.search(pattern, text)
        if found:
            raise BenchError(f'{name} in {scenario.name}: {found.group(0)}. No table: such answers may be cheaper.')
    counts = re.search(r'(\d+) requests in [\d.]+\w+, ([\d.]+\w+) read', text)
    p99 = re.search(r'^\s+99%\s+(\S+)', text, re.M)
    rate = re.search(r'Requests/sec:\s+([\d.]+)', text)
    if code or not (counts and p99 and rate) or counts.group(1) == '0':
        raise BenchError(f'{name} in {scenario.name}: wrk gave no result:\n{text}{errors}')
    seen = Load(int(counts.group(1)), float(rate.group(1)), scaled(p99.group(1)), scaled(counts.group(2)))
    # wrk takes a 3xx for a success, so count the bytes too (it prints three digits).
    if seen.bytes_read < 0.98 * seen.requests * scenario.body:
        raise BenchError(f'{name} in {scenario.name}: {seen.requests} answers had only {seen.bytes_read:.0f} bytes')
    return seen


@dataclass(frozen=True)
class Latency:
    """What the client saw in one bounded run, in microseconds."""
    requests: int
    p50: float
    p99: float
    p999: float
    worst: float


def client(context, name, port, scenario, connections, seconds, rate=0):
    """Runs the client and returns its Latency; raises when one answer was not the right one. Without a rate: as fast as can be."""
    run = subprocess.run([context.tools.client, *map(str, (port, connections, seconds, rate, scenario.body))],
                         capture_output=True, text=True, timeout=seconds + 30,
                         preexec_fn=on_cpu(context.options.load_cpu), check=False)
    if run.returncode:
        raise BenchError(f'{name} in {scenario.name}: {run.stderr.strip()}')
    count, *times = run.stdout.split()
    return Latency(int(count), *map(float, times))


def check(name, port, scenario):
    """One request by a client that is not wrk: it has to get 200 and the whole body."""
    try:
        status, length = probe(port, scenario.path, scenario.headers)
    except OSError as error:
        raise BenchError(f'{name} in {scenario.name} does not answer: {error}') from error
    if (status, length) != (200, scenario.body):
        raise BenchError(f'{name} in {scenario.name} answered {status} with {length} bytes, not 200 with {scenario.body}')


class IdleClients:
    """Keep-alive clients that have had one answer each and now say nothing."""

    REQUEST = b'GET / HTTP/1.1\r\nHost: bench.example\r\n\r\n'

    def __init__(self, name, port, body):
        self.name, self.port, self.body = name, port, body
        self.sockets = []

    def grow_to(self, count):
        name, port, body = self.name, self.port, self.body
        try:
            while len(self.sockets) < count:
                client = socket.create_connection(('127.0.0.1', port), timeout=10)
                self.sockets.append(client)
                client.sendall(self.REQUEST)
                answer = b''
                while b'\r\n\r\n' not in answer or len(answer.split(b'\r\n\r\n', 1)[1]) < body:
                    got = client.recv(4096)
                    if not got:
                        raise BenchError(f'{name} closed idle client {len(self.sockets)} early')
                    answer += got
                if not answer.startswith(b'HTTP/1.1 200 '):
                    raise BenchError(f'{name} answered idle client {len(self.sockets)} with {answer[:40]!r}')
        except OSError as error:
            self.close()
            raise BenchError(f'{name}: idle client {len(self.sockets)} of {count}: {error}') from error

    def still_open(self):
        """How many the server has not closed meanwhile."""
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
        self.sockets.clear()
