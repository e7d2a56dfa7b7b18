// The head of the page: what somebody who was woken up wants to know first.

function summaryCards(changed, open) {
  return make(
    "section",
    { "aria-label": "Summary", class: "cards" },
    stopCards(),
    needsCard(changed, open),
    healingCard(),
    countCard(
      "Episodes",
      "by state",
      STATES,
      SUMMARY.episodes || {},
      (name) => changed({ state: name }),
      (name) => name,
    ),
    countCard(
      "Decisions",
      "by verdict",
      Object.keys(VERDICTS),
      SUMMARY.verdicts || {},
      (name) => changed({ verdict: name }),
      (name) => VERDICTS[name][1],
    ),
    guardCard(changed),
  );
}

function stopCards() {
  return (SUMMARY.stopped || []).map((one) =>
    make(
      "div",
      { class: "card alarm", role: "note" },
      make("h2", {}, one.act === "kill" ? "Everything is stopped" : `Paused: ${one.subject}`),
      make("p", {}, `${one.who}: ${one.why}`),
      one.time ? make("p", { class: "small" }, `since ${stamp(one.time)}`) : null,
    ),
  );
}

const LATEST = 4;

// The latest that need a look, each one press away.
function latestNeeds(open) {
  const wanting = DECISIONS.filter((one) => one.needs)
    .slice(-LATEST)
    .reverse();
  return wanting.map((one) =>
    make(
      "li",
      {},
      button(
        [
          make("span", { class: "when" }, `${clock(one.time)} `),
          `${targetOf(one)} `,
          make("span", { class: "small" }, `${one.action}, ${NEEDS[one.needs]}`),
        ],
        () => open(one.number),
        { class: "count" },
      ),
    ),
  );
}

function needsCard(changed, open) {
  const needs = Object.entries(SUMMARY.needs || {});
  const rows = needs.map(([name, number]) =>
    make(
      "li",
      {},
      button([make("strong", {}, number.toLocaleString("en")), ` ${NEEDS[name]}`], () => changed({ needs: name }), {
        class: `count ${name}`,
      }),
    ),
  );
  const body = needs.length
    ? [make("ul", {}, rows), make("p", { class: "small above" }, "The latest"), make("ul", {}, latestNeeds(open))]
    : make("p", {}, "Nothing waits for a person.");
  return make(
    "div",
    { class: `card ${needs.length ? "wants" : "calm"}` },
    make("h2", {}, needs.length ? "Needs a look" : "All quiet"),
    body,
  );
}

function healingCard() {
  const { over = 0, healed = 0, mean, longest } = SUMMARY.healing || {};
  const part = over ? Math.floor((healed / over) * 1000) / 10 : null;
  return make(
    "div",
    { class: "card" },
    make("h2", {}, "Healed"),
    make("p", { class: "big" }, part === null ? "–" : `${part} %`),
    make(
      "p",
      {},
      over
        ? `${healed.toLocaleString("en")} of ${over.toLocaleString("en")} that had to be healed and are over`
        : "No episode that had to be healed is over.",
    ),
    mean === undefined
      ? null
      : make(
          "p",
          {},
          make("strong", {}, duration(mean)),
          " on average, ",
          make("strong", {}, duration(longest)),
          " at most",
        ),
  );
}

function countCard(title, by, names, counts, choose, shown) {
  const there = names.filter((name) => counts[name]);
  const all = there.reduce((sum, name) => sum + counts[name], 0);
  const stack = make(
    "div",
    { class: "stack", "aria-hidden": "true" },
    there.map((name) => make("div", { class: name, style: { flexGrow: counts[name] } })),
  );
  const rows = there.map((name) =>
    make(
      "li",
      {},
      button(
        [
          make("span", { class: `dot ${name}`, "aria-hidden": "true" }),
          make("strong", {}, counts[name].toLocaleString("en")),
          ` ${shown(name)}`,
        ],
        () => choose(name),
        { class: "count" },
      ),
    ),
  );
  return make(
    "div",
    { class: "card" },
    make("h2", {}, `${all.toLocaleString("en")} ${title.toLowerCase()} `, make("span", { class: "small" }, by)),
    stack,
    make("ul", {}, rows),
  );
}

function guardCard(changed) {
  const stops = SUMMARY.stops || [];
  const rows = stops.slice(0, 6).map((one) =>
    make(
      "li",
      {},
      button(
        [
          make("span", { class: `dot ${one.verdict}`, "aria-hidden": "true" }),
          make("strong", {}, `${one.count.toLocaleString("en")} `),
          `${VERDICTS[one.verdict][1]} by `,
          make("strong", {}, one.guard),
          make("span", { class: "small" }, ` on ${count(one.targets, "target")}`),
          make("span", { class: "small reason", title: one.reason }, `last: ${one.reason}`),
        ],
        () => changed({ guard: one.guard, verdict: one.verdict }),
        { class: "count" },
      ),
    ),
  );
  const more = stops.length > 6 ? make("p", { class: "small" }, `and ${stops.length - 6} more`) : null;
  return make(
    "div",
    { class: "card wide-card" },
    make("h2", {}, "Held back by guards"),
    stops.length ? make("ul", {}, rows) : make("p", {}, "No guard held anything back."),
    more,
  );
}
