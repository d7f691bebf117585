// What the service says, in words. Where nobody knows, the page says so.
import { $, age, fill, make, number, percent, put, time } from "./words.js";

const TONES = ["off", "armed", "delay", "on", "stopped", "unknown", "idle"];
let tone = "";
let wasLost = true;

// To those who listen to the page, in the order in which it came: none takes another's place.
export function say(text) {
  if (!text) return;
  $("said").append(make("p", text));
  while ($("said").childElementCount > 5) $("said").firstChild.remove();
}

// True when contact was lost just now.
export function showBench(state, lost, silentS, why) {
  const status = state.status;
  document.body.classList.toggle("lost", lost);
  const word = lost ? (status ? "LOST CONTACT" : "NO CONTACT YET") : status.word;
  const now = lost || !TONES.includes(status.tone) ? "unknown" : status.tone;
  put("word", word);
  $("word").className = `word ${now}`;
  put("beam", lost ? `beam: UNKNOWN, treat as ON${status ? `; last heard ${age(silentS)} ago` : ""}` : `beam: ${status.beam.text}`);
  put("bench", status ? `${status.mode} bench${status.bench.toLowerCase() === status.mode.toLowerCase() ? "" : ` ${status.bench}`}${status.speed && status.speed !== 1 ? ` · ${status.speed}×` : ""}` : "labctl");
  $("ending").hidden = lost || !status.ending;
  if (!$("ending").hidden) put("ending", `The service ends (${status.ending}): laser off is asked for. What is known of the beam stands above; without a word of it, treat it as ON.`);
  document.title = `${!lost && status.prompt ? "(?) " : ""}${word} · ${status ? status.bench : "labctl"}`;
  // Where there is no bench, no button may look as if it stopped one.
  const replayed = Boolean(status) && status.mode === "REPLAY";
  $("stop-laser").hidden = $("stop").hidden = replayed;
  $("replayed").hidden = !replayed;
  const justLost = lost && !wasLost && Boolean(status);
  if (lost !== wasLost) {
    // What an act came to, e.g. "laser off", is not known any more.
    if (lost) put("answer", "");
    put("alert", lost && status ? `LOST CONTACT with the service${why ? ` (${why})` : ""}. Nobody here knows the beam: treat it as ON. Numbers below are old.` : "");
    wasLost = lost;
  }
  // Said once a change, not each time that an age in the word moves on.
  if (now !== tone) {
    say(word);
    tone = now;
  }
  return justLost;
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
    : [make("li", "none open", { class: "none" })]);
}

function showSteps(run) {
  const step = run && run.step;
  const named = (one) => `${one.name || one.verb}${one.name && one.name.toLowerCase() !== one.verb ? ` (${one.verb})` : ""}`;
  const left = step && (step.at_most_s ? `${time(step.left_s)} left at most` : "until it is answered");
  put("left", !run ? "no run" : run.ended ? "over" : step ? `Step ${step.index} of ${step.of}: ${named(step)}, ${left}. The run ends in ${time(run.ends_in_at_most_s)} at most.` : `Between steps. The run ends in ${time(run.ends_in_at_most_s)} at most.`);
  const steps = run ? run.steps : [];
  fill("steps", [steps, step && step.index, run && Boolean(run.ended)], () => steps.map((one) => {
    const item = make("li", `${named(one)}, ${one.at_most_s === null ? "until answered" : `${time(one.at_most_s)} at most`}${one.power_w ? `, ${one.power_w} W` : ""}`);
    if (step && one.index === step.index) item.setAttribute("aria-current", "step");
    else if (run.ended || (step && one.index < step.index)) item.className = "over";
    return item;
  }));
}

function showVerdict(run) {
  const word = run ? run.so_far.word : "nothing yet";
  put("verdict-h", run && run.verdict ? "Verdict" : "Verdict so far");
  put("verdict", word);
  $("verdict").className = `verdict ${word === "pass" ? "good" : word === "fail" || word === "alarm" ? "bad" : run && run.verdict ? "unsure" : ""}`;
  const why = run ? [...run.so_far.why] : [];
  if (run && !why.length && !run.verdict) why.push("No alarm in what was read so far. The verdict comes at the end.");
  fill("why", why, () => why.map((text) => make("li", text)));
  const assumed = run ? run.assumptions : [];
  $("assumed-box").hidden = !assumed.length;
  fill("assumed", assumed, () => assumed.map((text) => make("li", text)));
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
  put("eff-text", seen ? `${percent(seen.value)}, ± ${(50 * (seen.high - seen.low)).toFixed(1)} points` : "not known yet");
  const constant = run && run.time_constant_s ? `Time constant ${Math.round(run.time_constant_s)} s; ${run.steady ? "steady" : "not steady yet"}.` : "";
  put("eff-more", seen ? `95 % interval ${percent(seen.low)} to ${percent(seen.high)}. ${constant}` : "");
}

function showLatch(status) {
  const latched = status.latched;
  $("latch").hidden = !latched;
  if (!latched) return;
  put("latch-words", `By ${latched.by}, ${latched.utc.replace("T", " ").replace(/[.]\d+Z$/, " UTC")}: ${latched.why}. Nothing starts until it is reset${latched.reset === "bench" ? ": type `labctl reset` at the bench." : ", here, with the arm code."}`);
  $("reset-form").dataset.latched = latched.utc;
  $("reset-form").hidden = latched.reset === "bench";
}

function showPrompt(status) {
  $("at-bench").hidden = !status.waits_for;
  put("at-bench-words", status.waits_for ? `The run ${status.waits_for}. Nothing on this page arms it.` : "");
  const prompt = status.prompt;
  $("prompt").hidden = $("asked").hidden = !prompt;
  if (!prompt) return;
  put("prompt-text", prompt.text);
  $("prompt-form").dataset.prompt = prompt.id;
}

const STATES = { "laser.emission": ["off", "on"], "laser.interlock": ["open", "closed"] };

function reading(one) {
  if (one.value === null) return `no reading: ${one.problem}`;
  const states = STATES[one.channel];
  return states && !one.unit ? states[one.value ? 1 : 0] : number(one.value, one.unit);
}

// Ages go on while nothing comes.
export function showReadings(status, silentS, oldS) {
  const readings = status ? status.readings : [];
  const body = $("readings");
  while (body.rows.length > readings.length) body.deleteRow(-1);
  readings.forEach((one, place) => {
    let row = body.rows[place];
    if (!row) {
      row = body.insertRow();
      row.append(make("th", "", { scope: "row" }), make("td"), make("td"));
    }
    const name = row.cells[0];
    if (name.textContent !== one.channel) {
      // May be broken after its dot, where there is no room.
      name.replaceChildren(...one.channel.split(/(?<=[.])/).flatMap((part) => [part, make("wbr")]));
    }
    const old = one.age_s + silentS;
    const texts = { 1: reading(one), 2: `${age(old)}` };
    for (const [cell, text] of Object.entries(texts)) if (row.cells[cell].textContent !== text) row.cells[cell].textContent = text;
    row.cells[1].classList.toggle("long", one.value === null);
    row.classList.toggle("stale", old > oldS);
  });
}

export function showLists(state) {
  fill("alarms", state.alarms, () => state.alarms.length
    ? state.alarms.map((one) => make("li", `${one.name} at ${time(one.t_s)} (since ${time(one.onset_s)}): ${one.size}${one.causes.length ? `; may be ${one.causes.join(", ")}` : ""}${one.split_by ? `; told apart by ${one.split_by}` : ""}`, { class: "bad" }))
    : [make("li", "none", { class: "none" })]);
  fill("notes", state.notes, () => state.notes.slice().reverse().map((one) => make("li", `${time(one.t_s)} · ${one.who}: ${one.text}`)));
}

export function showCurveText(newest) {
  const of = (value, unit) => (value === null || value === undefined ? "not known" : number(value, unit));
  for (const id of ["curve-key", "gap-h", "window-row"]) $(id).hidden = !newest;
  const lit = newest && (newest.lit === 1 ? "on" : newest.lit === 0 ? "off" : "unknown");
  put("curve-text", newest ? `At ${time(newest.t_s)}: measured ${of(newest.probe_degc, "degC")}, model ${of(newest.predicted_degc, "degC")}, ambient ${of(newest.ambient_degc, "degC")}, laser ${lit} at that time.` : "");
  const known = newest && ![newest.probe_degc, newest.predicted_degc, newest.sd_k].includes(null);
  if (!known) {
    put("gap-text", newest ? "The model says nothing of the newest point." : "");
    return;
  }
  const gap = newest.probe_degc - newest.predicted_degc, band = 2 * newest.sd_k;
  put("gap-text", `${gap < 0 ? "−" : "+"}${Math.abs(gap).toFixed(3)} K; ${Math.abs(gap) <= band ? "within" : "outside"} the model's ± ${band.toFixed(3)} K.`);
}
