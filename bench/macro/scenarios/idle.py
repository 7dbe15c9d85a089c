"""Memory that idle keep-alive clients cost the proxy, after all have had an answer, and the CPU time it takes to hold them."""
import time

import load
from measure import start, start_origin
from model import Chart, Scenario, Bar, Table
from peers import PROXY
from processes import BenchError

STEPS = 4
WATCHED = 4   # seconds, at the most


def idle_clients(context, scenario):
    options = context.options
    most = min(options.idle_clients, scenario.connections or options.idle_clients)
    rows, figures, bars, series = {}, {}, [], {}
    for who in context.who(scenario):
        origin = start_origin(context, scenario)
        process, port = start(context, scenario, who, origin)
        load.wrk(context, who.name, port, scenario, options.connections, options.warm_up)
        before = process.rss_kb()
        series[who.name] = [(0, before / 1024)]
        clients = load.IdleClients(who.name, port, scenario.body)
        for step in range(1, STEPS + 1):
            clients.grow_to(most * step // STEPS)
            time.sleep(1)
            series[who.name].append((len(clients.sockets), process.rss_kb() / 1024))
        cpu, watched = process.cpu_us(), min(WATCHED, options.seconds * 2)
        time.sleep(watched)
        percent = (process.cpu_us() - cpu) / 1e4 / watched
        grown, held = process.rss_kb() - before, clients.still_open()
        clients.close()
        if held < most:
            raise BenchError(f'{who.name} kept only {held} of {most} idle clients')
        each = grown * 1024 / most
        rows[who.name] = [f'{each:.0f}', f'{before / 1024:.1f}', f'{(before + grown) / 1024:.1f}', f'{percent:.2f}']
        figures[who.name] = {'bytes_per_client': each, 'rss_mb': series[who.name], 'clients': held, 'idle_cpu_percent': percent}
        found = {'bytes per client': (each, ' B'), 'CPU while idle': (percent, ' %')}
        bars += [bar.judge(f'{scenario.name}: {who.name} {bar.figure}', *found[bar.figure])
                 for bar in scenario.bars if bar.binds(who)]
        context.fleet.stop()
    chart = Chart(f'{scenario.name}: memory with idle clients', 'clients', 'RSS MB', series)
    return Table(['bytes/client', 'RSS MB before', 'RSS MB with', 'CPU % idle'], rows, figures, bars, [chart])


SCENARIOS = [Scenario('idle', 'idle keep-alive clients', idle_clients, PROXY, without=('floor',),
                      bars=(Bar(1024, figure='bytes per client'),))]
