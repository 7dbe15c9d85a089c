"""System calls per proxied request, counted by strace over a bounded run. Tracing slows all; only the count is used.

A ring that is slowed does more with each entry, so Tailrace's own count of entries in a run without strace is the figure there.
"""
import os
import re
import signal
import subprocess
import time

import load
from measure import start, start_origin
from model import Bar, Scenario, Table
from peers import PROXY
from processes import BenchError, on_cpu


def system_calls(context, scenario):
    options = context.options
    rows, figures, bars = {}, {}, []
    origin = start_origin(context, scenario)
    for who in context.who(scenario):
        enters = untraced_enters(context, scenario, who, origin) if who.is_ours and who.engine == 'io_uring' else None
        process, port = start(context, scenario, who, origin)
        load.wrk(context, who.name, port, scenario, options.connections, options.warm_up)
        calls, requests = traced(context, scenario, who.name, process, port)
        per_request = {call: count / requests for call, count in sorted(calls.items(), key=lambda c: -c[1])}
        total = sum(per_request.values())
        rows[who.name] = [f'{total:.2f}', '' if enters is None else f'{enters:.2f}', str(requests),
                          '  '.join(f'{call} {each:.2f}' for call, each in per_request.items() if each >= 0.01)]
        found = {'calls': total, 'io_uring_enter': enters}
        figures[who.name] = {**found, 'requests': requests, 'by_name': calls}
        bars += [bar.judge(f'syscalls: {who.name} {bar.figure} per request', found[bar.figure])
                 for bar in scenario.bars if bar.binds(who)]
        process.stop()
    return Table(['calls/req', 'entries/req untraced', 'requests', 'which'], rows, figures, bars)


def untraced_enters(context, scenario, who, origin):
    """io_uring_enter(2) per request at full speed, by the statistics that the process prints at its end."""
    process, port = start(context, scenario, who, origin)
    seen = load.wrk(context, who.name, port, scenario, context.options.connections, context.options.seconds)
    process.stop()
    return process.statistics()['ring entries'][0] / seen.requests


def traced(context, scenario, name, process, port):
    """Calls by name, and requests, of one run under strace."""
    options = context.options
    report = os.path.join(context.fleet.scratch, f'{name}.strace')
    attach = [arg for pid in process.pids() for arg in ('-p', str(pid))]
    tracer = subprocess.Popen(['strace', '-f', '-c', '-o', report, *attach], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=on_cpu(options.load_cpu))
    try:
        time.sleep(1)
        if tracer.poll() is not None:
            raise BenchError(f'strace cannot attach to {name}: {tracer.stderr.read().decode().strip()}')
        seconds = max(5, options.seconds) if options.seconds > 1 else 1   # so that setting up the connections hardly counts
        seen = load.wrk(context, name, port, scenario, options.connections, seconds)
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait(20)
    with open(report) as file:
        calls = {call: int(count) for count, call in
                 re.findall(r'^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+(\w+)\s*$', file.read(), re.M)
                 if call != 'total'}
    return calls, seen.requests


SCENARIOS = [Scenario('syscalls', 'system calls per proxied keep-alive GET of 11 bytes', system_calls, PROXY,
                      bars=(Bar(4.4, figure='calls'), Bar(0.2, engine='io_uring', figure='io_uring_enter')), programs=('strace',))]
