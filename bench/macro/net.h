// What the origin and the floors share: a loopback listener and epoll registration.
#pragma once
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static inline void die(const char *what) {
  if (errno) perror(what);
  else fprintf(stderr, "%s\n", what);
  exit(1);
}

static inline struct sockaddr_in loopback(int port) {
  return (struct sockaddr_in){
    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static inline int no_delay(int fd) {
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

static inline int listen_on(int port) {
  int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = loopback(port);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, (struct sockaddr *)&address, sizeof address)) die("bind");
  if (listen(fd, 4096)) die("listen");
  return fd;
}

// The next waiting client, or -1.
static inline int accept_from(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
  return fd < 0 ? -1 : no_delay(fd);
}

static inline void watch(int epoll, int fd, unsigned events, void *owner) {
  struct epoll_event event = {.events = events, .data.ptr = owner};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) die("epoll_ctl");
}
