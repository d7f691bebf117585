// What is asked of the service: the form of a protocol, its worst case, start, queue, the right to arm, records.
import { access, armedLeft, ask } from "./link.js";
import { $, answer, fill, make, number, put, tell, time } from "./words.js";

let protocols = [];
let samples = [];
let mode = "";
let order = { text: "", key: "" };

const chosen = () => protocols.find((one) => one.name === $("protocol").value);

export function setMode(now) {
  mode = now;
  $("arm-form").hidden = mode !== "SIMULATED";
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
  $("parameters").replaceChildren(...(one ? one.parameters : []).flatMap((row) => {
    const id = `parameter-${row.name}`;
    const range = row.least || row.most ? ` (${row.least || "…"} to ${row.most || "…"})` : "";
    const input = make("input", undefined, { id, name: row.name, autocomplete: "off", maxlength: "200" });
    input.value = row.default;
    return [make("label", `${row.name}: ${row.help}${range}`, { for: id }), input];
  }));
  $("plan-words").replaceChildren();
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
  if ($("sample").value) told.sample = $("sample").value;
  return told;
}

async function plan() {
  const told = await ask("POST", "/plan", asked());
  const off = Object.values(told.off_latency || {}).map((one) => `light off at worst ${number(one.asked_s, "s")} after it is asked for`);
  const lines = [
    `At most ${time(told.worst_case_s)}; ${number(told.energy_j, "J")} of light.`,
    ...told.limits.map((one) => `${one.limit}: ${one.used_text} of ${one.allowed_text} allowed`),
    ...off,
    told.light ? told.light.exposure_words : "",
    ...(told.hazards || []),
    told.assumed_sample ? `No sample was named: ${told.sample} is assumed.` : "",
  ].filter(Boolean);
  const list = make("ul");
  list.append(...lines.map((line) => make("li", line)));
  $("plan-words").replaceChildren(make("h3", "Worst case"), list);
}

async function send(path) {
  const one = chosen();
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
  return `${item.protocol}: ${item.state}.${mode === "REAL" && one.lights ? " Arm it at the bench." : ""}`;
}

export function showQueue(queue) {
  $("held").hidden = !queue.held;
  put("held-words", queue.held ? `Held: ${queue.held}` : "");
  fill("queue", queue.items, () => {
    const waiting = queue.items.filter((one) => one.state === "waiting");
    if (!queue.items.length) return [make("li", "empty")];
    return queue.items.map((one) => {
      const words = [one.state, one.verdict || one.outcome, one.why].filter(Boolean).join(", ");
      const values = Object.entries(one.parameters || {}).map(([name, value]) => `${name} ${value}`);
      const what = [one.protocol, one.sample, ...values].filter(Boolean).join(" · ");
      const item = make("li", `${what}: ${words} `);
      if (one.state !== "waiting") return item;
      const place = waiting.indexOf(one);
      const button = (label, act, off) => {
        const made = make("button", label, { type: "button", "aria-label": `${label}: ${one.protocol}, place ${place + 1}` });
        made.disabled = off;
        made.addEventListener("click", () => tell(async () => { await act(); }));
        return made;
      };
      item.append(
        button("Earlier", () => ask("POST", `/queue/${one.id}/move`, { to: place - 1 }), place === 0), " ",
        button("Later", () => ask("POST", `/queue/${one.id}/move`, { to: place + 1 }), place === waiting.length - 1), " ",
        button("Cancel", () => ask("DELETE", `/queue/${one.id}`), false),
      );
      return item;
    });
  });
}

export async function loadRuns() {
  const runs = (await ask("GET", "/runs?last=30")).reverse();
  fill("runs", runs, () => runs.map((one) => {
    const row = make("tr");
    const cell = make("td");
    if (one.state === "closed") {
      const button = make("button", "Report", { type: "button", "aria-label": `Report of ${one.path}` });
      button.addEventListener("click", () => tell(async () => {
        const { ticket } = await ask("POST", "/ticket");
        const path = one.path.split("/").map(encodeURIComponent).join("/");
        window.open(`/api/v1/runs/${path}/report?ticket=${encodeURIComponent(ticket)}`, "_blank", "noopener");
      }));
      cell.append(button);
    }
    row.append(make("th", one.path, { scope: "row" }), make("td", one.verdict || one.outcome || one.state), cell);
    return row;
  }));
}

export function showArmed() {
  const left = armedLeft();
  put("armed", left > 0 ? `Armed for ${time(left)} more.` : "Starting what lights needs it, on a simulated bench.");
}

export function wireOrders() {
  $("protocol").addEventListener("change", showProtocol);
  $("sample").addEventListener("change", showSample);
  $("plan").addEventListener("click", () => tell(plan));
  $("order-form").addEventListener("submit", (event) => { event.preventDefault(); tell(() => send("/start")); });
  $("enqueue").addEventListener("click", () => tell(() => send("/queue")));
  $("queue-go-on").addEventListener("click", () => tell(async () => { await ask("POST", "/queue/go-on"); }));
  $("arm-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const code = $("code").value;
    $("code").value = "";
    tell(async () => {
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
    tell(async () => {
      await ask("POST", "/reset", { why: $("reset-why").value }, { arm: true });
      $("reset-why").value = "";
      return "Reset.";
    });
  });
}
