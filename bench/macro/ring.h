// A small io_uring(7) by system calls, as much as the floor needs: one ring, entered by one thread.
#pragma once
#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include "net.h"

#define SQ_ENTRIES 2048
#define CQ_ENTRIES 16384

static struct io_uring_sqe *sqes;
static struct io_uring_cqe *cqes;
static unsigned *sq_tail, sq_mask, queued, *cq_head, *cq_tail, cq_mask;
static int ring, ring_fd;   // the index of the registered descriptor, and the descriptor

static int enter(unsigned wait) {
  unsigned flags = IORING_ENTER_REGISTERED_RING | (wait ? IORING_ENTER_GETEVENTS : 0);
  int done = syscall(__NR_io_uring_enter, ring, queued, wait, flags, NULL, 0);
  if (done < 0 && errno != EINTR) die("io_uring_enter");
  if (done > 0) queued -= done;
  return done;
}

static void *map(int fd, size_t bytes, off_t offset) {
  void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);
  if (at == MAP_FAILED) die("mmap");
  return at;
}

static void ring_open(void) {
  struct io_uring_params p = {
    .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL,
    .cq_entries = CQ_ENTRIES};
  int fd = ring_fd = syscall(__NR_io_uring_setup, SQ_ENTRIES, &p);
  if (fd < 0) die("io_uring_setup");
  // One mapping holds both rings (IORING_FEAT_SINGLE_MMAP, Linux 5.4); the array of indexes ends it.
  char *rings = map(fd, p.sq_off.array + p.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
  sqes = map(fd, p.sq_entries * sizeof *sqes, IORING_OFF_SQES);
  sq_tail = (unsigned *)(rings + p.sq_off.tail);
  sq_mask = p.sq_entries - 1;
  unsigned *array = (unsigned *)(rings + p.sq_off.array);
  for (unsigned i = 0; i < p.sq_entries; i++) array[i] = i;
  cqes = (struct io_uring_cqe *)(rings + p.cq_off.cqes);
  cq_head = (unsigned *)(rings + p.cq_off.head);
  cq_tail = (unsigned *)(rings + p.cq_off.tail);
  cq_mask = p.cq_entries - 1;
  struct io_uring_rsrc_update own = {.offset = -1U, .data = fd};
  if (syscall(__NR_io_uring_register, fd, IORING_REGISTER_RING_FDS, &own, 1) != 1) die("io_uring_register");
  ring = own.offset;
}

// An empty submission that goes with the next enter. A full queue is submitted first.
static struct io_uring_sqe *submission(int opcode, int fd, unsigned long user_data) {
  while (queued > sq_mask) enter(0);
  struct io_uring_sqe *s = &sqes[*sq_tail & sq_mask];
  memset(s, 0, sizeof *s);
  s->opcode = opcode;
  s->fd = fd;
  s->user_data = user_data;
  __atomic_store_n(sq_tail, *sq_tail + 1, __ATOMIC_RELEASE);
  queued++;
  return s;
}

// A ring of buffers that the kernel receives into, group 0.
static struct io_uring_buf_ring *lend_ring(unsigned entries) {
  size_t bytes = entries * sizeof(struct io_uring_buf);
  void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (at == MAP_FAILED) die("mmap");
  struct io_uring_buf_reg reg = {.ring_addr = (unsigned long)at, .ring_entries = entries};
  if (syscall(__NR_io_uring_register, ring_fd, IORING_REGISTER_PBUF_RING, &reg, 1)) die("io_uring_register");
  return at;
}
