// One decision: what was asked for, what each guard said, how its episode went, and why.

function verdictTag(verdict) {
  return make(
    "span",
    { class: `tag ${verdict}` },
    make("span", { "aria-hidden": "true" }, `${VERDICTS[verdict][0]} `),
    VERDICTS[verdict][1],
  );
}

function stateTag(state) {
  return make("span", { class: `tag ${state}` }, state);
}

function decisionPage(one, go) {
  const episode = episodeOf(one),
    rule = ruleOf(one);
  return [
    make(
      "div",
      { class: "drawer-head" },
      make("h2", {}, one.action, " ", make("span", { class: "key" }, one.target || "")),
      button("↑", () => go.step(-1), { "aria-label": "The decision before (k)" }),
      button("↓", () => go.step(1), { "aria-label": "The next decision (j)" }),
      button("✕", go.close, { class: "close", "aria-label": "Close (Escape)" }),
    ),
    make(
      "p",
      { class: "verdict" },
      verdictTag(one.verdict),
      ` by ${one.guard}: ${one.reason}`,
      one.again ? `; again at ${stamp(one.again)}` : "",
    ),
    one.needs ? make("p", { class: "needs" }, `This needs a look: ${NEEDS[one.needs]}.`) : null,
    decisionFacts(one, rule, go),
    make("h3", {}, "Why"),
    one.because
      ? evidenceTree(one.because, one.time, go.rule)
      : make("p", {}, "Nothing but that something did not come."),
    make("h3", {}, "What the guards said of this step"),
    verdictTable(
      episode.decisions.map((number) => DECISIONS[number]).filter((other) => other.id === one.id),
      one,
      go,
    ),
    make("h3", {}, "Its episode"),
    episodeCourse(episode, one, go),
  ];
}

function decisionFacts(one, rule, go) {
  return make(
    "dl",
    { class: "facts" },
    fact("decided", stamp(one.time)),
    fact(
      "rule",
      button(ruleName(rule), () => go.rule(rule.number), { class: "link" }),
      ` step ${one.step}`,
      one.attempt > 1 ? `, attempt ${one.attempt}` : "",
    ),
    ...Object.entries(one.params || {}).map(([name, value]) => fact(name, make("code", {}, value))),
    ...(one.outcomes || []).map((outcome) =>
      fact("outcome", stateTag(outcome.status), ` ${stamp(outcome.time)} ${outcome.detail || ""}`),
    ),
    fact("id", make("code", {}, one.id)),
  );
}

function verdictTable(words, one, go) {
  const rows = words.map((word) =>
    make(
      "tr",
      { class: word === one ? "here" : "" },
      make(
        "td",
        {},
        word === one ? stamp(word.time) : button(stamp(word.time), () => go.open(word.number), { class: "link" }),
      ),
      make("td", {}, word.attempt),
      make("td", {}, verdictTag(word.verdict)),
      make("td", {}, make("strong", {}, word.guard), ` ${word.reason}`),
    ),
  );
  const heads = ["when", "attempt", "verdict", "guard and why"].map((text) => make("th", { scope: "col" }, text));
  return make(
    "div",
    { class: "wide", role: "region", "aria-label": "Verdicts on this step", tabindex: 0 },
    make("table", {}, make("thead", {}, make("tr", {}, heads)), make("tbody", {}, rows)),
  );
}

// The states and the decisions of an episode, in the order they came about.
function episodeCourse(episode, one, go) {
  const turns = episode.turns.map(([state, time]) => ({ time, node: make("span", {}, "episode ", stateTag(state)) }));
  const words = episode.decisions
    .map((number) => DECISIONS[number])
    .map((word) => ({ time: word.time, node: courseLine(word, one, go) }));
  const outcomes = episode.decisions.flatMap((number) =>
    (DECISIONS[number].outcomes || []).map((outcome) => ({
      time: outcome.time,
      node: make("span", {}, `${DECISIONS[number].action} came back `, stateTag(outcome.status)),
    })),
  );
  const steps = [...turns, ...words, ...outcomes].sort((left, right) => left.time - right.time);
  const list = grow(make("ol", { class: "course" }), steps, (step) =>
    make(
      "li",
      {},
      make(
        "span",
        { class: "when" },
        `${clock(step.time)} `,
        make("span", { class: "since" }, `+${duration(step.time - episode.opened)} `),
      ),
      step.node,
    ),
  );
  const end = stateOf(episode) === "healed" ? `, healed after ${duration(endOf(episode) - episode.opened)}` : "";
  return make(
    "div",
    {},
    make(
      "p",
      {},
      `${(episode.key || []).join(", ")}: opened ${stamp(episode.opened)}${end}. `,
      make("code", {}, episode.id),
    ),
    list,
  );
}

function courseLine(word, one, go) {
  const said = [`${word.action} ${word.target || ""} `, verdictTag(word.verdict)];
  return word === one
    ? make("strong", {}, said)
    : make(
        "span",
        {},
        button(`${word.action} ${word.target || ""}`, () => go.open(word.number), { class: "link" }),
        " ",
        said[1],
      );
}

// A row of a list of decisions.
function decisionRow(one, open) {
  const outcome = outcomeOf(one);
  return button(
    spaced(
      make("span", { class: "when" }, make("span", { class: "day" }, `${day(one.time)} `), clock(one.time)),
      verdictTag(one.verdict),
      make(
        "span",
        { class: "what" },
        make("strong", {}, one.action),
        " ",
        make("span", { class: "key" }, one.target || ""),
      ),
      make("span", { class: "rule" }, ruleOf(one).rule),
      make("span", { class: "why" }, make("strong", {}, one.guard), ` ${one.reason}`),
      make("span", { class: "end" }, outcome ? stateTag(outcome) : null, " ", stateTag(stateOf(episodeOf(one)))),
    ),
    () => open(one.number),
    { class: `row${one.needs ? " wants" : ""}`, "data-decision": one.number },
  );
}
