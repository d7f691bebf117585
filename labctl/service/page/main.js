// The page: one connection, one state, one timer that notices silence.
import { Curve } from "./chart.js";
import { Link, access, keepToken, takeToken } from "./link.js";
import { loadForms, loadRuns, setMode, showArmed, showQueue, wireOrders } from "./orders.js";
import { showBench, showCurveText, showLists, showReadings, showRun } from "./show.js";
import { $, answer, tell } from "./words.js";

const state = { status: null, alarms: [], notes: [], queue: { items: [], held: "" } };
const curves = [new Curve($("curve"), false), new Curve($("efficiency"), true)];
let role = "viewer";
let runsOf = null;
let loading = 0;

function hear(message) {
  state.status = message.status;
  if (message.type === "snapshot") {
    state.alarms = message.alarms;
    state.notes = message.notes;
    for (const curve of curves) curve.begin(message.points);
    if (message.me) {
      role = message.me.role;
      $("token-box").hidden = true;
      for (const id of ["order-h", "note"]) $(id).closest("section").hidden = role === "viewer";
      loadForms().catch((error) => answer(error.message, true));
    }
  } else {
    if (message.alarms) state.alarms = message.alarms;
    if (message.points) for (const curve of curves) curve.add(message.points);
    for (const { e } of message.events || []) {
      if (e.k === "note") state.notes.push({ t_s: e.t / 1e9, who: e.who, text: e.text });
    }
  }
  if (message.queue) showQueue((state.queue = message.queue));
  setMode(state.status.mode);
  showRun(state);
  showLists(state);
  showCurveText(curves[0].newest);
  const run = state.status.run;
  const mark = run ? `${run.id} ${Boolean(run.ended)}` : "";
  // A record is closed a little after its run has ended; the queue's item tells when.
  if (mark !== runsOf || message.queue) {
    runsOf = mark;
    clearTimeout(loading);
    loading = setTimeout(() => loadRuns().catch((error) => answer(error.message, true)), 400);
  }
  look();
}

const link = new Link(hear, () => {
  $("token-box").hidden = false;
  $("token").focus();
});

function look() {
  const silentS = link.heard ? (performance.now() - link.heard) / 1000 : 0;
  showBench(state, link.lost, silentS, link.why);
  showReadings(state.status, silentS);
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

$("hold").addEventListener("click", () => tell(() => link.say({ do: state.status.hold ? "go-on" : "hold" })));
$("note-form").addEventListener("submit", (event) => {
  event.preventDefault();
  tell(() => link.say({ do: "note", text: $("note").value }).then((what) => { $("note").value = ""; return what; }));
});
$("prompt-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  tell(() => link.say({ do: "answer", prompt: form.dataset.prompt, text: $("prompt-answer").value })
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
  if ($("note").closest("section").hidden) return;
  event.preventDefault();
  $("note").focus();
});

wireOrders();
takeToken();
if (access.token) link.connect();
else $("token-box").hidden = false;
