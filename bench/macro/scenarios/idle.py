"""Memory that each idle keep-alive client costs the proxy, after all have had an answer."""
import time

import load
from measure import start, start_origin
from model import Bar, Scenario, Table
from peers import PROXY
from processes import BenchError


def idle_clients(context, scenario):
    options = context.options
    rows, figures, bars = {}, {}, []
    for who in context.who(scenario):
        origin = start_origin(context, scenario)
        process, port = start(context, scenario, who, origin)
        load.wrk(context, who.name, port, scenario, options.connections, options.warm_up)
        before = process.rss_kb()
        clients = load.IdleClients(who.name, port, options.idle_clients, scenario.body)
        time.sleep(2)
        grown, held = process.rss_kb() - before, clients.still_open()
        cpu = process.cpu_us()
        time.sleep(2)
        idle_us = (process.cpu_us() - cpu) / 2
        clients.close()
        if held < options.idle_clients:
            raise BenchError(f'{who.name} kept only {held} of {options.idle_clients} idle clients')
        per_client = grown * 1024 / options.idle_clients
        rows[who.name] = [f'{per_client:.0f}', f'{before / 1024:.1f}', f'{(before + grown) / 1024:.1f}',
                          f'{idle_us / 1e4:.2f}']
        figures[who.name] = {'bytes_per_client': per_client, 'rss_before_kb': before, 'rss_after_kb': before + grown,
                             'clients': held, 'idle_cpu_us_per_second': idle_us}
        bars += [bar.judge(f'idle: {who.name} bytes per client', per_client, ' B')
                 for bar in scenario.bars if bar.binds(who)]
        context.fleet.stop()
    return Table(['bytes/client', 'RSS MB before', 'RSS MB with', 'CPU % idle'], rows, figures, bars)


SCENARIOS = [Scenario('idle', 'idle keep-alive clients', idle_clients, PROXY, without=('floor',), bars=(Bar(1024),))]
