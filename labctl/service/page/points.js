// The points of the run in columns, kept once for every chart that shows them.
const MOST = 6000;
const TWO_SD = 1.959964;
const both = (a, b, sign, factor) => (a === null || b === null ? null : a + sign * factor * b);

// What each column is made of, from a row by name.
const MADE = {
  t: (r) => r.t_s,
  measured: (r) => r.probe_degc,
  model: (r) => r.predicted_degc,
  high: (r) => both(r.predicted_degc, r.sd_k, 1, 2),
  low: (r) => both(r.predicted_degc, r.sd_k, -1, 2),
  ambient: (r) => r.ambient_degc,
  gap: (r) => both(r.probe_degc, r.predicted_degc, -1, 1),
  gapHigh: (r) => (r.sd_k === null ? null : 2 * r.sd_k),
  gapLow: (r) => (r.sd_k === null ? null : -2 * r.sd_k),
  efficiency: (r) => r.efficiency,
  efficiencyHigh: (r) => both(r.efficiency, r.efficiency_sd, 1, TWO_SD),
  efficiencyLow: (r) => both(r.efficiency, r.efficiency_sd, -1, TWO_SD),
  lit: (r) => r.lit,
};
const NAMES = Object.keys(MADE);

export class Points {
  constructor() {
    this.begin({ columns: [], rows: [] });
  }

  begin(told) {
    this.names = told.columns;
    this.of = Object.fromEntries(NAMES.map((name) => [name, []]));
    this.newest = null;
    this.every = 1;
    this.count = 0;
    this.extra = false; // the newest row stands at the end even where thinning will leave it out
    this.add(told.rows);
  }

  add(rows) {
    for (const row of rows) {
      const said = {};
      this.names.forEach((name, place) => { said[name] = row[place] ?? null; });
      const again = this.newest !== null && said.t_s === this.newest.t_s; // told anew, with what the check says of it
      if (this.extra || again) for (const name of NAMES) this.of[name].pop();
      for (const name of NAMES) this.of[name].push(MADE[name](said));
      this.newest = said;
      if (again) continue;
      this.extra = this.count % this.every !== 0;
      this.count += 1;
    }
    if (this.length > MOST) {
      // Every second; the newest stays, as one that may be left out later.
      const end = this.length - 1;
      for (const name of NAMES) this.of[name] = this.of[name].filter((_, place) => place % 2 === 0 || place === end);
      this.extra = this.extra || end % 2 !== 0;
      this.every *= 2;
    }
  }

  get length() {
    return this.of.t.length;
  }

  // Seconds of the run's clock between the newest two.
  get period() {
    const { t } = this.of;
    return t.length > 1 ? t[t.length - 1] - t[t.length - 2] : 0;
  }
}
