// Making elements. Text is only ever set as text, so nothing of a report can become markup.

const data = JSON.parse(document.getElementById("data").textContent);
const report = data.report;

// `of` is a map of attributes; children are elements, strings, or lists of them; null is left out.
function make(name, of, ...children) {
  return fill(document.createElement(name), of, children);
}

function draw(name, of, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), of, children);
}

function fill(element, of, children) {
  for (const [key, value] of Object.entries(of || {})) {
    if (key === "on") {
      for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(key, value === true ? "" : value);
    }
  }
  for (const child of children.flat(3)) {
    if (child !== null && child !== undefined) element.append(child);
  }
  return element;
}

function place(at) {
  return at.file + ":" + at.line;
}

function count(number, word) {
  return number + " " + word + (number === 1 ? "" : "s");
}

function share(part, whole) {
  return whole === 0 ? "0 %" : Math.round(part * 100 / whole) + " %";
}

function byCount(entries) {
  const counts = new Map();
  for (const name of entries) counts.set(name, (counts.get(name) || 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

// The lines around a place, the one itself marked; null where the page has no source.
function source(file, line, around) {
  const lines = data.lines[file];
  if (!lines || !lines[line]) return null;
  const shown = [];
  for (let number = Math.max(1, line - around); number <= line + around; number++) {
    if (lines[number] === undefined) continue;
    shown.push(make("span", { class: number === line ? "here" : null }, make("i", {}, String(number)), lines[number] || " "));
  }
  return make("pre", { class: "source", tabindex: "0", "aria-label": "source of " + file }, shown);
}
