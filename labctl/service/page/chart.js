// The live charts: uPlot with the model's band and the laser's shading.
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

const dark = matchMedia("(prefers-color-scheme: dark)");
export const onScheme = (act) => dark.addEventListener("change", act);

// Canvas knows no rem: what is written in a chart grows with the page's own type.
const em = () => parseFloat(getComputedStyle(document.documentElement).fontSize);
const clock = (_, marks) => marks.map((s) => `${s < 0 ? "−" : ""}${Math.floor(Math.abs(s) / 60)}:${String(Math.floor(Math.abs(s) % 60)).padStart(2, "0")}`);
const STEPS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400];

export function axes(title) {
  const size = em(), font = `${0.75 * size}px system-ui, sans-serif`;
  const axis = { stroke: colour("soft"), grid: { stroke: colour("grid"), width: 1 }, ticks: { stroke: colour("grid"), size: 0.3 * size }, font };
  return [
    { ...axis, values: clock, incrs: STEPS, size: 1.8 * size, space: 3.4 * size },
    { ...axis, label: title, labelSize: 1.3 * size, labelFont: font, labelGap: 0, size: 3.2 * size, space: 2 * size },
  ];
}

export const line = (name, more = {}) => ({ stroke: colour(name), width: Math.max(2, em() / 9), points: { show: false }, spanGaps: false, ...more });

// Where there are several points to each column of pixels, columns are drawn from the least to the most
// of each: it looks the same as a line through all, and a thick line of thousands of corners takes a
// computer without a graphics card longer than all else of a frame.
const dense = (u, from, to) => to - from > 2 * u.bbox.width;

function columns(u, which) {
  const [from, to] = u.series[0].idxs ?? [0, -1];
  if (!u.series[which].inColumns || !dense(u, from, to)) return;
  const { ctx } = u, { left, top, width, height } = u.bbox, t = u.data[0], values = u.data[which];
  const { min, max } = u.scales.x, y = u.scales.y, thick = Math.round(u.series[which].width * devicePixelRatio);
  const toX = width / (max - min), toY = height / (y.max - y.min);
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.fillStyle = ctx.strokeStyle = colour("measured");
  ctx.lineWidth = thick;
  let at = NaN, high = 0, low = 0, last = null;
  const put = () => { if (high <= low) ctx.fillRect(at, high - (thick >> 1), 1, low - high + thick); };
  for (let i = from; i <= to; i++) {
    if (values[i] === null) { put(); [at, high, low, last] = [NaN, 1, 0, null]; continue; }
    const x = Math.round(left + (t[i] - min) * toX), here = Math.round(top + (y.max - values[i]) * toY);
    if (x !== at) {
      put();
      if (last !== null && x > at + 1) {
        ctx.beginPath();
        ctx.moveTo(at, last);
        ctx.lineTo(x, here);
        ctx.stroke();
      }
      // From where the column before it ended, so that it hangs together.
      [at, high, low] = last === null || x !== at + 1 ? [x, here, here] : [x, Math.min(here, last), Math.max(here, last)];
    }
    high = Math.min(high, here);
    low = Math.max(low, here);
    last = here;
  }
  put();
  ctx.restore();
}

export function named(box, words) {
  for (const canvas of box.querySelectorAll("canvas")) {
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", words);
  }
}

const edge = { stroke: "transparent", width: 0, points: { show: false } };
const share = (_, low, high) => [Math.max(-0.2, Math.min(0, low ?? 0)), Math.min(1.2, Math.max(0.2, 1.15 * (high ?? 1)))];
// By the lines that are shown; at first the band is as wide as what nobody knew.
function most(u, lines) {
  const [from, to] = u.series[0].idxs ?? [0, u.data[0].length - 1];
  let low = Infinity, high = -Infinity;
  for (const values of lines.map((one) => u.data[one])) {
    for (let i = from; i <= to; i++) {
      const value = values[i];
      if (value === null) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return [low, high];
}

// The measured line is drawn last: what was seen stands before what was expected.
const KINDS = {
  temperature: {
    columns: ["t", "model", "high", "low", "ambient", "measured"], title: "°C", bands: [2, 3], windowed: true,
    words: "Temperature over time; its newest values stand below",
    series: () => [{}, line("model", { dash: [7, 4] }), edge, edge, line("ambient", { dash: [2, 4] }), line("measured", { inColumns: true })],
    y: (u) => {
      const [low, high] = most(u, [1, 4, 5]);
      if (low > high) return [20, 30];
      const spare = Math.max(0.5, 0.05 * (high - low));
      return [low - spare, high + spare];
    },
  },
  gap: {
    columns: ["t", "gapHigh", "gapLow", "gap"], title: "K", bands: [1, 2], windowed: true, everyMs: 500,
    words: "Measured minus model over time, with the model's band; its newest value stands below",
    series: () => [{}, edge, edge, line("measured", { width: 1 })],
    y: (u) => {
      const [low, high] = most(u, [3]);
      const far = Math.max(0.1, 1.6 * (u.data[1][u.data[1].length - 1] ?? 0), -1.1 * low, 1.1 * high);
      // Up to a round number, so that the axis can tell it.
      const ten = 10 ** Math.floor(Math.log10(far)), nice = [1, 2, 5, 10].find((one) => one * ten >= far * 0.999) * ten;
      return [-nice, nice];
    },
  },
  efficiency: {
    columns: ["t", "efficiencyHigh", "efficiencyLow", "efficiency"], title: "efficiency", bands: [1, 2], windowed: false, everyMs: 500,
    words: "Efficiency over time with its 95 % interval; its value stands above",
    series: () => [{}, edge, edge, line("measured", { inColumns: true })], y: share,
  },
};

let straight = null;
function lineOrColumns(u, which, from, to) {
  straight ??= uPlot.paths.linear();
  return dense(u, from, to) ? null : straight(u, which, from, to);
}

export class Curve {
  constructor(box, kind, points) {
    this.box = box;
    this.kind = KINDS[kind];
    this.points = points;
    this.lastS = 0; // how much of the run is shown; 0: all
    this.plot = null;
    this.due = false;
    this.drawnAt = 0;
    new ResizeObserver(() => this.fit()).observe(box);
    onScheme(() => { this.clear(); this.later(); });
  }

  // The curve with every sample; what stands beside it twice a second, which nobody sees, and not in
  // the curve's own frame, which would be later for it.
  later() {
    if (this.due) return;
    this.due = true;
    const wait = this.kind.everyMs ? Math.max(50, this.drawnAt + this.kind.everyMs - performance.now()) : 0;
    const draw = () => requestAnimationFrame(() => { this.due = false; this.draw(); });
    if (wait > 0) setTimeout(draw, wait);
    else draw();
  }

  draw() {
    const { length, newest } = this.points;
    this.drawnAt = performance.now();
    this.box.hidden = !length;
    if (!length) { this.clear(); return; }
    const data = this.kind.columns.map((name) => this.points.of[name]);
    if (this.plot) this.plot.setData(data);
    else this.make(data);
    // For whoever measures how soon a point is seen.
    this.box.dispatchEvent(new CustomEvent("drawn", { detail: { t_s: newest.t_s, points: length }, bubbles: true }));
  }

  clear() {
    if (this.plot) this.plot.destroy();
    this.plot = null;
  }

  fit() {
    if (!this.plot || !this.box.clientWidth) return;
    if (this.em !== em()) {
      this.clear();
      this.later();
    } else this.plot.setSize({ width: this.box.clientWidth, height: this.box.clientHeight });
  }

  shade(u) {
    const { t, lit } = this.points.of;
    const { left, top, width, height } = u.bbox;
    const to = (x) => Math.min(left + width, Math.max(left, u.valToPos(x, "x", true)));
    const fills = { 1: colour("light"), null: colour("dim") };
    for (let from = 0; from < t.length; ) {
      let end = from;
      while (end < t.length && lit[end] === lit[from]) end++;
      const begin = to(t[from]), over = to(t[Math.min(end, t.length - 1)]);
      if (lit[from] !== 0 && over > left) {
        u.ctx.fillStyle = fills[lit[from]];
        u.ctx.fillRect(begin, top, Math.max(1, over - begin), height);
      }
      from = end;
    }
  }

  make(data) {
    const { kind } = this;
    this.em = em();
    const shown = (_, least, most) => [kind.windowed && this.lastS ? Math.max(least, most - this.lastS) : least, Math.max(most, least + 1)];
    this.plot = new uPlot({
      width: this.box.clientWidth, height: this.box.clientHeight,
      legend: { show: false }, cursor: { show: false },
      scales: { x: { time: false, range: shown }, y: { range: kind.y } },
      axes: axes(kind.title), series: kind.series().map((one) => (one.inColumns ? { ...one, paths: lineOrColumns } : one)),
      bands: [{ series: kind.bands, fill: colour("band") }],
      hooks: { drawClear: [(u) => this.shade(u)], drawSeries: [columns] },
    }, data, this.box);
    named(this.box, kind.words);
  }
}
