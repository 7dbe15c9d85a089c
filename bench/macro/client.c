// A client that tells latencies: what wrk does not, it counts from when a request was due, not from when it could be sent.
//
//   client PORT CONNECTIONS SECONDS RATE BODY_BYTES
//
// With a RATE, requests are due one every 1/RATE seconds, whatever became of those before (an open loop). One that finds no
// free connection waits, and its wait counts: a stall of the server is not left out of the percentiles. With RATE 0 each
// connection sends when it has had its answer (a closed loop). The first tenth of the time is not counted.
// Prints: requests, then p50, p99, p99.9 and the largest, in microseconds. Anything but 200 with BODY_BYTES ends it: exit 1.
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include "net.h"

static const char request[] = "GET / HTTP/1.1\r\nHost: bench.example\r\n\r\n";

struct connection {
  int fd;
  double due;             // when the request under way had to be sent; 0: free
  size_t head_bytes;      // of the head that is coming
  long missing;           // bytes of the body; -1: the head is not complete
  char head[1024];
  struct connection *next_free;
};

static struct connection *first_free, *last_free;
static float *latencies;
static size_t count, capacity;
static double begun, counted_from;
static long body;
static char input[1 << 16];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void wrong(const char *what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static void ask(struct connection *c, double due) {
  c->due = due;
  c->head_bytes = 0;
  c->missing = -1;
  if (send(c->fd, request, sizeof request - 1, MSG_NOSIGNAL) != sizeof request - 1) wrong("cannot send a request");
}

static void is_free(struct connection *c) {
  c->due = 0;
  c->next_free = NULL;
  if (first_free) last_free->next_free = c;
  else first_free = c;
  last_free = c;
}

static void note(double due, double end) {
  if (due < counted_from) return;
  if (count == capacity) latencies = realloc(latencies, (capacity = 2 * capacity + 65536) * sizeof *latencies);
  latencies[count++] = (end - due) * 1e6;
}

static void answered(struct connection *c) {
  note(c->due, now());
  is_free(c);
}

// Takes bytes of an answer; returns how many.
static size_t take(struct connection *c, const char *bytes, size_t length) {
  if (!c->due) wrong("an answer that nobody asked for");
  if (c->missing < 0) {
    size_t room = sizeof c->head - 1 - c->head_bytes, some = length < room ? length : room, before = c->head_bytes;
    memcpy(c->head + before, bytes, some);
    c->head[c->head_bytes += some] = 0;
    char *end = strstr(c->head, "\r\n\r\n");
    if (!end && some == room) wrong("a head of more than a kilobyte");
    if (!end) return some;
    if (strncmp(c->head, "HTTP/1.1 200 ", 13)) wrong("an answer that is not 200");
    char *field = strcasestr(c->head, "\r\ncontent-length:");
    if (!field || field > end || atol(field + 17) != body) wrong("an answer of another length");
    c->missing = body;
    return end + 4 - c->head - before;
  }
  size_t some = (long)length < c->missing ? length : (size_t)c->missing;
  c->missing -= some;
  if (!c->missing) answered(c);
  return some;
}

static void read_all(struct connection *c) {
  for (;;) {
    ssize_t got = recv(c->fd, input, sizeof input, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) wrong("a connection that was closed");
    for (ssize_t done = 0; done < got;) done += take(c, input + done, got - done);
    if (got < (ssize_t)sizeof input) return;
  }
}

static int by_value(const void *a, const void *b) {
  return (*(const float *)a > *(const float *)b) - (*(const float *)a < *(const float *)b);
}

static void report(void) {
  if (!count) wrong("no answer");
  qsort(latencies, count, sizeof *latencies, by_value);
  printf("%zu %.1f %.1f %.1f %.1f\n", count, latencies[count / 2], latencies[(size_t)(count * 0.99)],
         latencies[(size_t)(count * 0.999)], latencies[count - 1]);
}

int main(int argc, char **argv) {
  if (argc != 6) die("usage: client PORT CONNECTIONS SECONDS RATE BODY_BYTES");
  struct sockaddr_in server = loopback(atoi(argv[1]));
  int connections = atoi(argv[2]), epoll = epoll_create1(0);
  double seconds = atof(argv[3]), rate = atof(argv[4]);
  body = atol(argv[5]);
  prctl(PR_SET_TIMERSLACK, 1);   // wake when it is time, not up to 50 microseconds later
  struct connection *all = calloc(connections, sizeof *all);
  for (int i = 0; i < connections; i++) {
    all[i].fd = no_delay(socket(AF_INET, SOCK_STREAM, 0));
    if (connect(all[i].fd, (struct sockaddr *)&server, sizeof server)) die("connect");
    fcntl(all[i].fd, F_SETFL, O_NONBLOCK);
    watch(epoll, all[i].fd, EPOLLIN | EPOLLET, &all[i]);
    is_free(&all[i]);
  }
  begun = now();
  counted_from = begun + seconds / 10;
  struct epoll_event events[256];
  double sent = 0;
  for (double time = begun; time < begun + seconds; time = now()) {
    double due = rate ? begun + sent / rate : time;
    for (; first_free && due <= time; due = rate ? begun + sent / rate : time) {
      struct connection *c = first_free;
      first_free = c->next_free;
      ask(c, due);
      sent++;
    }
    double wait = first_free ? due - time : 1;
    struct timespec timeout = {(time_t)wait, (long)((wait - (time_t)wait) * 1e9)};
    int ready = epoll_pwait2(epoll, events, 256, &timeout, NULL);
    for (int i = 0; i < ready; i++) read_all(events[i].data.ptr);
  }
  // What is still under way, or could not be sent yet, has taken so long at least.
  double end = now();
  for (int i = 0; i < connections; i++)
    if (all[i].due) note(all[i].due, end);
  for (; rate && begun + sent / rate < end; sent++) note(begun + sent / rate, end);
  report();
}
