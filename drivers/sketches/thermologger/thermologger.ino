// A thermocouple logger with MAX31855 chips, and an output that is high only while it is read.
//
// labctl is not a safety device, and neither is this board. The heartbeat is one more contact in the
// laser's interlock loop, in series with the others: it opens when nobody reads the thermocouples.
// It cannot light anything, and it does not replace the dead-man that the guard feeds.
//
// Wiring (an Arduino Uno, Nano or any board with hardware SPI):
//   CS_PINS    -> CS of each chip, in the order of the channels, each with 10 kOhm to 3.3 V.
//   SCK, MISO  -> CLK and DO of all chips. The chips run on 3.3 V; level shifters on a 5 V board.
//   BEAT_PIN   -> the input of a relay module that is active high, its NORMALLY OPEN contact in the
//                 interlock loop, 10 kOhm from the pin to ground. Leave it free where not used.
//   The thermocouple must be isolated from ground: a grounded one reads as a short. 10 nF across the
//   chip's inputs, close to it.
//
// Lines of 115200 8N1, ended by LF; every line is answered by one line.
//   ID?        LABCTL-TC,1,<serial>,<channels>
//   READ       TEMPS,<ms>,<OFF|ON|DROPPED>, then for each channel <degC>,<cold junction degC>,<fault>
//   BEAT <ms>  the heartbeat is on until it was not read for so long, 100 to 10000; 0: off
//   STATE      (and BEAT) BEAT,<OFF|ON|DROPPED>,<ms>,<drops>
// The fault is OK, OPEN, GND, VCC, several with + between, or BAD; with one <degC> is NAN. What is not
// understood is answered by ERROR,<why>. The rules are in thermologger.h.

#include <SPI.h>
#ifdef __AVR__
#include <avr/wdt.h>
#endif

const uint8_t CS_PINS[] = {10, 9};
const int BEAT_PIN = 7;
#define LOGGER_CHANNELS 2  // as many as CS_PINS
#include "thermologger.h"
static_assert(sizeof CS_PINS == LOGGER_CHANNELS, "one pin a channel");

// A chip that is read begins its conversion anew, which takes up to 100 ms.
const uint32_t CONVERTED_MS = 120;

ThermoLogger logger;
char text[24];
uint8_t length = 0;
bool tooLong = false;
uint32_t asked_ms = 0;

void setup() {
  digitalWrite(BEAT_PIN, LOW);  // before it is an output, so that it never is high for a moment
  pinMode(BEAT_PIN, OUTPUT);
  for (uint8_t pin : CS_PINS) {
    digitalWrite(pin, HIGH);
    pinMode(pin, OUTPUT);
  }
  SPI.begin();
  Serial.begin(115200);
#ifdef __AVR__
  wdt_enable(WDTO_250MS);  // a sketch that hangs is started anew, with the heartbeat off
#endif
}

uint32_t ask(uint8_t pin) {
  SPI.beginTransaction(SPISettings(1000000, MSBFIRST, SPI_MODE0));
  digitalWrite(pin, LOW);
  uint32_t raw = 0;
  for (uint8_t i = 0; i < 4; i++) raw = raw << 8 | SPI.transfer(0);
  digitalWrite(pin, HIGH);
  SPI.endTransaction();
  return raw;
}

void answer() {
  char reply[24 + 40 * LOGGER_CHANNELS];
  text[length] = '\0';
  logger.line(text, millis(), reply, sizeof reply);
  digitalWrite(BEAT_PIN, logger.output() ? HIGH : LOW);
  Serial.print(reply);
  Serial.print('\n');
}

void loop() {
#ifdef __AVR__
  wdt_reset();
#endif
  uint32_t now = millis();
  if (uint32_t(now - asked_ms) >= CONVERTED_MS) {
    asked_ms = now;
    for (uint8_t i = 0; i < LOGGER_CHANNELS; i++) logger.word[i] = ask(CS_PINS[i]);
  }
  logger.tick(now);
  digitalWrite(BEAT_PIN, logger.output() ? HIGH : LOW);
  if (Serial.available() == 0) return;
  char c = Serial.read();
  if (c == '\r') return;
  if (c == '\n') {
    // What was too long is no command; it is answered, because every line is.
    if (tooLong) length = 0;
    answer();
    length = 0;
    tooLong = false;
  } else if (length < sizeof text - 1) {
    text[length++] = c;
  } else {
    tooLong = true;
  }
}
