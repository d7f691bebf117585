// What the fluorimeter does, without pins and ports, so that a computer can try it out too.
//
// One measurement is 40 phases of 50 ms, dark and lit in turn, dark first. The first 10 ms of each
// phase are left out: diode and amplifier settle. Nothing is lit but while it measures.

#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef FLUOR_CHANNELS
#define FLUOR_CHANNELS 2
#endif
#ifndef FLUOR_SERIAL
#define FLUOR_SERIAL "1"
#endif

const uint32_t PHASE_MS = 50, SETTLES_MS = 10, PHASES = 40;
const uint32_t MEASURES_MS = PHASE_MS * PHASES;
const int32_t FULL_SCALE = 32767;  // of a 16 bit converter with a sign

struct Fluorimeter {
  enum State : uint8_t { IDLE, BUSY, DONE } state = IDLE;
  uint8_t channel = 0;
  uint32_t begun_ms = 0;
  int64_t sum[2] = {};      // dark, lit
  uint32_t count[2] = {};
  bool saturated = false;

  bool lit(uint32_t now_ms) const {
    uint32_t since_ms = now_ms - begun_ms;
    return state == BUSY && since_ms < MEASURES_MS && (since_ms / PHASE_MS) % 2 == 1;
  }

  // To be called in every turn of the loop. Differences of millis() survive its wrap-around.
  void tick(uint32_t now_ms) {
    if (state == BUSY && uint32_t(now_ms - begun_ms) >= MEASURES_MS) state = DONE;
  }

  // One value of the converter.
  void sample(int32_t value, uint32_t now_ms) {
    tick(now_ms);
    uint32_t since_ms = now_ms - begun_ms;
    if (state != BUSY || since_ms % PHASE_MS < SETTLES_MS) return;
    uint8_t which = lit(now_ms) ? 1 : 0;
    sum[which] += value;
    count[which]++;
    if (value >= FULL_SCALE) saturated = true;
  }

  // One line without its end.
  void line(const char *text, uint32_t now_ms, char *reply, size_t size) {
    tick(now_ms);
    if (strcmp(text, "ID?") == 0) {
      snprintf(reply, size, "LABCTL-FL,1,%s,%u", FLUOR_SERIAL, unsigned(FLUOR_CHANNELS));
    } else if (strcmp(text, "STOP") == 0) {
      state = IDLE;
      snprintf(reply, size, "IDLE");
    } else if (strncmp(text, "BEGIN ", 6) == 0) {
      if (text[6] < '0' || text[6] >= '0' + FLUOR_CHANNELS || text[7] != '\0') {
        snprintf(reply, size, "ERROR,range");
        return;
      }
      if (state == BUSY) {
        snprintf(reply, size, "ERROR,busy");
        return;
      }
      channel = text[6] - '0';
      state = BUSY;
      begun_ms = now_ms;
      sum[0] = sum[1] = 0;
      count[0] = count[1] = 0;
      saturated = false;
      snprintf(reply, size, "BEGUN,%u,%lu", unsigned(channel), (unsigned long)MEASURES_MS);
    } else if (strcmp(text, "RESULT?") == 0) {
      result(now_ms, reply, size);
    } else {
      snprintf(reply, size, "ERROR,unknown");
    }
  }

 private:
  void result(uint32_t now_ms, char *reply, size_t size) const {
    if (state == IDLE) {
      snprintf(reply, size, "IDLE");
    } else if (state == BUSY) {
      unsigned long left = MEASURES_MS - uint32_t(now_ms - begun_ms);
      snprintf(reply, size, "BUSY,%u,%lu", unsigned(channel), left);
    } else {
      char light[16], dark[16];
      int64_t dark_100 = mean_100(0);
      decimal(light, sizeof light, mean_100(1));
      decimal(dark, sizeof dark, dark_100);
      bool empty = count[0] == 0 || count[1] == 0;  // the converter gave nothing
      const char *word = empty                          ? "EMPTY"
                         : saturated                    ? "SATURATED"
                         : dark_100 > FULL_SCALE * 50LL ? "AMBIENT"
                                                        : "OK";
      snprintf(reply, size, "DONE,%u,%s,%s,%s", unsigned(channel), light, dark, word);
    }
  }

  // Hundredths of a count, towards nothing.
  int64_t mean_100(uint8_t which) const {
    return count[which] ? sum[which] * 100 / int64_t(count[which]) : 0;
  }

  // Without %f, which many boards do not have.
  static void decimal(char *out, size_t size, int64_t hundredths) {
    long whole = labs(long(hundredths));
    snprintf(out, size, "%s%ld.%02ld", hundredths < 0 ? "-" : "", whole / 100, whole % 100);
  }
};
