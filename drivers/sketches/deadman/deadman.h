// What the dead-man does, without pins and ports, so that a computer can try it out as well.
//
// The relay is closed only in the state CLOSED. It gets there by the command CLOSE from OPEN and in
// no other way, and it leaves when it is told to, or when it was not fed for the timeout. Then it is
// DROPPED, which only RESET ends, and RESET leads to OPEN, never to CLOSED.

#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum State : uint8_t { OPEN, CLOSED, DROPPED };

struct DeadMan {
  State state = OPEN;
  uint32_t timeout_ms = 1000;
  uint32_t fed_ms = 0;   // when it was last fed or closed
  uint8_t next = 0;      // the number that the next feed must carry
  uint16_t drops = 0;    // how often it was not fed in time since it was switched on

  bool relay() const { return state == CLOSED; }

  // To be called in every turn of the loop. Differences of millis() survive its wrap-around.
  void tick(uint32_t now_ms) {
    if (state == CLOSED && uint32_t(now_ms - fed_ms) >= timeout_ms) {
      state = DROPPED;
      drops++;
    }
  }

  // One line without its end. `contact` is what a second pole of the relay says: '1' closed,
  // '0' open, '-' where none is wired.
  void line(const char *text, uint32_t now_ms, char contact, char *reply, size_t size) {
    tick(now_ms);
    if (strcmp(text, "ID?") == 0) {
      snprintf(reply, size, "LABCTL-DEADMAN,1,%s,%lu", serial(), (unsigned long)timeout_ms);
      return;
    }
    const char *error = obey(text, now_ms);
    if (error != nullptr) {
      snprintf(reply, size, "ERROR,%s", error);
      return;
    }
    uint32_t left = state == CLOSED ? timeout_ms - uint32_t(now_ms - fed_ms) : 0;
    static const char *const names[] = {"OPEN", "CLOSED", "DROPPED"};
    snprintf(reply, size, "STATE,%s,%c,%lu,%u,%u", names[state], contact, (unsigned long)left,
             unsigned(next), unsigned(drops));
  }

 private:
  const char *obey(const char *text, uint32_t now_ms) {
    if (strcmp(text, "STATE") == 0) return nullptr;
    if (strcmp(text, "OPEN") == 0) {
      if (state == CLOSED) state = OPEN;
      return nullptr;
    }
    if (strcmp(text, "RESET") == 0) {
      if (state == CLOSED) return "closed";
      state = OPEN;
      return nullptr;
    }
    if (strcmp(text, "CLOSE") == 0) {
      if (state == DROPPED) return "latched";
      if (state == OPEN) {
        state = CLOSED;
        fed_ms = now_ms;
        next = 0;
      }
      return nullptr;
    }
    if (strncmp(text, "FEED ", 5) == 0) {
      // A number in its turn: a line that repeats itself, stuck in a buffer, feeds nothing.
      if (number(text + 5) != next) return "number";
      next++;
      if (state == CLOSED) fed_ms = now_ms;
      return nullptr;
    }
    if (strncmp(text, "TIMEOUT ", 8) == 0) {
      long wanted = number(text + 8);
      if (wanted < 100 || wanted > 5000) return "range";
      if (state == CLOSED) return "closed";
      timeout_ms = uint32_t(wanted);
      return nullptr;
    }
    return "unknown";
  }

  static long number(const char *text) {
    if (*text < '0' || *text > '9' || strlen(text) > 5) return -1;
    char *end = nullptr;
    long value = strtol(text, &end, 10);
    return *end == '\0' ? value : -1;
  }

#ifndef DEADMAN_SERIAL
#define DEADMAN_SERIAL "1"
#endif
  static const char *serial() { return DEADMAN_SERIAL; }
};
