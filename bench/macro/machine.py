"""What else the machine does: figures are worth something where it does nothing else."""
import time
from collections import namedtuple

Ticks = namedtuple('Ticks', 'busy stolen total')


def ticks():
    """What all CPUs together have done since the machine's start, proc_stat(5)."""
    with open('/proc/stat') as stat:
        user, nice, system, idle, iowait, irq, softirq, stolen = (int(n) for n in stat.readline().split()[1:9])
    busy = user + nice + system + irq + softirq
    return Ticks(busy, stolen, busy + idle + iowait + stolen)


def busy_before(seconds=2):
    """Says how busy the machine is before anything of ours runs, which the load average would say of the last run too."""
    before = ticks()
    time.sleep(seconds)
    now = ticks()
    share = (now.busy - before.busy) / max(now.total - before.total, 1)
    return f'{share:.0%}' + (' (other work is running: do not quote these figures)' if share > 0.1 else '')


def stolen_since(before):
    """Says what of the machine's time its host has given to others, as far as it tells."""
    now = ticks()
    return f'{(now.stolen - before.stolen) / max(now.total - before.total, 1):.1%}'
