// The origin of the benchmarks: answers every GET with the same 200 reply, keep-alive, one thread, edge-triggered epoll.
//
//   origin PORT BODY_BYTES
//
// It is meant to cost as little as an origin can, so that what is measured is the proxy. It looks for the end of request
// heads only (bodies are not supported) and closes after a request that asks for it. Pinned to a proxy's CPU it is also
// the floor of the fixed-reply scenario: what the kernel alone charges for answering.
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include "net.h"

struct reply {
  char *bytes;
  size_t length;
};

struct client {
  int fd;
  int matched;      // how much of CRLFCRLF the bytes so far end with: heads may be split anywhere
  int closing;      // the client asked for it, or is gone
  size_t pending;   // replies owed
  size_t sent;      // bytes of the first of them that are out
  const struct reply *reply;   // the first of them
};

static char input[64 * 1024 + 1];
static struct reply keep, last;   // the last one on a connection says so

static struct reply make_reply(size_t body, const char *field) {
  char *bytes = malloc(body + 256);
  int head = sprintf(bytes, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n%s\r\n", body, field);
  memset(bytes + head, 'x', body);
  return (struct reply){bytes, head + body};
}

static void count_heads(struct client *c, const char *bytes, ssize_t length) {
  static const char end[] = "\r\n\r\n";
  for (ssize_t i = 0; i < length; i++) {
    if (c->matched == 0) {   // jump to where an end can begin
      const char *cr = memchr(bytes + i, '\r', length - i);
      if (!cr) return;
      i = cr - bytes;
    }
    c->matched = bytes[i] == end[c->matched] ? c->matched + 1 : bytes[i] == '\r';
    if (c->matched == 4) {
      c->matched = 0;
      c->pending++;
    }
  }
}

// Reads until there is nothing left. A short read means that the socket is drained.
static void read_all(struct client *c) {
  for (;;) {
    ssize_t n = recv(c->fd, input, sizeof input - 1, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      c->closing = 1;
      c->pending = 0;
      return;
    }
    count_heads(c, input, n);
    input[n] = 0;
    if (strcasestr(input, "\r\nconnection: close")) c->closing = 1;
    if (n < (ssize_t)sizeof input - 1) return;
  }
}

static void write_all(struct client *c) {
  while (c->pending) {
    if (!c->sent) c->reply = c->closing && c->pending == 1 ? &last : &keep;
    ssize_t n = send(c->fd, c->reply->bytes + c->sent, c->reply->length - c->sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) {
      c->closing = 1;
      c->pending = 0;
      return;
    }
    c->sent += n;
    if (c->sent == c->reply->length) {
      c->sent = 0;
      c->pending--;
    }
  }
}

int main(int argc, char **argv) {
  if (argc != 3) die("usage: origin PORT BODY_BYTES");
  keep = make_reply(atol(argv[2]), "");
  last = make_reply(atol(argv[2]), "Connection: close\r\n");
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
          watch(epoll, fd, EPOLLIN | EPOLLOUT | EPOLLET, c);
        }
        continue;
      }
      if (events[i].events & EPOLLIN) read_all(c);
      write_all(c);
      if ((c->closing && !c->pending) || events[i].events & (EPOLLERR | EPOLLHUP)) {
        close(c->fd);
        free(c);
      }
    }
  }
}
