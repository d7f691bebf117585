// What the service says, in words. Where nobody knows, the page says so.
import { $, age, fill, make, number, put, time } from "./words.js";

const TONES = ["off", "armed", "delay", "on", "stopped", "unknown", "idle"];
let tone = "";
let wasLost = true;

export function showBench(state, lost, silentS, why) {
  const status = state.status;
  document.body.classList.toggle("lost", lost);
  const word = lost ? (status ? "LOST CONTACT" : "NO CONTACT YET") : status.word;
  const now = lost || !TONES.includes(status.tone) ? "unknown" : status.tone;
  put("word", word);
  $("word").className = `word ${now}`;
  put("beam", lost ? `beam: UNKNOWN, treat as ON${status ? `; last heard ${age(silentS)} ago` : ""}` : `beam: ${status.beam.text}`);
  put("bench", status ? `${status.mode} bench ${status.bench}${status.speed && status.speed !== 1 ? ` · ${status.speed}× speed` : ""}` : "labctl");
  document.title = `${word} · ${status ? status.bench : "labctl"}`;
  if (lost !== wasLost) {
    // What an act came to, e.g. "laser off", is not known any more.
    if (lost) put("answer", "");
    put("alert", lost && status ? `LOST CONTACT with the service${why ? ` (${why})` : ""}. Nobody here knows the beam: treat it as ON. Numbers below are old.` : "");
    wasLost = lost;
  }
  // Said once a change, not each time that an age in the word moves on.
  if (now !== tone) {
    put("said", word);
    tone = now;
  }
}

export function showRun(state) {
  const { status } = state;
  const run = status.run;
  put("run-name", run ? `${run.protocol}${run.sample ? ` · ${run.sample}` : ""} · ${run.record} · ${time(run.elapsed_s)} in${run.ended ? ` · ended: ${run.ended.outcome}${run.ended.why ? `, ${run.ended.why}` : ""}` : ""}` : "no run yet");
  showSteps(run);
  showVerdict(run);
  showEfficiency(run);
  showLatch(status);
  showPrompt(status);
  const hold = $("hold");
  hold.textContent = status.hold ? "Go on" : "Hold before the next dark step";
  hold.disabled = !run || Boolean(run.ended);
  put("hold-words", status.hold === "held" ? "Held, in the dark." : status.hold ? "Holds before the next step that begins in the dark." : "");
  fill("instruments", status.instruments, () => status.instruments.length
    ? status.instruments.map((one) => make("li", `${one.key}: ${one.identity || one.driver} (${one.driver}${one.address ? `, ${one.address}` : ""})${one.confirms === false ? "; does not read back" : ""}`))
    : [make("li", "none open")]);
}

function showSteps(run) {
  const step = run && run.step;
  put("left", !run ? "no run" : run.ended ? "over" : step ? `Step ${step.index} of ${step.of}: ${step.verb}${step.name ? ` ${step.name}` : ""}, ${time(step.left_s)} left at most. The run ends in ${time(run.ends_in_at_most_s)} at most.` : `Between steps. The run ends in ${time(run.ends_in_at_most_s)} at most.`);
  const steps = run ? run.steps : [];
  fill("steps", [steps, step && step.index, run && Boolean(run.ended)], () => steps.map((one) => {
    const item = make("li", `${one.name || one.verb}${one.name && one.name.toLowerCase() !== one.verb ? ` (${one.verb})` : ""}, ${one.at_most_s === null ? "until answered" : `${time(one.at_most_s)} at most`}${one.power_w ? `, ${one.power_w} W` : ""}`);
    if (step && one.index === step.index) item.setAttribute("aria-current", "step");
    else if (run.ended || (step && one.index < step.index)) item.className = "over";
    return item;
  }));
}

function showVerdict(run) {
  const word = run ? run.so_far.word : "nothing yet";
  put("verdict", word);
  $("verdict").className = `verdict ${word === "pass" ? "good" : word === "fail" || word === "alarm" ? "bad" : run && run.verdict ? "unsure" : ""}`;
  fill("why", run ? run.so_far.why : [], () => (run ? run.so_far.why : []).map((text) => make("li", text)));
  put("assumed", run && run.assumptions.length ? `Assumed: ${run.assumptions.join("; ")}.` : "");
  const criteria = run && run.verdict && run.verdict.criteria ? run.verdict.criteria : [];
  $("criteria-box").hidden = !criteria.length;
  fill("criteria", criteria, () => criteria.map((one) => {
    const row = make("tr");
    const value = one.value === null || one.value === undefined ? "" : typeof one.value === "number" ? String(Number(one.value.toPrecision(4))) : String(one.value);
    row.append(make("th", one.name, { scope: "row" }), make("td", [one.outcome, one.why].filter(Boolean).join(": ")), make("td", value), make("td", String(one.threshold ?? "")));
    return row;
  }));
}

function showEfficiency(run) {
  const seen = run && run.efficiency;
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  put("eff-text", seen ? `${percent(seen.value)}, 95 % interval ${percent(seen.low)} to ${percent(seen.high)}${run.time_constant_s ? `; time constant ${Math.round(run.time_constant_s)} s` : ""}` : "not known yet");
}

function showLatch(status) {
  const latched = status.latched;
  $("latch").hidden = !latched;
  if (!latched) return;
  put("latch-words", `${latched.why} (${latched.by}, ${latched.utc}). Nothing starts until it is reset${latched.reset === "bench" ? ": type `labctl reset` at the bench." : ", here, with the arm code."}`);
  $("reset-form").hidden = latched.reset === "bench";
}

function showPrompt(status) {
  const prompt = status.prompt;
  $("prompt").hidden = !prompt;
  if (!prompt) return;
  put("prompt-text", prompt.text);
  $("prompt-form").dataset.prompt = prompt.id;
}

// Ages go on while nothing comes.
export function showReadings(status, silentS) {
  const readings = status ? status.readings : [];
  const body = $("readings");
  while (body.rows.length > readings.length) body.deleteRow(-1);
  readings.forEach((one, place) => {
    let row = body.rows[place];
    if (!row) {
      row = body.insertRow();
      row.append(make("th", "", { scope: "row" }), make("td"), make("td"));
    }
    const texts = [one.channel, one.value === null ? `no reading: ${one.problem}` : number(one.value, one.unit), `${age(one.age_s + silentS)}`];
    texts.forEach((text, cell) => { if (row.cells[cell].textContent !== text) row.cells[cell].textContent = text; });
  });
}

export function showLists(state) {
  fill("alarms", state.alarms, () => state.alarms.length
    ? state.alarms.map((one) => make("li", `${one.name} at ${time(one.t_s)} (since ${time(one.onset_s)}): ${one.size}${one.causes.length ? `; may be ${one.causes.join(", ")}` : ""}${one.split_by ? `; told apart by ${one.split_by}` : ""}`, { class: "bad" }))
    : [make("li", "none")]);
  fill("notes", state.notes, () => state.notes.slice().reverse().map((one) => make("li", `${time(one.t_s)} · ${one.who}: ${one.text}`)));
}

export function showCurveText(newest) {
  const of = (value, unit) => (value === null || value === undefined ? "not known" : number(value, unit));
  const lit = newest && (newest.lit === 1 ? "on" : newest.lit === 0 ? "off" : "unknown");
  put("curve-text", newest ? `At ${time(newest.t_s)}: measured ${of(newest.probe_degc, "degC")}, model ${of(newest.predicted_degc, "degC")}${newest.sd_k === null ? "" : ` ± ${(2 * newest.sd_k).toFixed(2)} K`}, ambient ${of(newest.ambient_degc, "degC")}, laser ${lit} at that time.` : "No points yet.");
}
