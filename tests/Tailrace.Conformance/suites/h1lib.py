"""What the HTTP/1.1 runners share: a raw client, a response parser, outcome rules, the report."""
import json
import os
import re
import socket
import ssl
import sys
import time


def hostport(s, default=80):
    h, _, p = s.rpartition(':')
    if not h:
        h, p = s, default
    return h.strip('[]'), int(p)


class Response:
    def __init__(self):
        self.status, self.version, self.headers, self.body = 0, b'', [], b''
        self.complete, self.framing, self.raw_head, self.bad, self.trailers = False, '', b'', [], []

    def get(self, name):
        name = name.lower()
        return [v for n, v in self.headers if n.lower() == name]

    def __repr__(self):
        return '<%d %s%s %d bytes%s>' % (self.status, self.framing, '' if self.complete else ' INCOMPLETE',
                                         len(self.body), ' BAD %s' % self.bad if self.bad else '')


def parse_responses(data, methods, eof):
    """All responses in data; methods: the request methods in order (for HEAD). Returns (list, rest)."""
    out, i = [], 0
    while data:
        r = Response()
        end = data.find(b'\r\n\r\n')
        if end < 0:
            return out, data
        head, rest = data[:end], data[end + 4:]
        r.raw_head = head
        lines = head.split(b'\r\n')
        m = re.match(rb'^(HTTP/\d\.\d) (\d{3})(?: (.*))?$', lines[0], re.S)
        if not m:
            return out, data
        r.version, r.status = m.group(1), int(m.group(2))
        if re.search(rb'[\r\n\0]', head.replace(b'\r\n', b'')):
            r.bad.append('CR, LF or NUL in head')
        for ln in lines[1:]:
            n, c, v = ln.partition(b':')
            if not c or not re.match(rb"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$", n):
                r.bad.append('bad field line %r' % ln[:60])
            r.headers.append((n, v.strip(b' \t')))
        cl, te = r.get(b'content-length'), r.get(b'transfer-encoding')
        if cl and te:
            r.bad.append('Content-Length and Transfer-Encoding')
        if len(set(cl)) > 1:
            r.bad.append('differing Content-Length')
        if cl and not all(re.match(rb'^\d+$', x) for x in cl):
            r.bad.append('bad Content-Length %r' % cl)
        if 100 <= r.status < 200:
            if cl or te:
                r.bad.append('framing field in 1xx')
            r.complete, r.framing = True, 'interim'
            out.append(r)
            data = rest
            if r.status == 101:
                r.framing = 'tunnel'
                r.body, data = data, b''
                return out, data
            continue
        method = methods[i] if i < len(methods) else b'GET'
        i += 1
        if method == b'HEAD' or r.status in (204, 304):
            r.complete, r.framing, data = True, 'nobody', rest
        elif te:
            r.framing = 'chunked'
            while True:
                k = rest.find(b'\r\n')
                if k < 0:
                    break
                size = rest[:k].split(b';')[0].strip()
                if not re.match(rb'^[0-9A-Fa-f]+$', size):
                    r.bad.append('chunk size %r' % size[:30])
                    break
                n = int(size, 16)
                if n == 0:
                    t = rest[k + 2:]
                    if t.startswith(b'\r\n'):
                        rest, r.complete = t[2:], True
                    else:
                        e = t.find(b'\r\n\r\n')
                        if e >= 0:
                            for ln in t[:e].split(b'\r\n'):
                                nn, _, vv = ln.partition(b':')
                                r.trailers.append((nn, vv.strip()))
                            rest, r.complete = t[e + 4:], True
                    break
                if len(rest) < k + 2 + n + 2:
                    r.body += rest[k + 2:k + 2 + n]
                    break
                r.body += rest[k + 2:k + 2 + n]
                if rest[k + 2 + n:k + 4 + n] != b'\r\n':
                    r.bad.append('chunk not ended by CRLF')
                    break
                rest = rest[k + 4 + n:]
            if not r.complete:
                out.append(r)
                return out, b''
            data = rest
        elif cl:
            r.framing = 'length'
            try:
                n = int(cl[0].split(b',')[0])
            except ValueError:
                n = 0
            r.body = rest[:n]
            r.complete = len(rest) >= n
            data = rest[n:] if r.complete else b''
        else:
            r.framing, r.body, r.complete, data = 'close', rest, eof, b''
        out.append(r)
    return out, data


class Exchange:
    def __init__(self):
        self.responses, self.rest, self.closed, self.reset, self.error = [], b'', False, False, ''
        self.raw, self.elapsed = b'', 0.0

    @property
    def finals(self):
        return [r for r in self.responses if not 100 <= r.status < 200 or r.status == 101]


def connect(addr, tls=False, timeout=5, alpn=None, server_name='localhost'):
    s = socket.create_connection(addr, timeout=timeout)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if tls:
        c = ssl.create_default_context()
        c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
        if alpn:
            c.set_alpn_protocols(alpn)
        s = c.wrap_socket(s, server_hostname=server_name)
    return s


def exchange(addr, pieces, want=1, wait=3.0, grace=0.12, methods=(b'GET',), tls=False, half_close=False,
             after_close_wait=0.0):
    """Sends pieces (bytes; a float is a pause), reads until `want` final responses and a grace, close, or wait."""
    x = Exchange()
    t0 = time.time()
    try:
        s = connect(addr, tls, alpn=[b'http/1.1'.decode()] if tls else None)
    except OSError as e:
        x.error = 'connect: %s' % e
        return x
    s.settimeout(wait)
    try:
        for p in pieces:
            if isinstance(p, float):
                time.sleep(p)
            else:
                s.sendall(p)
        if half_close and not tls:
            s.shutdown(socket.SHUT_WR)
    except OSError as e:
        x.error = 'send: %s' % e
    limit = time.time() + wait
    settled = None
    while True:
        now = time.time()
        end = limit if settled is None else min(limit, settled)
        if now >= end:
            break
        s.settimeout(max(0.005, end - now))
        try:
            d = s.recv(65536)
        except socket.timeout:
            break
        except ConnectionResetError:
            x.closed = x.reset = True
            break
        except OSError as e:
            x.error = x.error or 'recv: %s' % e
            x.closed = True
            break
        if not d:
            x.closed = True
            break
        x.raw += d
        x.responses, x.rest = parse_responses(x.raw, methods, False)
        fin = [r for r in x.finals if r.complete or r.framing == 'tunnel']
        if len(fin) >= want:
            settled = time.time() + max(grace, after_close_wait if fin and fin[-1].status >= 400 else grace)
    x.responses, x.rest = parse_responses(x.raw, methods, x.closed)
    x.elapsed = time.time() - t0
    try:
        s.close()
    except OSError:
        pass
    return x


class Report:
    """Counts results by level and prints the closing line 'N passed, M failed'."""
    ORDER = ('MUST', 'SHOULD', 'OPT')

    def __init__(self, name, target, verbose=False):
        self.name, self.target, self.verbose = name, target, verbose
        self.rows, self.t0 = [], time.time()

    def add(self, cid, level, rfc, problems, note='', group=''):
        ok = not problems
        self.rows.append({'id': cid, 'level': level, 'rfc': rfc, 'ok': ok, 'problems': list(problems), 'note': note,
                          'group': group})
        if not ok or self.verbose:
            print('%-4s %-6s %-34s %-14s %s' % ('ok' if ok else 'FAIL', level, cid, rfc,
                                                 '; '.join(problems) if problems else note), flush=True)
        return ok

    def finish(self, path=None):
        print()
        for lv in self.ORDER:
            rs = [r for r in self.rows if r['level'] == lv]
            if rs:
                print('%-6s %d passed, %d failed' % (lv, sum(r['ok'] for r in rs), sum(not r['ok'] for r in rs)))
        passed = sum(r['ok'] for r in self.rows)
        reasons = accepted()
        kept = [r['id'] for r in self.rows if not r['ok'] and r['level'] == 'OPT' and r['id'] in reasons]
        failed = len(self.rows) - passed - len(kept)
        for cid in kept:
            print('kept   %s: %s' % (cid, reasons[cid]))
        print('%s against %s in %.1f s: %d passed, %d failed%s' % (
            self.name, self.target, time.time() - self.t0, passed, failed,
            ', %d optional ones not met for a reason' % len(kept) if kept else ''))
        if path:
            with open(path, 'w') as f:
                json.dump({'suite': self.name, 'target': self.target, 'passed': passed, 'failed': failed,
                           'kept': kept, 'cases': self.rows}, f, indent=1)
        return 1 if failed else 0


def accepted():
    """Optional cases that we choose not to meet, each with its reason: lines 'case-id: reason' of accepted.txt."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'accepted.txt')
    with open(path) as f:
        lines = [ln.strip() for ln in f if ln.strip() and not ln.startswith('#')]
    return dict(ln.split(': ', 1) for ln in lines)


def nonce():
    return os.urandom(6).hex()


def die(msg):
    print(msg, file=sys.stderr)
    sys.exit(2)
