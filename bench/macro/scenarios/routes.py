"""The routed scenario: 10 hosts x 4 path prefixes, and a request with 12 header lines of 600 bytes in all."""
from measure import under_load
from model import Bar, Kind, Scenario
from peers import (floor_run, haproxy_run, haproxy_server, nginx_run, nginx_upstream, tailrace_cluster, tailrace_run)

HOSTS = [f'shop{i}.bench.example' for i in range(10)]
# Prefix -> cluster. Every cluster leads to the same origin, so that only the way there differs.
PREFIXES = [('/api/', 'api'), ('/static/', 'files'), ('/account/', 'account'), ('/', 'pages')]
PATHS = ['/api/v1/orders/1842', '/static/css/site.css', '/account/settings', '/index.html']

HEADER_COUNT, HEADER_BYTES = 12, 600
_FIXED = [
    ('User-Agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'),
    ('Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'),
    ('Accept-Language', 'en-US,en;q=0.7,de;q=0.3'),
    ('Accept-Encoding', 'gzip, deflate, br'),
    ('Referer', 'https://www.bench.example/start'),
    ('Cache-Control', 'no-cache'),
    ('Sec-Fetch-Dest', 'document'),
    ('Sec-Fetch-Mode', 'navigate'),
    ('Sec-Fetch-Site', 'same-origin'),
    ('X-Request-Id', '7f1c0b2a-5d1e-4c57-9c1e-0f5f0a3b9d11'),
]


def headers(host):
    """The 12 header lines; the cookie is as long as it takes to make them 600 bytes."""
    lines = [('Host', host)] + _FIXED
    used = sum(len(f'{name}: {value}\r\n') for name, value in lines)
    lines.append(('Cookie', ('session=' + '0123456789abcdef' * 32)[:HEADER_BYTES - used - len('Cookie: \r\n')]))
    assert len(lines) == HEADER_COUNT and sum(len(f'{n}: {v}\r\n') for n, v in lines) == HEADER_BYTES
    return lines


def wrk_script():
    """Lua that sends the 40 requests in turn."""
    requests = []
    for path in PATHS:
        for host in HOSTS:
            fields = ''.join(f'{name}: {value}\\r\\n' for name, value in headers(host))
            requests.append(f"  'GET {path} HTTP/1.1\\r\\n{fields}\\r\\n',\n")
    return ('local requests = {\n' + ''.join(requests) + '}\nlocal turn = 0\n'
            'request = function()\n  turn = turn % #requests + 1\n  return requests[turn]\nend\n')


# nginx has the ten server names with four locations each, HAProxy the same table as a map.

def nginx_routes(setup):
    locations = ' '.join(f'location {prefix} {{ proxy_pass http://{name}; }}' for prefix, name in PREFIXES)
    servers = ''.join(f'''  server {{ listen 127.0.0.1:{setup.port}{' reuseport backlog=4096' if i == 0 else ''};
    server_name {host}; {locations} }}
''' for i, host in enumerate(HOSTS))
    return nginx_run(setup, ''.join(nginx_upstream(setup, name) for _, name in PREFIXES) + servers)


def haproxy_routes(setup):
    table = setup.write('haproxy.map', ''.join(f'{host}{prefix} {name}\n' for host in HOSTS for prefix, name in PREFIXES))
    backends = ''.join(f'backend {name}\n{haproxy_server(setup)}' for _, name in PREFIXES)
    return haproxy_run(setup, f'''frontend bench
  bind 127.0.0.1:{setup.port} backlog 4096
  use_backend %[base,map_beg({table})]
{backends}''')


def tailrace_routes(setup):
    routes = ''.join(f'  - {{ match: {{ host: {host}, path_prefix: {prefix} }}, cluster: {name} }}\n'
                     for host in HOSTS for prefix, name in PREFIXES)
    clusters = ''.join(tailrace_cluster(setup, name) for _, name in PREFIXES)
    return tailrace_run(setup, 'timeouts: { keep_alive: 300s }', f'routes:\n{routes}clusters:\n{clusters}')


SCENARIOS = [Scenario('routes', '40 routes on 10 hosts, 12 request headers of 600 bytes in all', under_load,
                      Kind(tailrace_routes, nginx_routes, haproxy_routes, floor_run), path=PATHS[0],
                      headers=dict(headers(HOSTS[7])), script=wrk_script(), bars=(Bar(0.85, 'nginx'),))]
