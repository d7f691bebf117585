"use strict";
// Zoom: the box of the curves is an svg of 1000 by 1000; its viewBox is what is seen of it.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const charts = [...document.querySelectorAll("figure.chart")].map(read);

  function read(figure) {
    const d = figure.dataset;
    const chart = {
      figure, linked: d.linked || "", name: d.name,
      x: [+d.x0, +d.x1], y: [+d.y0, +d.y1], seen: [0, 1000],
      plot: figure.querySelector(".plot"), data: figure.querySelector(".data"),
      grid: figure.querySelector(".grid"), below: figure.querySelector(".below"),
      upright: figure.querySelector(".upright"), lines: null,
    };
    chart.height = +chart.plot.getAttribute("height");
    chart.first = [...chart.grid.childNodes].map((n) => n.cloneNode(true));
    chart.firstBelow = [...chart.below.childNodes].map((n) => n.cloneNode(true));
    chart.firstUpright = [...chart.upright.childNodes].map((n) => n.cloneNode(true));
    if (!d.fixed) {
      addTools(chart);
      addDrag(chart);
    }
    return chart;
  }

  function addTools(chart) {
    const tools = document.createElement("div");
    tools.className = "tools";
    const acts = [
      ["−", "Zoom out", (a, b) => [a - (b - a) / 2, b + (b - a) / 2]],
      ["+", "Zoom in", (a, b) => [a + (b - a) / 4, b - (b - a) / 4]],
      ["←", "Earlier", (a, b) => [a - (b - a) / 3, b - (b - a) / 3]],
      ["→", "Later", (a, b) => [a + (b - a) / 3, b + (b - a) / 3]],
      ["Whole", "Show the whole of", () => [0, 1000]],
    ];
    for (const [sign, words, act] of acts) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = sign;
      button.setAttribute("aria-label", `${words}: ${chart.name}`);
      button.addEventListener("click", () => show(chart, ...act(...chart.seen)));
      tools.append(button);
    }
    chart.figure.append(tools);
  }

  function addDrag(chart) {
    let from = null, area = null;
    const place = (event) => {
      const box = chart.plot.getBoundingClientRect();
      const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
      return chart.seen[0] + share * (chart.seen[1] - chart.seen[0]);
    };
    const stop = () => { if (area) area.remove(); from = area = null; };
    chart.plot.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.pointerType === "touch") return;
      from = place(event);
      area = document.createElementNS(SVG, "rect");
      area.setAttribute("class", "drag");
      area.setAttribute("y", "-9000");
      area.setAttribute("height", "19000");
      chart.data.append(area);
      chart.plot.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    chart.plot.addEventListener("pointermove", (event) => {
      if (from === null) return;
      const to = place(event);
      area.setAttribute("x", Math.min(from, to));
      area.setAttribute("width", Math.abs(to - from));
    });
    chart.plot.addEventListener("pointerup", (event) => {
      if (from === null) return;
      const a = from, b = place(event);
      stop();
      if (Math.abs(b - a) > (chart.seen[1] - chart.seen[0]) * 0.01) show(chart, Math.min(a, b), Math.max(a, b));
    });
    chart.plot.addEventListener("pointercancel", stop);
    chart.plot.addEventListener("dblclick", () => show(chart, 0, 1000));
  }

  function show(chart, a, b) {
    const width = Math.min(1000, Math.max(1, b - a));
    a = Math.min(Math.max(0, a), 1000 - width);
    for (const other of charts) {
      if (other === chart || (chart.linked && other.linked === chart.linked)) set(other, a, a + width);
    }
  }

  function set(chart, a, b) {
    chart.seen = [a, b];
    if (a <= 0 && b >= 1000) {
      chart.data.setAttribute("viewBox", "0 0 1000 1000");
      chart.grid.replaceChildren(...chart.first.map((n) => n.cloneNode(true)));
      chart.below.replaceChildren(...chart.firstBelow.map((n) => n.cloneNode(true)));
      chart.upright.replaceChildren(...chart.firstUpright.map((n) => n.cloneNode(true)));
      return;
    }
    const [top, bottom] = heights(chart, a, b);
    chart.data.setAttribute("viewBox", `${a} ${top} ${b - a} ${bottom - top}`);
    const x = (p) => chart.x[0] + (p / 1000) * (chart.x[1] - chart.x[0]);
    const y = (p) => chart.y[1] - (p / 1000) * (chart.y[1] - chart.y[0]);
    chart.grid.replaceChildren();
    chart.below.replaceChildren();
    chart.upright.replaceChildren();
    for (const value of ticks(y(bottom), y(top), 5)) {
      const at = ((y(top) - value) / (y(top) - y(bottom))) * chart.height;
      line(chart, 0, "100%", at, at);
      text(chart.upright, value, { x: 50, y: at, dy: "0.35em" });
    }
    for (const value of ticks(x(a), x(b), 6)) {
      const share = (100 * (value - x(a))) / (x(b) - x(a));
      line(chart, `${share}%`, `${share}%`, 0, "100%");
      const anchor = share < 2 ? "start" : share > 98 ? "end" : "middle";
      text(chart.below, value, { x: `${share}%`, y: 16, "text-anchor": anchor });
    }
  }

  // Lowest and highest point of the lines between a and b, with a margin.
  function heights(chart, a, b) {
    if (!chart.lines) {
      chart.lines = [...chart.data.querySelectorAll("polyline.scale")].map((line) =>
        line.getAttribute("points").split(" ").map((point) => point.split(",").map(Number)));
    }
    let top = Infinity, bottom = -Infinity;
    for (const points of chart.lines) {
      for (const [x, y] of points) {
        if (x >= a && x <= b) { top = Math.min(top, y); bottom = Math.max(bottom, y); }
      }
    }
    if (!(bottom >= top)) return [0, 1000];
    const room = Math.max((bottom - top) * 0.08, 4);
    return [top - room, bottom + room];
  }

  function line(chart, x1, x2, y1, y2) {
    const element = document.createElementNS(SVG, "line");
    for (const [key, value] of Object.entries({ x1, x2, y1, y2 })) element.setAttribute(key, value);
    chart.grid.append(element);
  }

  function text(parent, value, attributes) {
    const element = document.createElementNS(SVG, "text");
    for (const [key, to] of Object.entries(attributes)) element.setAttribute(key, to);
    element.textContent = String(+value.toPrecision(6)).replace("-", "−");
    parent.append(element);
  }

  function ticks(low, high, about) {
    let step = 10 ** Math.floor(Math.log10((high - low) / about));
    for (const times of [1, 2, 5, 10]) {
      if ((high - low) / (step * times) <= about + 0.5) { step *= times; break; }
    }
    const found = [];
    for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n += 1) found.push(n * step);
    return found;
  }
})();
