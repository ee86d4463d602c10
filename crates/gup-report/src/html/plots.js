// Shares and counts as bars.

const VERDICTS = ["finding", "unresolved", "balanced"];

function plots() {
  const at = document.getElementById("plots");
  if (data.change) {
    document.getElementById("overview").hidden = true;
    return;
  }
  const sites = report.ledger.sites;
  at.append(figure("Verdicts of " + count(sites.length, "acquisition"), legend(sites), stacked([["all", sites]])));
  at.append(figure("By subsystem", stacked(bySubsystem(sites))));
  const rules = byCount(report.findings.map((finding) => finding.rule));
  if (rules.length) at.append(figure("Findings by rule", bars(rules)));
  const reasons = sites.filter((site) => site.verdict === "unresolved").map((site) => site.reason);
  if (reasons.length) at.append(figure("Why sites are unresolved", bars(byCount(reasons).slice(0, 12))));
}

function bySubsystem(sites) {
  const names = byCount(sites.map((site) => site.subsystems[0] || "(none)")).slice(0, 14);
  return names.map(([name]) => [name, sites.filter((site) => (site.subsystems[0] || "(none)") === name)]);
}

function figure(title, ...content) {
  return make("figure", {}, make("figcaption", {}, title), content);
}

function legend(sites) {
  const entry = (verdict) => {
    const part = sites.filter((site) => site.verdict === verdict).length;
    const swatch = draw("svg", { width: 12, height: 12, style: "display:inline" }, draw("rect", { width: 12, height: 12, class: "is-" + verdict }));
    return make("span", {}, swatch, " " + verdict + " " + part + " (" + share(part, sites.length) + ")");
  };
  return make("div", { class: "legend" }, VERDICTS.map(entry));
}

// Rows of [name, sites], each a bar as long as it has sites, cut by verdict.
function stacked(rows) {
  const most = Math.max(1, ...rows.map(([, sites]) => sites.length));
  return rowsOf(rows.map(([name, sites]) => {
    let left = 0;
    const parts = VERDICTS.map((verdict) => {
      const part = sites.filter((site) => site.verdict === verdict).length;
      const width = part * BAR / most;
      left += width;
      const title = draw("title", {}, name + ": " + part + " " + verdict);
      return part === 0 ? null : draw("rect", { x: left - width, width: width, height: 14, class: "is-" + verdict }, title);
    });
    return [name, sites.length, parts, left];
  }));
}

function bars(rows) {
  const most = Math.max(1, ...rows.map(([, number]) => number));
  return rowsOf(rows.map(([name, number]) => {
    const width = number * BAR / most;
    return [name, number, draw("rect", { width: width, height: 14, class: "is-plain" }), width];
  }));
}

const BAR = 340;

function rowsOf(rows) {
  const height = rows.length * 38;
  const groups = rows.map(([name, number, drawn, width], index) => {
    const words = name.length > 66 ? name.slice(0, 64) + "…" : name;
    return draw("g", { transform: "translate(0 " + index * 38 + ")" },
      draw("text", { y: 14 }, words, draw("title", {}, name)),
      draw("g", { transform: "translate(0 19)" }, drawn),
      draw("text", { x: width + 6, y: 30, class: "soft" }, String(number)));
  });
  const summary = rows.map(([name, number]) => name + " " + number).join(", ");
  return draw("svg", { viewBox: "0 0 " + (BAR + 60) + " " + height, width: BAR + 60, height: height, role: "img", "aria-label": summary }, groups);
}
