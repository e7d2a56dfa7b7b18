// The rules: all of them with what came of each, and a page for each one.

function decisionsOf(rule) {
  return DECISIONS.filter((one) => one.rule === rule.number);
}

function episodesOf(rule) {
  return EPISODES.filter((one) => one.rule === rule.number);
}

function tally(items, name) {
  const counts = {};
  for (const one of items) counts[name(one)] = (counts[name(one)] || 0) + 1;
  return counts;
}

function rulesPage(go) {
  const heads = ["rule", "episodes", "healed", "decisions", "held back", "last"].map((text) =>
    make("th", { scope: "col" }, text),
  );
  const body = make(
    "tbody",
    {},
    RULES.map((rule) => ruleRow(rule, go)),
  );
  return make(
    "section",
    { "aria-labelledby": "rules-head" },
    make("h2", { id: "rules-head" }, count(RULES.length, "rule")),
    make(
      "div",
      { class: "wide", role: "region", "aria-label": "Rules", tabindex: 0 },
      make("table", { class: "rules" }, make("thead", {}, make("tr", {}, heads)), body),
    ),
  );
}

function ruleRow(rule, go) {
  const decisions = decisionsOf(rule),
    episodes = episodesOf(rule);
  const held = decisions.filter((one) => one.verdict !== "allowed" && one.verdict !== "shadowed").length;
  const last = decisions.length ? decisions[decisions.length - 1].time : null;
  const cells = [episodes.length, episodes.filter((one) => stateOf(one) === "healed").length, decisions.length, held];
  return make(
    "tr",
    {},
    make(
      "th",
      { scope: "row" },
      button(rule.rule, () => go.rule(rule.number), { class: "link" }),
      make("span", { class: "small" }, ` ${rule.ruleset}${rule.gone ? ", no longer there" : ""}`),
    ),
    cells.map((cell) => make("td", { class: cell ? "" : "none" }, cell.toLocaleString("en"))),
    make("td", {}, last === null ? (isConcluding(rule) ? "concludes" : "never fired") : stamp(last)),
  );
}

// Whether a rule only says what is so: it decides nothing, and shows up in the evidence of others.
function isConcluding(rule) {
  return EVIDENCE.some((item) => item.rule === rule.rule);
}

function rulePage(rule, list, go) {
  const decisions = decisionsOf(rule);
  list.show(decisions);
  return make(
    "article",
    { class: "rule-page", "aria-labelledby": "rule-head" },
    make(
      "p",
      {},
      button("← All rules", () => go.rules(), { class: "link" }),
    ),
    make("h2", { id: "rule-head" }, rule.rule, " ", make("span", { class: "small" }, rule.ruleset)),
    rule.gone ? make("p", { class: "needs" }, "This rule was there when it decided, and is no longer.") : null,
    rule.doc ? make("p", { class: "doc" }, rule.doc) : null,
    make("div", { class: "columns" }, excerpt(rule), make("div", {}, ruleHealing(rule), guardsTable(rule, decisions))),
    make("h3", {}, `${count(decisions.length, "decision")} of this rule`),
    decisions.length
      ? make("div", { class: "overview still" }, histogram(decisions, WHOLE, "When this rule decided"))
      : null,
    decisions.length
      ? list.box
      : make(
          "p",
          {},
          isConcluding(rule)
            ? "It concludes; what it said stands in the evidence of other rules."
            : "It decided nothing in this time.",
        ),
  );
}

function ruleHealing(rule) {
  const episodes = episodesOf(rule),
    states = tally(episodes, stateOf);
  const healed = episodes.filter((one) => stateOf(one) === "healed");
  const mean = healed.reduce((sum, one) => sum + endOf(one) - one.opened, 0) / (healed.length || 1);
  return make(
    "dl",
    { class: "facts" },
    fact(
      "episodes",
      STATES.filter((name) => states[name]).map((name) => make("span", {}, stateTag(name), ` ${states[name]} `)),
    ),
    fact("time to heal", healed.length ? `${duration(mean)} on average` : ""),
    fact("steps", (rule.steps || []).join(", then ")),
    fact("otherwise", (rule.otherwise || []).join(", then ")),
  );
}

// The guards a rule declares, and those of the site that spoke: how often each stopped it, and what it said last.
function guardsTable(rule, decisions) {
  const stopped = decisions.filter((one) => one.verdict !== "allowed" && one.verdict !== "shadowed");
  const counts = tally(stopped, (one) => one.guard);
  const declared = (rule.guards || []).map((one) => [one.guard, one.text]);
  const others = Object.keys(counts)
    .filter((name) => !declared.some(([guard]) => guard === name))
    .sort()
    .map((name) => [name, "of the site or the engine"]);
  const rows = [...declared, ...others].map(([guard, text]) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, guard),
      make("td", {}, text),
      make("td", {}, (counts[guard] || 0).toLocaleString("en")),
      make("td", {}, stopped.findLast((one) => one.guard === guard)?.reason || "never"),
    ),
  );
  if (!rows.length) return make("p", { class: "needs" }, "This rule has no guards.");
  const heads = ["guard", "says", "held back", "last because"].map((text) => make("th", { scope: "col" }, text));
  return make(
    "div",
    { class: "wide", role: "region", "aria-label": "Guards", tabindex: 0 },
    make("table", {}, make("thead", {}, make("tr", {}, heads)), make("tbody", {}, rows)),
  );
}

// The text of a rule with its line numbers, and what tests cover of it.
function excerpt(rule) {
  if (!rule.text) return make("p", {}, "This rule was made in Python; it has no text.");
  const covered = coverageOf(rule);
  const lines = rule.text.map((text, place) => {
    const number = rule.line + place,
      said = covered[number];
    return make(
      "li",
      { value: number, class: said ? said.state : "", title: said ? said.text : null },
      make("code", {}, text || " "),
      said && said.state !== "covered" ? make("span", { class: "unseen" }, ` (${said.text || said.state})`) : null,
    );
  });
  return make(
    "figure",
    {},
    make("figcaption", {}, `${rule.file}:${rule.line}`, coverageText(covered)),
    make("ol", { class: "code", tabindex: 0, "aria-label": "Text of the rule" }, lines),
  );
}

function coverageOf(rule) {
  const files = (DATA.coverage || {}).files || {};
  return files[rule.file] || {};
}

function coverageText(covered) {
  const lines = Object.values(covered);
  const good = lines.filter((one) => one.state === "covered").length;
  return lines.length
    ? make("span", { class: "small" }, ` ${good} of ${count(lines.length, "line")} covered by tests`)
    : null;
}
