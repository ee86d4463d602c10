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

const BOX = 260;
const ROW = 46;
const MOST = 24;

// Acquisition, what the references pass through (slots and functions), releases: three columns.
function siteGraph(site) {
  const ways = waysOf(site);
  const ends = [...new Map(ways.map((way) => [place(way.to) + way.to.api, way.to])).values()];
  const shown = ends.slice(0, MOST);
  const middles = [...new Set(ways.filter((way) => shown.includes(way.to) && way.via !== "").map((way) => way.via))];
  const rows = Math.max(1, middles.length, shown.length);
  const height = rows * ROW + (ends.length > MOST ? 20 : 0);
  const at = (index, of) => rows * ROW * (index + 0.5) / of;
  const gap = BOX + 50;
  const last = middles.length ? 2 * gap : gap;
  const from = [BOX, at(0, 1)];
  const boxes = [box(0, from[1], site.api + "()", "in " + site.function + "(), line " + site.line)];
  const edges = middles.map((via, index) => edge(from, [gap, at(index, middles.length)]));
  middles.forEach((via, index) => boxes.push(box(gap, at(index, middles.length), via, "")));
  shown.forEach((end, index) => boxes.push(box(last, at(index, shown.length), end.api + "()", "in " + end.function + "(), line " + end.line)));
  for (const way of ways.filter((way) => shown.includes(way.to))) {
    const middle = middles.indexOf(way.via);
    const start = middle < 0 ? from : [gap + BOX, at(middle, middles.length)];
    edges.push(edge(start, [last, at(shown.indexOf(way.to), shown.length)]));
  }
  const more = ends.length > MOST ? draw("text", { x: last, y: height - 4, class: "soft" }, "and " + (ends.length - MOST) + " more") : null;
  const width = shown.length ? last + BOX + 2 : BOX + 2;
  return picture(width, height, "where the references of " + site.api + " go", edges, boxes, more);
}

// A release that another one names as its way is a call that leads there: its function is then on the way. Of calls of calls the
// list below the graph tells.
function waysOf(site) {
  const apis = new Set(site.releases.map((release) => release.api));
  const isCall = (release) => apis.has(release.via) && release.via !== release.api;
  const ends = new Map();
  const end = (release) => {
    const key = place(release) + release.api;
    if (!ends.has(key)) ends.set(key, release);
    return ends.get(key);
  };
  const ways = site.releases.filter((release) => !isCall(release)).map((release) => ({ via: release.via, to: end(release) }));
  const passed = new Set(ways.map((way) => way.via));
  for (const call of site.releases.filter(isCall)) {
    if (passed.has(call.function) || call.function === site.function) continue;
    const leads = [...ends.values()].filter((to) => to.api === call.via && to.function === call.api);
    ways.push(...leads.map((to) => ({ via: call.function, to })));
    passed.add(call.function);
  }
  // Beside others the direct way has a place of its own, not behind them.
  const isDirect = ways.every((way) => way.via === "");
  return ways.map((way) => ({ via: way.via === "" && !isDirect ? "(directly)" : way.via, to: way.to }));
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
