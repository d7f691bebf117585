// What the thermocouple logger does, without pins and ports, so that a computer can try it out too.
//
// It decodes what its MAX31855 chips say, and it holds an output, the heartbeat, for as long as the
// computer reads in time. The heartbeat is ON only after BEAT, and a reading that comes too late, or
// never, makes it DROPPED, which only the next BEAT ends.

#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef LOGGER_CHANNELS
#define LOGGER_CHANNELS 2
#endif
#ifndef LOGGER_SERIAL
#define LOGGER_SERIAL "1"
#endif

enum Beat : uint8_t { BEAT_OFF, BEAT_ON, BEAT_DROPPED };

struct ThermoLogger {
  uint32_t word[LOGGER_CHANNELS] = {};  // what each chip said last; 0 is a chip that is not there
  Beat beat = BEAT_OFF;
  uint32_t limit_ms = 0;
  uint32_t read_ms = 0;  // when it was read last, or the heartbeat begun
  uint16_t drops = 0;

  bool output() const { return beat == BEAT_ON; }

  // To be called in every turn of the loop. Differences of millis() survive its wrap-around.
  void tick(uint32_t now_ms) {
    if (beat == BEAT_ON && uint32_t(now_ms - read_ms) >= limit_ms) {
      beat = BEAT_DROPPED;
      drops++;
    }
  }

  // One line without its end.
  void line(const char *text, uint32_t now_ms, char *reply, size_t size) {
    tick(now_ms);
    if (strcmp(text, "ID?") == 0) {
      snprintf(reply, size, "LABCTL-TC,1,%s,%u", LOGGER_SERIAL, unsigned(LOGGER_CHANNELS));
    } else if (strcmp(text, "READ") == 0) {
      if (beat == BEAT_ON) read_ms = now_ms;
      read(now_ms, reply, size);
    } else if (strcmp(text, "STATE") == 0) {
      state(reply, size);
    } else if (strncmp(text, "BEAT ", 5) == 0) {
      long wanted = number(text + 5);
      if (wanted != 0 && (wanted < 100 || wanted > 10000)) {
        snprintf(reply, size, "ERROR,range");
        return;
      }
      limit_ms = uint32_t(wanted);
      read_ms = now_ms;
      beat = wanted ? BEAT_ON : BEAT_OFF;
      state(reply, size);
    } else {
      snprintf(reply, size, "ERROR,unknown");
    }
  }

 private:
  static const char *name(Beat beat) {
    return beat == BEAT_ON ? "ON" : beat == BEAT_OFF ? "OFF" : "DROPPED";
  }

  void state(char *reply, size_t size) const {
    snprintf(reply, size, "BEAT,%s,%lu,%u", name(beat), (unsigned long)limit_ms, unsigned(drops));
  }

  void read(uint32_t now_ms, char *reply, size_t size) const {
    size_t used = snprintf(reply, size, "TEMPS,%lu,%s", (unsigned long)now_ms, name(beat));
    for (uint8_t i = 0; i < LOGGER_CHANNELS && used < size; i++) {
      used += channel(word[i], reply + used, size - used);
    }
  }

  // `,<thermocouple>,<cold junction>,<fault>`: both in degC, the fault OK, OPEN, GND, VCC, several
  // with + between, or BAD for a word that no chip says.
  static size_t channel(uint32_t raw, char *out, size_t size) {
    // D17 and D3 always read 0, and D16 says whether any of D2 to D0 is set.
    bool flagged = raw & 0x10000, faults = raw & 0x7;
    if (raw == 0 || (raw & 0x20008) || flagged != faults) return snprintf(out, size, ",NAN,NAN,BAD");
    char cold[16], hot[16];
    int16_t sixteenths = int16_t(raw & 0xFFF0) / 16;
    decimal(cold, sizeof cold, sixteenths, 16, 625, 4);
    if (faults) {
      char why[16] = "";
      if (raw & 0x1) strcat(why, "+OPEN");
      if (raw & 0x2) strcat(why, "+GND");
      if (raw & 0x4) strcat(why, "+VCC");
      return snprintf(out, size, ",NAN,%s,%s", cold, why + 1);
    }
    int16_t quarters = int16_t(raw >> 16) >> 2;
    decimal(hot, sizeof hot, quarters, 4, 25, 2);
    return snprintf(out, size, ",%s,%s,OK", hot, cold);
  }

  // Without %f, which many boards do not have.
  static void decimal(char *out, size_t size, int value, int parts, int unit, int digits) {
    int whole = abs(value);
    snprintf(out, size, "%s%d.%0*d", value < 0 ? "-" : "", whole / parts, digits,
             whole % parts * unit);
  }

  static long number(const char *text) {
    if (*text < '0' || *text > '9' || strlen(text) > 5) return -1;
    char *end = nullptr;
    long value = strtol(text, &end, 10);
    return *end == '\0' ? value : -1;
  }
};
