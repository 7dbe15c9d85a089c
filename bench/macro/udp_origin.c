// The origin of the UDP benchmark: sends every datagram back, in batches, and waits for nobody.
//
//   udp_origin PORT
#define _GNU_SOURCE
#include <string.h>
#include "net.h"

enum { BATCH = 64, BYTES = 2048 };

int main(int argc, char **argv) {
  static char memory[BATCH][BYTES];
  static struct sockaddr_in names[BATCH];
  struct mmsghdr messages[BATCH];
  struct iovec vectors[BATCH];
  if (argc != 2) die("usage: udp_origin PORT");
  int room = 4 << 20, fd = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in address = loopback(atoi(argv[1]));
  // As much as the system gives to whom it is.
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room))
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  if (bind(fd, (struct sockaddr *)&address, sizeof address)) die("bind");
  for (;;) {
    for (int i = 0; i < BATCH; i++) {
      vectors[i] = (struct iovec){memory[i], BYTES};
      messages[i].msg_hdr = (struct msghdr){
        .msg_name = &names[i], .msg_namelen = sizeof names[i], .msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    int count = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
    if (count < 0) continue;
    for (int i = 0; i < count; i++) vectors[i].iov_len = messages[i].msg_len;
    for (int sent = 0; sent < count;) {
      int done = sendmmsg(fd, messages + sent, count - sent, MSG_DONTWAIT);
      sent += done > 0 ? done : 1;
    }
  }
}
