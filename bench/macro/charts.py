"""Drawings for the HTML report, as SVG: lines over a number of connections, and bars. No script, nothing fetched."""
import html
import math

# Ours are strong, the peers warm, the floors grey: the same everywhere in a report.
COLOURS = {'tailrace-epoll': '#0072b2', 'tailrace-io_uring': '#009e73', 'nginx': '#d55e00', 'haproxy': '#cc79a7',
           'floor-epoll': '#8c8c8c', 'floor-io_uring': '#bdbdbd'}
SPARE = ['#e69f00', '#56b4e9', '#7f3c8d', '#a5aa99']

WIDTH, HEIGHT = 1020, 380
LEFT, RIGHT, TOP, BOTTOM = 62, 20, 16, 46


def style(names):
    """Name -> (colour, dashes). A JIT build has the colour of the AOT build, with dashes."""
    spare, found = iter(SPARE * 4), {}
    for name in names:
        plain = name.replace('-aot', '').replace('-jit', '')
        found[name] = (COLOURS.get(plain) or next(spare), '6 4' if '-jit' in name else '')
    return found


def draw(chart):
    points = [point for series in chart.series.values() for point in series]
    if not points:
        return ''
    return bars(chart) if isinstance(points[0][0], str) else lines(chart)


def number(value):
    """As many digits as one can use."""
    return f'{value:,.0f}' if abs(value) >= 100 else f'{value:.1f}' if abs(value) >= 10 else f'{value:.2f}'.rstrip('0').rstrip('.')


def ticks(top):
    """Round numbers from zero to at least `top`, about five of them."""
    raw = top / 5
    unit = 10 ** math.floor(math.log10(raw))
    step = next(unit * m for m in (1, 2, 2.5, 5, 10) if unit * m >= raw)
    return [step * i for i in range(math.ceil(top / step) + 1)]


def lines(chart):
    """Lines with a point for each measurement; the y axis begins at zero."""
    every = [point for series in chart.series.values() for point in series]
    xs = sorted({x for x, _ in every})
    marks = ticks(max(y for _, y in every) * 1.02)
    place = math.log10 if chart.log_x else float
    low, high = place(xs[0]), place(xs[-1])

    def at_x(x):
        return LEFT + (WIDTH - LEFT - RIGHT) * ((place(x) - low) / (high - low) if high > low else 0.5)

    def at_y(y):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * y / marks[-1]

    parts = []
    for mark in marks:
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at_y(mark):.1f}" y2="{at_y(mark):.1f}"/>'
                     f'<text x="{LEFT - 8}" y="{at_y(mark) + 4:.1f}" text-anchor="end">{number(mark)}</text>')
    for x in xs if len(xs) <= 8 else ticks(xs[-1]):
        if x <= xs[-1]:
            parts.append(f'<line class="grid" x1="{at_x(x):.1f}" x2="{at_x(x):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
                         f'<text x="{at_x(x):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{x:,.0f}</text>')
    for name, (colour, dashes) in style(chart.series).items():
        path = ' '.join(f'{at_x(x):.1f},{at_y(y):.1f}' for x, y in chart.series[name])
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.2" stroke-dasharray="{dashes}"/>')
        if len(chart.series[name]) <= 12:
            parts += [f'<circle cx="{at_x(x):.1f}" cy="{at_y(y):.1f}" r="3.6" fill="{colour}">'
                      f'<title>{name}: {number(y)} at {x:,}</title></circle>' for x, y in chart.series[name]]
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text class="axis" x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">{html.escape(chart.x)}'
                 f'{" (logarithmic)" if chart.log_x else ""}</text>')
    parts.append(f'<text class="axis" transform="translate(14 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" '
                 f'text-anchor="middle">{html.escape(chart.y)}</text>')
    return figure(chart, svg(WIDTH, HEIGHT, parts) + legend(chart.series))


def bars(chart):
    """A panel for each x, with a bar for each contestant; each panel has a scale of its own, from zero."""
    groups = list(dict.fromkeys(x for series in chart.series.values() for x, _ in series))
    row, label = 24, 150
    panels = []
    for group in groups:
        values = {name: dict(series)[group] for name, series in chart.series.items() if group in dict(series)}
        top, width = max(values.values()) or 1, 700 if len(groups) == 1 else 120
        parts = []
        for i, (name, (colour, dashes)) in enumerate(style(values).items()):
            length, y = width * values[name] / top, i * row + 4
            pattern = f' fill-opacity="0.45" stroke="{colour}" stroke-dasharray="{dashes}"' if dashes else ''
            parts.append(f'<text x="{label - 8}" y="{y + 14}" text-anchor="end">{name}</text>'
                         f'<rect x="{label}" y="{y}" width="{length:.1f}" height="{row - 7}" fill="{colour}"{pattern}/>'
                         f'<text x="{label + length + 6:.1f}" y="{y + 14}">{number(values[name])}</text>')
        heading = f'<h4>{html.escape(group)}</h4>' if len(groups) > 1 else ''
        panels.append(f'<div>{heading}{svg(label + width + 70, len(values) * row + 6, parts)}</div>')
    note = f'{chart.y}, from zero{"; each panel has its own scale" if len(groups) > 1 else ""}'
    return figure(chart, f'<div class="panels">{"".join(panels)}</div><p class="note">{html.escape(note)}</p>')


def figure(chart, inside):
    return f'<figure><figcaption>{html.escape(chart.title)}</figcaption>{inside}</figure>'


def legend(names):
    entries = [f'<span><svg width="30" height="10"><line x1="0" x2="30" y1="5" y2="5" stroke="{colour}" stroke-width="3" '
               f'stroke-dasharray="{dashes}"/></svg> {name}</span>' for name, (colour, dashes) in style(names).items()]
    return f'<p class="legend">{"".join(entries)}</p>'


def svg(width, height, parts):
    return f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">{"".join(parts)}</svg>'
