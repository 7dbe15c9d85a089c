"""CPU time per request under full load: small and large replies, the server's own reply, a connection per request."""
from measure import under_load
from model import Bar, Scenario
from peers import PROXY, STATIC

MB = 1 << 20

SCENARIOS = [
    Scenario('small', 'keep-alive GET of 11 bytes through the proxy', under_load, PROXY, bars=(
        Bar(1.03, 'before'),
        Bar(0.82, 'nginx', 'epoll'), Bar(0.82, 'haproxy', 'epoll'), Bar(1.15, 'floor', 'epoll'),
        Bar(0.78, 'better', 'epoll'), Bar(1.08, 'floor', 'epoll'),
        Bar(0.74, 'better', 'io_uring'), Bar(1.08, 'floor', 'io_uring'), Bar(1, 'epoll', 'io_uring'))),
    Scenario('static', 'fixed reply of 11 bytes from the server itself', under_load, STATIC, origin=False,
             without=('floor-io_uring',), bars=(Bar(0.9, 'nginx', 'epoll'), Bar(0.8, 'nginx', 'io_uring'))),
    Scenario('large', '1 MB replies through the proxy', under_load, PROXY, body=MB, unit='CPU us/MB', bars=(
        Bar(0.75, 'nginx'), Bar(1, 'haproxy'))),
    # The floor has no pool, hence no place here.
    Scenario('close', 'a connection per request', under_load, PROXY, wrk=('-H', 'Connection: close'),
             headers={'Connection': 'close'}, without=('floor',), bars=(Bar(0.95, 'nginx', 'epoll'), Bar(0.9, 'nginx'))),
]
