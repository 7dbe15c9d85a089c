#!/usr/bin/env python3
"""What the stage `streams` plays itself, on either side of a TCP proxy.

  streams.py name PORT NAME [--host ADDR]     a server that speaks first: says its name, then echoes lines;
                                              says that it listens
  streams.py ask HOST PORT [--from ADDR]      what such a server says; ends with 3 when the connection is reset or refused;
                                              HOST may be the path of a Unix socket
  streams.py hold HOST PORT N [--from ADDR] [--seconds S]
                                              N such connections, open at once; prints how many there are, and waits
  streams.py transfers FRONT BACK [--count N] [--seed S]
                                              N transfers of random sizes both ways, some of them to slow readers,
                                              compared by hash; serves BACK and connects to FRONT, both on 127.0.0.1
"""
import argparse
import hashlib
import os
import random
import socket
import socketserver
import sys
import threading
import time

SLOW_READS = 20
LARGEST = 1 << 18
DOWN = 1 << 32


class Namer(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.server.name.encode() + b'\r\n')
        for line in self.rfile:
            self.wfile.write(line)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 1024


def family(host):
    if '/' in host:
        return socket.AF_UNIX
    return socket.AF_INET6 if ':' in host else socket.AF_INET


def serve_name(options):
    class Own(Server):
        address_family = family(options.host)
        name = options.name
    with Own((options.host, options.port), Namer) as server:
        print(options.name, 'listens', flush=True)
        server.serve_forever()


def connect(options):
    connection = socket.socket(family(options.host))
    connection.settimeout(10)
    if options.source:
        connection.bind((options.source, 0))
    connection.connect(options.host if '/' in options.host else (options.host, options.port))
    return connection


def ask(options):
    try:
        with connect(options) as connection, connection.makefile('rb') as lines:
            name = lines.readline()
            connection.sendall(b'are you there?\r\n')
            if lines.readline() != b'are you there?\r\n':
                return 3
    except ConnectionError:
        return 3
    print(name.decode().strip())
    return 0


def hold(options):
    held = []
    for _ in range(options.count):
        try:
            connection = connect(options)
            connection.recv(1) or connection.close()
            if connection.fileno() >= 0:
                held.append(connection)
        except ConnectionError:
            pass
    print(len(held), flush=True)
    time.sleep(options.seconds)
    return 0


def payload(seed, size):
    return random.Random(seed).randbytes(size)


def size(source):
    """From nothing to 256 KiB, small ones as often as large ones."""
    return int(2 ** source.uniform(0, LARGEST.bit_length() - 1)) - 1


def serve_transfers(listener):
    def one(connection):
        with connection, connection.makefile('rb') as stream:
            seed, up, down = map(int, stream.readline().split())
            received = stream.read()
            fine = hashlib.sha256(received).digest() == hashlib.sha256(payload(seed, up)).digest()
            connection.sendall(b'fine\n' if fine else b'%d of %d bytes\n' % (len(received), up))
            connection.sendall(payload(seed + DOWN, down))

    while True:
        connection, _ = listener.accept()
        threading.Thread(target=one, args=(connection,), daemon=True).start()


def transfer(front, seed):
    source = random.Random(seed)
    up, down, slow = size(source), size(source), source.random() < 0.05
    with socket.socket() as connection:
        if slow:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(60)
        connection.connect(('127.0.0.1', front))
        sender = threading.Thread(target=send, args=(connection, b'%d %d %d\n' % (seed, up, down) + payload(seed, up)))
        sender.start()
        verdict, digest = b'', hashlib.sha256()
        reads = 0
        while True:
            part = connection.recv(1024 if slow else 65536)
            if not part:
                break
            reads += 1
            if slow and reads <= SLOW_READS:
                time.sleep(0.002)
            if not verdict.endswith(b'\n'):
                line, newline, part = part.partition(b'\n')
                verdict += line + newline
            digest.update(part)
        sender.join()
    if verdict != b'fine\n':
        return 'transfer %d: the server got %s' % (seed, verdict)
    if digest.digest() != hashlib.sha256(payload(seed + DOWN, down)).digest():
        return 'transfer %d: the client got other bytes' % seed
    return None


def send(connection, data):
    connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)


def transfers(options):
    """Two processes serve and four are clients, each with four at a time."""
    listener = socket.create_server(('127.0.0.1', options.back), backlog=1024)
    servers = [fork(serve_transfers, listener) for _ in range(2)]
    clients, workers = [], 4
    for worker in range(workers):
        clients.append(fork(run_client, options, range(options.seed + worker, options.seed + options.count, workers)))
    failed = sum(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in clients)
    for pid in servers:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    print('%d transfers from seed %d, %d failed' % (options.count, options.seed, failed))
    return 1 if failed else 0


def fork(function, *arguments):
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(function(*arguments) or 0)
        finally:
            os._exit(1)
    return pid


def run_client(options, seeds):
    failures, turn, lock = [], iter(seeds), threading.Lock()

    def run():
        while len(failures) < 5:
            with lock:
                seed = next(turn, None)
            if seed is None:
                return
            try:
                failure = transfer(options.front, seed)
            except Exception as error:
                failure = 'transfer %d: %r' % (seed, error)
            if failure:
                failures.append(failure)
                print(failure, flush=True)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(failures)


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser('name')
    one.add_argument('port', type=int)
    one.add_argument('name')
    one.add_argument('--host', default='127.0.0.1')
    one.set_defaults(run=serve_name)
    for name, run in (('ask', ask), ('hold', hold)):
        one = commands.add_parser(name)
        one.add_argument('host')
        one.add_argument('port', type=int)
        if run is hold:
            one.add_argument('count', type=int)
            one.add_argument('--seconds', type=float, default=0)
        one.add_argument('--from', dest='source')
        one.set_defaults(run=run)
    one = commands.add_parser('transfers')
    one.add_argument('front', type=int)
    one.add_argument('back', type=int)
    one.add_argument('--count', type=int, default=10_000)
    one.add_argument('--seed', type=int, default=1)
    one.set_defaults(run=transfers)
    options = parser.parse_args()
    return options.run(options)


if __name__ == '__main__':
    sys.exit(main())
