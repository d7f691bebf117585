// Small helpers. All text goes in by textContent: names from files and instruments are not trusted.
export const $ = (id) => document.getElementById(id);

export function put(id, text) {
  const node = $(id);
  if (node.textContent !== text) node.textContent = text;
}

export function make(kind, text, more = {}) {
  const node = document.createElement(kind);
  if (text !== undefined) node.textContent = text;
  for (const [name, value] of Object.entries(more)) node.setAttribute(name, value);
  return node;
}

// Made anew only where it changed, so that nobody loses a focus or a selection to a beat.
const shown = new Map();
export function fill(id, what, build) {
  const text = JSON.stringify(what);
  if (shown.get(id) === text) return;
  shown.set(id, text);
  $(id).replaceChildren(...build());
}

export function time(s) {
  if (s === null || s === undefined) return "until answered";
  const whole = Math.round(s);
  if (whole < 60) return `${whole} s`;
  const hours = Math.floor(whole / 3600), minutes = Math.floor((whole % 3600) / 60), rest = whole % 60;
  return hours ? `${hours} h ${minutes} min` : rest ? `${minutes} min ${rest} s` : `${minutes} min`;
}

export const percent = (share) => `${(100 * share).toFixed(1)} %`;

export function age(s) {
  return s < 60 ? `${s.toFixed(1)} s` : time(s);
}

export function number(value, unit) {
  if (value === null || value === undefined) return "none";
  const name = unit === "degC" ? "°C" : unit;
  const size = Math.abs(value);
  if (!name && Number.isInteger(value)) return String(value);
  return `${size >= 1e5 || (size > 0 && size < 1e-3) ? value.toExponential(3) : value.toFixed(size < 10 ? 3 : 2)} ${name}`.trim();
}

// In the head of the page, where it is seen; a refusal stays until the next act.
let fading = 0;
export function answer(text, refused = false) {
  clearTimeout(fading);
  if (text && !refused) fading = setTimeout(() => put("answer", ""), 10000);
  put("answer", text);
  $("answer").classList.toggle("refused", refused);
}

// One press is one act: a second one of a double click, while the first is on its way or within
// `restMs` behind it (of keys, of which no browser counts the presses), does nothing, and is told so.
// What stops never goes through here.
const pressed = new Map();
export async function once(what, act, { event, restMs = 0 } = {}) {
  if ((event && event.detail > 1) || performance.now() < (pressed.get(what) ?? 0)) {
    answer("Pressed twice: it was taken once.");
    return false;
  }
  pressed.set(what, Infinity);
  try {
    return await tell(act);
  } finally {
    if (restMs) pressed.set(what, performance.now() + restMs);
    else pressed.delete(what);
  }
}

// What a button or a form does; a refusal is always told.
export async function tell(act, asking) {
  if (asking) answer(asking);
  try {
    const text = await act();
    if (text) answer(text);
    return true;
  } catch (error) {
    answer(error.message, true);
    return false;
  }
}
