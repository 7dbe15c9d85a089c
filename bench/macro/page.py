"""The HTML report: one file that needs nothing else. Bars first, then each scenario with its drawings and its table."""
import html

import charts

STYLE = """
:root { --ink: #1c1f23; --soft: #5d6670; --rule: #dfe3e7; --ground: #fff; --tint: #f5f7f9; --good: #0a7d4f; --bad: #b3261e }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7ea; --soft: #9aa4ae; --rule: #363c43; --ground: #16191d;
  --tint: #1e2328; --good: #4cc38a; --bad: #ff8a80 } }
body { font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; color: var(--ink); background: var(--ground); max-width: 1120px;
  margin: 2.5rem auto; padding: 0 1.5rem }
h1 { font-size: 1.7rem; margin: 0 } h2 { margin: 2.6rem 0 .2rem; font-size: 1.25rem } h4 { margin: .4rem 0 .2rem; font-size: .9rem }
h2 small { font-weight: normal; color: var(--soft); font-size: .9rem }
p { margin: .4rem 0 } .note, .when { color: var(--soft); font-size: .85rem }
table { border-collapse: collapse; margin: .8rem 0; font-size: .86rem } .wide { overflow-x: auto }
th, td { padding: .28rem .7rem; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums }
th { background: var(--tint); font-weight: 600 } th:first-child, td:first-child, .left { text-align: left }
tr.ours td:first-child { font-weight: 600 } .met { color: var(--good) } .missed { color: var(--bad); font-weight: 600 }
figure { margin: 1rem 0; padding: 1rem; border: 1px solid var(--rule); border-radius: 8px } figcaption { font-weight: 600 }
svg { max-width: 100%; height: auto; font: 12px system-ui, "DejaVu Sans", sans-serif; fill: var(--ink); display: block }
svg .grid { stroke: var(--rule) } svg .axis { fill: var(--soft) }
.panels { display: flex; flex-wrap: wrap; gap: .6rem 1.6rem; margin-top: .5rem }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; font-size: .85rem } .legend span { display: flex; align-items: center; gap: .4rem }
.warning { border-left: 4px solid var(--bad); padding: .3rem .8rem; background: var(--tint) }
"""

HOW = """CPU figures are the processor time of the proxy alone. Contestants take turns within each round; a ratio is the median of the
ratios of each round. <b>better</b> is the better of nginx and HAProxy, <b>floor</b> a bare C forwarder on the same engine: what the
kernel alone charges. Everybody answered 200 with every byte, or there would be no report."""


def page(when, name, environment, tables):
    verdicts = [verdict for _, table in tables for verdict in table.bars]
    met = sum(verdict.met for verdict in verdicts)
    busy = ('<p class="warning">Other work was running on this machine when this began: do not quote these figures.</p>'
            if 'other work' in environment.get('busy before', '') else '')
    about = ' · '.join([f'{when:%Y-%m-%d %H:%M}', name, *(environment[key] for key in ('rounds', 'kernel') if key in environment)])
    return f'''<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Tailrace benchmark, {when:%Y-%m-%d}, {html.escape(name)}</title><style>{STYLE}</style>
<h1>Tailrace beside nginx, HAProxy and the bare kernel</h1>
<p class="when">{html.escape(about)}</p>
{busy}<p>{HOW}</p>
<h2>Bars <small>{met} of {len(verdicts)} met</small></h2>
{bars_table(verdicts)}
{''.join(section(scenario, table) for scenario, table in tables)}
<h2>Environment</h2>
{rows_table(['', ''], [[key, value] for key, value in environment.items()], left=2)}
</html>
'''


def bars_table(verdicts):
    if not verdicts:
        return '<p>None: Tailrace was not measured.</p>'
    cells = []
    for v in verdicts:
        sense = 'at least' if v.at_least else 'at most'
        outcome = '<td class="left met">✓ met</td>' if v.met else '<td class="left missed">✗ missed</td>'
        cells.append(f'<tr><td>{html.escape(v.what)}</td><td>{sense} {v.limit:g}{v.unit}</td><td>{v.value:.4g}{v.unit}</td>{outcome}</tr>')
    return f'<div class="wide"><table><tr><th>what</th><th>bar</th><th>measured</th><th class="left"></th></tr>{"".join(cells)}</table></div>'


def section(scenario, table):
    drawings = ''.join(charts.draw(chart) for chart in table.charts)
    notes = ''.join(f'<p class="note">{html.escape(note)}</p>' for note in table.notes)
    rows = rows_table(['', *table.columns], [[name, *cells] for name, cells in table.rows.items()])
    return f'<h2>{scenario.name} <small>{html.escape(scenario.what)}</small></h2>{drawings}{rows}{notes}'


def rows_table(headings, rows, left=1):
    head = ''.join(f'<th>{html.escape(heading)}</th>' for heading in headings) if any(headings) else ''
    body = ''
    for row in rows:
        ours = ' class="ours"' if row[0].startswith('tailrace') else ''
        cells = ''.join(f'<td{" class=left" if i < left or "  " in cell else ""}>{html.escape(cell)}</td>' for i, cell in enumerate(row))
        body += f'<tr{ours}>{cells}</tr>'
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'
