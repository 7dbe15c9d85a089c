"""What a run needs: programs from the distribution, the C origin and floor, and Tailrace itself, published."""
import ctypes
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field

import machine
from peers import STREAM_MODULE
from processes import BenchError

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
OUT = os.path.join(ROOT, 'artifacts', 'bench')

# Program -> Debian package.
PACKAGES = {'nginx': 'nginx-light', STREAM_MODULE: 'libnginx-mod-stream', 'haproxy': 'haproxy', 'wrk': 'wrk', 'gcc': 'gcc',
            'strace': 'strace', 'ss': 'iproute2'}


@dataclass
class Tools:
    origin: str = ''
    client: str = ''
    floors: dict = field(default_factory=dict)     # engine -> path
    tailrace: dict = field(default_factory=dict)   # build -> path
    before: str = ''                               # an earlier one
    versions: dict = field(default_factory=dict)


def require(programs, install):
    missing = sorted({PACKAGES[p] for p in programs if not _found(p)})
    if missing and install:
        packages = missing + (['libc6-dev'] if 'gcc' in missing else [])
        sudo = [] if os.geteuid() == 0 else ['sudo']
        environment = ['env', 'DEBIAN_FRONTEND=noninteractive']
        run(sudo + ['apt-get', 'update'], 300)
        run(sudo + environment + ['apt-get', 'install', '-y', '--no-install-recommends'] + packages, 600)
        # The distribution starts what it installs; the bench starts its own.
        for service in {'nginx-light': 'nginx', 'haproxy': 'haproxy'}.items():
            if service[0] in missing and shutil.which('systemctl'):
                subprocess.run(sudo + ['systemctl', 'disable', '--now', service[1]], capture_output=True, check=False)
        missing = sorted({PACKAGES[p] for p in programs if not _found(p)})
    if missing:
        raise BenchError('missing: ' + ' '.join(missing) + '. Run again with --install, or: '
                         'apt-get install -y --no-install-recommends ' + ' '.join(missing))


def build_c(tools, engines):
    os.makedirs(OUT, exist_ok=True)
    tools.origin, tools.client = compiled('origin'), compiled('client')
    for engine in engines:
        tools.floors[engine] = compiled(f'floor_{engine}')


def compiled(name):
    target = os.path.join(OUT, name)
    run(['gcc', '-O2', '-Wall', '-o', target, os.path.join(HERE, f'{name}.c')], 60)
    return target


def has_io_uring():
    """Whether this process may set up a ring (Linux 6.1: what the floor asks for)."""
    params = ctypes.create_string_buffer(120)   # struct io_uring_params of linux/io_uring.h
    flags = 1 << 12 | 1 << 13                   # IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN
    params[8:12] = flags.to_bytes(4, sys.byteorder)
    ring = ctypes.CDLL(None).syscall(425, 8, params)   # __NR_io_uring_setup, the same on every architecture
    if ring >= 0:
        os.close(ring)
    return ring >= 0


def publish(tools, kinds):
    """Publishes Tailrace as `kinds` ('jit', 'aot') say. AOT needs clang or gcc and zlib's headers: without, it is left out."""
    if not kinds:
        return
    if not shutil.which('dotnet'):
        raise BenchError('missing: the .NET SDK (dotnet). Without Tailrace: --peers nginx,haproxy,floor')
    project = os.path.join(ROOT, 'src', 'Tailrace.Cli')
    for kind in kinds:
        out = os.path.join(OUT, kind)
        shutil.rmtree(out, ignore_errors=True)
        command = ['dotnet', 'publish', project, '-c', 'Release', '-o', out]
        if kind == 'aot':
            command += ['-p:TailraceAot=true', '-r', 'linux-x64' if os.uname().machine == 'x86_64' else 'linux-arm64']
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL, check=False)
        binary = os.path.join(out, 'tailrace')
        if done.returncode == 0 and os.access(binary, os.X_OK):
            tools.tailrace[kind] = binary
        elif kind == 'aot':
            print('AOT publish failed; going on with JIT alone. Its last words:\n  '
                  + '\n  '.join(done.stdout.splitlines()[-4:]))
        else:
            raise BenchError('dotnet publish failed:\n' + done.stdout[-3000:] + done.stderr[-1000:])


def publish_with_symbols():
    """Publishes the AOT build with the names of its functions, for tools that look into it. Returns its path."""
    out = os.path.join(OUT, 'symbols')
    # Linked in a place of its own: what an ordinary publish has linked is taken for up to date, and has none.
    shutil.rmtree(out, ignore_errors=True)
    run(['dotnet', 'publish', os.path.join(ROOT, 'src', 'Tailrace.Cli'), '-c', 'Release', '-p:TailraceAot=true',
         '-p:StripSymbols=false', f'-p:NativeOutputPath={out}/native/', '-r', 'linux-x64' if os.uname().machine == 'x86_64' else 'linux-arm64', '-o', out], 900)
    return os.path.join(out, 'tailrace')


def environment(tools, options):
    """Everything a reader needs to judge the figures."""
    with open('/proc/cpuinfo') as cpuinfo:
        model = re.search(r'model name\s*:\s*(.*)', cpuinfo.read())
    found = {
        'kernel': ' '.join((os.uname().sysname, os.uname().release, os.uname().machine)),
        'cpu': f"{model.group(1) if model else 'unknown'}, {len(os.sched_getaffinity(0))} usable",
        'busy before': machine.busy_before(),
        'nginx': first_line(['nginx', '-v']), 'haproxy': first_line(['haproxy', '-v']), 'wrk': first_line(['wrk', '-v']),
        'commit': first_line(['git', '-C', ROOT, 'describe', '--always', '--dirty']),
    }
    if tools.tailrace:
        found['tailrace'] = ', '.join(f"{first_line([p, '--version'])} {n}".strip() for n, p in tools.tailrace.items())
        found['dotnet'] = first_line(['dotnet', '--version'])
    found['pinning'] = f'proxies on CPU {options.proxy_cpu}, one worker each; origin and load on CPU {options.load_cpu}'
    slices = f' in {options.slices} slices' if options.slices > 1 else ''
    found['rounds'] = f'{options.rounds} of {options.seconds} s{slices}, {options.connections} connections'
    return found


def first_line(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL, check=False)
    except OSError:
        return 'not here'
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0].strip() if lines else 'unknown'


def run(command, seconds):
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise BenchError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _found(program):
    return os.path.exists(program) or shutil.which(program, path=os.environ.get('PATH', '') + ':/usr/sbin:/sbin')
