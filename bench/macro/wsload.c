// The load of the websocket scenario: each connection sends a message, waits for its echo, and sends the next.
//
//   wsload PORT CONNECTIONS SECONDS PAYLOAD_BYTES
//
// Prints "N messages, S seconds, p99 U us". Ends with code 1 when a switch is refused, an echo is not what was sent, or a
// connection ends.
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "net.h"
#include "ws.h"

struct client {
  int fd;
  unsigned char next;        // what the payload of the message under way is made of
  size_t received;           // bytes of its echo so far
  double sent_at;
};

static size_t payload;
static unsigned char buffer[WS_MASKED + WS_PAYLOAD_MAX];
static unsigned latencies[1000001];   // by microsecond

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void ask(struct client *c) {
  buffer[0] = WS_BINARY;
  buffer[1] = WS_MASK | payload;
  memset(buffer + 2, 0, 4);
  memset(buffer + WS_MASKED, ++c->next, payload);
  c->received = 0;
  c->sent_at = now();
  if (send(c->fd, buffer, WS_MASKED + payload, MSG_NOSIGNAL) != (ssize_t)(WS_MASKED + payload)) die("send");
}

static void join(struct client *c, int port) {
  static const char request[] = "GET /chat HTTP/1.1\r\nHost: bench.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " WS_KEY "\r\n\r\n";
  char answer[2048];
  size_t length = 0;
  struct sockaddr_in address = loopback(port);
  c->fd = no_delay(socket(AF_INET, SOCK_STREAM, 0));
  if (connect(c->fd, (struct sockaddr *)&address, sizeof address)) die("connect");
  if (send(c->fd, request, sizeof request - 1, 0) < 0) die("send");
  while (!memmem(answer, length, "\r\n\r\n", 4)) {
    ssize_t got = recv(c->fd, answer + length, sizeof answer - length, 0);
    if (got <= 0) die("no answer to the upgrade");
    length += got;
  }
  if (strncmp(answer, "HTTP/1.1 101 ", 13) || !memmem(answer, length, WS_ACCEPT, sizeof WS_ACCEPT - 1)) {
    errno = 0;
    die("the upgrade was refused");
  }
}

// True when the echo is whole.
static int take(struct client *c) {
  size_t whole = WS_PLAIN + payload;
  ssize_t got = recv(c->fd, buffer, whole - c->received, MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return 0;
  if (got <= 0) die("a connection ended");
  for (ssize_t i = 0; i < got; i++) {
    size_t at = c->received + i;
    unsigned char expected = at == 0 ? WS_BINARY : at == 1 ? payload : c->next;
    errno = 0;
    if (buffer[i] != expected) die("an echo is not what was sent");
  }
  return (c->received += got) == whole;
}

int main(int argc, char **argv) {
  if (argc != 5) die("usage: wsload PORT CONNECTIONS SECONDS PAYLOAD_BYTES");
  int count = atoi(argv[2]), epoll = epoll_create1(0);
  payload = atoi(argv[4]);
  if (payload > WS_PAYLOAD_MAX) die("at most 125 bytes");
  struct client *clients = calloc(count, sizeof *clients);
  for (int i = 0; i < count; i++) {
    join(&clients[i], atoi(argv[1]));
    watch(epoll, clients[i].fd, EPOLLIN, &clients[i]);
  }
  long messages = 0;
  double begin = now(), end = begin + atof(argv[3]), at = begin;
  for (int i = 0; i < count; i++) ask(&clients[i]);
  struct epoll_event events[256];
  while (at < end) {
    int ready = epoll_wait(epoll, events, 256, 10000);
    errno = 0;
    if (ready == 0) die("silence for ten seconds");
    for (int i = 0; i < ready; i++) {
      struct client *c = events[i].data.ptr;
      if (!take(c)) continue;
      double us = (now() - c->sent_at) * 1e6;
      latencies[us < 1e6 ? (int)us : 1000000]++;
      messages++;
      ask(c);
    }
    at = now();
  }
  long left = messages / 100;
  int p99 = 1000000;
  while (p99 > 0 && (left -= latencies[p99]) >= 0) p99--;
  printf("%ld messages, %.6f seconds, p99 %d us\n", messages, at - begin, p99);
  return 0;
}
