// Calls somebody to the page, where they asked for it: by a sound, by the browser's notification.
import { $, put } from "./words.js";

const WAYS = ["sound", "note"];
const kept = (way) => `labctl.call.${way}`;
let audio = null;

function wants(way) {
  return localStorage.getItem(kept(way)) === "yes";
}

// A browser lets a page sound only after it was touched.
function wake() {
  if (!wants("sound")) return;
  audio ??= new AudioContext();
  if (audio.state === "suspended") audio.resume();
}

function beep(times, high) {
  if (!audio || audio.state !== "running") return;
  for (let one = 0; one < times; one++) {
    const from = audio.currentTime + 0.35 * one;
    const tone = audio.createOscillator(), loud = audio.createGain();
    tone.frequency.value = high ? 988 : 660;
    loud.gain.setValueAtTime(0, from);
    loud.gain.linearRampToValueAtTime(0.3, from + 0.02);
    loud.gain.linearRampToValueAtTime(0, from + 0.25);
    tone.connect(loud).connect(audio.destination);
    tone.start(from);
    tone.stop(from + 0.3);
  }
}

export function call(text, urgent = false) {
  if (wants("sound")) beep(urgent ? 5 : 2, urgent);
  if (wants("note") && window.Notification && Notification.permission === "granted") {
    try {
      new Notification("labctl", { body: text, tag: "labctl", requireInteraction: urgent });
    } catch {
      // Some phones have no notifications of a page's own.
    }
  }
}

async function choose(way, on) {
  localStorage.setItem(kept(way), on ? "yes" : "no");
  put("call-words", "");
  if (!on) return;
  if (way === "sound") {
    wake();
    await audio.resume();
    beep(1, false);
    put("call-words", "After this page is loaded anew, sounds wait for a first click or key.");
    return;
  }
  const may = window.Notification ? await Notification.requestPermission() : "denied";
  if (may === "granted") return;
  localStorage.setItem(kept(way), "no");
  $("call-note").checked = false;
  put("call-words", "This browser does not let the page notify.");
}

// What has changed since the last message is called out once.
let before = null;
export function callFor(state) {
  const { status } = state, { run } = status;
  const now = {
    run: run ? run.id : "", ended: Boolean(run && run.ended), prompt: status.prompt ? status.prompt.id : "",
    alarms: state.alarms.length, tone: status.tone,
  };
  const was = before;
  before = now;
  if (!was) return "";
  let said = "";
  if (now.prompt && now.prompt !== was.prompt) said = `A question waits: ${status.prompt.text}`;
  else if (now.run === was.run && now.alarms > was.alarms) said = `Alarm: ${state.alarms[now.alarms - 1].name}`;
  else if (now.run === was.run && now.ended && !was.ended) said = `Run over: ${run.verdict ? run.verdict.verdict : run.ended.outcome}`;
  else if (now.run === was.run && now.tone === "unknown" && ["off", "armed", "delay", "on"].includes(was.tone)) said = "The beam is UNKNOWN: treat it as ON";
  if (said) call(said, !said.startsWith("Run over"));
  return said;
}

export function wireCalls() {
  for (const way of WAYS) {
    const box = $(`call-${way}`);
    box.checked = wants(way);
    box.addEventListener("change", () => choose(way, box.checked));
  }
  for (const touch of ["pointerdown", "keydown"]) document.addEventListener(touch, wake, { passive: true });
}
