"""What scenarios have in common: starting origin and contestants, rounds that interleave, and the table of ratios."""
import statistics

import load
from model import Chart, Setup, Table
from processes import wait_for_answer


def start_origin(context, scenario):
    if not scenario.origin:
        return 0
    port = context.ports.take()
    origin = context.fleet.start('origin', [context.tools.origin, str(port), str(scenario.body)],
                                 context.options.load_cpu)
    wait_for_answer(origin, port, body=scenario.body)
    return port


def set_up(context, scenario, who, origin):
    return Setup(who, context.ports.take(), origin, scenario.body, scenario.workers, context.fleet.scratch, context.tools)


def start(context, scenario, who, origin):
    """Starts one contestant and waits until it answers rightly. Returns its process and its port."""
    setup = set_up(context, scenario, who, origin)
    process = context.fleet.start(who.name, scenario.kind.command(setup), context.options.proxy_cpu)
    wait_for_answer(process, setup.port, scenario.path, scenario.headers, scenario.body)
    return process, setup.port


def interleaved(everyone, rounds, one):
    """Calls one(who) for everyone once per round, each round in another order. Returns name -> results, by round."""
    results = {who.name: [] for who in everyone}
    for turn in range(rounds):
        first = turn % len(everyone)
        for who in everyone[first:] + everyone[:first]:
            results[who.name].append(one(who))
    return results


def cost(context, scenario, name, process, port, seconds, connections=None):
    """CPU time of the proxy per request under wrk's full load, or requests per second of CPU time."""
    connections = clients(context, scenario, connections)
    before = process.cpu_us()
    seen = load.wrk(context, name, port, scenario, connections, seconds)
    return cost_of(scenario, process, seen, process.cpu_us() - before)


def clients(context, scenario, connections=None):
    return min(connections or scenario.connections or context.options.connections, context.options.most_connections)


def cost_of(scenario, process, seen, used):
    process.require_alive()
    return {'value': 1e6 * seen.requests / used if scenario.more_is_better else used / seen.requests,
            'per_second': seen.per_second, 'p99_us': seen.p99_us, 'rss_kb': process.rss_kb(), 'requests': seen.requests}


def under_load(context, scenario):
    """CPU time per request of everyone, in rounds."""
    origin = start_origin(context, scenario)
    everyone = context.who(scenario)
    running = {who.name: start(context, scenario, who, origin) for who in everyone}

    def one(who, seconds=context.options.seconds):
        return cost(context, scenario, who.name, *running[who.name], seconds)

    for who in everyone:   # pools filled, code compiled
        one(who, context.options.warm_up)
    in_slices = context.options.slices > 1
    rounds = sliced(context, scenario, running) if in_slices else interleaved(everyone, context.options.rounds, one)
    times = {} if in_slices else {'p99 ms': lambda seen: f"{median(seen, 'p99_us') / 1e3:.2f}"}
    extra = {'req/s': lambda seen: f"{median(seen, 'per_second'):.0f}", **times,
             'RSS MB': lambda seen: f"{seen[-1]['rss_kb'] / 1024:.1f}"}
    return ratio_table(scenario, everyone, rounds, extra)


def sliced(context, scenario, running):
    """The rounds of everyone, each in slices that take turns."""
    rounds = {name: [] for name in running}
    ports = {name: port for name, (_, port) in running.items()}
    for _ in range(context.options.rounds):
        before = {name: process.cpu_us() for name, (process, _) in running.items()}
        found = load.wrk_in_slices(context, ports, scenario, clients(context, scenario), context.options.seconds)
        for name, (process, _) in running.items():
            rounds[name].append(cost_of(scenario, process, found[name], process.cpu_us() - before[name]))
    return rounds


def ratio_table(scenario, everyone, rounds, extra=None):
    """The table of one figure: median and spread of each contestant's 'value', and its ratios to the others.

    `extra` has further columns: heading -> function from a contestant's rounds to a cell.
    """
    extra = extra or {}
    against = [than for than in ('before', 'nginx', 'haproxy', 'better', 'floor')
               if any(ratio(everyone, rounds, who, than) for who in everyone)]
    number = '{:.0f}' if scenario.more_is_better else '{:.2f}'
    rows, figures, bars = {}, {}, []
    for who in everyone:
        seen = rounds[who.name]
        values = [r['value'] for r in seen]
        ratios = {than: ratio(everyone, rounds, who, than, scenario.more_is_better) for than in (*against, 'epoll')}
        rows[who.name] = [number.format(statistics.median(values)), f'{number.format(min(values))}-{number.format(max(values))}',
                          *(cell(seen) for cell in extra.values()),
                          *('' if ratios[than] is None else f'{ratios[than]:.2f}' for than in against)]
        figures[who.name] = {'rounds': seen, 'median': statistics.median(values), 'ratios': ratios}
        bars += judge(scenario.bars, scenario.name, who, ratios)
    sense = 'more is better' if scenario.more_is_better else 'less is better'
    chart = Chart(f'{scenario.name}: {scenario.what}', '', f'{scenario.unit} ({sense})',
                  {name: [(scenario.name, f['median'])] for name, f in figures.items()})
    return Table([scenario.unit, 'min-max', *extra, *(f'x {than}' for than in against)], rows, figures, bars, [chart])


def judge(bars, what, who, ratios):
    """The verdicts on those bars that are about ratios, for one contestant."""
    return [bar.judge(f'{what}: {who.name} x {"own epoll" if bar.than == "epoll" else bar.than}', ratios[bar.than])
            for bar in bars if bar.binds(who) and ratios.get(bar.than) is not None]


def ratio(everyone, rounds, mine, than, more_is_better=False):
    """The median of the per-round ratios of one contestant's figure to another's, or None where there is no other.

    'better' is the better of nginx and HAProxy, hence the less flattering of the two ratios. 'floor' and 'before' are those of the
    same engine.
    """
    if than == 'better':
        both = [ratio(everyone, rounds, mine, peer) for peer in ('nginx', 'haproxy')]
        return (min if more_is_better else max)(both) if all(both) else None
    if than in ('floor', 'before'):
        name = f"{than}-{mine.engine or 'epoll'}"
    elif than == 'epoll':
        name = mine.name.replace('io_uring', 'epoll') if mine.is_ours and mine.engine == 'io_uring' else ''
    else:
        name = than
    if name not in rounds:
        return None
    return statistics.median(a['value'] / b['value'] for a, b in zip(rounds[mine.name], rounds[name]))


def median(seen, key):
    return statistics.median(r[key] for r in seen)
