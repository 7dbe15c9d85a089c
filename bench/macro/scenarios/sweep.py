"""CPU time per proxied request by the number of connections."""
from dataclasses import replace

from measure import cost, interleaved, judge, median, ratio, start, start_origin
from model import Bar, Chart, Scenario, Table
from peers import PROXY


def sweep(context, scenario):
    options = context.options
    everyone = context.who(scenario)
    # An origin for each: idle connections kept by those who are not measured would use up one origin's descriptors.
    running = {who.name: start(context, scenario, who, start_origin(context, scenario)) for who in everyone}
    rows, bars = {who.name: [] for who in everyone}, []
    figures, columns = {who.name: {} for who in everyone}, []
    series, relative = {who.name: [] for who in everyone}, {who.name: [] for who in everyone}
    for connections in options.counts:
        def one(who, seconds=options.seconds, connections=connections):
            return cost(context, scenario, who.name, *running[who.name], seconds, connections)

        for who in everyone:
            one(who, options.warm_up)
        rounds = interleaved(everyone, options.rounds, one)
        for who in everyone:
            ratios = {than: ratio(everyone, rounds, who, than) for than in ('nginx', 'haproxy', 'better', 'floor', 'epoll')}
            value = median(rounds[who.name], 'value')
            rows[who.name] += [f'{value:.2f}', '' if ratios['better'] is None else f"{ratios['better']:.2f}"]
            figures[who.name][connections] = {'rounds': rounds[who.name], 'median': value, 'ratios': ratios}
            series[who.name].append((connections, value))
            if ratios['better'] is not None:
                relative[who.name].append((connections, ratios['better']))
            bars += judge([replace(bar, figure='') for bar in scenario.bars if bar.figure == str(connections)],
                          f'sweep, {connections}', who, ratios)
        columns += [f'us/req at {connections:,}', 'x better']
    charts = [Chart('sweep: CPU per proxied request by connections', 'connections', scenario.unit, series, log_x=True),
              Chart('sweep: the same as a share of the better of nginx and HAProxy', 'connections', 'x better', relative,
                    log_x=True)]
    return Table(columns, rows, figures, bars, charts)


SCENARIOS = [Scenario('sweep', 'keep-alive GET of 11 bytes through the proxy, by connections', sweep, PROXY, bars=(
    Bar(1.05, 'better', 'epoll', figure='1'), Bar(1.05, 'better', 'io_uring', figure='1'),
    *(Bar(0.85, 'better', figure=str(n)) for n in (8, 64, 512, 1000, 4000)), Bar(0.6, 'better', figure='1000')))]
