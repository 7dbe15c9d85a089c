"""Asks a name server (RFC 1035): dns.py PORT ADDRESS NAME TYPE ANSWER... [--times N]. Exit code 0: it said one of them.

A question is asked again when nothing comes within a second, as resolvers do, at most five times. With --times, by 50 sockets
in turn. Answers from another address than the one that was asked are not seen: the sockets are connected.
"""
import ipaddress
import socket
import struct
import sys

TYPES = {'A': 1, 'AAAA': 28}
CODES = {3: 'NXDOMAIN', 5: 'REFUSED'}


def question(number, name, kind):
    labels = b''.join(bytes([len(label)]) + label.encode() for label in name.split('.'))
    return struct.pack('>6H', number, 0x0100, 1, 0, 0, 0) + labels + b'\0' + struct.pack('>2H', TYPES[kind], 1)


def answer(message, asked):
    number, flags, _, answers, _, _ = struct.unpack('>6H', message[:12])
    assert (number, message[12:len(asked)]) == (struct.unpack('>H', asked[:2])[0], asked[12:]), 'not this question'
    if flags & 15:
        return CODES.get(flags & 15, f'code {flags & 15}')
    if not answers:
        return 'NOTHING'
    at = len(asked) + 10                     # behind a pointer to the name, type, class and time to live
    length, = struct.unpack('>H', message[at:at + 2])
    return str(ipaddress.ip_address(message[at + 2:at + 2 + length]))


def ask(client, asked):
    for _ in range(5):
        try:
            client.send(asked)
            return answer(client.recv(65536), asked)
        except (TimeoutError, ConnectionRefusedError):
            pass
    return 'no answer'


def main():
    arguments, times = sys.argv[1:], 1
    if '--times' in arguments:
        at = arguments.index('--times')
        times = int(arguments[at + 1])
        arguments[at:at + 2] = []
    port, address, name, kind, *wanted = arguments
    clients = []
    for _ in range(min(times, 50)):
        client = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_DGRAM)
        client.settimeout(1)
        client.connect((address, int(port)))
        clients.append(client)
    for number in range(times):
        said = ask(clients[number % len(clients)], question(number, name, kind))
        if said not in wanted:
            sys.exit(f'question {number}: {said}, not {" or ".join(wanted)}')
    print(f'{times} answers')


main()
