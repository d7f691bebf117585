// The page: one connection, one state, one timer that notices silence.
import { call, callFor, wireCalls } from "./calls.js";
import { Curve } from "./chart.js";
import { Link, access, keepToken, takeToken } from "./link.js";
import { loadForms, setMode, showArmed, showQueue, wireOrders } from "./orders.js";
import { Points } from "./points.js";
import { loadRuns, wireRecords } from "./records.js";
import { say, showBench, showCurveText, showLists, showReadings, showRun } from "./show.js";
import { $, answer, once, tell } from "./words.js";

const state = { status: null, alarms: [], notes: [], queue: { items: [], held: "" } };
const points = new Points();
const curves = [
  new Curve($("curve"), "temperature", points), new Curve($("gap"), "gap", points), new Curve($("efficiency"), "efficiency", points),
];
let role = "viewer";
let runsOf = null;
let loading = 0;

// Of what the page looks up by itself: that nobody answers is told by LOST CONTACT.
function unasked(error) {
  if (error.status) answer(error.message, true);
}

function hear(message) {
  state.status = message.status;
  if (message.type === "snapshot") {
    state.alarms = message.alarms;
    state.notes = message.notes;
    points.begin(message.points);
    for (const curve of curves) curve.later();
    if (message.me) {
      role = message.me.role;
      $("token-box").hidden = true;
      // Who may only watch has nothing to order, to answer or to remark.
      document.body.classList.toggle("viewer", role === "viewer");
      if (role !== "viewer") loadForms().catch(unasked);
    }
  } else {
    if (message.alarms) state.alarms = message.alarms;
    if (message.points && message.points.length) {
      points.add(message.points);
      for (const curve of curves) curve.later();
    }
    for (const { e } of message.events || []) {
      if (e.k === "note") state.notes.push({ t_s: e.t / 1e9, who: e.who, text: e.text });
    }
  }
  if (message.queue) showQueue((state.queue = message.queue));
  setMode(state.status.mode);
  showRun(state);
  showLists(state);
  showCurveText(points.newest);
  say(callFor(state));
  const run = state.status.run;
  const mark = run ? `${run.id} ${Boolean(run.ended)}` : "";
  // A record is closed a little after its run has ended; the queue's item tells when.
  if (mark !== runsOf || message.queue) {
    runsOf = mark;
    clearTimeout(loading);
    loading = setTimeout(() => loadRuns().catch(unasked), 400);
  }
  look();
}

const link = new Link(hear, () => {
  $("token-box").hidden = false;
  $("token").focus();
});

function look() {
  const silentS = link.heard ? (performance.now() - link.heard) / 1000 : 0;
  if (showBench(state, link.lost, silentS, link.why)) call("LOST CONTACT: nobody here knows the beam, treat it as ON", true);
  // Old is what is older than two seconds, and than three samples of a run that reads seldom.
  const speed = (state.status && state.status.speed) || 1;
  showReadings(state.status, silentS, Math.max(2, (3 * points.period) / speed));
}

setInterval(() => { link.check(); look(); showArmed(); }, 100);
document.addEventListener("visibilitychange", look);

function stopBy(id, act, asking) {
  // Never asks back; what comes of it is what the bench says next, not what the button hopes.
  $(id).addEventListener("click", () => {
    // The request itself goes on waiting: a service that comes back still takes it.
    const slow = setTimeout(() => answer("No answer to the stop yet. Use the interlock or the key.", true), 1000);
    tell(() => link.stop(act), asking).then((ok) => {
      clearTimeout(slow);
      if (!ok) answer("The stop did not reach the service. Use the interlock or the key.", true);
    });
  });
}
stopBy("stop-laser", "stop-laser", "STOP LASER is asked for.");
stopBy("stop", "stop", "Stop is asked for.");

$("hold").addEventListener("click", (event) => once("hold", () => link.say(state.status.hold ? { do: "go-on", hold: state.status.hold_number } : { do: "hold" }), { event, restMs: event.detail ? 0 : 600 }));
$("note-form").addEventListener("submit", (event) => {
  event.preventDefault();
  once("note", () => link.say({ do: "note", text: $("note").value }).then((what) => { $("note").value = ""; return what; }));
});
$("prompt-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  once("answer", () => link.say({ do: "answer", prompt: form.dataset.prompt, text: $("prompt-answer").value })
    .then((what) => { $("prompt-answer").value = ""; return what; }));
});
$("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  keepToken($("token").value);
  $("token").value = "";
  link.connect();
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea, [contenteditable]");
  if (event.key !== "n" || event.ctrlKey || event.metaKey || event.altKey || typing) return;
  if (role === "viewer") return;
  event.preventDefault();
  $("note").focus();
});

$("window").addEventListener("change", () => {
  for (const curve of curves) {
    curve.lastS = Number($("window").value);
    curve.later();
  }
});

wireOrders();
wireRecords();
wireCalls();
takeToken();
if (access.token) link.connect();
else $("token-box").hidden = false;
