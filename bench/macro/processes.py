"""Starting, pinning, measuring and (always) stopping the processes of a benchmark."""
import atexit
import ctypes
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1   # linux/prctl.h
CPUCLOCK_SCHED = 2     # linux/posix-timers.h: the whole process, by the scheduler's count
_libc = ctypes.CDLL(None)


class BenchError(Exception):
    """Something that makes the figures worthless. Its text is for the user."""


def on_cpu(cpu):
    """What a child does before it becomes the program: stays on that CPU (or those), and goes when the bench is killed."""
    def prepare():
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        os.sched_setaffinity(0, {cpu} if isinstance(cpu, int) else cpu)
    return prepare


class Process:
    """One started program with its children, pinned to one CPU for life."""

    def __init__(self, name, argv, cpu, log):
        self.name, self.log_path = name, log
        with open(log, 'wb') as out:
            self.started = time.monotonic()
            self.popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                          preexec_fn=on_cpu(cpu), start_new_session=True)

    def pids(self):
        """The process and all below it (nginx works in a child)."""
        found, pending = [], [self.popen.pid]
        while pending:
            pid = pending.pop()
            found.append(pid)
            try:
                with open(f'/proc/{pid}/task/{pid}/children') as children:
                    pending += map(int, children.read().split())
            except OSError:
                pass
        return found

    def cpu_us(self):
        """CPU time used so far, in microseconds, by the CPU-time clock of each process (clock_getcpuclockid(3)).

        It counts the nanoseconds of /proc/PID/task/*/schedstat, and those of threads that have ended: a runtime's
        compiler threads come and go. /proc/PID/stat would count ticks of 10 ms.
        """
        total = 0
        for pid in self.pids():
            try:
                total += time.clock_gettime_ns((~pid << 3) | CPUCLOCK_SCHED)
            except OSError:
                pass
        return total / 1e3

    def rss_kb(self):
        """Resident memory of the whole family. Pages that nginx's two processes share count twice: it is small."""
        total = 0
        for pid in self.pids():
            try:
                with open(f'/proc/{pid}/status') as status:
                    found = re.search(r'VmRSS:\s+(\d+)', status.read())
                    total += int(found.group(1)) if found else 0
            except OSError:
                pass
        return total

    def alive(self):
        return self.popen.poll() is None

    def require_alive(self):
        if not self.alive():
            raise BenchError(f'{self.name} ended with code {self.popen.returncode}; its last words:\n{self.last_words()}')

    def last_words(self):
        with open(self.log_path, errors='replace') as log:
            return '  ' + '  '.join(log.readlines()[-8:])

    def statistics(self):
        """What a Tailrace that was stopped has counted: name -> [total, worker 0, worker 1 ...]."""
        with open(self.log_path, errors='replace') as log:
            return {name.strip(): [int(n) for n in numbers.split()]
                    for name, numbers in re.findall(r'^(\D{24})((?: +\d+)+)$', log.read(), re.M)}

    def stop(self):
        if self.alive():
            for sent, patience in ((signal.SIGTERM, 3), (signal.SIGKILL, 3)):
                try:
                    os.killpg(self.popen.pid, sent)
                    self.popen.wait(patience)
                    break
                except (ProcessLookupError, subprocess.TimeoutExpired):
                    pass


class Fleet:
    """Everything that is running now. Leaving it, however that happens, stops it."""

    def __init__(self, scratch):
        self.scratch, self.processes = scratch, []
        atexit.register(self.stop)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(1))

    def start(self, name, argv, cpu):
        process = Process(name, argv, cpu, os.path.join(self.scratch, f'{name}.log'))
        self.processes.append(process)
        return process

    def stop(self):
        while self.processes:
            self.processes.pop().stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Ports:
    """Free ports below the ephemeral range, each given once."""

    def __init__(self, first):
        self.next = first

    def take(self):
        for port in range(self.next, 32000):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(('127.0.0.1', port))
                except OSError:
                    continue
            self.next = port + 1
            return port
        raise BenchError('no free port left below 32000')


def probe(port, path='/', headers=None, timeout=5):
    """One plain request. Returns (status, body length)."""
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=timeout)
    try:
        connection.request('GET', path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, len(answer.read())
    finally:
        connection.close()


def wait_for_answer(process, port, path='/', headers=None, body=None, seconds=15, every=0.05):
    """Waits until the process answers 200 with the body length meant. Returns milliseconds since its start."""
    limit, last = time.monotonic() + seconds, 'nothing listens'
    while time.monotonic() < limit:
        process.require_alive()
        try:
            status, length = probe(port, path, headers)
            if status == 200 and length == (length if body is None else body):
                return (time.monotonic() - process.started) * 1e3
            raise BenchError(f'{process.name} answered {status} with {length} bytes where 200 with {body} were due')
        except (OSError, http.client.HTTPException) as error:
            last = error
        time.sleep(every)
    raise BenchError(f'{process.name} does not answer on port {port} after {seconds} s: {last}\n{process.last_words()}')
