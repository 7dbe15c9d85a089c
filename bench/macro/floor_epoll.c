// The floor: a bare TCP forwarder on edge-triggered epoll, one thread, no protocol work at all.
//
//   floor_epoll PORT ORIGIN_PORT
//
// What it costs is what the kernel charges for moving bytes between two sockets; a proxy can only come close to it.
// Every client has its own origin connection, so it has no pool to win by: it is no floor for a connection per request.
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include "net.h"

// One end of a pair. Bytes read here go to `other`; what `other` did not take waits in `held`, and nothing more is read
// here until it is gone.
struct end {
  int fd;
  int ended;        // nothing more comes from here
  struct end *other;
  char *held;
  size_t held_bytes, held_sent;
  struct end *next_dead;
};

static char chunk[64 * 1024];
static struct end *dead;   // freed behind the batch: it may still hold events of theirs

static void drop(struct end *e) {
  for (int i = 0; i < 2; i++, e = e->other) {
    if (e->fd < 0) continue;
    close(e->fd);
    e->fd = -1;
    e->next_dead = dead;
    dead = e;
  }
}

static void bury(void) {
  while (dead) {
    struct end *e = dead;
    dead = e->next_dead;
    free(e->held);
    free(e);
  }
}

// Sends what is held for `e->other`. Returns 0 while something is still held, -1 when the pair is gone.
static int flush(struct end *e) {
  while (e->held_sent < e->held_bytes) {
    ssize_t n = send(e->other->fd, e->held + e->held_sent, e->held_bytes - e->held_sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) return 0;
    if (n < 0) return drop(e), -1;
    e->held_sent += n;
  }
  e->held_sent = e->held_bytes = 0;
  return 1;
}

static void forward(struct end *e) {
  if (flush(e) <= 0) return;
  while (!e->ended) {
    ssize_t got = recv(e->fd, chunk, sizeof chunk, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      e->ended = 1;
      break;
    }
    ssize_t sent = send(e->other->fd, chunk, got, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return drop(e);
    if (sent < got) {
      size_t rest = got - (sent < 0 ? 0 : sent);
      if (!e->held) e->held = malloc(sizeof chunk);
      memcpy(e->held, chunk + got - rest, rest);
      e->held_bytes = rest;
      return;
    }
    if (got < (ssize_t)sizeof chunk) return;   // a short read: drained
  }
  drop(e);
}

static void join(int epoll, int client, struct sockaddr_in *origin) {
  int fd = no_delay(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  if (connect(fd, (struct sockaddr *)origin, sizeof *origin) && errno != EINPROGRESS) {
    close(client);
    close(fd);
    return;
  }
  struct end *down = calloc(1, sizeof *down), *up = calloc(1, sizeof *up);
  down->fd = client, down->other = up;
  up->fd = fd, up->other = down;
  watch(epoll, client, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, down);
  watch(epoll, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, up);
}

int main(int argc, char **argv) {
  if (argc != 3) die("usage: floor_epoll PORT ORIGIN_PORT");
  struct sockaddr_in origin = loopback(atoi(argv[2]));
  int epoll = epoll_create1(0), listener = listen_on(atoi(argv[1]));
  watch(epoll, listener, EPOLLIN, NULL);
  struct epoll_event events[256];
  for (;;) {
    int count = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < count; i++) {
      struct end *e = events[i].data.ptr;
      if (!e) {
        for (int client; (client = accept_from(listener)) >= 0;) join(epoll, client, &origin);
        continue;
      }
      if (e->fd >= 0 && events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) forward(e);
      // Room again: what was held goes out, and what piled up behind it.
      if (e->fd >= 0 && events[i].events & EPOLLOUT && e->other->held_bytes) forward(e->other);
    }
    bury();
  }
}
