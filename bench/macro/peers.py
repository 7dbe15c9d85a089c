"""How each contestant is set up: keep-alive on both sides, the same origin, one worker where nothing else is said.

Nothing here slows a peer down: access logs are off, upstream pools are as large as the load, limits are out of the way.
The functions of the first half write a configuration around what differs between the kinds of work; scenario files that
bring a kind of their own use them too.
"""
import os

from model import Contestant, Kind

POOL = 4096      # origin connections that may be kept idle: as many as clients
CLIENTS = 9000   # what a peer has to hold at the most, and some
STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so'


def nginx_run(setup, http='', stream=''):
    """nginx with these blocks inside http {} or stream {}."""
    module = f'load_module {STREAM_MODULE};\n' if stream and os.path.exists(STREAM_MODULE) else ''
    inside = f'stream {{\n{stream}}}' if stream else f'''http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 300s; tcp_nodelay on;
  client_body_temp_path {setup.scratch}/nginx-body; proxy_temp_path {setup.scratch}/nginx-proxy;
  fastcgi_temp_path {setup.scratch}/nginx-fastcgi; uwsgi_temp_path {setup.scratch}/nginx-uwsgi;
  scgi_temp_path {setup.scratch}/nginx-scgi;
  proxy_http_version 1.1; proxy_set_header Connection "";
{http}}}'''
    path = setup.write('nginx.conf', f'''{module}worker_processes {setup.workers}; daemon off;
pid {setup.scratch}/{setup.port}-nginx.pid; error_log stderr; worker_rlimit_nofile {2 * CLIENTS};
events {{ worker_connections {CLIENTS}; multi_accept on; }}
{inside}
''')
    return ['nginx', '-e', 'stderr', '-c', path]


def nginx_upstream(setup, name='origin'):
    return (f'  upstream {name} {{ server 127.0.0.1:{setup.origin}; keepalive {POOL}; '
            'keepalive_requests 100000000; keepalive_timeout 300s; }\n')


def haproxy_run(setup, sections, mode='http'):
    """HAProxy with these sections after global and defaults."""
    path = setup.write('haproxy.cfg', f'''global
  nbthread {setup.workers}
  maxconn {haproxy_clients(setup)}
defaults
  mode {mode}
  timeout client 300s
  timeout server 300s
  timeout connect 5s
{'  http-reuse always' if mode == 'http' else ''}
{sections}''')
    return ['haproxy', '-db', '-f', path]


def haproxy_clients(setup):
    """Splicing takes two descriptors more for each client; HAProxy refuses to start with more clients than it can hold."""
    return CLIENTS // 2 if splices(setup) else CLIENTS


def haproxy_server(setup):
    splice = '  option splice-auto\n' if splices(setup) else ''
    return f'{splice}  server one 127.0.0.1:{setup.origin}\n'


def splices(setup):
    return setup.body >= 1 << 16


def tailrace_run(setup, listener, rest):
    """Tailrace with one listener, which has these further keys, and with the rest of the file."""
    keys = f'address: "127.0.0.1:{setup.port}", backlog: 4096' + (f', {listener}' if listener else '')
    return [setup.who.binary, 'run', setup.write('tailrace.yaml', f'''workers: {setup.workers}
engine: {setup.who.engine}
listeners:
  - {{ {keys} }}
{rest}''')]


def tailrace_cluster(setup, name='origin', scheme='http'):
    """The pool as large as the peers' (the default keeps 20 idle per worker)."""
    pool = f', pool: {{ idle_per_destination: {POOL} }}' if scheme == 'http' else ''
    return f'  {name}: {{ destinations: ["{scheme}://127.0.0.1:{setup.origin}"]{pool} }}\n'


def floor_run(setup):
    """Bytes from one socket to another, and nothing understood: the kernel's share."""
    large = ['65536'] if setup.who.engine == 'io_uring' and splices(setup) else []   # bytes of a buffer
    return [setup.who.binary, str(setup.port), str(setup.origin), *large]


# Requests through a proxy.

def nginx_proxy(setup, keys=''):
    return nginx_run(setup, keys + nginx_upstream(setup) + f'''  server {{ listen 127.0.0.1:{setup.port} reuseport backlog=4096;
    location / {{ proxy_pass http://origin; }} }}
''')


def haproxy_proxy(setup):
    return haproxy_run(setup, f'''frontend bench
  bind 127.0.0.1:{setup.port} backlog 4096
  default_backend origin
backend origin
{haproxy_server(setup)}''')


def tailrace_proxy(setup):
    return tailrace_run(setup, 'timeouts: { keep_alive: 300s }',
                        'routes:\n  - { cluster: origin }\nclusters:\n' + tailrace_cluster(setup))


PROXY = Kind(tailrace_proxy, nginx_proxy, haproxy_proxy, floor_run)


# A fixed reply by the server itself. The floor is the bare origin.

def nginx_static(setup):
    return nginx_run(setup, f'''  server {{ listen 127.0.0.1:{setup.port} backlog=4096;
    location / {{ default_type text/plain; return 200 "hello world"; }} }}
''')


def haproxy_static(setup):
    return haproxy_run(setup, f'''frontend bench
  bind 127.0.0.1:{setup.port} backlog 4096
  http-request return status 200 content-type text/plain string "hello world"
''')


def tailrace_static(setup):
    return tailrace_run(setup, 'timeouts: { keep_alive: 300s }',
                        'routes:\n  - { respond: { status: 200, body: "hello world", content_type: text/plain } }\n')


def floor_static(setup):
    return [setup.tools.origin, str(setup.port), str(setup.body)]


STATIC = Kind(tailrace_static, nginx_static, haproxy_static, floor_static)


def known(tools, engines):
    """Every contestant that can run here, in the order of the table."""
    ours = [Contestant('-'.join(filter(None, ('tailrace', build, engine))), 'tailrace', engine, build, binary)
            for build, binary in tools.tailrace.items() for engine in engines]
    before = [Contestant(f'before-{engine}', 'before', engine, '', tools.before) for engine in engines if tools.before]
    floors = [Contestant(f'floor-{engine}', 'floor', engine, '', tools.floors[engine])
              for engine in engines if engine in tools.floors]
    return ours + before + [Contestant('nginx', 'nginx'), Contestant('haproxy', 'haproxy')] + floors
