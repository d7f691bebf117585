// A dead-man relay for the interlock loop of a laser: it stays closed only while a computer feeds it.
//
// labctl is not a safety device, and neither is this board. It makes the beam end when the computer
// dies; it does not replace the interlock, the key, the door switch or the emergency stop.
//
// Wiring (an Arduino Uno, Nano or any board with the pins below):
//   RELAY_PIN  -> the input of a relay module that is active high, its coil on a supply of its own.
//                 The NORMALLY OPEN contact goes into the laser's interlock loop: no power, no light.
//                 Put 10 kOhm from RELAY_PIN to ground, so that a board that starts holds it open.
//   SENSE_PIN  -> a second contact of the same relay (better one with force-guided contacts), to
//                 ground while the relay is closed. It tells a welded relay. -1 where there is none.
// After wiring: light the laser at its lowest power on a beam block, pull the USB cable, and see that
// the light ends within the timeout. Write that down in the bench file under `dead_man`.
//
// Lines of 115200 8N1, ended by LF; every line is answered by one line.
//   ID?          LABCTL-DEADMAN,1,<serial>,<timeout in ms>
//   STATE        STATE,<OPEN|CLOSED|DROPPED>,<contact>,<ms left>,<next number>,<drops>
//   CLOSE        closes, from OPEN only; ERROR,latched from DROPPED
//   FEED <n>     n is the next number, 0 to 255 and round again; ERROR,number for any other
//   OPEN         opens at once
//   RESET        DROPPED becomes OPEN; a person should have seen why it dropped
//   TIMEOUT <ms> 100 to 5000, only while the relay is open
// All but ID? are answered by the STATE line, or by ERROR,<why>. The rules are in deadman.h.

#ifdef __AVR__
#include <avr/wdt.h>
#endif
#include "deadman.h"

const int RELAY_PIN = 7;
const int SENSE_PIN = -1;

DeadMan deadMan;
char text[24];
uint8_t length = 0;
bool tooLong = false;

void setup() {
  digitalWrite(RELAY_PIN, LOW);  // before it is an output, so that it never is high for a moment
  pinMode(RELAY_PIN, OUTPUT);
  if (SENSE_PIN >= 0) pinMode(SENSE_PIN, INPUT_PULLUP);
  Serial.begin(115200);
#ifdef __AVR__
  wdt_enable(WDTO_250MS);  // a sketch that hangs is started anew, with the relay open
#endif
}

char contact() {
  if (SENSE_PIN < 0) return '-';
  return digitalRead(SENSE_PIN) == LOW ? '1' : '0';
}

void answer() {
  char reply[64];
  text[length] = '\0';
  deadMan.line(text, millis(), contact(), reply, sizeof reply);
  digitalWrite(RELAY_PIN, deadMan.relay() ? HIGH : LOW);
  Serial.print(reply);
  Serial.print('\n');
}

void loop() {
#ifdef __AVR__
  wdt_reset();
#endif
  deadMan.tick(millis());
  digitalWrite(RELAY_PIN, deadMan.relay() ? HIGH : LOW);
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
