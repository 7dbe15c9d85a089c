"""From one worker to two, with proxy, origin and load all inside the same two CPUs: what does the second worker cost?"""
import argparse
import statistics
from dataclasses import replace

from measure import cost, interleaved, median, set_up, start_origin
from model import Bar, Scenario, Table
from peers import PROXY
from processes import wait_for_answer


def one_or_two(context, scenario):
    """Each measurement with a process of its own, since what each worker did is told at the end."""
    both = {context.options.proxy_cpu, context.options.load_cpu}
    options = argparse.Namespace(**{**vars(context.options), 'proxy_cpu': both, 'load_cpu': both})
    shared = replace(context, options=options)
    origin = start_origin(shared, scenario)
    everyone = shared.who(scenario)

    def measured(who, workers):
        setup = set_up(shared, replace(scenario, workers=workers), who, origin)
        process = context.fleet.start(who.name, scenario.kind.command(setup), both)
        wait_for_answer(process, setup.port, body=scenario.body)
        cost(shared, scenario, who.name, process, setup.port, options.warm_up)
        seen = cost(shared, scenario, who.name, process, setup.port, options.seconds)
        process.stop()
        if who.is_ours:
            seen['requests_of_workers'] = process.statistics()['requests'][1:]
        return seen

    def one(who):
        single, double = measured(who, 1), measured(who, 2)
        found = {'one': single, 'two': double, 'growth': 100 * (double['value'] / single['value'] - 1)}
        if who.is_ours:
            done = double['requests_of_workers']
            found['imbalance'] = 100 * (max(done) / statistics.mean(done) - 1)
        return found

    rounds = interleaved(everyone, options.rounds, one)
    rows, figures, bars = {}, {}, []
    for who in everyone:
        seen = rounds[who.name]
        found = {'growth': median(seen, 'growth')}
        if who.is_ours:
            found['imbalance'] = median(seen, 'imbalance')
        rows[who.name] = [*(f"{statistics.median(r[n]['value'] for r in seen):.2f}" for n in ('one', 'two')),
                          f"{found['growth']:.1f}", f"{min(r['growth'] for r in seen):.1f}-{max(r['growth'] for r in seen):.1f}",
                          f"{found['imbalance']:.1f}" if who.is_ours else '']
        figures[who.name] = {'rounds': seen, **found}
        bars += [bar.judge(f'workers: {who.name} {bar.figure}', found[bar.figure], ' %')
                 for bar in scenario.bars if bar.binds(who)]
    return Table(['us/req, 1 worker', '2 workers', 'growth %', 'min-max', 'imbalance %'], rows, figures, bars)


SCENARIOS = [Scenario('workers', 'from one worker to two, with the load inside the same two CPUs', one_or_two, PROXY,
                      without=('floor',), bars=(Bar(5, figure='growth'), Bar(15, figure='imbalance')))]
