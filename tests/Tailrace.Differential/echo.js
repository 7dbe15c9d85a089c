// Node's http as a peer: answers every whole request with what it understood, in X-Reading (see Reading.cs).
'use strict';
const http = require('http');

function serve() {
  let count = 0;
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('error', () => {});
    request.on('end', () => {
      const lines = [++count, request.method, request.url, Buffer.concat(chunks).toString('hex')];
      for (let i = 0; i < request.rawHeaders.length; i += 2) {
        lines.push(`${request.rawHeaders[i]}:${request.rawHeaders[i + 1]}`);
      }
      response.setHeader('X-Reading', Buffer.from(lines.join('\n'), 'latin1').toString('hex'));
      response.setHeader('Content-Length', 0);
      response.end();
    });
  });
  server.keepAliveTimeout = 60000;
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
}

// One for requests as they are, one behind the proxy: each counts its own.
serve();
serve();
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
