// The load of the UDP benchmark: clients that each keep a number of datagrams under way.
//
//   udp_load PORT CLIENTS WINDOW BYTES SECONDS
//
// Every client has a socket of its own and WINDOW places. What is sent from a place has the place and a number in it, and
// the next is sent when it comes back, or when it has not come for a time: that time doubles with each loss in a row, so
// that a proxy that was held up is not flooded. After SECONDS it sends nothing more, and what is still under way has a
// second to come. So it ends, whatever comes or does not.
// Prints: answered lost wrong. What comes after all, too late, was answered and is not lost. What comes twice, changed, or
// behind something that was sent later is wrong.
#define _GNU_SOURCE
#include <string.h>
#include <time.h>
#include "net.h"

enum { BATCH = 64, BYTES = 2048, PATIENCE_MS = 200, PATIENCE_MAX_MS = 1600, CHECK_MS = 10, END_MS = 1000,
       ROOM = 1 << 20 };

struct stamp {
  unsigned number;
  unsigned place;
};

struct place {
  unsigned number;   // of the datagram that is under way
  long sent;         // when
};

struct client {
  int fd;
  int patience;
  unsigned next;     // the number of the next datagram
  unsigned due;      // the least number that the next answer may have
  struct place places[BATCH];
};

static char memory[BATCH][BYTES];
static struct iovec vectors[BATCH];
static struct mmsghdr messages[BATCH];
static int bytes;
static long sent_all, answered, wrong;

static long now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// Sends from some places. What the system does not take is lost like anything else.
static void send_from(struct client *c, const unsigned *places, int count, long now) {
  for (int i = 0; i < count; i++) {
    struct stamp stamp = {c->next++, places[i]};
    memcpy(memory[i], &stamp, sizeof stamp);
    vectors[i].iov_len = bytes;
    c->places[places[i]] = (struct place){stamp.number, now};
  }
  sent_all += count;
  for (int sent = 0; sent < count;) {
    int done = sendmmsg(c->fd, messages + sent, count - sent, 0);
    sent += done > 0 ? done : 1;
  }
}

// Takes what has come, and sends as many again, if it may.
static void receive(struct client *c, int window, long now, int may_send) {
  unsigned places[BATCH];
  int freed = 0;
  for (int i = 0; i < window; i++) vectors[i].iov_len = BYTES;
  int got = recvmmsg(c->fd, messages, window, 0, NULL);
  for (int i = 0; i < got; i++) {
    struct stamp stamp;
    memcpy(&stamp, memory[i], sizeof stamp);
    // Lost ones leave gaps; nothing may come twice or in another order.
    if ((int)messages[i].msg_len != bytes || stamp.place >= (unsigned)window || (int)(stamp.number - c->due) < 0
        || (int)(c->next - stamp.number) <= 0) {
      wrong++;
      continue;
    }
    c->due = stamp.number + 1;
    answered++;
    if (c->places[stamp.place].number == stamp.number) places[freed++] = stamp.place;
  }
  if (freed == 0 || !may_send) return;
  c->patience = PATIENCE_MS;
  send_from(c, places, freed, now);
}

// Sends something else for what has been under way for too long.
static void replace_lost(struct client *c, int window, long now) {
  unsigned places[BATCH];
  int late = 0;
  for (int i = 0; i < window; i++) {
    if (now - c->places[i].sent >= c->patience) places[late++] = i;
  }
  if (late == 0) return;
  if (c->patience < PATIENCE_MAX_MS) c->patience *= 2;
  send_from(c, places, late, now);
}

int main(int argc, char **argv) {
  if (argc != 6) die("usage: udp_load PORT CLIENTS WINDOW BYTES SECONDS");
  struct sockaddr_in server = loopback(atoi(argv[1]));
  int clients = atoi(argv[2]), window = atoi(argv[3]), seconds = atoi(argv[5]), room = ROOM;
  bytes = atoi(argv[4]);
  if (window > BATCH || bytes > BYTES || bytes < (int)sizeof(struct stamp)) die("too many, too long or too short");
  alarm(seconds + 10);
  struct client *all = calloc(clients, sizeof *all);
  long begun = now_ms(), end = begun + seconds * 1000L, checked = begun;
  int epoll = epoll_create1(0);
  for (int i = 0; i < BATCH; i++) {
    vectors[i] = (struct iovec){memory[i], BYTES};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
  }
  for (int i = 0; i < clients; i++) {
    unsigned places[BATCH];
    for (int p = 0; p < window; p++) places[p] = p;
    all[i].fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    all[i].patience = PATIENCE_MS;
    setsockopt(all[i].fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (connect(all[i].fd, (struct sockaddr *)&server, sizeof server)) die("connect");
    watch(epoll, all[i].fd, EPOLLIN, &all[i]);
    send_from(&all[i], places, window, begun);
  }
  struct epoll_event events[256];
  for (long now = begun; now < end || (now < end + END_MS && answered < sent_all);) {
    int count = epoll_wait(epoll, events, 256, CHECK_MS);
    now = now_ms();
    for (int e = 0; e < count; e++) receive(events[e].data.ptr, window, now, now < end);
    if (now - checked < CHECK_MS || now >= end) continue;
    checked = now;
    for (int i = 0; i < clients; i++) replace_lost(&all[i], window, now);
  }
  printf("%ld %ld %ld\n", answered, sent_all - answered, wrong);
}
