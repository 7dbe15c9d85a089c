// The floor on io_uring: a bare TCP forwarder, one thread, no protocol work at all.
//
//   floor_io_uring PORT ORIGIN_PORT [BUFFER_BYTES]
//
// Multishot accept, multishot receives into buffers that the kernel picks, and sends out of those same buffers: no byte is
// copied here. One send of a stream is under way at a time; what has come meanwhile waits in its buffers. When there is no
// buffer left receives end, and start again when one is given back: that is the back-pressure.
#define _GNU_SOURCE
#include <stdlib.h>
#include "ring.h"

#define POOL_BYTES (16 << 20)
#define NONE -1

enum { ACCEPT, RECEIVE, SEND };

// One end of a pair, and what is to be sent to it: a list of buffers, of which the first is under way.
struct end {
  int fd;
  struct end *other;
  int first, last;
  int armed;        // a receive is in the kernel's hands, or waits for a buffer
  int ended;        // nothing more comes from here
  struct end *next_starved;
};

static struct io_uring_buf_ring *lent;
static unsigned buffer_bytes = 4096, buffers;
static char *pool;
static int *next;            // of a buffer: the one behind it
static unsigned *filled;     // of a buffer: the bytes in it
static struct end *starved;  // ends whose receive ended for want of a buffer
static int given_back;       // whether there is one again

static void lend(int id) {
  struct io_uring_buf *b = &lent->bufs[lent->tail & (buffers - 1)];
  b->addr = (unsigned long)(pool + (size_t)id * buffer_bytes);
  b->len = buffer_bytes;
  b->bid = id;
  __atomic_store_n(&lent->tail, lent->tail + 1, __ATOMIC_RELEASE);
}

static void arm(struct end *e) {
  struct io_uring_sqe *s = submission(IORING_OP_RECV, e->fd, (unsigned long)e | RECEIVE);
  s->ioprio = IORING_RECV_MULTISHOT;
  s->flags = IOSQE_BUFFER_SELECT;
  e->armed = 1;
}

static void send_first(struct end *e) {
  struct io_uring_sqe *s = submission(IORING_OP_SEND, e->fd, (unsigned long)e | SEND);
  s->addr = (unsigned long)(pool + (size_t)e->first * buffer_bytes);
  s->len = filled[e->first];
  s->msg_flags = MSG_WAITALL | MSG_NOSIGNAL;
}

// Closes a pair once the kernel holds nothing of it: no receive, no send.
static void finish(struct end *e) {
  struct end *o = e->other;
  if (!e->ended && !o->ended) return;
  if (e->first == NONE && o->first == NONE) {   // all that came is sent: what is still awaited is cut off
    shutdown(e->fd, SHUT_RDWR);
    shutdown(o->fd, SHUT_RDWR);
    if (e->armed || o->armed) return;
    close(e->fd);
    close(o->fd);
    free(e);
    free(o);
  }
}

static void received(struct end *e, int result, unsigned flags) {
  if (!(flags & IORING_CQE_F_MORE)) e->armed = 0;
  if (result > 0) {
    int id = flags >> IORING_CQE_BUFFER_SHIFT;
    struct end *o = e->other;
    filled[id] = result;
    next[id] = NONE;
    if (o->first == NONE) o->first = o->last = id, send_first(o);
    else next[o->last] = id, o->last = id;
  }
  if (e->armed) return;
  if (result == -ENOBUFS) e->armed = 1, e->next_starved = starved, starved = e;
  else if (result > 0 && !e->ended) arm(e);
  else e->ended = 1, finish(e);
}

static void sent(struct end *e, int result) {
  int id = e->first;
  e->first = next[id];
  int gone = result < (int)filled[id];
  lend(id);
  given_back = 1;
  if (gone) {   // the other side is gone: drop what is left for it
    for (; e->first != NONE; e->first = next[e->first]) lend(e->first);
    e->ended = 1;
  }
  if (e->first != NONE) send_first(e);
  else finish(e);
}

static void feed(void) {
  if (!given_back) return;
  struct end *all = starved;
  starved = NULL;
  given_back = 0;
  for (; all; all = all->next_starved) arm(all);
}

static void join(int client, struct sockaddr_in *origin) {
  int fd = no_delay(socket(AF_INET, SOCK_STREAM, 0));
  if (connect(fd, (struct sockaddr *)origin, sizeof *origin)) {
    close(client);
    close(fd);
    return;
  }
  struct end *down = calloc(1, sizeof *down), *up = calloc(1, sizeof *up);
  *down = (struct end){.fd = no_delay(client), .other = up, .first = NONE};
  *up = (struct end){.fd = fd, .other = down, .first = NONE};
  arm(down);
  arm(up);
}

static void accept_all(int listener) {
  submission(IORING_OP_ACCEPT, listener, ACCEPT)->ioprio = IORING_ACCEPT_MULTISHOT;
}

int main(int argc, char **argv) {
  if (argc < 3 || argc > 4) die("usage: floor_io_uring PORT ORIGIN_PORT [BUFFER_BYTES]");
  struct sockaddr_in origin = loopback(atoi(argv[2]));
  if (argc == 4) buffer_bytes = atoi(argv[3]);
  buffers = POOL_BYTES / buffer_bytes;
  pool = malloc(POOL_BYTES);
  next = calloc(buffers, sizeof *next);
  filled = calloc(buffers, sizeof *filled);
  int listener = listen_on(atoi(argv[1]));
  ring_open();
  lent = lend_ring(buffers);
  for (unsigned i = 0; i < buffers; i++) lend(i);
  accept_all(listener);
  for (;;) {
    enter(1);
    unsigned head = *cq_head, tail = __atomic_load_n(cq_tail, __ATOMIC_ACQUIRE);
    for (; head != tail; head++) {
      struct io_uring_cqe *c = &cqes[head & cq_mask];
      struct end *e = (struct end *)(c->user_data & ~7ul);
      switch (c->user_data & 7) {
        case ACCEPT:
          if (c->res >= 0) join(c->res, &origin);
          if (!(c->flags & IORING_CQE_F_MORE)) accept_all(listener);
          break;
        case RECEIVE: received(e, c->res, c->flags); break;
        case SEND: sent(e, c->res); break;
      }
    }
    __atomic_store_n(cq_head, head, __ATOMIC_RELEASE);
    feed();
  }
}
