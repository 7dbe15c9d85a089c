"""From fork to the first answered request, with memory then, and the size on disk. Medians of several starts."""
import os
import shutil
import statistics

from measure import set_up, start_origin
from model import Bar, Scenario, Table
from peers import PROXY
from processes import wait_for_answer

MB = 1 << 20


def starting(context, scenario):
    rows, figures, bars = {}, {}, []
    origin = start_origin(context, scenario)
    for who in context.who(scenario):
        times, sizes = [], []
        for _ in range(context.options.starts):
            setup = set_up(context, scenario, who, origin)
            process = context.fleet.start(who.name, scenario.kind.command(setup), context.options.proxy_cpu)
            times.append(wait_for_answer(process, setup.port, body=scenario.body, every=0.0005))
            sizes.append(process.rss_kb())
            process.stop()
        disk = disk_bytes(who) / MB
        ms, rss = statistics.median(times), statistics.median(sizes) / 1024
        rows[who.name] = [f'{ms:.1f}', f'{rss:.1f}', f'{disk:.1f}']
        figures[who.name] = {'first_answer_ms': times, 'rss_kb': sizes, 'disk_mb': disk}
        found = {'on disk': (disk, ' MB'), 'RSS': (rss, ' MB'), 'first answer': (ms, ' ms')}
        bars += [bar.judge(f'start: {who.name} {bar.figure}', *found[bar.figure])
                 for bar in scenario.bars if bar.binds(who)]
    return Table(['first answer ms', 'RSS MB', 'on disk MB'], rows, figures, bars)


def disk_bytes(who):
    """The one file, or for JIT the whole folder (the shared runtime not counted)."""
    program = who.binary or os.path.realpath(shutil.which(who.name))
    if who.build != 'jit':
        return os.path.getsize(program)
    folder = os.path.dirname(program)
    return sum(os.path.getsize(os.path.join(folder, f)) for f in os.listdir(folder) if not f.endswith('.pdb'))


SCENARIOS = [Scenario('start', 'from start to the first answered request', starting, PROXY, without=('floor',), bars=(
    Bar(12, build='aot', figure='on disk'), Bar(20, build='aot', figure='RSS'), Bar(30, build='aot', figure='first answer')))]
