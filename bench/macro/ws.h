// What both ends of the websocket scenario agree on: the sample key of RFC 6455 section 1.3, and messages.
#pragma once

#define WS_KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define WS_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

enum {
  WS_BINARY = 0x82,       // a whole message in one frame
  WS_MASK = 0x80,
  WS_MASKED = 6,          // bytes before the payload: what clients send,
  WS_PLAIN = 2,           // and what servers send
  WS_PAYLOAD_MAX = 125,
};
