// What the protocol chosen, or its text as it was changed here, would do; and all that is wrong with it.
import { ask } from "./link.js";
import { $, make, number, percent, put, tell, time } from "./words.js";

let orderOf = null; // what the form asks for
let kept = null; // the text as it stands on the bench's computer; null: not fetched
let named = ""; // of which protocol
let coming = null; // while it is fetched
let newest = 0;
let timer = 0;

export const textChanged = () => kept !== null && $("text").value !== kept;

// Fetched only for who looks at it, and once.
export async function loadText(name) {
  if (name !== named) {
    named = name;
    kept = coming = null;
    $("text").value = "";
    showChanged();
  }
  if (name && kept === null && $("text-box").open) await (coming ??= fetchText(name));
}

async function fetchText(name) {
  try {
    const { text } = await ask("GET", `/protocols/${encodeURIComponent(name)}`);
    if (named !== name) return;
    $("text").value = text;
    kept = $("text").value; // a browser writes ends of lines in its own way
    showChanged();
  } finally {
    if (named === name) coming = null;
  }
}

function showChanged() {
  $("text").readOnly = kept === null;
  $("text-back").disabled = !textChanged();
}

export function checkSoon() {
  clearTimeout(timer);
  showChanged();
  newest += 1;
  $("plan-words").replaceChildren("working it out …");
  timer = setTimeout(check, 400);
}

// { ok, words }: what came of it, in one line.
export async function check() {
  clearTimeout(timer);
  const mine = (newest += 1);
  let shown, found;
  try {
    const { protocol, ...given } = orderOf();
    const told = await ask("POST", "/validate", textChanged() ? { ...given, text: $("text").value } : { ...given, protocol });
    shown = toldAs(told);
    const many = told.problems.length, first = told.problems[0];
    const words = many ? `${many === 1 ? "one problem" : `${many} problems`}, the first ${place(first) || "is"}: ${first.message}` : told.refused.length ? told.refused[0] : "no problem found";
    found = { ok: !many && !told.refused.length, wrong: many > 0, words };
  } catch (error) {
    shown = [make("p", error.message, { class: "bad" })];
    found = { ok: false, wrong: true, words: error.message };
  }
  // A newer one is on its way.
  if (mine === newest) {
    $("plan-words").replaceChildren(...shown);
    put("plan-h", found.wrong ? "What is wrong" : "Worst case");
  }
  return found;
}

const place = (one) => (one.line ? `line ${one.line}, column ${one.column}` : "");

function toldAs(told) {
  if (told.problems.length) {
    const list = make("ul", undefined, { class: "problems" });
    list.append(...told.problems.map(problem));
    return [make("p", told.problems.length === 1 ? "One problem:" : `${told.problems.length} problems:`, { class: "bad" }), list];
  }
  const list = make("ul");
  list.append(...told.refused.map((line) => make("li", `It would be refused now: ${line}`, { class: "bad" })), ...planLines(told.plan).map((line) => make("li", line)));
  return [list];
}

function problem(one) {
  const item = make("li");
  const where = place(one), mine = !one.file || one.file === "(the text)" || one.file === `${named}.yaml`;
  if (where && mine) {
    const door = make("button", where, { type: "button", "aria-label": `Show ${where} in the text` });
    door.addEventListener("click", () => tell(() => show(one)));
    item.append(door, " ");
  } else if (one.file) item.append(`${one.file}${where ? `, ${where}` : ""}: `);
  item.append(`${one.code} ${one.message}`);
  if (one.source) item.append(make("code", one.source.trim(), { class: "source" }));
  if (one.fix) item.append(make("span", one.fix, { class: "fix" }));
  return item;
}

// Its line in the text, marked.
async function show(one) {
  $("text-box").open = true;
  await loadText(named);
  const box = $("text"), lines = box.value.split("\n");
  const from = lines.slice(0, one.line - 1).reduce((sum, line) => sum + line.length + 1, 0);
  const line = lines[one.line - 1] ?? "";
  box.focus();
  box.setSelectionRange(from + Math.min(line.length, Math.max(0, one.column - 1)), from + line.length);
  const high = parseFloat(getComputedStyle(box).lineHeight) || 18;
  box.scrollTop = Math.max(0, (one.line - 4) * high);
}

function planLines(told) {
  const off = Object.entries(told.off_latency || {}).map(([source, one]) => `${source === "laser" ? "light" : source} off at worst ${number(one.asked_s, "s")} after it is asked for`);
  const energy = [["electrical_j", "in the heater"], ["coil_j", "in the coil"]].filter(([name]) => told[name]).map(([name, where]) => `; ${number(told[name], "J")} ${where}`).join("");
  const dose = (told.dose || []).map((one) => `Step ${one.index + 1}: ${number(one.most_cem43_min, "min")} at 43 °C at most${one.target_cem43_min === null ? "" : `, ends at ${number(one.target_cem43_min, "min")}`}.`);
  return [
    `At most ${time(told.worst_case_s)}; ${number(told.energy_j, "J")} of light${energy}.${told.prompts ? ` Besides, ${told.prompts} answers of a person.` : ""}`,
    ...told.limits.map((one) => `${one.limit}: ${one.used_text} of ${one.allowed_text} allowed, ${percent(one.fraction)}`),
    ...dose,
    ...off,
    told.light ? told.light.exposure_words : "",
    told.samples.length ? `${told.samples.length} runs, one of each sample: ${told.samples.map((one) => one.id).join(", ")}.` : "",
    ...(told.hazards || []),
    told.assumed_sample ? `No sample was named: ${told.sample} is assumed.` : "",
  ].filter(Boolean);
}

export function wireCheck(asked) {
  orderOf = asked;
  $("check").addEventListener("click", () => tell(async () => {
    const { ok, words } = await check();
    if (!ok) throw new Error(`Checked: ${words}`);
    return `Checked: ${words}.`;
  }, "It is checked."));
  $("text-back").addEventListener("click", () => {
    $("text").value = kept;
    checkSoon();
    $("text").focus();
  });
  $("text-box").addEventListener("toggle", () => { tell(() => loadText(named)); });
}
