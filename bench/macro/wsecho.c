// The origin of the websocket scenario: switches to WebSocket (RFC 6455) and echoes every message, one thread, epoll.
//
//   wsecho PORT
//
// It takes what the load sends and no more: one key, and binary messages of at most 125 bytes, masked with zeros, so that
// an echo costs it next to nothing. A request that does not ask for an upgrade gets 200 with 11 bytes.
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include "net.h"
#include "ws.h"

struct client {
  int fd;
  int switched;
  size_t held;                // bytes of a head or a message that is not whole yet
  unsigned char bytes[1024];
};

static unsigned char out[64 * 1024];

static int say(int fd, const void *bytes, size_t length) {
  return send(fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;   // a load that waits for each echo leaves room for it
}

// Answers the request head at the front. Returns its length, 0 when it is not whole yet, -1 when the client is to go.
static ssize_t answer(struct client *c) {
  unsigned char *end = memmem(c->bytes, c->held, "\r\n\r\n", 4);
  if (!end) return c->held == sizeof c->bytes ? -1 : 0;
  int asked = memmem(c->bytes, end - c->bytes, WS_KEY, sizeof WS_KEY - 1) != NULL;
  static const char plain[] = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world";
  static const char granted[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Accept: " WS_ACCEPT "\r\n\r\n";
  if (!(asked ? say(c->fd, granted, sizeof granted - 1) : say(c->fd, plain, sizeof plain - 1))) return -1;
  c->switched = asked;
  return end + 4 - c->bytes;
}

// Echoes the whole messages at the front, unmasked. Returns the bytes taken, or -1.
static ssize_t echo(struct client *c) {
  size_t taken = 0, length = 0;
  while (c->held - taken >= WS_MASKED && c->held - taken >= WS_MASKED + (size_t)(c->bytes[taken + 1] & 127)) {
    unsigned char *message = c->bytes + taken;
    size_t payload = message[1] & 127;
    if (message[0] != WS_BINARY || payload > WS_PAYLOAD_MAX) return -1;
    out[length] = WS_BINARY;
    out[length + 1] = payload;
    memcpy(out + length + WS_PLAIN, message + WS_MASKED, payload);
    length += WS_PLAIN + payload;
    taken += WS_MASKED + payload;
  }
  return length && !say(c->fd, out, length) ? -1 : (ssize_t)taken;
}

static int serve(struct client *c) {
  for (;;) {
    ssize_t got = recv(c->fd, c->bytes + c->held, sizeof c->bytes - c->held, 0);
    if (got < 0 && errno == EAGAIN) return 1;
    if (got <= 0) return 0;
    c->held += got;
    for (ssize_t taken; c->held; ) {
      taken = c->switched ? echo(c) : answer(c);
      if (taken < 0) return 0;
      if (taken == 0) break;
      memmove(c->bytes, c->bytes + taken, c->held -= taken);
    }
    if (c->held < sizeof c->bytes && got < 512) return 1;   // a short read: drained, and level-triggered besides
  }
}

int main(int argc, char **argv) {
  if (argc != 2) die("usage: wsecho PORT");
  int epoll = epoll_create1(0), listener = listen_on(atoi(argv[1]));
  watch(epoll, listener, EPOLLIN, NULL);
  struct epoll_event events[256];
  for (;;) {
    int count = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < count; i++) {
      struct client *c = events[i].data.ptr;
      if (!c) {
        for (int fd; (fd = accept_from(listener)) >= 0;) {
          c = calloc(1, sizeof *c);
          c->fd = fd;
          watch(epoll, fd, EPOLLIN, c);
        }
      } else if (!serve(c)) {
        close(c->fd);
        free(c);
      }
    }
  }
}
