"""Minutes at full load: nothing is collected, nothing grows. Not in the default set, for its length."""
import threading
import time

import load
from measure import start, start_origin
from model import Bar, Chart, Scenario, Table
from peers import PROXY

WARM_UP = 20   # seconds, after which nothing may grow


def soak(context, scenario):
    """What the collector did is told when a process ends, so a second process that is only warmed up is subtracted."""
    rows, figures, bars, series = {}, {}, [], {}
    origin = start_origin(context, scenario)
    seconds = round(context.options.soak_minutes * 60)
    warm_up = min(WARM_UP, seconds)
    for who in context.who(scenario):
        warm = loaded(context, scenario, who, origin, warm_up, 0)
        whole = loaded(context, scenario, who, origin, warm_up, seconds)
        samples = whole['rss_mb']
        requests = whole['requests'] - warm['requests']
        found = {'collections': whole['collections'] - warm['collections'],
                 'managed bytes per request': max(0, whole['allocated'] - warm['allocated']) / requests,
                 'growth': max(rss for _, rss in samples) - samples[0][1]}
        units = {'growth': ' MB'}
        rows[who.name] = [f"{whole['load'].per_second:.0f}", f'{requests}', f"{samples[0][1]:.1f}",
                          f"{found['growth']:.2f}", str(found['collections']), f"{found['managed bytes per request']:.3f}"]
        figures[who.name] = {**found, 'requests': requests, 'warm_up_collections': warm['collections'], 'rss_mb': samples}
        series[who.name] = samples
        bars += [bar.judge(f'soak: {who.name} {bar.figure}', found[bar.figure], units.get(bar.figure, ''))
                 for bar in scenario.bars if bar.binds(who)]
    chart = Chart('soak: memory under full load', 'seconds', 'RSS MB', series)
    return Table(['req/s', 'requests', 'RSS MB', 'growth MB', 'collections', 'managed B/req'], rows, figures, bars, [chart])


def loaded(context, scenario, who, origin, warm_up, seconds):
    """A process warmed up and then loaded for so long: its counts, and its memory by time."""
    options = context.options
    process, port = start(context, scenario, who, origin)
    load.wrk(context, who.name, port, scenario, options.connections, warm_up)
    outcome = {'rss_mb': [(0, process.rss_kb() / 1024)]}
    if seconds:
        outcome.update(watched(context, scenario, who, process, port, seconds, outcome['rss_mb']))
    process.require_alive()
    process.stop()
    counts = process.statistics()
    return {**outcome, 'requests': counts['requests'][0], 'collections': counts['garbage collections'][0],
            'allocated': counts['managed bytes'][0]}


def watched(context, scenario, who, process, port, seconds, samples):
    found = {}

    def run():
        try:
            found['load'] = load.wrk(context, who.name, port, scenario, context.options.connections, seconds)
        except Exception as error:   # told by the thread that waits
            found['error'] = error

    worker, begun = threading.Thread(target=run), time.monotonic()
    worker.start()
    while worker.is_alive():
        worker.join(max(1, seconds / 120))
        samples.append((round(time.monotonic() - begun), process.rss_kb() / 1024))
    if 'error' in found:
        raise found['error']
    return found


SCENARIOS = [Scenario('soak', 'minutes at full load', soak, PROXY, without=('nginx', 'haproxy', 'floor'), default=False,
                      bars=(Bar(0, figure='collections'), Bar(0.05, figure='managed bytes per request'), Bar(2, figure='growth')))]
