"""Origins that take their time: one program, on ports given as arguments.

    slow_origins.py DELAY_MS PORT PORT PORT

Every answer takes DELAY_MS, and every twentieth of the first port 50 times as long. GET /count says how many requests
have come to a port.
"""
import asyncio
import sys

SLOW_EVERY, SLOW_TIMES = 20, 50


async def serve(port, delay, is_slow):
    count = 0

    async def talk(reader, writer):
        nonlocal count
        try:
            while True:
                head = await reader.readuntil(b'\r\n\r\n')
                if head.startswith(b'GET /count '):
                    body = str(count).encode()
                else:
                    count += 1
                    is_late = is_slow and count % SLOW_EVERY == 0
                    await asyncio.sleep(delay * (SLOW_TIMES if is_late else 1))
                    body = b'hello world'
                writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s' % (len(body), body))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    return await asyncio.start_server(talk, '127.0.0.1', port, backlog=1024)


async def main(delay_ms, ports):
    servers = [await serve(port, delay_ms / 1e3, is_slow=i == 0) for i, port in enumerate(ports)]
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == '__main__':
    asyncio.run(main(int(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
