"""Prints the tables and keeps them with their environment."""
import datetime
import json
import os

from prepare import ROOT


def layout(scenario, table):
    """One scenario as text: a heading, aligned columns, the bars."""
    lines = [['', *table.columns]] + [[name, *cells] for name, cells in table.rows.items()]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = [f'{scenario.name}: {scenario.what}']
    left = [i == 0 or any('  ' in line[i] for line in lines) for i in range(len(widths))]   # names and lists
    for line in lines:
        cells = [cell.ljust(w) if to_left else cell.rjust(w) for cell, w, to_left in zip(line, widths, left)]
        text.append(('  ' + '  '.join(cells)).rstrip())
    return '\n'.join(text + [f'  {line}' for line in (*table.notes, *table.bars)]) + '\n'


def head(environment):
    width = max(map(len, environment))
    return '\n'.join(f'{key.ljust(width)}  {value}' for key, value in environment.items()) + '\n'


def save(name, environment, tables):
    folder = os.path.join(ROOT, 'bench', 'results')
    os.makedirs(folder, exist_ok=True)
    now = datetime.datetime.now().astimezone()
    path = os.path.join(folder, f'{now:%Y-%m-%d}-{name}')
    with open(f'{path}.txt', 'w') as file:
        file.write(head(environment) + '\n' + '\n'.join(layout(s, t) for s, t in tables))
    with open(f'{path}.json', 'w') as file:
        json.dump({'when': now.isoformat(timespec='seconds'), 'environment': environment,
                   'scenarios': {s.name: {'what': s.what, 'peers': t.figures, 'bars': [str(bar) for bar in t.bars]}
                                 for s, t in tables}},
                  file, indent=1)
    return path
