"""What the benchmark is made of: kinds of set-up, scenarios, bars and tables.

A scenario file (scenarios/NAME.py) says what is set up, what is measured, and which bar Tailrace has set itself. It has a
list SCENARIOS, and a line in scenarios/__init__.py.
"""
import os
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Contestant:
    """Who is measured: one row of a table."""
    name: str            # tailrace-aot-io_uring, nginx, haproxy, floor-epoll
    family: str          # tailrace, before (an earlier Tailrace), nginx, haproxy or floor
    engine: str = ''     # of Tailrace, earlier or not, and of the floors: epoll or io_uring
    build: str = ''      # of Tailrace: aot, jit, or '' for a binary that was given
    binary: str = ''     # of the same

    @property
    def is_ours(self):
        return self.family == 'tailrace'


@dataclass(frozen=True)
class Setup:
    """What one contestant is to do, on which port, and where it may write files."""
    who: Contestant
    port: int
    origin: int          # the origin's port
    body: int            # bytes of the origin's reply
    workers: int
    scratch: str
    tools: object        # paths of the programs built (Tools of prepare.py)

    def write(self, name, text):
        path = os.path.join(self.scratch, f'{self.port}-{name}')
        with open(path, 'w') as file:
            file.write(text)
        return path


@dataclass(frozen=True)
class Kind:
    """One kind of work, set up for each family: functions from a Setup to a command line. Who has none takes no part."""
    tailrace: object
    nginx: object = None
    haproxy: object = None
    floor: object = None

    def of(self, who):
        return self.tailrace if who.family == 'before' else getattr(self, who.family)

    def command(self, setup):
        return self.of(setup.who)(setup)

    def has(self, who):
        return self.of(who) is not None


@dataclass(frozen=True)
class Bar:
    """Tailrace's figure is at most `limit` times that of `than`; where `than` is '', at most `limit` itself."""
    limit: float
    than: str = ''       # nginx, haproxy, better (of these two), floor or before (of the same engine), or epoll: our own
    engine: str = ''     # whose bar it is; '' for each engine
    build: str = ''      # the same for builds
    at_least: bool = False
    figure: str = ''     # what the figure is called, where a table has several

    def binds(self, who):
        return who.is_ours and self.engine in ('', who.engine) and self.build in ('', who.build)

    def judge(self, what, value, unit=''):
        return Verdict(what, value, self.limit, unit, self.at_least)


@dataclass(frozen=True)
class Verdict:
    """One bar, judged: one line below a table."""
    what: str
    value: float
    limit: float
    unit: str = ''
    at_least: bool = False

    @property
    def met(self):
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self):
        sense = 'at least' if self.at_least else 'at most'
        return (f"bar: {self.what} {sense} {self.limit:g}{self.unit}: {self.value:.4g}{self.unit}, "
                f"{'met' if self.met else 'MISSED'}")


@dataclass(frozen=True)
class Chart:
    """A drawing of the HTML report: lines by contestant over x, or groups of bars where x are names."""
    title: str
    x: str
    y: str
    series: dict         # contestant -> [(x, y), ...]
    log_x: bool = False


@dataclass
class Table:
    """What a scenario found."""
    columns: list                    # headings; the first column is the contestant's name
    rows: dict                       # name -> cells as text
    figures: dict                    # name -> raw figures, for the JSON
    bars: list = field(default_factory=list)      # Verdicts
    charts: list = field(default_factory=list)
    notes: list = field(default_factory=list)     # further lines below the table


@dataclass(frozen=True)
class Scenario:
    """`measure` is a function from (Context, Scenario) to a Table; the rest is for it to use."""
    name: str
    what: str
    measure: object
    kind: Kind
    body: int = 11                   # bytes of every answer
    unit: str = 'CPU us/req'
    path: str = '/'
    headers: dict = field(default_factory=dict)   # of the single requests that check an answer
    wrk: tuple = ()                  # further arguments of wrk
    script: str = ''                 # Lua for wrk
    without: tuple = ()              # contestants or families for whom it means nothing
    bars: tuple = ()
    default: bool = True             # whether it is measured when no scenario is named
    programs: tuple = ()             # what it needs beside the common programs
    workers: int = 1
    origin: bool = True              # whether there is an origin behind the contestants
    connections: int = 0             # 0: what --connections says
    more_is_better: bool = False     # the figure is a rate, not a cost


@dataclass
class Context:
    """A run: what was asked for, what is measured, and what is running."""
    options: object
    tools: object
    contestants: list
    fleet: object
    ports: object

    def who(self, scenario):
        return [who for who in self.contestants
                if scenario.kind.has(who) and not {who.name, who.family} & set(scenario.without)]
