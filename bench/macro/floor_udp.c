// The floor of the UDP benchmark: what the kernel asks of a proxy that moves datagrams by sessions and does nothing else.
// One socket per client towards the origin, batches where the kernel has them, edge-triggered epoll.
//
//   floor_udp PORT ORIGIN_PORT
#define _GNU_SOURCE
#include "net.h"

enum { BATCH = 64, BYTES = 2048, ROOM = 4 << 20, PORTS = 1 << 16 };

struct session {
  int fd;
  struct sockaddr_in client;
};

static struct session sessions[PORTS];   // by the client's port: all clients have one address
static struct sockaddr_in origin;
static int epoll, listener;

// Datagrams under way in one direction.
struct batch {
  char memory[BATCH][BYTES];
  struct iovec vectors[BATCH];
  struct sockaddr_in names[BATCH];
  struct mmsghdr messages[BATCH];
};

static struct batch up, down;
static int answers;

static void prepare(struct batch *b, int from, int to) {
  for (int i = from; i < to; i++) {
    b->vectors[i] = (struct iovec){b->memory[i], BYTES};
    b->messages[i].msg_hdr = (struct msghdr){
      .msg_name = &b->names[i], .msg_namelen = sizeof b->names[i], .msg_iov = &b->vectors[i], .msg_iovlen = 1};
  }
}

static struct session *session_of(const struct sockaddr_in *client) {
  struct session *s = &sessions[ntohs(client->sin_port)];
  if (s->fd) return s;
  s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  s->client = *client;
  if (connect(s->fd, (struct sockaddr *)&origin, sizeof origin)) die("connect");
  watch(epoll, s->fd, EPOLLIN | EPOLLET, s);
  return s;
}

static void from_clients(void) {
  int got;
  do {
    prepare(&up, 0, BATCH);
    got = recvmmsg(listener, up.messages, BATCH, 0, NULL);
    for (int i = 0; i < got; i++)
      send(session_of(&up.names[i])->fd, up.memory[i], up.messages[i].msg_len, 0);
  } while (got == BATCH);
}

static void answer(void) {
  if (answers > 0) sendmmsg(listener, down.messages, answers, 0);
  answers = 0;
}

static void from_origin(struct session *s) {
  int got, room;
  do {
    if (answers == BATCH) answer();
    room = BATCH - answers;
    prepare(&down, answers, BATCH);
    got = recvmmsg(s->fd, down.messages + answers, room, 0, NULL);
    for (int i = 0; i < got; i++, answers++) {
      down.vectors[answers].iov_len = down.messages[answers].msg_len;
      down.names[answers] = s->client;
    }
  } while (got == room);
}

int main(int argc, char **argv) {
  if (argc != 3) die("usage: floor_udp PORT ORIGIN_PORT");
  struct sockaddr_in address = loopback(atoi(argv[1]));
  int room = ROOM;
  origin = loopback(atoi(argv[2]));
  epoll = epoll_create1(0);
  listener = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  if (setsockopt(listener, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room))
    setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  if (bind(listener, (struct sockaddr *)&address, sizeof address)) die("bind");
  watch(epoll, listener, EPOLLIN | EPOLLET, NULL);
  struct epoll_event events[256];
  for (;;) {
    int count = epoll_wait(epoll, events, 256, -1);
    for (int e = 0; e < count; e++) {
      if (events[e].data.ptr) from_origin(events[e].data.ptr);
      else from_clients();
    }
    answer();
  }
}
