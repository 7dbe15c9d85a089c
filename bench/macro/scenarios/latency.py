"""Latencies by a client that leaves no stall out: at half the saturating rate, and with one connection alone."""
import statistics

import load
from measure import interleaved, judge, median, ratio, start, start_origin
from model import Bar, Chart, Scenario, Table
from peers import PROXY

PERCENTILES = ('p50', 'p99', 'p999')
NAMES = {'p50': 'p50', 'p99': 'p99', 'p999': 'p99.9'}


def at_half_rate(context, scenario):
    """Everyone at the same rate: half of what the better of the peers can do."""
    options = context.options
    origin = start_origin(context, scenario)
    everyone = context.who(scenario)
    running = {who.name: start(context, scenario, who, origin) for who in everyone}
    most = {who.name: load.wrk(context, who.name, running[who.name][1], scenario, options.connections,
                               max(options.warm_up, options.seconds)).per_second for who in everyone}
    rate = max([most[peer] for peer in ('nginx', 'haproxy') if peer in most] or most.values()) / 2

    def one(who):
        return vars(load.client(context, who.name, running[who.name][1], scenario, options.connections,
                                options.seconds, round(rate)))

    rounds = interleaved(everyone, options.rounds, one)
    table = latency_table(scenario, everyone, rounds)
    table.notes.append(f'{rate:.0f} requests/s for everyone, half of what the better of nginx and HAProxy could do')
    return table


def one_connection(context, scenario):
    """One request after the other; 'direct' is the same without a proxy."""
    options = context.options
    origin = start_origin(context, scenario)
    everyone = context.who(scenario)
    ports = {who.name: start(context, scenario, who, origin)[1] for who in everyone}

    def one(who):
        seen = vars(load.client(context, who.name, ports[who.name], scenario, 1, options.seconds))
        direct = vars(load.client(context, 'direct', origin, scenario, 1, max(1, options.seconds / 3)))
        return {**seen, 'direct': direct}

    for who in everyone:
        one(who)
    rounds = interleaved(everyone, options.rounds, one)
    table = latency_table(scenario, everyone, rounds)
    direct = [r['direct'] for seen in rounds.values() for r in seen]
    for who in everyone:
        added = {p: median(rounds[who.name], p) - median(direct, p) for p in ('p50', 'p999')}
        table.rows[who.name] += [f"{added['p50']:.0f}", f"{added['p999']:.0f}"]
        table.figures[who.name]['added_us'] = added
    table.columns += ['added p50', 'added p99.9']
    table.notes.append('without a proxy: ' + ', '.join(f'{NAMES[p]} {median(direct, p):.0f} us' for p in PERCENTILES))
    return table


def latency_table(scenario, everyone, rounds):
    """Medians of the rounds' percentiles, and the ratios of each percentile that has a bar."""
    judged = sorted({bar.figure for bar in scenario.bars})
    rows, figures, bars = {}, {}, []
    columns = [f'{NAMES[p]} us' for p in PERCENTILES] + ['worst us']
    for figure in judged:
        columns += [f'{NAMES[figure]} x nginx', f'{NAMES[figure]} x haproxy', f'{NAMES[figure]} x better']
    for who in everyone:
        seen = rounds[who.name]
        rows[who.name] = [f'{median(seen, p):.0f}' for p in PERCENTILES] + [f"{max(r['worst'] for r in seen):.0f}"]
        figures[who.name] = {'rounds': seen, 'ratios': {}}
        for figure in judged:
            values = {name: [{'value': r[figure]} for r in its] for name, its in rounds.items()}
            ratios = {than: ratio(everyone, values, who, than) for than in ('nginx', 'haproxy', 'better')}
            rows[who.name] += ['' if r is None else f'{r:.2f}' for r in ratios.values()]
            figures[who.name]['ratios'][figure] = ratios
            bars += judge([bar for bar in scenario.bars if bar.figure == figure],
                          f'{scenario.name} {NAMES[figure]}', who, ratios)
    chart = Chart(f'{scenario.name}: {scenario.what}', '', 'microseconds', {
        who.name: [(NAMES[p], statistics.median(r[p] for r in rounds[who.name])) for p in PERCENTILES] for who in everyone})
    return Table(columns, rows, figures, bars, [chart])


SCENARIOS = [
    Scenario('latency', 'latency of a proxied GET of 11 bytes at half the saturating rate', at_half_rate, PROXY,
             bars=(Bar(1, 'better', figure='p99'),)),
    Scenario('latency-1', 'latency of a proxied GET of 11 bytes with one connection', one_connection, PROXY),
]
