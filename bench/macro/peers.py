"""How each contestant is set up: one worker, keep-alive on both sides, the same routes and the same origin.

A peer is a name and a function from a Setup to a command line. A setup says what to do, on which port, and where files may be written.
Nothing here slows a peer down: access logs are off, upstream pools are as large as the load, limits are out of the way.
"""
import os
from dataclasses import dataclass

from routes import HOSTS, PREFIXES

POOL = 512
CLIENTS = 9000   # what a peer has to hold in the idle scenario, and some


@dataclass(frozen=True)
class Setup:
    kind: str      # 'proxy', 'routes', 'static' or 'websocket'
    port: int
    origin: int    # the origin's port
    body: int
    scratch: str
    tools: object  # paths of the programs built (Tools of prepare.py)
    engine: str

    def write(self, name, text):
        path = os.path.join(self.scratch, f'{self.port}-{name}')
        with open(path, 'w') as file:
            file.write(text)
        return path


def nginx(setup):
    if setup.kind == 'static':
        servers = f'''  server {{ listen 127.0.0.1:{setup.port} backlog=4096;
    location / {{ default_type text/plain; return 200 "hello world"; }} }}'''
        upstreams = ''
    else:
        names = [cluster for _, cluster in PREFIXES] if setup.kind == 'routes' else ['origin']
        upstreams = ''.join(f'''  upstream {name} {{ server 127.0.0.1:{setup.origin}; keepalive {POOL};
    keepalive_requests 100000000; }}\n''' for name in names)
        if setup.kind == 'routes':
            locations = ' '.join(f'location {prefix} {{ proxy_pass http://{name}; }}' for prefix, name in PREFIXES)
            servers = '\n'.join(f'''  server {{ listen 127.0.0.1:{setup.port}{' reuseport backlog=4096' if i == 0 else ''};
    server_name {host}; {locations} }}''' for i, host in enumerate(HOSTS))
        else:
            servers = f'''  server {{ listen 127.0.0.1:{setup.port} reuseport backlog=4096;
    location / {{ proxy_pass http://origin; }} }}'''
    headers = 'proxy_set_header Connection "";'
    if setup.kind == 'websocket':
        headers = 'proxy_set_header Connection $http_connection; proxy_set_header Upgrade $http_upgrade; proxy_read_timeout 300s;'
    path = setup.write('nginx.conf', f'''worker_processes 1; daemon off; pid {setup.scratch}/{setup.port}-nginx.pid;
error_log stderr; worker_rlimit_nofile {2 * CLIENTS};
events {{ worker_connections {CLIENTS}; multi_accept on; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 300s; tcp_nodelay on;
  client_body_temp_path {setup.scratch}/nginx-body; proxy_temp_path {setup.scratch}/nginx-proxy;
  fastcgi_temp_path {setup.scratch}/nginx-fastcgi; uwsgi_temp_path {setup.scratch}/nginx-uwsgi;
  scgi_temp_path {setup.scratch}/nginx-scgi;
  proxy_http_version 1.1; {headers}
{upstreams}{servers}
}}
''')
    return ['nginx', '-e', 'stderr', '-c', path]


def haproxy(setup):
    if setup.kind == 'static':
        answer = '  http-request return status 200 content-type text/plain string "hello world"'
    elif setup.kind == 'routes':
        table = setup.write('haproxy.map', ''.join(
            f'{host}{prefix} {name}\n' for host in HOSTS for prefix, name in PREFIXES))
        answer = f'  use_backend %[base,map_beg({table})]'
    else:
        answer = '  default_backend origin'
    names = [name for _, name in PREFIXES] if setup.kind == 'routes' else ['origin']
    splice = '  option splice-auto\n' if setup.body >= 1 << 16 else ''
    backends = '' if setup.kind == 'static' else ''.join(
        f'backend {name}\n{splice}  server one 127.0.0.1:{setup.origin}\n' for name in names)
    path = setup.write('haproxy.cfg', f'''global
  nbthread 1
  maxconn {CLIENTS // 2 if splice else CLIENTS}
defaults
  mode http
  timeout client 300s
  timeout server 300s
  timeout tunnel 300s
  timeout connect 5s
  http-reuse always
frontend bench
  bind 127.0.0.1:{setup.port} backlog 4096
{answer}
{backends}''')
    return ['haproxy', '-db', '-f', path]


def floor(setup):
    if setup.kind == 'static':
        return [setup.tools.origin, str(setup.port), str(setup.body)]
    return [setup.tools.floor, str(setup.port), str(setup.origin)]


def tailrace(binary):
    def command(setup):
        return [binary, 'run', setup.write('tailrace.yaml', tailrace_config(setup))]
    return command


def tailrace_config(setup):
    """What `tailrace proxy` does, with the pool as large as the peers' (the default keeps 20 idle per worker)."""
    names = []
    if setup.kind == 'static':
        routes = '  - { respond: { status: 200, body: "hello world", content_type: text/plain } }\n'
    elif setup.kind == 'routes':
        names = [name for _, name in PREFIXES]
        routes = ''.join(f'  - {{ match: {{ host: {host}, path_prefix: {prefix} }}, cluster: {name} }}\n'
                         for host in HOSTS for prefix, name in PREFIXES)
    else:
        names = ['origin']
        routes = '  - { cluster: origin }\n'
    clusters = ''.join(f'  {name}: {{ destinations: ["http://127.0.0.1:{setup.origin}"], '
                       f'pool: {{ idle_per_destination: {POOL} }} }}\n' for name in names)
    return f'''workers: 1
engine: {setup.engine}
listeners:
  - {{ address: "127.0.0.1:{setup.port}", backlog: 4096, timeouts: {{ keep_alive: 300s }} }}
routes:
{routes}{'clusters:' if names else ''}
{clusters}'''


def known(tools):
    """Name -> command of every contestant that can run here, in the order of the table."""
    peers = {name: tailrace(binary) for name, binary in tools.tailrace.items()}
    peers.update(nginx=nginx, haproxy=haproxy, floor=floor)
    return peers
