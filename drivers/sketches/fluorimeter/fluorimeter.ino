// A fibre fluorimeter for what particles let go into their medium: one light-emitting diode, one
// filter and one photodiode a channel, an ADS1115 as converter.
//
// It lights the sample faintly while it measures, 20 phases of 50 ms in 2 s, and never else. Choose
// diodes that do not act on the sample: quinidine is excited at 350 nm and emits at 450 nm,
// doxorubicin at 480 nm and 590 nm. A 365 nm diode is ultraviolet: cover the fibre's end.
// Put an 808 nm blocking filter before each photodiode; labctl assays in the dark all the same.
//
// Wiring (an Arduino Uno, Nano or any board with hardware I2C):
//   LED_PINS   -> the gate of each diode's driver, active high, 10 kOhm from the pin to ground.
//   SDA, SCL   -> the ADS1115, address 0x48; A0, A1, ... from the photodiodes' amplifiers.
//
// Lines of 115200 8N1, ended by LF; every line is answered by one line.
//   ID?        LABCTL-FL,1,<serial>,<channels>
//   BEGIN <n>  BEGUN,<n>,<ms it takes>; ERROR,busy while one is under way
//   RESULT?    IDLE, BUSY,<n>,<ms left> or DONE,<n>,<light>,<dark>,<OK|SATURATED|AMBIENT|EMPTY>
//   STOP       IDLE; dark at once
// Light and dark are means of the converter's counts. SATURATED: some value was at its end; AMBIENT:
// in the dark more than half of its range. What is not understood is answered by ERROR,<why>. The
// rules are in fluorimeter.h.

#include <Wire.h>
#ifdef __AVR__
#include <avr/wdt.h>
#endif

const uint8_t LED_PINS[] = {5, 6};
#define FLUOR_CHANNELS 2  // as many as LED_PINS, at most 4 on one ADS1115
#include "fluorimeter.h"
static_assert(sizeof LED_PINS == FLUOR_CHANNELS, "one pin a channel");

const uint8_t ADS = 0x48;
const uint32_t CONVERTED_MS = 2;  // at 860 a second

Fluorimeter fluor;
char text[24];
uint8_t length = 0;
bool tooLong = false;
uint32_t asked_ms = 0;

void setup() {
  for (uint8_t pin : LED_PINS) {
    digitalWrite(pin, LOW);  // before it is an output, so that it never is high for a moment
    pinMode(pin, OUTPUT);
  }
  Wire.begin();
  Serial.begin(115200);
#ifdef __AVR__
  wdt_enable(WDTO_250MS);  // a sketch that hangs is started anew, dark
#endif
}

void ask(uint8_t channel) {
  // Single shot, 4.096 V, 860 a second.
  uint16_t config = 0x8000 | (0x4000 + (uint16_t(channel) << 12)) | 0x0200 | 0x0100 | 0x00E0 | 0x03;
  Wire.beginTransmission(ADS);
  Wire.write(1);
  Wire.write(config >> 8);
  Wire.write(config & 0xFF);
  Wire.endTransmission();
}

bool fetch(int32_t &value) {
  Wire.beginTransmission(ADS);
  Wire.write(uint8_t(0));
  Wire.endTransmission();
  if (Wire.requestFrom(ADS, uint8_t(2)) != 2) return false;
  uint8_t high = Wire.read();
  value = int16_t(uint16_t(high) << 8 | Wire.read());
  return true;
}

void light(uint32_t now) {
  for (uint8_t i = 0; i < FLUOR_CHANNELS; i++) {
    digitalWrite(LED_PINS[i], fluor.lit(now) && i == fluor.channel ? HIGH : LOW);
  }
}

void answer() {
  char reply[72];
  text[length] = '\0';
  fluor.line(text, millis(), reply, sizeof reply);
  light(millis());
  Serial.print(reply);
  Serial.print('\n');
}

void loop() {
#ifdef __AVR__
  wdt_reset();
#endif
  uint32_t now = millis();
  fluor.tick(now);
  light(now);
  if (fluor.state == Fluorimeter::BUSY && uint32_t(now - asked_ms) >= CONVERTED_MS) {
    int32_t value;
    if (fetch(value)) fluor.sample(value, now);
    ask(fluor.channel);
    asked_ms = now;
  }
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
