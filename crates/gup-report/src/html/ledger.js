// The ledger: every acquisition, with filters; a row opens to its releases, slots and findings.

const COLUMNS = ["Verdict", "Place", "Function", "API", "Kinds", "Subsystem", "Rule or reason"];

function ledger() {
  const section = document.getElementById("ledger");
  if (data.change) return changedSites(section);
  section.append(make("h2", { id: "ledger-title" }, "Ledger"));
  const rows = report.ledger.sites.map(siteRow);
  const body = make("tbody", {}, rows.map((row) => row.element));
  const status = make("p", { class: "note", role: "status", id: "ledger-count" });
  section.append(filters(rows, status), status,
    make("table", { "aria-describedby": "ledger-keys" }, make("thead", {}, make("tr", {}, COLUMNS.map((name) => make("th", { scope: "col" }, name)))), body),
    make("p", { class: "note", id: "ledger-keys" }, "Keys: / searches; in the table, arrows move, Enter opens and closes."));
  body.addEventListener("click", (event) => toggle(event.target.closest("tr.site")));
  body.addEventListener("keydown", (event) => onKey(event));
  if (rows.length) rows[0].element.tabIndex = 0;
}

function siteRow(site) {
  const rules = [...new Set(report.findings.filter((finding) => isOrigin(finding, site)).map((finding) => finding.rule))];
  const why = rules.length ? rules.join(", ") : site.reason;
  const cells = [
    make("span", { class: "verdict " + site.verdict }, site.verdict), make("span", { class: "place" }, place(site)),
    make("code", {}, site.function), make("code", {}, site.api), site.kinds.join(", "), subsystemOf(site), why,
  ];
  const element = make("tr", { class: "site", tabindex: "-1", "aria-expanded": "false" },
    cells.map((cell, index) => make("td", { "data-name": COLUMNS[index] }, cell === "" ? null : cell)));
  element.site = site;
  const text = [place(site), site.function, site.api, site.kinds.join(" "), site.subsystems.join(" "), why].join(" ").toLowerCase();
  return { element, site, rules, text };
}

// The most precise; how many more there are is enough in a row.
function subsystemOf(site) {
  const more = site.subsystems.length - 1;
  return more > 0 ? make("span", { title: site.subsystems.join(", ") }, site.subsystems[0] + " +" + more) : site.subsystems[0] || "";
}

const FILTERS = [
  ["verdict", "Verdict", (row) => [row.site.verdict]],
  ["subsystem", "Subsystem", (row) => row.site.subsystems],
  ["rule", "Rule", (row) => row.rules],
  ["api", "API", (row) => [row.site.api]],
];

function filters(rows, status) {
  const search = make("input", { type: "search", id: "search", placeholder: "file, function, reason" });
  const selects = FILTERS.map(([name, title, of]) => {
    const options = byCount(rows.flatMap(of)).map(([value, number]) => make("option", { value: value }, value + " (" + number + ")"));
    return [make("select", { id: "by-" + name }, make("option", { value: "" }, "all"), options), title, of];
  });
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/);
    const chosen = selects.filter(([select]) => select.value !== "").map(([select, , of]) => [select.value, of]);
    let shown = 0;
    for (const row of rows) {
      const fits = words.every((word) => row.text.includes(word)) && chosen.every(([value, of]) => of(row).includes(value));
      shown += fits ? 1 : 0;
      row.element.hidden = !fits;
      const more = row.element.nextElementSibling;
      if (more && more.matches("tr.more")) more.hidden = !fits;
    }
    status.textContent = shown + " of " + count(rows.length, "acquisition");
  };
  const reset = make("button", { type: "reset" }, "Show all");
  const form = make("form", { class: "filters", role: "search" }, make("label", {}, "Search", search),
    selects.map(([select, title]) => make("label", {}, title, select)), reset);
  form.addEventListener("input", apply);
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.matches("input, select, textarea")) {
      event.preventDefault();
      search.focus();
    }
  });
  apply();
  return form;
}

function toggle(row) {
  if (!row) return;
  const isOpen = row.classList.toggle("open");
  row.setAttribute("aria-expanded", String(isOpen));
  if (isOpen) row.after(make("tr", { class: "more" }, make("td", { colspan: COLUMNS.length }, siteBody(row.site))));
  else row.nextElementSibling.remove();
  enter(row);
}

// One row of the table can be reached by Tab; the others from it.
function enter(row) {
  for (const other of row.parentElement.querySelectorAll("tr.site[tabindex='0']")) other.tabIndex = -1;
  row.tabIndex = 0;
  row.focus();
}

function onKey(event) {
  const row = event.target;
  if (!row.matches("tr.site")) return;
  const rows = [...row.parentElement.querySelectorAll("tr.site:not([hidden])")];
  const at = rows.indexOf(row);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (event.key === "Enter" || event.key === " ") toggle(row);
  else if (to === undefined) return;
  else if (rows[to]) enter(rows[to]);
  event.preventDefault();
}

function siteBody(site) {
  const found = report.findings.filter((finding) => isOrigin(finding, site));
  const slots = report.ledger.slots.filter((slot) => slot.deposits.some((one) => one.file === site.file && one.line === site.line));
  const stop = site.stopped_at ? " (stopped at " + place(site.stopped_at) + " in " + site.stopped_at.function + "())" : "";
  return [
    site.reason ? make("p", {}, "Reason: " + site.reason + stop) : null,
    site.subsystems.length ? make("p", {}, "Subsystems: " + site.subsystems.join(", ")) : null,
    found.map((finding) => make("p", {}, make("a", { href: "#" + findingId(finding) }, finding.rule), ": " + finding.message)),
    slots.map((slot) => make("p", {}, "Slot ", make("code", {}, slot.slot), ": ", make("span", { class: "verdict " + slot.verdict }, slot.verdict), " " + slot.reason)),
    source(site.file, site.line, 2),
    make("h3", {}, count(site.releases.length, "release")),
    site.releases.length ? siteGraph(site) : make("p", { class: "note" }, "None was found."),
    site.releases.length ? make("ul", { class: "plain" }, site.releases.map((release) => make("li", {},
      make("span", { class: "place" }, place(release)), " ", make("code", {}, release.api + "()"), " in " + release.function + "()",
      release.via ? make("span", { class: "soft" }, " through " + release.via) : null))) : null,
  ];
}

// A diff has no ledger, but the sites of the files that the change touches.
function changedSites(section) {
  const names = ["Place", "Function", "API", "Before", "After"];
  const row = (site) => make("tr", {}, [place(site), site.function, site.api, site.before || "(none)", site.after || "(none)"]
    .map((text, index) => make("td", { "data-name": names[index] }, text)));
  const missing = data.change.changed.filter((file) => file.status === "failed" || file.status === "not-in-configuration");
  section.append(make("h2", { id: "ledger-title" }, "Acquisitions of the changed files"),
    make("table", { class: "small" }, make("thead", {}, make("tr", {}, names.map((name) => make("th", { scope: "col" }, name)))), make("tbody", {}, data.change.sites.map(row))),
    make("ul", {}, missing.map((file) => make("li", {}, "not analysed: " + file.file + ": " + file.reason))),
    make("ul", {}, data.change.remarks.map((remark) => make("li", {}, remark))));
}
