"""Datagrams through the proxy: its CPU time per datagram echoed, beside nginx's stream module. HAProxy forwards none."""
import functools
import socket
import subprocess
import time

import prepare
from measure import interleaved, median, ratio_table, set_up
from model import Bar, Kind, Scenario
from peers import nginx_run, tailrace_cluster, tailrace_run
from processes import BenchError, on_cpu

program = functools.cache(prepare.compiled)

ROOM = 4 << 20    # of everyone's receive buffer: a busy machine holds a proxy up
LOST_MAX = 0.01   # of what came back; more would make the rest dearer than it is


def nginx_udp(setup):
    return nginx_run(setup, stream=f'''  server {{ listen 127.0.0.1:{setup.port} udp reuseport rcvbuf={ROOM}; proxy_timeout 60s;
    proxy_pass 127.0.0.1:{setup.origin}; }}
''')


def tailrace_udp(setup):
    return tailrace_run(setup, f'protocol: udp, cluster: origin, receive_buffer: {ROOM}, timeouts: {{ idle: 60s }}',
                        'clusters:\n' + tailrace_cluster(setup, scheme='udp'))


def floor_udp(setup):
    return [program('floor_udp'), str(setup.port), str(setup.origin)]


UDP = Kind(tailrace_udp, nginx_udp, floor=floor_udp)


def await_echo(process, port):
    """Waits until a datagram comes back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.2)
        client.connect(('127.0.0.1', port))
        limit = time.monotonic() + 15
        while time.monotonic() < limit:
            process.require_alive()
            try:
                client.send(b'hello')
                if client.recv(100) == b'hello':
                    return
            except OSError:
                time.sleep(0.05)
    raise BenchError(f'{process.name} sends no datagram back\n{process.last_words()}')


def echoes(context, load, name, process, port, seconds):
    """CPU time of the proxy per datagram that went to the origin and came back."""
    clients, window, size = load
    command = [program('udp_load'), str(port), str(clients), str(window), str(size), str(seconds)]
    before = process.cpu_us()
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 15,
                             preexec_fn=on_cpu(context.options.load_cpu), check=False)
    except subprocess.TimeoutExpired:
        raise BenchError(f'{name}: the load does not end') from None
    used = process.cpu_us() - before
    if run.returncode:
        raise BenchError(f'{name}: {run.stderr}')
    process.require_alive()
    answered, lost, wrong = map(int, run.stdout.split())
    if wrong or not answered or lost > LOST_MAX * answered:
        raise BenchError(f'{name}: {answered} came back, {lost} did not, {wrong} were wrong')
    return {'value': used / answered, 'per_second': answered / seconds, 'answered': answered, 'lost': lost,
            'rss_kb': process.rss_kb()}


def udp(load, context, scenario):
    options = context.options
    origin = context.ports.take()
    await_echo(context.fleet.start('udp_origin', [program('udp_origin'), str(origin)], options.load_cpu), origin)
    everyone = context.who(scenario)
    running = {}
    for who in everyone:
        setup = set_up(context, scenario, who, origin)
        process = context.fleet.start(who.name, UDP.command(setup), options.proxy_cpu)
        await_echo(process, setup.port)
        running[who.name] = (process, setup.port)

    def one(who, seconds=options.seconds):
        return echoes(context, load, who.name, *running[who.name], seconds)

    for who in everyone:   # sessions opened, code compiled
        one(who, options.warm_up)
    rounds = interleaved(everyone, options.rounds, one)
    return ratio_table(scenario, everyone, rounds, {
        'echoes/s': lambda seen: f"{median(seen, 'per_second'):.0f}",
        'per CPU s': lambda seen: f"{1e6 / median(seen, 'value'):.0f}",
        'lost %': lambda seen: f"{100 * sum(r['lost'] for r in seen) / sum(r['answered'] for r in seen):.3f}",
        'RSS MB': lambda seen: f"{seen[-1]['rss_kb'] / 1024:.1f}"})


def scenario(name, clients, window, size):
    what = f'{size}-byte datagrams to an echo and back, {clients} clients with {window} under way each'
    return Scenario(name, what, functools.partial(udp, (clients, window, size)), UDP, unit='CPU us/echo', bars=BARS,
                    without=('floor-io_uring',))   # there is one floor, on epoll


BARS = Bar(round(1 / 1.2, 3), 'nginx'), Bar(1.1, 'floor')   # 1.2 times as many for a second of CPU

SCENARIOS = [scenario('udp', 32, 4, 100), scenario('udp-one', 64, 1, 100), scenario('udp-large', 8, 8, 1200)]
