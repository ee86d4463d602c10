// Two drawings: the way of a path through functions, and where the references of an acquisition go.

const LANE = 150;
const STEP = 34;

// Functions side by side, steps from top to bottom.
function pathGraph(path) {
  const lanes = [...new Set(path.map((step) => step.function))];
  const width = lanes.length * LANE;
  const height = 34 + path.length * STEP;
  const x = (step) => lanes.indexOf(step.function) * LANE + 20;
  const y = (index) => 46 + index * STEP;
  const heads = lanes.map((lane, index) => [
    draw("text", { x: index * LANE, y: 14 }, shortened(lane + "()", 22), draw("title", {}, lane)),
    draw("line", { x1: index * LANE + 20, y1: 22, x2: index * LANE + 20, y2: height, class: "lane" }),
  ]);
  const ways = path.slice(1).map((step, index) => draw("line", { x1: x(path[index]), y1: y(index), x2: x(step), y2: y(index + 1), class: "edge" }));
  const dots = path.map((step, index) => {
    const kind = index + 1 === path.length ? "is-finding" : index === 0 ? "is-plain" : "is-unresolved";
    return draw("g", {},
      draw("circle", { cx: x(step), cy: y(index), r: 9, class: kind }),
      draw("text", { x: x(step), y: y(index) + 4, "text-anchor": "middle", style: "fill:var(--back);font-weight:700" }, String(index + 1)),
      draw("text", { x: x(step) + 14, y: y(index) + 4 }, "line " + step.line),
      draw("title", {}, place(step) + " " + step.message));
  });
  return picture(width, height, "call path through " + lanes.join(", "), heads, ways, dots);
}

const BOX = 230;
const ROW = 46;
const MOST = 24;

// Acquisition, what the references pass through (slots and functions), releases: three columns.
function siteGraph(site) {
  const releases = site.releases.slice(0, MOST);
  const ways = [...new Set(releases.map((release) => release.via).filter((via) => via !== ""))];
  const rows = Math.max(1, ways.length, releases.length);
  const height = rows * ROW + (site.releases.length > MOST ? 20 : 0);
  const gap = BOX + 50;
  const middle = (index, of) => (rows * ROW) * (index + 0.5) / of;
  const from = [BOX, middle(0, 1)];
  const edges = ways.map((way, index) => edge(from, [gap, middle(index, ways.length)]));
  const boxes = [box(0, middle(0, 1), site.api + "()", "in " + site.function + "(), line " + site.line)];
  ways.forEach((way, index) => boxes.push(box(gap, middle(index, ways.length), way, way.includes(".") ? "slot" : "")));
  const last = ways.length ? 2 * gap : gap;
  releases.forEach((release, index) => {
    const at = middle(index, releases.length);
    const way = ways.indexOf(release.via);
    edges.push(edge(way < 0 ? from : [gap + BOX, middle(way, ways.length)], [last, at]));
    boxes.push(box(last, at, release.api + "()", "in " + release.function + "(), line " + release.line));
  });
  const more = site.releases.length > MOST ? draw("text", { x: last, y: height - 4, class: "soft" }, "and " + (site.releases.length - MOST) + " more") : null;
  const width = releases.length ? last + BOX + 2 : BOX + 2;
  return picture(width, height, "where the references of " + site.api + " go", edges, boxes, more);
}

function box(x, middle, title, below) {
  return draw("g", { transform: "translate(" + (x + 1) + " " + (middle - 18) + ")" },
    draw("rect", { width: BOX, height: 36, rx: 4, class: "box" }),
    draw("text", { x: 8, y: below ? 15 : 22 }, shortened(title, 34)),
    below ? draw("text", { x: 8, y: 30, class: "soft" }, shortened(below, 36)) : null,
    draw("title", {}, title + " " + below));
}

function edge(from, to) {
  const bend = (from[0] + to[0]) / 2;
  return draw("path", { class: "edge", d: "M" + from[0] + " " + from[1] + "C" + bend + " " + from[1] + " " + bend + " " + to[1] + " " + to[0] + " " + to[1] });
}

function picture(width, height, label, ...content) {
  const svg = draw("svg", { viewBox: "0 0 " + width + " " + height, width: width, height: height, role: "img", "aria-label": label }, content);
  return make("div", { class: "graph", tabindex: "0" }, svg);
}

function shortened(text, most) {
  return text.length > most ? text.slice(0, most - 1) + "…" : text;
}
