// The load of the UDP benchmark: clients that each keep a number of datagrams under way.
//
//   udp_load PORT CLIENTS WINDOW BYTES SECONDS
//
// Every client has a socket of its own. It sends WINDOW numbered datagrams, and another one for each that comes back. What
// does not come back within 200 ms is counted as lost and replaced. Prints: answered lost wrong.
#define _GNU_SOURCE
#include <string.h>
#include <time.h>
#include "net.h"

enum { BATCH = 64, BYTES = 2048, PATIENCE_MS = 200 };

struct client {
  int fd;
  int under_way;
  unsigned next;   // the number of the next datagram
  unsigned due;    // the number of the next answer
  long heard;      // when the last one came
};

static char memory[BATCH][BYTES];
static struct iovec vectors[BATCH];
static struct mmsghdr messages[BATCH];
static int bytes;

static long now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void send_some(struct client *c, int count) {
  for (int i = 0; i < count; i++) {
    unsigned number = c->next++;
    memcpy(memory[i], &number, sizeof number);
    vectors[i].iov_len = bytes;
  }
  for (int sent = 0; sent < count;) {
    int done = sendmmsg(c->fd, messages + sent, count - sent, 0);
    sent += done > 0 ? done : 1;
  }
  c->under_way += count;
}

int main(int argc, char **argv) {
  if (argc != 6) die("usage: udp_load PORT CLIENTS WINDOW BYTES SECONDS");
  struct sockaddr_in server = loopback(atoi(argv[1]));
  int clients = atoi(argv[2]), window = atoi(argv[3]);
  bytes = atoi(argv[4]);
  if (window > BATCH || bytes > BYTES || bytes < (int)sizeof(unsigned)) die("too many or too long");
  struct client *all = calloc(clients, sizeof *all);
  long answered = 0, lost = 0, wrong = 0, begun = now_ms(), end = begun + atoi(argv[5]) * 1000L, checked = begun;
  int epoll = epoll_create1(0);
  for (int i = 0; i < BATCH; i++) {
    vectors[i] = (struct iovec){memory[i], BYTES};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
  }
  for (int i = 0; i < clients; i++) {
    all[i].fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (connect(all[i].fd, (struct sockaddr *)&server, sizeof server)) die("connect");
    all[i].heard = begun;
    watch(epoll, all[i].fd, EPOLLIN, &all[i]);
    send_some(&all[i], window);
  }
  struct epoll_event events[256];
  for (long now; (now = now_ms()) < end;) {
    int count = epoll_wait(epoll, events, 256, 50);
    for (int e = 0; e < count; e++) {
      struct client *c = events[e].data.ptr;
      for (int i = 0; i < window; i++) vectors[i].iov_len = BYTES;
      int got = recvmmsg(c->fd, messages, window, 0, NULL);
      if (got <= 0) continue;
      for (int i = 0; i < got; i++) {
        unsigned number;
        memcpy(&number, memory[i], sizeof number);
        // Lost ones leave gaps; nothing may come twice, late or in another order.
        if ((int)messages[i].msg_len != bytes || (int)(number - c->due) < 0) wrong++;
        c->due = number + 1;
      }
      answered += got;
      c->under_way -= got;
      c->heard = now;
      if (c->under_way < 0) c->under_way = 0;
      send_some(c, got);
    }
    if (now - checked < PATIENCE_MS) continue;
    checked = now;
    for (int i = 0; i < clients; i++) {
      if (now - all[i].heard < PATIENCE_MS) continue;
      lost += all[i].under_way;
      all[i].under_way = 0;
      all[i].heard = now;
      send_some(&all[i], window);
    }
  }
  printf("%ld %ld %ld\n", answered, lost, wrong);
}
