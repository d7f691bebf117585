// Records: found, opened, laid over each other from their first light on.
import { axes, colour, line, named, onScheme } from "./chart.js";
import { ask } from "./link.js";
import { $, fill, make, percent, put, tell, time } from "./words.js";

const MOST = 8;
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [], [8, 4], [2, 3], [10, 3, 2, 3]];
const chosen = new Map(); // path: its entry
let laid = [];
let plot = null;

const inPath = (path) => path.split("/").map(encodeURIComponent).join("/");

async function open(path, what) {
  const { ticket } = await ask("POST", "/ticket");
  window.open(`/api/v1/runs/${inPath(path)}/${what}?ticket=${encodeURIComponent(ticket)}`, "_blank", "noopener");
}

function efficiency(one) {
  if (one.efficiency === null || one.efficiency === undefined) return "";
  return one.efficiency_low === null ? percent(one.efficiency) : `${percent(one.efficiency)} (${percent(one.efficiency_low)} to ${percent(one.efficiency_high)})`;
}

export async function loadRuns() {
  const query = new URLSearchParams({ last: $("find-last").value });
  for (const name of ["sample", "protocol"]) {
    const text = $(`find-${name}`).value.trim();
    if (text) query.set(name, /[*?]/.test(text) ? text : `*${text}*`);
  }
  if ($("find-verdict").value) query.set("verdict", $("find-verdict").value);
  const runs = (await ask("GET", `/runs?${query}`)).reverse();
  put("found", runs.length ? `${runs.length} found, the newest first.` : "None found.");
  $("blanks").replaceChildren(...runs.filter((one) => one.opens && one.state === "closed").map((one) => make("option", undefined, { value: one.path })));
  fill("runs", runs, () => runs.map(row));
  showChosen();
}

function row(one) {
  const made = make("tr"), choice = make("td"), doors = make("td");
  const readable = one.opens && (one.state === "closed" || one.state === "cut off");
  if (readable) {
    const box = make("input", undefined, { type: "checkbox", "aria-label": `Overlay ${one.path}` });
    box.checked = chosen.has(one.path);
    box.dataset.path = one.path;
    box.addEventListener("change", () => {
      if (box.checked) chosen.set(one.path, one);
      else chosen.delete(one.path);
      showChosen();
    });
    choice.append(box);
  }
  const door = (label, what) => {
    const button = make("button", label, { type: "button", "aria-label": `${label} of ${one.path}` });
    button.addEventListener("click", () => tell(() => open(one.path, what)));
    doors.append(button, " ");
  };
  if (one.opens && one.state === "closed") {
    door("Report", "report");
    door("CSV", "files/data.csv");
  }
  const word = one.verdict || one.outcome || one.state;
  const said = make("td", word, { class: word === "pass" ? "good" : word === "fail" ? "bad" : "" });
  if (one.why && one.why !== "all steps done") said.append(make("span", one.why, { class: "fix soft" }));
  made.append(choice, make("th", one.path, { scope: "row" }), make("td", one.sample || ""), said,
    make("td", efficiency(one)), make("td", one.duration_s === null ? "" : time(one.duration_s)), doors);
  return made;
}

function showChosen() {
  const many = chosen.size;
  $("overlay").disabled = many < 2 || many > MOST;
  $("overlay-none").disabled = !many;
  put("overlay-words", many > MOST ? `${many} chosen: ${MOST} at most.` : many < 2 ? "Choose two to eight records." : `${many} chosen.`);
}

async function overlay() {
  const entries = [...chosen.values()].slice(0, MOST);
  laid = await Promise.all(entries.map(async (one) => {
    const told = await ask("GET", `/runs/${inPath(one.path)}/points`);
    const at = (name) => told.columns.indexOf(name);
    const first = told.laser_on_s.length ? told.laser_on_s[0] : null;
    const rows = told.rows.filter((point) => point[at("probe_degc")] !== null && point[at("probe_degc")] !== undefined);
    const t = rows.map((point) => point[at("t_s")] - (first ?? 0));
    const degc = rows.map((point) => point[at("probe_degc")]);
    // The rise counts from what was measured until the light came on, ten seconds of it.
    const dark = degc.filter((_, i) => t[i] <= 0 && t[i] > -10);
    const from = dark.length ? dark.reduce((sum, value) => sum + value, 0) / dark.length : degc[0];
    return { one, first, t, degc, rise: degc.map((value) => value - from) };
  }));
  $("overlay-box").hidden = false;
  drawOverlay();
  $("overlay-h").focus();
}

// Another run's value at a time, on the straight line between its neighbours; null outside it.
function between(t, values, at) {
  let low = 0, high = t.length - 1;
  if (!t.length || at < t[low] || at > t[high]) return null;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (t[middle] <= at) low = middle;
    else high = middle;
  }
  return high === low ? values[low] : values[low] + ((values[high] - values[low]) * (at - t[low])) / (t[high] - t[low]);
}

function shown(run, as) {
  if (as === "degc") return run.degc;
  if (as === "rise") return run.rise;
  return run.rise.map((value, i) => {
    const other = between(laid[0].t, laid[0].rise, run.t[i]);
    return other === null ? null : value - other;
  });
}

function drawOverlay() {
  if (!laid.length) return;
  const box = $("overlay-curve"), as = $("overlay-as").value;
  if (plot) plot.destroy();
  plot = new uPlot({
    width: box.clientWidth, height: box.clientHeight, legend: { show: false }, cursor: { show: false },
    scales: { x: { time: false } }, axes: axes(as === "degc" ? "°C" : "K"),
    series: [{}, ...laid.map((_, i) => line(`run${i + 1}`, { dash: DASHES[i] }))],
    hooks: { drawClear: [(u) => {
      const { left, top, width, height } = u.bbox, zero = u.valToPos(0, "x", true);
      if (zero < left || zero > left + width) return;
      u.ctx.fillStyle = colour("line");
      u.ctx.fillRect(zero, top, 1, height);
    }] },
  }, uPlot.join(laid.map((run) => [run.t, shown(run, as)])), box);
  named(box, "Chosen runs over the time since their first light; a table of them stands below");
  $("overlay-key").replaceChildren(...laid.map((run, i) => {
    const made = make("tr"), name = make("th", undefined, { scope: "row" });
    name.append(swatch(i), run.one.path);
    const most = run.rise.reduce((best, value) => Math.max(best, value), -Infinity);
    made.append(name, make("td", run.one.verdict || run.one.outcome || run.one.state), make("td", efficiency(run.one)),
      make("td", Number.isFinite(most) ? `${most.toFixed(2)} K` : ""),
      make("td", run.first === null ? "no light: laid from its beginning" : time(run.first)));
    return made;
  }));
}

function swatch(i) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg"), stroke = document.createElementNS(space, "line");
  const lines = { x1: 0, x2: 36, y1: 5, y2: 5, "stroke-width": 3, stroke: `var(--run${i + 1})`, "stroke-dasharray": DASHES[i].join(" ") };
  for (const [name, value] of Object.entries(lines)) stroke.setAttribute(name, value);
  for (const [name, value] of Object.entries({ class: "swatch", viewBox: "0 0 36 10", "aria-hidden": "true" })) svg.setAttribute(name, value);
  svg.append(stroke);
  return svg;
}

export function wireRecords() {
  $("search-form").addEventListener("submit", (event) => { event.preventDefault(); tell(loadRuns); });
  for (const id of ["find-verdict", "find-last"]) $(id).addEventListener("change", () => tell(loadRuns));
  $("overlay").addEventListener("click", () => tell(overlay));
  $("overlay-as").addEventListener("change", drawOverlay);
  $("overlay-none").addEventListener("click", () => {
    chosen.clear();
    for (const box of $("runs").querySelectorAll("input")) box.checked = false;
    showChosen();
    $("overlay-box").hidden = true;
  });
  new ResizeObserver(() => { if (plot) plot.setSize({ width: $("overlay-curve").clientWidth, height: $("overlay-curve").clientHeight }); }).observe($("overlay-curve"));
  onScheme(drawOverlay);
}
