// What is asked of the service: the form of a protocol, its worst case, start, queue, the right to arm.
import { check, loadText, textChanged, wireCheck, checkSoon } from "./check.js";
import { access, armedLeft, ask } from "./link.js";
import { $, answer, fill, make, once, put, tell, time } from "./words.js";

let protocols = [];
let samples = [];
let mode = "";
let heldAs = 0;
let order = { text: "", key: "" };

const chosen = () => protocols.find((one) => one.name === $("protocol").value);

export function setMode(now) {
  mode = now;
  $("arm-form").hidden = $("simulated").hidden = mode !== "SIMULATED";
}

export async function loadForms() {
  const before = $("protocol").value || "heating-curve";
  [protocols, samples] = await Promise.all([ask("GET", "/protocols"), ask("GET", "/samples")]);
  $("protocol").replaceChildren(...protocols.map((one) => {
    const option = make("option", one.problem ? `${one.name} (not on this bench)` : one.name, { value: one.name });
    option.disabled = Boolean(one.problem);
    return option;
  }));
  if (protocols.some((one) => one.name === before)) $("protocol").value = before;
  $("sample").replaceChildren(make("option", "as the protocol has it", { value: "" }),
    ...samples.map((one) => make("option", one.name, { value: one.name })));
  showProtocol();
}

function showProtocol() {
  const one = chosen();
  put("protocol-title", one ? `${one.title}. ${time(one.at_most_s)} at most${one.lights ? "; it lights the laser" : "; no laser"}${one.prompts ? `; asks ${one.prompts} times` : ""}.` : "");
  fill("parameters", one, () => (one ? one.parameters : []).flatMap((row) => {
    const id = `parameter-${row.name}`;
    const range = row.least || row.most ? ` (${row.least || "…"} to ${row.most || "…"})` : "";
    const input = make("input", undefined, { id, name: row.name, autocomplete: "off", maxlength: "200" });
    input.value = row.default;
    const box = make("div");
    box.append(make("label", `${row.name}: ${row.help}${range}`, { for: id }), input);
    return [box];
  }));
  tell(() => loadText(one ? one.name : ""));
  checkSoon();
}

function showSample() {
  const one = samples.find((sample) => sample.name === $("sample").value);
  put("sample-words", one ? [one.problem, ...one.hazards, one.placeholders.length ? `not measured yet: ${one.placeholders.join(", ")}` : ""].filter(Boolean).join(". ") : "");
}

function asked() {
  const one = chosen();
  const parameters = {};
  for (const input of $("parameters").querySelectorAll("input")) {
    const row = one.parameters.find((parameter) => parameter.name === input.name);
    if (input.value.trim() && input.value !== row.default) parameters[input.name] = input.value.trim();
  }
  const told = { protocol: one.name, parameters };
  const given = (id) => $(id).value.trim();
  if (given("sample")) told.sample = given("sample");
  if (given("blank")) told.blank = given("blank");
  if (mode === "SIMULATED") {
    const faults = given("faults").split(",").map((text) => text.trim()).filter(Boolean);
    if (faults.length) told.faults = faults;
    for (const name of ["seed", "speed"]) {
      if (!given(name)) continue;
      told[name] = Number(given(name));
      if (!Number.isFinite(told[name])) throw new Error(`${name} is no number: ${given(name)}`);
    }
  }
  return told;
}

// The same order twice within a moment is one; another one is another.
function sendOnce(path) {
  tell(() => once(`order ${path} ${JSON.stringify(asked())}`, () => send(path), { restMs: 600 }).then(() => ""));
}

async function send(path) {
  const one = chosen();
  if (textChanged()) {
    $("text").focus();
    throw new Error("The text was changed here, and the bench's computer has another: it is checked only. Put it back, or save it there.");
  }
  const found = await check();
  if (!found.ok) throw new Error(`Not ordered: ${found.words}`);
  if (one.lights && mode === "SIMULATED" && armedLeft() <= 0) {
    $("code").focus();
    throw new Error("This lights: give the arm code first.");
  }
  // The same order pressed twice is one order.
  const body = asked();
  const text = path + JSON.stringify(body);
  if (order.text !== text) order = { text, key: `page-${crypto.getRandomValues(new Uint32Array(3)).join("-")}` };
  const item = await ask("POST", path, body, { arm: one.lights, key: order.key });
  order = { text: "", key: "" };
  if (item.again) return `${item.protocol} was ordered already: ${item.id}, ${item.state}.`;
  return `${item.protocol}: ${item.state}.${mode === "REAL" && one.lights ? " Arm it at the bench." : ""}`;
}

export function showQueue(queue) {
  heldAs = queue.hold;
  $("held").hidden = !queue.held;
  put("held-words", queue.held ? `Held: ${queue.held}` : "");
  // Made anew with every change: whoever moves one by the keyboard stays on its button.
  const { item: held, act } = document.activeElement.dataset;
  fill("queue", queue.items, () => {
    const waiting = queue.items.filter((one) => one.state === "waiting");
    return queue.items.length ? queue.items.map((one) => queued(one, waiting)) : [make("li", "empty", { class: "none" })];
  });
  if (!held || document.activeElement.dataset.item === held) return;
  const mine = [...$("queue").querySelectorAll(`[data-item="${held}"]:not(:disabled)`)];
  (mine.find((button) => button.dataset.act === act) || mine[0] || $("queue-h")).focus();
}

function queued(one, waiting) {
  const words = [one.state, one.verdict || one.outcome, one.why].filter(Boolean).join(", ");
  const values = Object.entries(one.parameters || {}).map(([name, value]) => `${name} ${value}`);
  const faults = (one.faults || []).length ? `with ${one.faults.join(", ")}` : "";
  const what = [one.protocol, one.sample, ...values, faults].filter(Boolean).join(" · ");
  const last = one.state === "waiting" ? `, ${time(one.at_most_s)} at most` : "";
  const item = make("li", `${what}: ${words}${last}`);
  const row = make("span", undefined, { class: "row mine" });
  const place = waiting.indexOf(one);
  const button = (label, does, off) => {
    const where = place < 0 ? `${one.state}, ${one.id}` : `place ${place + 1}`;
    const made = make("button", label, { type: "button", "data-item": one.id, "data-act": label, "aria-label": `${label}: ${one.protocol}, ${where}` });
    made.disabled = off;
    // The list moves under a pointer that presses twice.
    made.addEventListener("click", (event) => once("queue", async () => { await does(); }, { event }));
    row.append(made);
  };
  if (place >= 0) {
    button("Earlier", () => ask("POST", `/queue/${one.id}/move`, { to: place - 1 }), place === 0);
    button("Later", () => ask("POST", `/queue/${one.id}/move`, { to: place + 1 }), place === waiting.length - 1);
    button("Cancel", () => ask("DELETE", `/queue/${one.id}`), false);
  } else if (one.state !== "running") {
    button("Again", () => again(one), false);
  }
  if (row.childElementCount) item.append(row);
  return item;
}

// Into the form, where it can be changed; it starts nothing.
function again(one) {
  const choice = [...$("protocol").options].find((option) => option.value === one.protocol && !option.disabled);
  if (!choice) throw new Error(`${one.protocol} cannot be ordered here any more.`);
  $("protocol").value = one.protocol;
  showProtocol();
  const named = samples.some((sample) => sample.name === one.sample);
  $("sample").value = named ? one.sample : "";
  showSample();
  for (const row of chosen().parameters) $(`parameter-${row.name}`).value = (one.parameters || {})[row.name] ?? row.default;
  $("faults").value = (one.faults || []).join(", ");
  $("protocol").focus();
}

export function showArmed() {
  const left = armedLeft();
  put("armed", left > 0 ? `Armed for ${time(left)} more.` : "Starting what lights needs it, on a simulated bench.");
}

export function wireOrders() {
  $("protocol").addEventListener("change", showProtocol);
  $("sample").addEventListener("change", showSample);
  // Any field of the form, those of the parameters too.
  wireCheck(asked);
  $("order-form").addEventListener("input", checkSoon);
  $("order-form").addEventListener("submit", (event) => { event.preventDefault(); sendOnce("/start"); });
  $("enqueue").addEventListener("click", () => sendOnce("/queue"));
  // Of the hold that is read here, not of one that came meanwhile.
  $("queue-go-on").addEventListener("click", (event) => once("queue", async () => { await ask("POST", "/queue/go-on", { hold: heldAs }); }, { event, restMs: event.detail ? 0 : 600 }));
  $("arm-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const code = $("code").value;
    $("code").value = "";
    once("arm", async () => {
      const told = await ask("POST", "/arm", { code });
      access.armed = told.token;
      access.armedUntil = performance.now() + 1000 * told.expires_s;
      showArmed();
      return "Armed.";
    });
  });
  $("reset-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (armedLeft() <= 0) {
      answer("A reset needs the arm code.", true);
      $("code").focus();
      return;
    }
    once("reset", async () => {
      await ask("POST", "/reset", { why: $("reset-why").value, latched: $("reset-form").dataset.latched }, { arm: true });
      $("reset-why").value = "";
      return "Reset.";
    });
  });
}
