"use strict";
const figures = JSON.parse(document.getElementById("figures").textContent);
const dark = matchMedia("(prefers-color-scheme: dark)");

function draw() {
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue("--ink").trim(), line = style.getPropertyValue("--line").trim();
  for (const [id, figure] of Object.entries(figures)) {
    const layout = structuredClone(figure.layout);
    layout.font = { color: ink, family: "system-ui, sans-serif", size: 13 };
    for (const axis of ["xaxis", "yaxis"]) {
      layout[axis] = { ...layout[axis], gridcolor: line, linecolor: line, zeroline: false,
        automargin: true };
    }
    layout.legend = { ...layout.legend, font: { size: 12 } };
    Plotly.react(id, figure.data, layout, { responsive: true, displaylogo: false });
  }
}

function sortBy(header, table) {
  const column = [...header.parentNode.children].indexOf(header);
  const up = header.getAttribute("aria-sort") !== "ascending";
  for (const other of header.parentNode.children) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", up ? "ascending" : "descending");
  const key = (row) => row.children[column].dataset.value ?? row.children[column].textContent.trim();
  const compare = (a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === "" || y === "") return x === y ? 0 : x === "" ? 1 : -1;
    const [m, n] = [Number(x), Number(y)];
    const order = Number.isNaN(m) || Number.isNaN(n) ? x.localeCompare(y) : m - n;
    return up ? order : -order;
  };
  const body = table.tBodies[0];
  body.append(...[...body.rows].sort(compare));
}

for (const table of document.querySelectorAll("table.sortable")) {
  for (const header of table.tHead.rows[0].cells) {
    header.querySelector("button").addEventListener("click", () => sortBy(header, table));
  }
}

function filterRows(input) {
  const sought = input.value.trim().toLowerCase();
  for (const row of document.getElementById(input.dataset.filters).tBodies[0].rows) {
    row.hidden = !row.textContent.toLowerCase().includes(sought);
  }
}

function cell(text) {
  // A spreadsheet runs a cell that begins like a formula.
  const safe = /^[=@\t\r+-]/.test(text) && !/^[+-][\d.][\d.,e%\s[\]+-]*$/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}

function download(table) {
  const rows = [...table.rows].filter((row) => !row.hidden).map((row) => [...row.cells]
    .map((td) => cell(td.dataset.value && td.querySelector("svg") ? td.dataset.value
      : td.textContent.trim().replace(/\s+/g, " "))).join(","));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([rows.join("\r\n") + "\r\n"], { type: "text/csv" }));
  link.download = `${table.id}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

for (const input of document.querySelectorAll("input[data-filters]")) {
  input.addEventListener("input", () => filterRows(input));
}
for (const button of document.querySelectorAll("button[data-csv]")) {
  button.addEventListener("click", () => download(document.getElementById(button.dataset.csv)));
}
draw();
dark.addEventListener("change", draw);

function openTarget() {
  const target = document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
}
addEventListener("hashchange", openTarget);
openTarget();
