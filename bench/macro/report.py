"""Prints the tables and keeps them with their environment."""
import datetime
import json
import os

from page import page
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


def save_text(name, environment, text):
    """Keeps a text as DATE-NAME.txt; returns its path."""
    folder = os.path.join(ROOT, 'bench', 'results')
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f'{datetime.date.today():%Y-%m-%d}-{name}.txt')
    with open(path, 'w') as file:
        file.write(head(environment) + '\n' + text)
    return path


def save(name, environment, tables):
    text = save_text(name, environment, '\n'.join(layout(s, t) for s, t in tables))
    now = datetime.datetime.now().astimezone()
    path = text.removesuffix('.txt')
    with open(f'{path}.json', 'w') as file:
        json.dump({'when': now.isoformat(timespec='seconds'), 'environment': environment,
                   'scenarios': {s.name: {'what': s.what, 'peers': t.figures, 'bars': [str(bar) for bar in t.bars]}
                                 for s, t in tables}},
                  file, indent=1)
    with open(f'{path}.html', 'w') as file:
        file.write(page(now, name, environment, tables))
    return path
