#!/usr/bin/env python3
"""Raw HTTP/1.1 requests, malformed, ambiguous or merely unusual, sent through a reverse proxy.

  h1_requests.py HOST:PORT [--backend 127.0.0.1:19090] [--only REGEX] [--level must|should|opt]
                           [--json FILE] [--list] [-v] [--tls]

The proxy under test must forward everything on HOST:PORT, HTTP/1.1, to the address in --backend, where this
program itself listens (recorder.py) and parses what arrives with no leniency.  The path is not to be rewritten.

Each case says what RFC 9112/9110 lets a server or intermediary do:
  reject    an error status from the case's list, and not one byte of it may reach the back end
  accept    a 2xx, and the back end sees exactly the request(s) meant, with the body meant
  either    one of the two, nothing else: if it is forwarded, it is forwarded with one meaning only
and after every case, whatever its outcome:
  - what reached the back end is strictly valid HTTP/1.1 (recorder.py lists every deviation)
  - nothing marked 'smuggled' reached the back end as a request of its own
  - two canary requests get their own answers (no response was left queued on a pooled connection)
Levels: MUST (an RFC MUST, or a message with two meanings), SHOULD, OPT (an RFC says so, many proxies do not).
Exit status 1 when a case failed (an OPT case with a written reason in accepted.txt aside), 2 when the set-up does not work.
"""
import argparse
import re
import sys
import time

sys.path.insert(0, __file__.rsplit('/', 1)[0] if '/' in __file__ else '.')
from h1lib import Report, die, exchange, hostport, nonce  # noqa: E402
from recorder import Recorder  # noqa: E402

ANY = (400, 403, 404, 405, 408, 411, 413, 414, 417, 421, 422, 431, 501, 505)
CASES = []


class Case:
    def __init__(self, cid, level, rfc, pieces, mode, **kw):
        self.id, self.level, self.rfc, self.mode = cid, level, rfc, mode
        self.pieces = pieces if isinstance(pieces, (list, tuple)) else [pieces]
        self.codes = kw.pop('codes', (400,))         # statuses a rejection may have
        self.close_ok = kw.pop('close_ok', False)    # closing without an answer is a rejection too
        self.hold_ok = kw.pop('hold_ok', False)      # waiting for more is fine (nothing forwarded)
        self.must_close = kw.pop('must_close', False)
        self.n = kw.pop('n', 1)                      # requests the back end sees when accepted
        self.want = kw.pop('want', None)             # final responses the client gets when accepted
        self.body = kw.pop('body', None)
        self.method = kw.pop('method', None)
        self.target = kw.pop('target', 'P')
        self.host = kw.pop('host', None)
        self.must = kw.pop('must', ())               # (name, value) the back end has to see
        self.mustnot = kw.pop('mustnot', ())         # names (or (name, value)) it must not see
        self.allow = kw.pop('allow', ())             # violations excused
        self.second = kw.pop('second', False)        # the /second/ request is legitimate
        self.smuggled_ok = kw.pop('smuggled_ok', False)
        self.incomplete = kw.pop('incomplete', False)  # mode 'incomplete': no complete request, no 2xx
        self.ok_status = kw.pop('ok_status', range(200, 300))
        self.check = kw.pop('check', None)
        self.methods = kw.pop('methods', None)
        self.wait = kw.pop('wait', None)
        self.half_close = kw.pop('half_close', False)
        self.no100 = kw.pop('no100', False)
        assert not kw, kw
        CASES.append(self)


def head(line=b'GET @P@ HTTP/1.1', *fields, host=b'h.example'):
    out = line + b'\r\n'
    if host is not None:
        out += b'Host: ' + host + b'\r\n'
    for f in fields:
        out += f + b'\r\n'
    return out + b'\r\n'


def get(*fields, host=b'h.example'):
    return head(b'GET @P@ HTTP/1.1', *fields, host=host)


def post(*fields, body=b'', host=b'h.example', ver=b'HTTP/1.1'):
    return head(b'POST @P@ ' + ver, *fields, host=host) + body


SMUG = b'GET @S@ HTTP/1.1\r\nHost: h.example\r\n\r\n'
SECOND = b'GET @Q@ HTTP/1.1\r\nHost: h.example\r\n\r\n'
TEC = b'Transfer-Encoding: chunked'
CK = b'5\r\nhello\r\n0\r\n\r\n'


def R(cid, level, rfc, raw, **kw):
    """must be rejected; any of several error statuses unless codes= says which"""
    kw.setdefault('codes', ANY)
    kw.setdefault('close_ok', True)
    Case(cid, level, rfc, raw, 'reject', **kw)


def R400(cid, level, rfc, raw, **kw):
    """must be rejected, with 400 (RFC names the status)"""
    Case(cid, level, rfc, raw, 'reject', codes=(400,), **kw)


def A(cid, level, rfc, raw, **kw):
    Case(cid, level, rfc, raw, 'accept', **kw)


def E(cid, level, rfc, raw, **kw):
    kw.setdefault('codes', ANY)
    kw.setdefault('close_ok', True)
    Case(cid, level, rfc, raw, 'either', **kw)


def build():
    # ---- request line -------------------------------------------------------------------------
    A('rl-plain', 'MUST', '9112-3', get())
    A('rl-one-empty-line-before', 'SHOULD', '9112-2.2', b'\r\n' + get())
    E('rl-many-empty-lines-before', 'MUST', '9112-2.2', b'\r\n' * 50 + get())
    R('rl-space-before-method', 'SHOULD', '9112-3', head(b' GET @P@ HTTP/1.1'))
    E('rl-two-spaces-before-target', 'MUST', '9112-3', head(b'GET  @P@ HTTP/1.1'))
    E('rl-two-spaces-before-version', 'MUST', '9112-3', head(b'GET @P@  HTTP/1.1'))
    E('rl-tab-separators', 'MUST', '9112-3', head(b'GET\t@P@\tHTTP/1.1'))
    E('rl-vt-separator', 'MUST', '9112-3', head(b'GET\x0b@P@ HTTP/1.1'))
    E('rl-space-after-version', 'MUST', '9112-3', head(b'GET @P@ HTTP/1.1 '))
    E('rl-tab-after-version', 'MUST', '9112-3', head(b'GET @P@ HTTP/1.1\t'))
    R('rl-space-in-target', 'SHOULD', '9112-3.2', head(b'GET @P@ /x HTTP/1.1'), codes=ANY + (301,))
    R('rl-four-words', 'SHOULD', '9112-3', head(b'GET @P@ HTTP/1.1 HTTP/1.1'))
    R('rl-request-in-target', 'MUST', '9112-3', head(b'GET @P@ HTTP/1.1 GET @S@ HTTP/1.1'))
    R('rl-no-version', 'SHOULD', '9112-3', b'GET @P@\r\n\r\n', hold_ok=False)
    R('rl-no-version-trailing-space', 'SHOULD', '9112-3', b'GET @P@ \r\n\r\n')
    R('rl-method-only', 'SHOULD', '9112-3', b'GET\r\n\r\n')
    R('rl-no-target', 'SHOULD', '9112-3', head(b'GET HTTP/1.1'))
    R('rl-empty-target', 'SHOULD', '9112-3', head(b'GET  HTTP/1.1'))
    R('rl-version-lower-case', 'SHOULD', '9112-2.3', head(b'GET @P@ http/1.1'))
    R('rl-version-mixed-case', 'SHOULD', '9112-2.3', head(b'GET @P@ HtTP/1.1'))
    R('rl-version-1.10', 'SHOULD', '9112-2.3', head(b'GET @P@ HTTP/1.10'))
    R('rl-version-01.1', 'SHOULD', '9112-2.3', head(b'GET @P@ HTTP/01.1'))
    R('rl-version-1', 'SHOULD', '9112-2.3', head(b'GET @P@ HTTP/1'))
    R('rl-version-1.', 'SHOULD', '9112-2.3', head(b'GET @P@ HTTP/1.'))
    R('rl-version-11', 'SHOULD', '9112-2.3', head(b'GET @P@ HTTP/11'))
    R('rl-version-1,1', 'SHOULD', '9112-2.3', head(b'GET @P@ HTTP/1,1'))
    R('rl-version-space-inside', 'SHOULD', '9112-2.3', head(b'GET @P@ HTTP/ 1.1'))
    R('rl-version-negative', 'SHOULD', '9112-2.3', head(b'GET @P@ HTTP/-1.1'))
    R('rl-version-letters', 'SHOULD', '9112-2.3', head(b'GET @P@ HTTP/x.y'))
    R('rl-version-2.0', 'SHOULD', '9110-15.6.6', head(b'GET @P@ HTTP/2.0'), codes=(505, 400, 501))
    R('rl-version-3.0', 'SHOULD', '9110-15.6.6', head(b'GET @P@ HTTP/3.0'), codes=(505, 400, 501))
    R('rl-version-0.9-with-fields', 'SHOULD', '9110-15.6.6', head(b'GET @P@ HTTP/0.9'), codes=(505, 400, 501))
    R('rl-protocol-name', 'SHOULD', '9112-2.3', head(b'GET @P@ HTTPS/1.1'))
    R('rl-protocol-icap', 'SHOULD', '9112-2.3', head(b'GET @P@ ICAP/1.0'))
    E('rl-version-1.2', 'MUST', '9110-2.5', head(b'GET @P@ HTTP/1.2'))
    E('rl-version-1.9', 'MUST', '9110-2.5', head(b'GET @P@ HTTP/1.9'))
    R('rl-method-with-paren', 'SHOULD', '9110-9.1', head(b'GE(T @P@ HTTP/1.1'))
    R('rl-method-with-nul', 'SHOULD', '9110-9.1', head(b'GE\0T @P@ HTTP/1.1'))
    R('rl-method-with-colon', 'SHOULD', '9110-9.1', head(b'GET: @P@ HTTP/1.1'))
    R('rl-method-utf8', 'SHOULD', '9110-9.1', head('GÉT'.encode() + b' @P@ HTTP/1.1'))
    E('rl-method-lower-case', 'MUST', '9110-9.1', head(b'get @P@ HTTP/1.1'), method=b'get')
    E('rl-method-unknown', 'MUST', '9110-9.1', head(b'FROB @P@ HTTP/1.1'), method=b'FROB')
    E('rl-method-all-token-chars', 'MUST', '9110-9.1', head(b"A!#$%&'*+-.^_`|~9 @P@ HTTP/1.1"),
      method=b"A!#$%&'*+-.^_`|~9")
    E('rl-method-8k', 'MUST', '9112-3', head(b'M' * 8192 + b' @P@ HTTP/1.1'), method=b'M' * 8192)
    R('rl-target-no-slash', 'SHOULD', '9112-3.2', head(b'GET foo HTTP/1.1'))
    R('rl-target-relative', 'SHOULD', '9112-3.2', head(b'GET ../x HTTP/1.1'))
    E('rl-target-fragment', 'SHOULD', '9112-3.2', head(b'GET @P@#frag HTTP/1.1'), target=None)
    R('rl-target-nul', 'MUST', '9112-3', head(b'GET @P@\0x HTTP/1.1'))
    R('rl-target-ctl', 'SHOULD', '9112-3', head(b'GET @P@\x01x HTTP/1.1'))
    R('rl-target-del', 'SHOULD', '9112-3', head(b'GET @P@\x7fx HTTP/1.1'))
    R('rl-target-bare-cr', 'MUST', '9112-2.2', head(b'GET @P@\rx HTTP/1.1'))
    E('rl-target-raw-utf8', 'SHOULD', '9112-3.2', head(b'GET @P@/\xc3\xa9 HTTP/1.1'), target=None)
    E('rl-target-backslash', 'SHOULD', '9112-3.2', head(b'GET @P@\\x HTTP/1.1'), target=None)
    E('rl-target-pct-crlf', 'MUST', '9112-11.1', head(b'GET @P@%0d%0aX-Inj:%201 HTTP/1.1'), target=None,
      mustnot=(b'x-inj',))
    E('rl-target-pct-nul', 'MUST', '9112-11.1', head(b'GET @P@%00x HTTP/1.1'), target=None)
    E('rl-target-bad-pct', 'SHOULD', '9112-3.2', head(b'GET @P@%zz HTTP/1.1'), target=None)
    A('rl-target-encoded-slash', 'SHOULD', '9110-4.2', head(b'GET @P@%2Fx HTTP/1.1'), target=None)
    A('rl-target-query-odd', 'SHOULD', '9112-3.2', head(b"GET @P@?a=b&c[]=1;d=%20'\"{}|^` HTTP/1.1"), target=None)
    A('rl-target-8000', 'SHOULD', '9112-3', head(b'GET @P@' + b'a' * 7900 + b' HTTP/1.1'), target=None)
    E('rl-target-64k', 'MUST', '9110-15.5.15', head(b'GET @P@' + b'a' * 65536 + b' HTTP/1.1'), target=None)
    E('rl-target-1m', 'MUST', '9110-15.5.15', head(b'GET @P@' + b'a' * 1000000 + b' HTTP/1.1'), target=None)
    A('rl-absolute-form', 'MUST', '9112-3.2.2', head(b'GET http://h.example@P@ HTTP/1.1'), target=None,
      host=b'h.example')
    E('rl-absolute-form-other-host', 'MUST', '9112-3.2.2',
      head(b'GET http://real.example@P@ HTTP/1.1', host=b'fake.example'), target=None, host=b'real.example')
    E('rl-absolute-form-no-path', 'MUST', '9112-3.2.2', head(b'GET http://h.example HTTP/1.1'), target=None)
    E('rl-absolute-form-query-no-path', 'MUST', '9112-3.2.2', head(b'GET http://h.example?q=1 HTTP/1.1'), target=None)
    R('rl-absolute-form-empty-host', 'MUST', '9110-4.2.1', head(b'GET http://@P@ HTTP/1.1', host=b''))
    E('rl-absolute-form-userinfo', 'MUST', '9110-4.2.4', head(b'GET http://u:p@h.example@P@ HTTP/1.1'), target=None,
      host=b'h.example')
    E('rl-absolute-form-other-scheme', 'SHOULD', '9112-3.2.2', head(b'GET ftp://h.example@P@ HTTP/1.1'), target=None)
    A('rl-absolute-form-upper-scheme', 'SHOULD', '9110-4.2.3', head(b'GET HTTP://h.example@P@ HTTP/1.1'), target=None)
    R('rl-asterisk-get', 'SHOULD', '9112-3.2.4', head(b'GET * HTTP/1.1'))
    E('rl-asterisk-options', 'MUST', '9112-3.2.4', head(b'OPTIONS * HTTP/1.1'), target=b'*', n=(0, 1))
    R('rl-authority-get', 'SHOULD', '9112-3.2.3', head(b'GET h.example:80 HTTP/1.1'))
    R('rl-connect-authority', 'SHOULD', '9110-9.3.6', head(b'CONNECT h.example:80 HTTP/1.1', host=b'h.example:80'),
      methods=(b'CONNECT',))
    R('rl-connect-then-smuggle', 'SHOULD', '9110-9.3.6',
      head(b'CONNECT h.example:80 HTTP/1.1', host=b'h.example:80') + SMUG, methods=(b'CONNECT',))
    R('rl-connect-origin-form', 'SHOULD', '9112-3.2.3', head(b'CONNECT @P@ HTTP/1.1'))
    E('rl-trace', 'SHOULD', '9110-9.3.8', head(b'TRACE @P@ HTTP/1.1'))
    E('rl-trace-with-body', 'MUST', '9110-9.3.8', head(b'TRACE @P@ HTTP/1.1', b'Content-Length: 5') + b'hello',
      body=b'hello')
    R('rl-sip', 'SHOULD', '9112-2.3', b'OPTIONS sip:x@h.example SIP/2.0\r\nVia: SIP/2.0/TCP h\r\n\r\n')

    # ---- line ends ----------------------------------------------------------------------------
    E('eol-bare-lf-everywhere', 'MUST', '9112-2.2', get().replace(b'\r\n', b'\n'), hold_ok=True)
    E('eol-bare-lf-request-line', 'MUST', '9112-2.2', b'GET @P@ HTTP/1.1\nHost: h.example\r\n\r\n', hold_ok=True)
    E('eol-bare-lf-field', 'MUST', '9112-2.2', b'GET @P@ HTTP/1.1\r\nHost: h.example\nX-A: 1\r\n\r\n', hold_ok=True)
    E('eol-bare-lf-end-of-head', 'MUST', '9112-2.2', b'GET @P@ HTTP/1.1\r\nHost: h.example\r\n\n', hold_ok=True)
    E('eol-lf-crlf-end-of-head', 'MUST', '9112-2.2', b'GET @P@ HTTP/1.1\r\nHost: h.example\n\r\n', hold_ok=True)
    R('eol-bare-cr-after-request-line', 'MUST', '9112-2.2', b'GET @P@ HTTP/1.1\rHost: h.example\r\n\r\n')
    E('eol-bare-cr-between-fields', 'MUST', '9112-2.2', b'GET @P@ HTTP/1.1\r\nHost: h.example\r\nX-A: 1\rX-B: 2\r\n\r\n',
      mustnot=(b'x-b',))
    E('eol-bare-cr-hides-te', 'MUST', '9112-2.2',
      b'POST @P@ HTTP/1.1\r\nHost: h.example\r\nContent-Length: 5\r\nX-A: 1\rTransfer-Encoding: chunked\r\n\r\nhello',
      body=b'hello')
    E('eol-cr-cr-lf', 'MUST', '9112-2.2', b'GET @P@ HTTP/1.1\r\nHost: h.example\r\nX-A: 1\r\r\n\r\n', hold_ok=True)
    R('eol-cr-only', 'SHOULD', '9112-2.2', b'GET @P@ HTTP/1.1\rHost: h.example\r\r', hold_ok=True)
    E('eol-double-cr-end-of-head', 'MUST', '9112-2.2', b'POST @P@ HTTP/1.1\r\nHost: h.example\r\nContent-Length: 5\r\n\r\r\n'
      b'hello', hold_ok=True, body=b'hello')

    # ---- field lines --------------------------------------------------------------------------
    for nm, ch in (('space', b' '), ('tab', b'\t')):
        R400('fl-%s-before-colon' % nm, 'MUST', '9112-5.1', get(b'X-A' + ch + b': 1'))
    R400('fl-space-before-colon-host', 'MUST', '9112-5.1', head(b'GET @P@ HTTP/1.1', b'Host : h.example', host=None))
    R400('fl-space-before-colon-cl', 'MUST', '9112-5.1', post(b'Content-Length : 5', body=b'hello'))
    R400('fl-space-before-colon-te', 'MUST', '9112-5.1', post(b'Transfer-Encoding : chunked', body=CK))
    R400('fl-tab-before-colon-te-with-cl', 'MUST', '9112-5.1',
         post(b'Content-Length: 4', b'Transfer-Encoding\t: chunked', body=b'1a\r\n' + SMUG + b'\r\n0\r\n\r\n'))
    E('fl-obs-fold', 'MUST', '9112-5.2', get(b'X-A: 1\r\n 2'))
    E('fl-obs-fold-tab', 'MUST', '9112-5.2', get(b'X-A: 1\r\n\t2'))
    E('fl-obs-fold-empty-first', 'MUST', '9112-5.2', get(b'X-A:\r\n 2'))
    E('fl-obs-fold-host', 'MUST', '9112-5.2', head(b'GET @P@ HTTP/1.1', b'Host:\r\n h.example', host=None), host=b'h.example')
    E('fl-obs-fold-cl', 'MUST', '9112-5.2', post(b'Content-Length:\r\n 5', body=b'hello'), body=b'hello')
    E('fl-obs-fold-te', 'MUST', '9112-5.2', post(b'Transfer-Encoding:\r\n chunked', body=CK), body=b'hello')
    E('fl-obs-fold-te-with-cl', 'MUST', '9112-5.2',
      post(b'Content-Length: 15', b'Transfer-Encoding:\r\n chunked', body=CK), body=b'hello')
    E('fl-obs-fold-hides-te', 'MUST', '9112-5.2', post(b'Content-Length: 5', b'X-A: 1\r\n Transfer-Encoding: chunked', body=b'hello'),
      body=b'hello')
    E('fl-ws-before-first-field', 'MUST', '9112-2.2', b'GET @P@ HTTP/1.1\r\n X-Ws: 1\r\nHost: h.example\r\n\r\n',
      mustnot=(b'x-ws',))
    E('fl-ws-before-first-te', 'MUST', '9112-2.2',
      b'POST @P@ HTTP/1.1\r\n Transfer-Encoding: chunked\r\nHost: h.example\r\nContent-Length: 5\r\n\r\nhello', body=b'hello')
    R400('fl-no-colon', 'SHOULD', '9112-2.2', get(b'FooBar'))
    R400('fl-no-colon-at-end', 'SHOULD', '9112-2.2', get(b'X-A: 1', b'FooBar'))
    R400('fl-empty-name', 'SHOULD', '9112-5.1', get(b': 1'))
    for nm, bad in (('space', b'X A'), ('nul', b'X\0A'), ('obs-text', b'X\x80A'), ('paren', b'X(A'), ('slash', b'X/A'),
                    ('bracket', b'X[]A'), ('quote', b'X"A'), ('at', b'X@A'), ('equals', b'X=A'), ('comma', b'X,A'),
                    ('ctl', b'X\x01A'), ('del', b'X\x7fA')):
        R400('fl-name-with-' + nm, 'SHOULD', '9110-5.1', get(bad + b': 1'))
    A('fl-name-all-token-chars', 'SHOULD', '9110-5.1', get(b"X!#$%&'*+-.^`|~9: 1"))
    E('fl-value-nul', 'MUST', '9110-5.5', get(b'X-A: a\0b'))
    E('fl-value-nul-in-host', 'MUST', '9110-5.5', get(host=b'h.exa\0mple'))
    E('fl-value-ctl', 'MUST', '9110-5.5', get(b'X-A: a\x01b'))
    E('fl-value-del', 'MUST', '9110-5.5', get(b'X-A: a\x7fb'))
    A('fl-value-obs-text', 'SHOULD', '9110-5.5', get(b'X-A: \xe9\xff\x80'), must=((b'x-a', b'\xe9\xff\x80'),))
    A('fl-value-empty', 'MUST', '9110-5.5', get(b'X-A:'))
    A('fl-value-only-ows', 'MUST', '9110-5.5', get(b'X-A: \t '))
    A('fl-value-ows-trimmed', 'MUST', '9110-5.5', get(b'X-A:\t  1 2\t '), must=((b'x-a', b'1 2'),))
    A('fl-no-space-after-colon', 'MUST', '9112-5', get(b'X-A:1'), must=((b'x-a', b'1'),))
    A('fl-value-with-colons', 'MUST', '9112-5', get(b'X-A: b: c::'), must=((b'x-a', b'b: c::'),))
    A('fl-names-any-case', 'MUST', '9110-5.1', b'POST @P@ HTTP/1.1\r\nhOsT: h.example\r\ncOnTeNt-LeNgTh: 5\r\n\r\nhello',
      body=b'hello', host=b'h.example')
    A('fl-repeated-in-order', 'MUST', '9110-5.2', get(b'X-L: 1', b'X-M: z', b'X-L: 2', b'X-L: 3'), check=lambda s, x: None if
      b','.join(s[0].get(b'x-l')).replace(b' ', b'') == b'1,2,3' else 'X-L arrived as %r' % s[0].get(b'x-l'))
    A('fl-cookies-kept', 'SHOULD', '9110-5.3', get(b'Cookie: a=1; b="2"', b'Cookie: c=3'), check=lambda s, x: None if
      b'; '.join(s[0].get(b'cookie')) in (b'a=1; b="2"; c=3', b'a=1; b="2", c=3') else 'Cookie arrived as %r' % s[0].get(b'cookie'))
    A('fl-100-fields', 'SHOULD', '9110-5.4', get(*[b'X-F%d: %d' % (i, i) for i in range(90)]), must=((b'x-f89', b'89'),))
    E('fl-1500-fields', 'MUST', '9110-5.4', get(*[b'X-F%d: 1' % i for i in range(1500)]))
    A('fl-value-4k', 'SHOULD', '9110-5.4', get(b'X-A: ' + b'v' * 4000), must=((b'x-a', b'v' * 4000),))
    E('fl-value-64k', 'MUST', '9110-5.4', get(b'X-A: ' + b'v' * 65536), must=((b'x-a', b'v' * 65536),))
    E('fl-head-1m', 'MUST', '9110-5.4', get(*[b'X-F%d: ' % i + b'v' * 1000 for i in range(1000)]))
    E('fl-underscore-cl', 'MUST', '9112-6', post(b'Content_Length: 40', b'Content-Length: 5', body=b'hello'), body=b'hello')
    E('fl-underscore-te', 'MUST', '9112-6', post(b'Content-Length: 5', b'Transfer_Encoding: chunked', body=b'hello'), body=b'hello')

    # ---- Host ---------------------------------------------------------------------------------
    R400('host-missing', 'MUST', '9112-3.2', get(host=None))
    R400('host-missing-absolute-form', 'MUST', '9112-3.2', head(b'GET http://h.example@P@ HTTP/1.1', host=None))
    R400('host-twice-same', 'MUST', '9112-3.2', get(b'Host: h.example'))
    R400('host-twice-differ', 'MUST', '9112-3.2', get(b'Host: evil.example'))
    R400('host-twice-case', 'MUST', '9112-3.2', get(b'hOST: evil.example'))
    for nm, bad in (('space-inside', b'a b'), ('path', b'h.example/x'), ('userinfo', b'u@h.example'), ('comma-list', b'a.example, b.example'),
                    ('two-ports', b'h.example:80:81'), ('port-letters', b'h.example:8x'), ('open-bracket', b'[::1'),
                    ('bracket-junk', b'[::1]x'), ('query', b'h.example?q'), ('fragment', b'h.example#f'), ('ctl', b'h.exa\x01mple'),
                    ('scheme', b'http://h.example'), ('port-negative', b'h.example:-1'), ('backslash', b'h.example\\x')):
        R400('host-' + nm, 'MUST', '9112-3.2', get(host=bad))
    E('host-port-65536', 'SHOULD', '9110-4.2.1', get(host=b'h.example:65536'))
    E('host-empty', 'SHOULD', '9112-3.2', get(host=b''))
    A('host-with-port', 'MUST', '9112-3.2', get(host=b'h.example:8080'))
    A('host-ipv6', 'MUST', '9112-3.2', get(host=b'[2001:db8::1]:8080'))
    A('host-upper-case', 'SHOULD', '9112-3.2', get(host=b'H.EXAMPLE'))
    A('host-trailing-dot', 'SHOULD', '9112-3.2', get(host=b'h.example.'))
    A('host-absent-http10', 'MUST', '9112-3.2', head(b'GET @P@ HTTP/1.0', host=None))

    # ---- Content-Length -----------------------------------------------------------------------
    A('cl-plain', 'MUST', '9112-6.3', post(b'Content-Length: 5', body=b'hello'), body=b'hello')
    A('cl-zero', 'MUST', '9112-6.3', post(b'Content-Length: 0'), body=b'')
    A('cl-absent-post', 'MUST', '9112-6.3', post(), body=b'')
    E('cl-leading-zeros', 'MUST', '9110-8.6', post(b'Content-Length: 0005', body=b'hello'), body=b'hello')
    A('cl-ows', 'MUST', '9110-8.6', post(b'Content-Length: \t 5 \t', body=b'hello'), body=b'hello')
    for nm, bad in (('plus', b'+5'), ('minus', b'-5'), ('minus-zero', b'-0'), ('hex', b'0x5'), ('letters', b'5a'), ('semicolon', b'5;q=1'),
                    ('float', b'5.0'), ('exponent', b'5e0'), ('two-words', b'5 5'), ('list-differ', b'5, 6'), ('quoted', b'"5"'),
                    ('underscore', b'5_0'), ('fullwidth', '５'.encode()), ('vt', b'5\x0b'), ('nul', b'5\0'), ('bom', b'\xef\xbb\xbf5')):
        R400('cl-' + nm, 'MUST', '9112-6.3', post(b'Content-Length: ' + bad, body=b'hello'))
    R400('cl-empty', 'MUST', '9112-6.3', post(b'Content-Length:', body=b'hello'))
    R('cl-2^64+5', 'MUST', '9112-6.3', post(b'Content-Length: 18446744073709551621', body=b'hello'), codes=(400, 413))
    R('cl-2^63', 'MUST', '9112-6.3', post(b'Content-Length: 9223372036854775808', body=b'hello'), codes=(400, 413), hold_ok=False)
    R('cl-2^32+5', 'MUST', '9112-6.3', post(b'Content-Length: 4294967301', body=b'hello'), codes=(400, 413), hold_ok=True,
      allow=('unfinished',))
    R('cl-300-digits', 'MUST', '9112-6.3', post(b'Content-Length: ' + b'9' * 300, body=b'hello'), codes=(400, 413))
    E('cl-list-same', 'MUST', '9110-8.6', post(b'Content-Length: 5, 5', body=b'hello'), body=b'hello')
    E('cl-twice-same', 'MUST', '9110-8.6', post(b'Content-Length: 5', b'Content-Length: 5', body=b'hello'), body=b'hello')
    E('cl-list-empty-element', 'MUST', '9110-8.6', post(b'Content-Length: ,5', body=b'hello'), body=b'hello')
    R400('cl-twice-differ', 'MUST', '9112-6.3', post(b'Content-Length: 5', b'Content-Length: 6', body=b'hello!'))
    R400('cl-twice-differ-smuggle', 'MUST', '9112-6.3', post(b'Content-Length: 0', b'Content-Length: 44', body=SMUG))
    R400('cl-twice-one-bad', 'MUST', '9112-6.3', post(b'Content-Length: 5', b'Content-Length: x', body=b'hello'))
    R400('cl-twice-zero-padded', 'SHOULD', '9112-6.3', post(b'Content-Length: 5', b'Content-Length: 05', body=b'hello'))
    A('cl-body-looks-like-request', 'MUST', '9112-6.3', [lambda v: post(b'Content-Length: %d' % len(v(SMUG))), SMUG],
      body=SMUG)
    E('cl-on-get', 'MUST', '9110-9.3.1', [lambda v: get(b'Content-Length: %d' % len(v(SMUG))), SMUG], body=SMUG)
    E('cl-on-head', 'MUST', '9110-9.3.2', [lambda v: head(b'HEAD @P@ HTTP/1.1', b'Content-Length: %d' % len(v(SMUG))), SMUG],
      body=SMUG, methods=(b'HEAD',))
    E('cl-on-delete', 'MUST', '9110-9.3.5', [lambda v: head(b'DELETE @P@ HTTP/1.1', b'Content-Length: %d' % len(v(SMUG))), SMUG],
      body=SMUG)
    E('cl-on-options', 'MUST', '9110-9.3.7', [lambda v: head(b'OPTIONS @P@ HTTP/1.1', b'Content-Length: %d' % len(v(SMUG))), SMUG],
      body=SMUG)
    Case('cl-short-body-then-close', 'MUST', '9112-8', [post(b'Content-Length: 10', body=b'hello')], 'incomplete', half_close=True)
    A('cl-short-then-garbage', 'MUST', '9112-6.3', post(b'Content-Length: 5', body=b'hello') + b'\x00\x01GARBAGE\r\n\r\n', body=b'hello',
      smuggled_ok=False)
    E('cl-empty-line-after-body', 'SHOULD', '9112-2.2', post(b'Content-Length: 5', body=b'hello') + b'\r\n' + SECOND, body=b'hello',
      n=2, want=2, second=True)
    E('cl-big-body', 'MUST', '9112-6.3', post(b'Content-Length: 900000', body=b'z' * 900000), body=b'z' * 900000, wait=6.0)
    R('cl-negative-then-smuggle', 'MUST', '9112-6.3', post(b'Content-Length: -1', body=SMUG))

    # ---- Transfer-Encoding --------------------------------------------------------------------
    A('te-chunked', 'MUST', '9112-6.1', post(TEC, body=CK), body=b'hello')
    A('te-chunked-any-case', 'MUST', '9112-7', post(b'Transfer-Encoding: cHuNkEd', body=CK), body=b'hello')
    A('te-chunked-ows', 'MUST', '9112-6.1', post(b'Transfer-Encoding: \tchunked\t ', body=CK), body=b'hello')
    E('te-on-get', 'MUST', '9112-6.1', get(TEC) + CK, body=b'hello')
    E('te-on-head', 'MUST', '9112-6.1', head(b'HEAD @P@ HTTP/1.1', TEC) + CK, body=b'hello', methods=(b'HEAD',))
    E('te-cl-plain', 'MUST', '9112-6.3', post(b'Content-Length: 15', TEC, body=CK), body=b'hello')
    E('te-cl-te-first', 'MUST', '9112-6.3', post(TEC, b'Content-Length: 15', body=CK), body=b'hello')
    E('te-cl-CL.TE', 'MUST', '9112-11.2', post(b'Content-Length: 60', TEC, body=b'0\r\n\r\n' + SMUG), body=b'', must_close=True)
    E('te-cl-TE.CL', 'MUST', '9112-11.2',
      [lambda v: post(b'Content-Length: 4', TEC, body=b'%x\r\n' % len(v(SMUG)) + v(SMUG) + b'\r\n0\r\n\r\n')], body=SMUG)
    E('te-cl-zero', 'MUST', '9112-11.2', post(b'Content-Length: 0', TEC, body=CK), body=b'hello')
    E('te-cl-closes-after', 'MUST', '9112-6.1', post(b'Content-Length: 15', TEC, body=CK) + SMUG, body=b'hello', must_close=True)
    R('te-bad-cl-with-te', 'SHOULD', '9112-6.3', post(b'Content-Length: x', TEC, body=CK))
    bad_te = (('xchunked', b'xchunked'), ('chunkedx', b'chunkedx'), ('identity', b'identity'), ('unknown', b'frob'), ('quoted', b'"chunked"'),
              ('single-quoted', b"'chunked'"), ('vt-before', b'\x0bchunked'), ('vt-after', b'chunked\x0b'), ('ff-before', b'\x0cchunked'),
              ('nul-after', b'chunked\0'), ('ctl-before', b'\x01chunked'), ('nbsp-before', b'\xa0chunked'), ('semicolon', b'chunked;'),
              ('two-words', b'chunked x'), ('colon', b': chunked'), ('equals', b'chunked=1'), ('not-final', b'chunked, gzip'),
              ('identity-last', b'chunked, identity'), ('bracket', b'[chunked]'), ('null-coding', b'null'), ('kelvin-sign', b'chun\xe2\x84\xaaed'))
    for nm, bad in bad_te:
        R('te-value-' + nm, 'MUST', '9112-6.3', post(b'Transfer-Encoding: ' + bad, body=CK), codes=(400, 501, 422))
        R('te-value-%s-with-cl' % nm, 'MUST', '9112-6.3',
          post(b'Content-Length: 5', b'Transfer-Encoding: ' + bad, body=b'hello'), codes=(400, 501, 422))
    R('te-empty', 'SHOULD', '9112-6.1', post(b'Transfer-Encoding:', b'Content-Length: 5', body=b'hello'), codes=(400, 501))
    E('te-param', 'MUST', '9112-6.1', post(b'Transfer-Encoding: chunked;q=1', body=CK), body=b'hello')
    R('te-twice-in-list', 'MUST', '9112-6.1', post(b'Transfer-Encoding: chunked, chunked', body=CK), codes=(400, 501))
    R('te-two-fields-chunked', 'MUST', '9112-6.1', post(TEC, TEC, body=CK), codes=(400, 501))
    R('te-two-fields-identity-last', 'MUST', '9112-6.3', post(TEC, b'Transfer-Encoding: identity', body=CK), codes=(400, 501))
    E('te-two-fields-identity-first', 'MUST', '9112-6.3', post(b'Transfer-Encoding: identity', TEC, body=CK), body=b'hello')
    R('te-two-fields-junk-last', 'MUST', '9112-6.3', post(TEC, b'Transfer-Encoding: x', body=CK), codes=(400, 501))
    E('te-gzip-chunked', 'MUST', '9112-6.1', post(b'Transfer-Encoding: gzip, chunked', body=CK), allow=('codings before chunked',))
    E('te-leading-comma', 'MUST', '9110-5.6.1', post(b'Transfer-Encoding: , chunked', body=CK), body=b'hello')
    E('te-trailing-comma', 'MUST', '9110-5.6.1', post(b'Transfer-Encoding: chunked,', body=CK), body=b'hello')
    E('te-http10', 'MUST', '9112-6.1', post(TEC, body=CK, ver=b'HTTP/1.0'), body=b'hello', must_close=True)
    E('te-http10-keepalive-smuggle', 'MUST', '9112-6.1', post(TEC, b'Connection: keep-alive', body=CK, ver=b'HTTP/1.0') + SMUG,
      body=b'hello', must_close=True)
    E('te-http10-with-cl', 'MUST', '9112-6.1', post(b'Content-Length: 15', TEC, body=CK, ver=b'HTTP/1.0') + SMUG, body=b'hello', must_close=True)
    E('te-named-in-connection', 'MUST', '9110-7.6.1', post(TEC, b'Connection: close, transfer-encoding', body=CK), body=b'hello')
    E('cl-named-in-connection', 'MUST', '9110-7.6.1', post(b'Content-Length: 5', b'Connection: content-length', body=b'hello'), body=b'hello')
    E('host-named-in-connection', 'MUST', '9110-7.6.1', get(b'Connection: host'))

    # ---- chunked body -------------------------------------------------------------------------
    def ch(cid, level, kind, chunks, **kw):
        fields = kw.pop('fields', ())
        kind(cid, level, '9112-7.1', post(TEC, *fields, body=chunks), **kw)
    ch('ck-two-chunks', 'MUST', A, b'3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n', body=b'hello')
    ch('ck-upper-hex', 'MUST', A, b'A\r\n0123456789\r\n0\r\n\r\n', body=b'0123456789')
    ch('ck-lower-hex', 'MUST', A, b'a\r\n0123456789\r\n0\r\n\r\n', body=b'0123456789')
    ch('ck-leading-zeros', 'MUST', E, b'005\r\nhello\r\n000\r\n\r\n', body=b'hello')
    ch('ck-many-leading-zeros', 'MUST', E, b'0' * 40 + b'5\r\nhello\r\n0\r\n\r\n', body=b'hello')
    ch('ck-empty', 'MUST', A, b'0\r\n\r\n', body=b'')
    ch('ck-extension', 'MUST', A, b'5;a=b\r\nhello\r\n0;c\r\n\r\n', body=b'hello')
    ch('ck-extension-quoted', 'MUST', A, b'5;a="b;c=d"\r\nhello\r\n0\r\n\r\n', body=b'hello')
    ch('ck-extension-bws', 'SHOULD', E, b'5 ; a = b\r\nhello\r\n0\r\n\r\n', body=b'hello')
    ch('ck-extension-no-name', 'SHOULD', E, b'5;\r\nhello\r\n0\r\n\r\n', body=b'hello')
    ch('ck-extension-bare-lf', 'MUST', R, b'5;\nxx\r\nhello\r\n0\r\n\r\n', codes=ANY)
    ch('ck-extension-bare-cr', 'MUST', R, b'5;\rxx\r\nhello\r\n0\r\n\r\n')
    ch('ck-extension-nul', 'MUST', E, b'5;a\0\r\nhello\r\n0\r\n\r\n', body=b'hello')
    ch('ck-extension-quoted-crlf', 'MUST', R, b'5;a="\r\n"\r\nhello\r\n0\r\n\r\n')
    ch('ck-extension-64k', 'MUST', E, b'5;a=' + b'b' * 65536 + b'\r\nhello\r\n0\r\n\r\n', body=b'hello')
    # a parser that ends the size line at the LF sees chunks of 2 and 0x%x; one that skips the LF sees a 2-byte chunk, the end, SMUG
    E('ck-extension-smuggle-lf', 'MUST', '9112-7.1', [lambda v: post(TEC, body=b'2;\nxx\r\n%x\r\n0\r\n\r\n' % (len(v(SMUG)) + 5) + v(SMUG) +
      b'\r\n0\r\n\r\n')], body=b'xx0\r\n\r\n' + SMUG)
    # one that takes two bytes after chunk data without looking sees the end early (TERM.EXT, EXT.TERM and spill variants)
    R('ck-data-two-byte-spill', 'MUST', '9112-7.1', [lambda v: post(TEC, body=b'5\r\nhelloXX%x\r\n' % (len(v(SMUG)) + 5) + b'0\r\n\r\n' + v(SMUG) +
      b'\r\n0\r\n\r\n')])
    R('ck-data-one-byte-spill', 'MUST', '9112-7.1', [lambda v: post(TEC, body=b'5\r\nhello\n2e\r\n0\r\n\r\n' + v(SMUG))], hold_ok=True,
      allow=('unfinished',))
    for nm, bad in (('hex-prefix', b'0x5'), ('plus', b'+5'), ('minus', b'-5'), ('letter-g', b'g'), ('empty', b''), ('underscore', b'0_5'),
                    ('quoted', b'"5"'), ('comma', b'5,5'), ('two-words', b'5 5'), ('dot', b'5.'), ('h-suffix', b'5h'), ('nul', b'5\0'),
                    ('vt', b'5\x0b'), ('fullwidth', '５'.encode())):
        ch('ck-size-' + nm, 'MUST', R, bad + b'\r\nhello\r\n0\r\n\r\n')
    ch('ck-size-space-before', 'MUST', E, b' 5\r\nhello\r\n0\r\n\r\n', body=b'hello')
    ch('ck-size-space-after', 'MUST', E, b'5 \r\nhello\r\n0\r\n\r\n', body=b'hello')
    ch('ck-size-tab-after', 'MUST', E, b'5\t\r\nhello\r\n0\r\n\r\n', body=b'hello')
    ch('ck-size-2^64+5', 'MUST', R, b'10000000000000005\r\nhello\r\n0\r\n\r\n')
    ch('ck-size-ffff', 'MUST', R, b'FFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n')
    ch('ck-size-8000000000000000', 'MUST', R, b'8000000000000000\r\nhello\r\n0\r\n\r\n')
    ch('ck-size-fffffffe', 'MUST', R, b'FFFFFFFE\r\nhello\r\n0\r\n\r\n' + SMUG, hold_ok=True, allow=('unfinished',))
    ch('ck-size-300-digits', 'MUST', R, b'1' * 300 + b'\r\nhello\r\n0\r\n\r\n')
    ch('ck-size-line-bare-lf', 'MUST', E, b'5\nhello\r\n0\r\n\r\n', body=b'hello', hold_ok=True, allow=('unfinished',))
    ch('ck-size-line-bare-cr', 'MUST', R, b'5\rhello\r\n0\r\n\r\n')
    ch('ck-size-line-crcrlf', 'MUST', R, b'5\r\r\nhello\r\n0\r\n\r\n')
    ch('ck-data-ends-lf', 'MUST', E, b'5\r\nhello\n0\r\n\r\n', body=b'hello', hold_ok=True, allow=('unfinished',))
    ch('ck-data-ends-cr', 'MUST', R, b'5\r\nhello\r0\r\n\r\n')
    ch('ck-data-ends-nothing', 'MUST', R, b'5\r\nhello0\r\n\r\n')
    ch('ck-data-ends-other', 'MUST', R, b'5\r\nhelloXX0\r\n\r\n')
    ch('ck-data-too-long', 'MUST', R, b'3\r\nhello\r\n0\r\n\r\n')
    ch('ck-data-too-short', 'MUST', R, b'7\r\nhello\r\n0\r\n\r\n', hold_ok=True, allow=('unfinished',))
    ch('ck-space-after-data', 'MUST', R, b'5\r\nhello \r\n0\r\n\r\n')
    ch('ck-last-bare-lf', 'MUST', E, b'5\r\nhello\r\n0\n\n', body=b'hello', hold_ok=True, allow=('unfinished',))
    ch('ck-last-lf-after-crlf', 'MUST', E, b'5\r\nhello\r\n0\r\n\n', body=b'hello', hold_ok=True, allow=('unfinished',))
    ch('ck-last-cr-missing-lf', 'MUST', R, b'5\r\nhello\r\n0\r\n\rX', allow=('unfinished',))
    Case('ck-no-last-chunk-then-close', 'MUST', '9112-8', [post(TEC, body=b'5\r\nhello\r\n')], 'incomplete', half_close=True)
    Case('ck-no-final-crlf-then-close', 'MUST', '9112-8', [post(TEC, body=b'5\r\nhello\r\n0\r\n')], 'incomplete', half_close=True)
    ch('ck-2000-tiny', 'MUST', A, b'1\r\nz\r\n' * 2000 + b'0\r\n\r\n', body=b'z' * 2000)
    ch('ck-data-looks-like-end', 'MUST', A, b'7\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n', body=b'0\r\n\r\n\r\n')
    ch('ck-trailer', 'MUST', A, b'5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n', body=b'hello', mustnot=(b'x-t',))
    ch('ck-trailer-te-trailers', 'MUST', A, b'5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n', fields=(b'TE: trailers', b'Connection: TE', b'Trailer: X-T'),
       body=b'hello', mustnot=(b'x-t',))
    for nm, tr in (('cl', b'Content-Length: 100'), ('te', b'Transfer-Encoding: chunked'), ('host', b'Host: evil.example'),
                   ('authorization', b'Authorization: Basic eA=='), ('xff', b'X-Forwarded-For: 6.6.6.6')):
        ch('ck-trailer-' + nm, 'MUST', E, b'5\r\nhello\r\n0\r\n' + tr + b'\r\n\r\n', body=b'hello', host=b'h.example',
           mustnot=((b'authorization', b'Basic eA=='), (b'x-forwarded-for', b'6.6.6.6'), (b'content-length', b'100')))
    ch('ck-trailer-then-second', 'MUST', A, b'5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n' + SECOND, body=b'hello', n=2, want=2, second=True)
    ch('ck-trailer-no-colon', 'SHOULD', R, b'5\r\nhello\r\n0\r\nnonsense\r\n\r\n')
    ch('ck-trailer-space-before-colon', 'MUST', R, b'5\r\nhello\r\n0\r\nX-T : 1\r\n\r\n')
    ch('ck-trailer-bare-lf', 'MUST', E, b'5\r\nhello\r\n0\r\nX-T: 1\n\r\n', body=b'hello', hold_ok=True, allow=('unfinished',))
    ch('ck-trailer-request', 'MUST', R, b'5\r\nhello\r\n0\r\nGET @S@ HTTP/1.1\r\nHost: x\r\n\r\n')
    ch('ck-trailer-obs-fold', 'MUST', E, b'5\r\nhello\r\n0\r\nX-T: 1\r\n 2\r\n\r\n', body=b'hello')
    ch('ck-trailers-1m', 'MUST', E, b'5\r\nhello\r\n0\r\n' + (b'X-T: ' + b'v' * 990 + b'\r\n') * 1000 + b'\r\n', body=b'hello')

    # ---- connection, pipelining ---------------------------------------------------------------
    A('pl-two-gets', 'MUST', '9112-9.3.2', get() + SECOND, n=2, want=2, second=True)
    A('pl-post-then-get', 'MUST', '9112-9.3.2', post(b'Content-Length: 5', body=b'hello') + SECOND, n=2, want=2, second=True, body=b'hello')
    A('pl-chunked-then-get', 'MUST', '9112-9.3.2', post(TEC, body=CK) + SECOND, n=2, want=2, second=True, body=b'hello')
    A('pl-head-then-get', 'MUST', '9112-9.3.2', head(b'HEAD @P@ HTTP/1.1') + SECOND, n=2, want=2, second=True, methods=(b'HEAD', b'GET'))
    A('pl-twenty', 'SHOULD', '9112-9.3.2', get() + SECOND * 19, n=20, want=20, second=True, methods=(b'GET',) * 20)
    R('pl-bad-then-smuggle', 'MUST', '9112-9', post(b'Content-Length: x', body=b'hello') + SMUG)
    R('pl-bad-version-then-smuggle', 'MUST', '9112-9', head(b'GET @P@ HTTP/1.x') + SMUG)
    A('pl-close-then-smuggle', 'MUST', '9112-9.6', get(b'Connection: close') + SMUG, must_close=True)
    A('pl-close-any-case', 'MUST', '9112-9.6', get(b'Connection: foo, CLOSE') + SMUG, must_close=True)
    A('pl-http10-closes', 'MUST', '9112-9.3', head(b'GET @P@ HTTP/1.0') + SMUG, must_close=True)
    A('pl-http10-keepalive', 'SHOULD', '9112-9.3', head(b'GET @P@ HTTP/1.0', b'Connection: keep-alive'))
    A('pl-http10-post', 'MUST', '9112-9.3', post(b'Content-Length: 5', body=b'hello', ver=b'HTTP/1.0'), body=b'hello')
    A('hop-connection-option', 'MUST', '9110-7.6.1', get(b'Connection: X-Hop', b'X-Hop: 1', b'X-Stay: 1'), mustnot=(b'x-hop',), must=((b'x-stay', b'1'),))
    A('hop-connection-option-list', 'MUST', '9110-7.6.1', get(b'Connection: close, x-HOP , X-Hip', b'X-Hop: 1', b'X-Hip: 2'), mustnot=(b'x-hop', b'x-hip'))
    A('hop-keep-alive', 'SHOULD', '9110-7.6.1', get(b'Keep-Alive: timeout=5', b'Connection: keep-alive'), mustnot=(b'keep-alive',))
    A('hop-proxy-connection', 'SHOULD', '9110-7.6.1', get(b'Proxy-Connection: keep-alive'), mustnot=(b'proxy-connection',))
    A('hop-te', 'SHOULD', '9110-10.1.4', get(b'TE: gzip, trailers;q=0.5', b'Connection: TE'), check=lambda s, x: None if
      not s[0].get(b'te') or s[0].get(b'te') == [b'trailers'] else 'TE forwarded as %r' % s[0].get(b'te'))
    A('hop-upgrade-unknown', 'SHOULD', '9110-7.8', get(b'Upgrade: frob/1', b'Connection: Upgrade'))
    A('hop-upgrade-without-connection', 'SHOULD', '9110-7.8', get(b'Upgrade: websocket'), mustnot=(b'upgrade',))
    E('hop-upgrade-h2c', 'SHOULD', '9113-3.1', get(b'Connection: Upgrade, HTTP2-Settings', b'Upgrade: h2c', b'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'),
      mustnot=(b'http2-settings', (b'upgrade', b'h2c')), ok_status=range(101, 300))
    A('hop-upgrade-refused-then-second', 'MUST', '9110-7.8', get(b'Upgrade: websocket', b'Connection: Upgrade', b'Sec-WebSocket-Version: 13',
      b'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='))
    A('hop-via', 'OPT', '9110-7.6.3', get(), check=lambda s, x: None if s[0].get(b'via') else 'no Via in the forwarded request')
    A('hop-via-appended', 'OPT', '9110-7.6.3', get(b'Via: 1.0 fred'), check=lambda s, x: None if
      b','.join(s[0].get(b'via')).startswith(b'1.0 fred,') else 'Via arrived as %r' % s[0].get(b'via'))
    A('hop-version-own', 'SHOULD', '9112-2.3', head(b'GET @P@ HTTP/1.0', b'X-A: 1'), check=lambda s, x: None if
      s[0].version == b'HTTP/1.1' else 'forwarded as %r' % s[0].version)
    Case('hop-max-forwards-0-options', 'OPT', '9110-7.6.2', [head(b'OPTIONS @P@ HTTP/1.1', b'Max-Forwards: 0')], 'answered-by-proxy')
    Case('hop-max-forwards-0-trace', 'OPT', '9110-7.6.2', [head(b'TRACE @P@ HTTP/1.1', b'Max-Forwards: 0')], 'answered-by-proxy')
    A('hop-max-forwards-5', 'OPT', '9110-7.6.2', head(b'OPTIONS @P@ HTTP/1.1', b'Max-Forwards: 5'), check=lambda s, x: None if
      s[0].get(b'max-forwards') == [b'4'] else 'Max-Forwards arrived as %r' % s[0].get(b'max-forwards'))
    A('resp-date-added', 'OPT', '9110-6.6.1', get(), check=lambda s, x: None if x.finals[0].get(b'date') else 'no Date in the response')
    A('ex-100-with-body-at-once', 'MUST', '9110-10.1.1', post(b'Expect: 100-continue', b'Content-Length: 5', body=b'hello'), body=b'hello')
    A('ex-100-body-after-wait', 'MUST', '9110-10.1.1', [post(b'Expect: 100-continue', b'Content-Length: 5'), 0.4, b'hello'], body=b'hello')
    A('ex-100-any-case', 'MUST', '9110-10.1.1', [post(b'Expect: 100-CONTINUE', b'Content-Length: 5'), 0.4, b'hello'], body=b'hello')
    A('ex-100-http10-no-interim', 'MUST', '9110-10.1.1', [post(b'Expect: 100-continue', b'Content-Length: 5', ver=b'HTTP/1.0'), 0.4, b'hello'],
      body=b'hello', no100=True)
    E('ex-unknown', 'MUST', '9110-10.1.1', post(b'Expect: frob', b'Content-Length: 5', body=b'hello'), body=b'hello', codes=(417, 400))
    A('ex-100-get-no-body', 'SHOULD', '9110-10.1.1', get(b'Expect: 100-continue'))
    A('ex-100-then-smuggle-in-body', 'MUST', '9110-10.1.1', [lambda v: post(b'Expect: 100-continue', b'Content-Length: %d' % len(v(SMUG))), 0.3, SMUG], body=SMUG)
    A('sl-byte-by-byte', 'MUST', '9112-2.2', [b'*BYTES*', post(b'Content-Length: 5', body=b'hello')], body=b'hello', wait=6.0)
    A('sl-chunked-byte-by-byte', 'MUST', '9112-7.1', [b'*BYTES*', post(TEC, body=b'3;e=1\r\nhel\r\n2\r\nlo\r\n0\r\nX-T: 1\r\n\r\n')], body=b'hello', wait=6.0)
    A('sl-split-crlf', 'MUST', '9112-2.2', [b'GET @P@ HTTP/1.1\r', 0.05, b'\nHost: h.example\r', 0.05, b'\nX-A: 1\r', 0.05, b'\n\r', 0.05, b'\n'])
    A('sl-split-in-words', 'MUST', '9112-2.2', [b"GE", 0.05, b"T @P@ HTT", 0.05, b'P/1.1\r\nHo', 0.05, b'st: h.exam', 0.05, b'ple\r\n\r\n'])
    A('sl-pipelined-split', 'MUST', '9112-9.3.2', [get() + SECOND[:20], 0.2, SECOND[20:]], n=2, want=2, second=True)

    # ---- not HTTP/1.1 at all ------------------------------------------------------------------
    R('nh-tls-client-hello', 'SHOULD', '9112-2.2', b'\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03' + b'\x41' * 189, hold_ok=True)
    Case('nh-h2-preface', 'MUST', '9113-3.4', [b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0'], 'nothing-forwarded')
    R('nh-garbage-line', 'SHOULD', '9112-2.2', bytes(range(128, 256)) * 4 + b'\r\n\r\n')
    R('nh-nul-bytes', 'SHOULD', '9112-2.2', b'\0' * 500 + b'\r\n\r\n')
    R('nh-long-line-no-end', 'SHOULD', '9110-15.5.15', b'A' * 300000, hold_ok=False, wait=4.0)
    R('nh-only-empty-lines', 'MUST', '9112-2.2', b'\r\n' * 2000, hold_ok=True)
    R('nh-response-as-request', 'SHOULD', '9112-2.2', b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    R('nh-proxy-v1-unexpected', 'SHOULD', '9112-2.2', b'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n' + get())
    R('nh-proxy-v2-unexpected', 'SHOULD', '9112-2.2', b'\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\1\2\3\4\5\6\7\x08\0\1\0\2' + get())


def expand(pieces, ids):
    def v(b):
        for k, val in ids.items():
            b = b.replace(b'@%s@' % k, val)
        return b
    out, by_bytes = [], False
    for p in pieces:
        if callable(p):
            p = p(v)
        if isinstance(p, float):
            out.append(p)
            continue
        if p == b'*BYTES*':
            by_bytes = True
            continue
        p = v(p)
        if by_bytes:
            for i in range(len(p)):
                out += [p[i:i + 1], 0.004]
        else:
            out.append(p)
    return out, v


def run(c, addr, rec, tls):
    n = nonce().encode()
    ids = {b'P': b'/t/' + n, b'Q': b'/second/' + n, b'S': b'/smuggled/' + n}
    pieces, v = expand(c.pieces, ids)
    rec.drain()
    want = c.want or (c.n if isinstance(c.n, int) and c.n else 1)
    if c.mode in ('reject', 'answered-by-proxy', 'nothing-forwarded'):
        want = 1
    wait = c.wait or (1.5 if (c.hold_ok or c.mode in ('incomplete', 'nothing-forwarded')) else 3.0)
    methods = list(c.methods or ())
    if not methods:
        m = b''.join(p for p in pieces if isinstance(p, bytes)).lstrip().split(b' ')[0]
        methods = [m]
    x = exchange(addr, pieces, want=want, wait=wait, methods=methods, tls=tls, half_close=c.half_close,
                 grace=0.12, after_close_wait=0.4)
    time.sleep(0.03)
    for _ in range(20):                       # let what is on its way arrive
        a = len(rec.peek()[0])
        time.sleep(0.01)
        if len(rec.peek()[0]) == a:
            break
    seen, garbage = rec.drain()
    problems = []
    status = x.finals[0].status if x.finals else 0
    got = [r.status for r in x.responses]
    ours = [s for s in seen]
    complete = [s for s in ours if s.complete]
    # invariants
    for s in ours:
        for viol in s.violations:
            if not viol.startswith('weak:') and not any(a in viol for a in c.allow):
                problems.append('forwarded %r: %s' % (s.target[:30].decode('latin-1'), viol))
        if s.target.startswith(b'/smuggled') and not c.smuggled_ok:
            problems.append('SMUGGLED request reached the back end')
        if s.target.startswith(b'/second') and not c.second:
            problems.append('second request reached the back end')
    for _, why, data in garbage:
        if why == 'truncated' and ('unfinished' in c.allow or not data):
            continue
        problems.append('back end got what is no request (%s: %r)' % (why, data[:60]))
    for r in x.responses:
        for b in r.bad:
            problems.append('response to client: %s' % b)
    if x.error.startswith('connect'):
        problems.append(x.error)
    # outcome
    rejected = status >= 300 or (not x.finals and x.closed)
    accepted = status in c.ok_status or status == 101

    def judge_reject():
        out = []
        if not x.finals:
            if x.closed:
                if not c.close_ok:
                    out.append('closed without an answer, wanted %s' % c.codes[0])
            elif not c.hold_ok:
                out.append('neither answered nor closed in %.1f s' % wait)
        elif status not in c.codes:
            out.append('status %s, wanted %s' % (got, '/'.join(map(str, c.codes)) if c.codes is not ANY else '4xx/501/505'))
        if complete and c.mode == 'reject':
            out.append('forwarded %d request(s): %s' % (len(complete), complete[0].target[:40].decode('latin-1')))
        return out

    def judge_accept():
        out = []
        n = c.n if isinstance(c.n, tuple) else (c.n,)
        fin = x.finals
        if len(fin) < want or any(r.status not in c.ok_status for r in fin[:want]):
            out.append('responses %s%s, wanted %d with 2xx' % (got, ' and close' if x.closed else '', want))
        if len(complete) not in n:
            out.append('back end saw %d complete request(s), wanted %s' % (len(complete), '/'.join(map(str, n))))
            return out
        if len(ours) != len(complete):
            out.append('back end also saw an unfinished request')
        if not complete:
            return out
        s = complete[0]
        if c.target is not None:
            t = ids[b'P'] if c.target == 'P' else c.target
            if s.target != t and not s.target.endswith(b'h.example' + t):
                out.append('target arrived as %r' % s.target[:60])
        if c.method is not None and s.method != c.method:
            out.append('method arrived as %r' % s.method[:40])
        if c.body is not None and s.body != v(c.body):
            out.append('body arrived as %r (%s)' % (s.body[:40], s.framing))
        if c.host is not None:
            h = s.get(b'host')
            if s.target.startswith(b'http://'):
                auth = s.target[7:].split(b'/')[0]
                if auth != c.host or (h and h[0] != c.host):
                    out.append('target authority %r with Host %r' % (auth, h))
            elif h != [c.host]:
                out.append('Host arrived as %r' % h)
        for nme, val in c.must:
            if val not in s.get(nme):
                out.append('%s arrived as %r' % (nme.decode(), [y[:40] for y in s.get(nme)]))
        for m in c.mustnot:
            nme, val = m if isinstance(m, tuple) else (m, None)
            if any(val is None or val in y for y in s.get(nme)):
                out.append('%s was forwarded' % nme.decode())
        if c.no100 and any(r.status == 100 for r in x.responses):
            out.append('100 sent to an HTTP/1.0 client')
        if c.check and not out:
            p = c.check(complete, x)
            if p:
                out.append(p)
        return out

    if c.mode == 'reject':
        problems += judge_reject()
    elif c.mode == 'accept':
        problems += judge_accept()
    elif c.mode == 'either':
        if accepted and not (rejected and not accepted):
            problems += judge_accept()
        else:
            problems += judge_reject()
            if complete and status != 502:
                pass                                        # forwarded, and the back end's own refusal came back
    elif c.mode == 'incomplete':
        if complete:
            problems.append('an unfinished request was completed for the back end')
        if accepted:
            problems.append('status %d for an unfinished request' % status)
    elif c.mode == 'nothing-forwarded':
        if ours:
            problems.append('reached the back end')
    elif c.mode == 'answered-by-proxy':
        if ours:
            problems.append('was forwarded')
        if not x.finals:
            problems.append('no answer')
    if c.must_close and not x.closed and (accepted or rejected):
        problems.append('connection left open')
    # canaries: is every pooled back-end connection still in step?
    if ours or garbage:
        for i in range(2):
            k = b'/canary/' + nonce().encode()
            y = exchange(addr, [b'GET ' + k + b' HTTP/1.1\r\nHost: h.example\r\nConnection: close\r\n\r\n'], wait=3.0, grace=0.0, tls=tls)
            if not y.finals or y.finals[0].status != 200 or y.finals[0].body != b'target=' + k:
                problems.append('DESYNC: canary %d got %s %r' % (i, [r.status for r in y.finals], y.finals[0].body[:40] if y.finals else y.error))
        rec.drain()
    note = 'responses %s%s, back end saw %d' % (got, ' closed' if x.closed else '', len(complete))
    return list(dict.fromkeys(problems)), note


def handler(seen, sock):
    p = seen.target
    if p.startswith(b'http://'):
        p = b'/' + p[7:].partition(b'/')[2]
    if p.startswith(b'/canary/'):
        b = b'target=' + p
        return b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-Rec-Conn: %d\r\n\r\n' % (len(b), seen.conn) + b
    return None


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('proxy', nargs='?')
    ap.add_argument('--backend', default='127.0.0.1:19090', help='where to listen as the back end')
    ap.add_argument('--only', default='')
    ap.add_argument('--level', choices=('must', 'should', 'opt'))
    ap.add_argument('--json')
    ap.add_argument('--list', action='store_true')
    ap.add_argument('--tls', action='store_true')
    ap.add_argument('-v', '--verbose', action='store_true')
    a = ap.parse_args()
    build()
    ids = [c.id for c in CASES]
    assert len(ids) == len(set(ids)), [i for i in ids if ids.count(i) > 1]
    cases = [c for c in CASES if re.search(a.only, c.id) and (not a.level or c.level == a.level.upper())]
    if a.list:
        for c in cases:
            print('%-6s %-18s %-36s %s' % (c.level, c.mode, c.id, c.rfc))
        print('%d cases' % len(cases))
        return 0
    if not a.proxy:
        ap.error('HOST:PORT of the proxy is needed')
    addr = hostport(a.proxy)
    try:
        rec = Recorder(hostport(a.backend), handler=handler).start()
    except OSError as e:
        die('cannot listen on %s: %s' % (a.backend, e))
    n = b'/set-up/' + nonce().encode()
    ok = False
    for _ in range(20):
        x = exchange(addr, [b'GET ' + n + b' HTTP/1.1\r\nHost: h.example\r\nConnection: close\r\n\r\n'], tls=a.tls)
        seen, _g = rec.drain()
        if x.finals and x.finals[0].status == 200 and any(s.target.endswith(n) for s in seen):
            ok = True
            break
        time.sleep(0.5)
    if not ok:
        die('set-up: a plain GET through %s did not reach the back end at %s (%s %s)' % (a.proxy, a.backend, x.error, x.responses))
    rep = Report('h1_requests', a.proxy, a.verbose)
    for c in cases:
        problems, note = run(c, addr, rec, a.tls)
        rep.add(c.id, c.level, c.rfc, problems, note, c.id.split('-')[0])
    return rep.finish(a.json)


if __name__ == '__main__':
    sys.exit(main())
