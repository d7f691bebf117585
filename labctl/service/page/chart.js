// The live curve and the efficiency: uPlot with the model's band and the laser's shading.
const MOST = 6000;
const TWO_SD = 1.959964;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export class Curve {
  constructor(box, small) {
    this.box = box;
    this.small = small;
    this.rows = [];
    this.at = {};
    this.every = 1;
    this.count = 0;
    this.plot = null;
    this.due = false;
    new ResizeObserver(() => this.fit()).observe(box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { this.clear(); this.later(); });
  }

  begin(points) {
    this.at = Object.fromEntries(points.columns.map((name, place) => [name, place]));
    this.rows = points.rows.slice();
    this.every = 1;
    this.count = this.rows.length;
    this.later();
  }

  add(rows) {
    for (const row of rows) {
      if (this.count++ % this.every === 0) this.rows.push(row);
    }
    if (this.rows.length > MOST) {
      this.rows = this.rows.filter((_, place) => place % 2 === 0);
      this.every *= 2;
    }
    if (rows.length) this.later();
  }

  get newest() {
    const row = this.rows[this.rows.length - 1];
    return row ? Object.fromEntries(Object.entries(this.at).map(([name, place]) => [name, row[place]])) : null;
  }

  later() {
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => { this.due = false; this.draw(); });
  }

  column(name) {
    const place = this.at[name];
    return this.rows.map((row) => (row[place] === undefined ? null : row[place]));
  }

  band(middle, spread, factor) {
    const a = this.column(middle), b = this.column(spread);
    const side = (sign) => a.map((value, i) => (value === null || b[i] === null ? null : value + sign * factor * b[i]));
    return [side(1), side(-1)];
  }

  data() {
    const t = this.column("t_s");
    if (this.small) return [t, this.column("efficiency"), ...this.band("efficiency", "efficiency_sd", TWO_SD)];
    return [t, this.column("probe_degc"), this.column("predicted_degc"), ...this.band("predicted_degc", "sd_k", 2), this.column("ambient_degc")];
  }

  draw() {
    if (!this.rows.length) { this.clear(); return; }
    if (!this.plot) this.make();
    this.plot.setData(this.data());
  }

  clear() {
    if (this.plot) this.plot.destroy();
    this.plot = null;
  }

  fit() {
    if (this.plot) this.plot.setSize({ width: this.box.clientWidth, height: this.box.clientHeight });
  }

  shade(u) {
    const t = this.column("t_s"), lit = this.column("lit");
    const { left, top, width, height } = u.bbox;
    const to = (x) => Math.min(left + width, Math.max(left, u.valToPos(x, "x", true)));
    for (let from = 0; from < t.length; ) {
      let end = from;
      while (end < t.length && lit[end] === lit[from]) end++;
      if (lit[from] !== 0) {
        u.ctx.fillStyle = colour(lit[from] === 1 ? "light" : "dim");
        const begin = to(t[from]);
        u.ctx.fillRect(begin, top, Math.max(1, to(t[Math.min(end, t.length - 1)]) - begin), height);
      }
      from = end;
    }
  }

  make() {
    const axis = { stroke: colour("soft"), grid: { stroke: colour("grid"), width: 1 }, ticks: { stroke: colour("grid") }, font: "12px system-ui, sans-serif" };
    const clock = (_, marks) => marks.map((s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`);
    const edge = { stroke: "transparent", width: 0, points: { show: false } };
    const line = (name, more = {}) => ({ stroke: colour(name), width: 2, points: { show: false }, spanGaps: false, ...more });
    const temperature = [{}, line("measured"), line("model", { dash: [7, 4] }), edge, edge, line("ambient", { dash: [2, 4] })];
    const share = [{}, line("measured"), edge, edge];
    const title = this.small ? "efficiency" : "°C";
    this.plot = new uPlot({
      width: this.box.clientWidth, height: this.box.clientHeight,
      legend: { show: false }, cursor: { show: false },
      scales: { x: { time: false }, y: this.small ? { range: (_, low, high) => [Math.max(-0.2, Math.min(0, low ?? 0)), Math.min(1.2, Math.max(0.2, 1.15 * (high ?? 1)))] } : {} },
      axes: [{ ...axis, values: clock, incrs: [1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400] }, { ...axis, label: title, labelSize: 18, labelFont: "12px system-ui, sans-serif", size: 46 }],
      series: this.small ? share : temperature,
      bands: [{ series: this.small ? [2, 3] : [3, 4], fill: colour("band") }],
      hooks: { drawClear: [(u) => this.shade(u)] },
    }, this.data(), this.box);
    for (const canvas of this.box.querySelectorAll("canvas")) {
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", this.small ? "Efficiency over time; its value stands above" : "Temperature over time; newest values stand below");
    }
  }
}
