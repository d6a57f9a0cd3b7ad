"use strict";

const element = (id) => document.getElementById(id);

// time writes nanoseconds with the unit that fits.
function time(ns) {
  for (const [unit, size] of [["s", 1e9], ["ms", 1e6], ["µs", 1e3]]) {
    if (ns >= size) return (ns / size).toPrecision(3) + " " + unit;
  }
  return ns + " ns";
}

function bytes(n) {
  for (const [unit, size] of [["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10]]) {
    if (n >= size) return (n / size).toFixed(1) + " " + unit;
  }
  return n + " B";
}

const count = (n) => Math.round(n).toLocaleString("en");

// fill replaces a table's rows. A cell is a text, or [text, class].
function fill(id, rows) {
  const body = element(id).tBodies[0];
  body.replaceChildren(...rows.map(({ cells, seq }) => {
    const row = document.createElement("tr");
    for (const cell of cells) {
      const [text, name] = Array.isArray(cell) ? cell : [cell, ""];
      const td = document.createElement("td");
      td.textContent = text;
      td.className = name;
      row.append(td);
    }
    if (seq !== undefined) {
      row.dataset.seq = seq;
      row.tabIndex = 0;
    }
    return row;
  }));
}

function show(s) {
  const now = s.now, status = s.status;
  element("device").textContent = status.device;
  element("name").textContent = status.name;
  const state = element("state");
  state.className = "";
  state.textContent = (status.draining ? "draining" : "serving") + " · " + status.operands + " operands, " +
    bytes(status.memory) + " · version " + status.version;
  element("jobs").textContent = count(now.jobs_per_second);
  element("batches").textContent = count(now.batches_per_second);
  element("mean").textContent = now.mean_batch.toFixed(1);
  element("busy").textContent = Math.round(100 * now.busy) + " %";
  for (const id of ["p50", "p90", "p99", "max"]) element(id).textContent = time(now[id + "_ns"]);
  fill("variants", s.variants.map((v) => ({ cells: [
    v.op, v.backend + "/" + v.variant, [count(v.batches), "n"], [count(v.jobs), "n"],
    [(v.jobs / v.batches).toFixed(1), "n"], [time(v.device_ns), "n"],
    [count(v.failed), v.failed ? "n failed" : "n"], v.reason,
  ] })));
  fill("queue", (status.queue || []).map((t) => ({ cells: [
    t.name || "(none)", [count(t.in_flight), "n"], [bytes(t.bytes), "n"], [count(t.done), "n"],
    [count(t.failed), t.failed ? "n failed" : "n"], [time(t.device_ns), "n"],
  ] })));
  if (!element("hold").checked) {
    whole = new Map(s.recent.map((r) => [String(r.seq), r.whole]));
    fill("recent", s.recent.map((r) => ({ seq: r.seq, cells: [
      new Date(r.time).toLocaleTimeString("en-GB"), r.what, r.plan, [count(r.jobs), "n"],
      [time(r.queue_ns), "n"], [time(r.device_ns), "n"], r.why, [r.outcome, r.outcome === "done" ? "done" : "failed"],
    ] })));
  }
}

const dark = matchMedia("(prefers-color-scheme: dark)");

function draw() {
  if (document.hidden) return;
  for (const img of document.querySelectorAll("[data-chart]")) {
    const wanted = "chart/" + img.dataset.chart + ".svg?width=" + img.clientWidth +
      "&theme=" + (dark.matches ? "dark" : "light") + "&t=" + Date.now();
    const next = new Image(); // so that the old one stays until the new one is there
    next.alt = img.alt;
    next.dataset.chart = img.dataset.chart;
    next.onload = () => img.replaceWith(next);
    next.src = wanted;
  }
}

// whole has all of the decisions that the table shows, by sequence number.
let whole = new Map();

function detail(seq) {
  element("detail").querySelector("pre").textContent = JSON.stringify(whole.get(seq), null, 2);
  element("detail").showModal();
}

for (const kind of ["click", "keydown"]) {
  element("recent").addEventListener(kind, (e) => {
    const row = e.target.closest("tr[data-seq]");
    if (row && (kind === "click" || e.key === "Enter")) detail(row.dataset.seq);
  });
}

const events = new EventSource("events");
events.onmessage = (e) => show(JSON.parse(e.data));
events.onerror = () => { // it connects again by itself
  element("state").className = "lost";
  element("state").textContent = "connection lost, trying again";
};
draw();
setInterval(draw, 2000);
dark.addEventListener("change", draw);
