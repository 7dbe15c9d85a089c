"""WebSocket through the proxy: the CPU time of an echoed message, and the memory of connections that are open and idle."""
import re
import subprocess

import load
from processes import BenchError, on_cpu, wait_for_answer

PAYLOAD = 64
UPGRADE = (b'GET /chat HTTP/1.1\r\nHost: bench.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
           b'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
MESSAGE = bytes((0x82, 0x80 | 5, 0, 0, 0, 0)) + b'hello'
ECHO = bytes((0x82, 5)) + b'hello'


def start_origin(context):
    """The echo origin; it also answers a plain GET, by which everybody is seen to be up."""
    port = context.ports.take()
    origin = context.fleet.start('wsecho', [context.tools.wsecho, str(port)], context.options.load_cpu)
    wait_for_answer(origin, port, body=11)
    return port


def echoes(context, name, port, seconds):
    """Runs the load and returns what it saw; raises when one echo was wrong or a connection ended."""
    options = context.options
    command = [context.tools.wsload, str(port), str(options.connections), str(seconds), str(PAYLOAD)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30,
                         preexec_fn=on_cpu(options.load_cpu), check=False)
    seen = re.match(r'(\d+) messages, ([\d.]+) seconds, p99 (\d+) us', run.stdout)
    if run.returncode or not seen or seen.group(1) == '0':
        raise BenchError(f'{name} in websocket: {run.stdout}{run.stderr}')
    count = int(seen.group(1))
    return load.Load(count, count / float(seen.group(2)), float(seen.group(3)), 0)


class IdleSockets(load.IdleClients):
    """WebSockets that have had one message echoed each and now say nothing."""

    def greet(self, client, name, body):
        client.sendall(UPGRADE)
        answer = b''
        while b'\r\n\r\n' not in answer:
            answer += self.receive(client, name)
        if not answer.startswith(b'HTTP/1.1 101 '):
            raise BenchError(f'{name} answered WebSocket {len(self.sockets)} with {answer[:40]!r}')
        client.sendall(MESSAGE)
        echo = answer.split(b'\r\n\r\n', 1)[1]
        while len(echo) < len(ECHO):
            echo += self.receive(client, name)
        if echo != ECHO:
            raise BenchError(f'{name} echoed {echo!r} on WebSocket {len(self.sockets)}')
