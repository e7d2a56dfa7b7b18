// What is shown: one value for each thing that can be asked for, and a span of time, which is also what the timeline shows.

const FACETS = {
  rule: { label: "Rule", of: (one) => ruleName(ruleOf(one)) },
  action: { label: "Action", of: (one) => one.action },
  verdict: { label: "Verdict", of: (one) => one.verdict, shown: (value) => VERDICTS[value][1] },
  guard: { label: "Guard", of: (one) => one.guard },
  state: { label: "Episode", of: (one) => stateOf(episodeOf(one)) },
  outcome: { label: "Outcome", of: (one) => outcomeOf(one) || "none" },
  needs: { label: "Needs a look", of: (one) => one.needs || "", shown: (value) => NEEDS[value] },
};
const WHOLE = wholeSpan();
const asked = { text: "", target: "", span: null };

function wholeSpan() {
  let first = DATA.first ?? 0,
    last = DATA.last ?? 0;
  for (const episode of EPISODES) first = Math.min(first, episode.opened);
  const room = Math.max((last - first) / 50, SECOND);
  return [first - room, last + room];
}

function span() {
  return asked.span || WHOLE;
}

function isAsked() {
  return Boolean(asked.text || asked.target || asked.span || Object.keys(FACETS).some((name) => asked[name]));
}

function forget() {
  for (const name of [...Object.keys(FACETS), "text", "target"]) asked[name] = "";
  asked.span = null;
}

// The decisions that fit all that is asked for, in the order they were made.
function found() {
  const words = asked.text.toLowerCase().split(/\s+/).filter(Boolean);
  const target = asked.target.toLowerCase();
  const facets = Object.entries(FACETS).filter(([name]) => asked[name]);
  const [from, to] = span();
  return DECISIONS.filter(
    (one) =>
      one.time >= from &&
      one.time <= to &&
      (!target || targetOf(one).toLowerCase().includes(target)) &&
      facets.every(([name, facet]) => facet.of(one) === asked[name]) &&
      (!words.length || hasWords(one, words)),
  );
}

// The values of a facet with how many decisions have each, most first.
function choices(facet) {
  const counts = new Map();
  for (const one of DECISIONS) {
    const value = facet.of(one);
    if (value) counts.set(value, (counts.get(value) || 0) + 1);
  }
  return [...counts].sort((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1));
}

function select(name, changed) {
  const facet = FACETS[name];
  const values = choices(facet);
  if (values.length < 1 || (name === "outcome" && values.length === 1)) return null;
  const options = values.map(([value, number]) =>
    make("option", { value }, `${facet.shown ? facet.shown(value) : value} (${number})`),
  );
  const list = make(
    "select",
    { id: `by-${name}`, onchange: () => changed({ [name]: list.value }) },
    make("option", { value: "" }, "all"),
    options,
  );
  return make("label", { for: `by-${name}` }, make("span", {}, facet.label), list);
}

function textField(name, label, settings, changed) {
  const field = make("input", {
    id: `by-${name}`,
    autocomplete: "off",
    spellcheck: "false",
    ...settings,
    oninput: () => changed({ [name]: field.value }),
  });
  return make("label", { for: `by-${name}` }, make("span", {}, label), field);
}

function timeField(end, label, changed) {
  const field = make("input", {
    id: `by-${end}`,
    type: "datetime-local",
    step: "1",
    onchange: () => changed({ span: spanFrom(end, field.value) }),
  });
  return make("label", { for: `by-${end}` }, make("span", {}, label), field);
}

function spanFrom(end, text) {
  const time = fromField(text);
  const [from, to] = span();
  if (time === null) return null;
  const next = end === "from" ? [time, Math.max(to, time + SECOND)] : [Math.min(from, time - SECOND), time];
  return next;
}

function filterForm(changed) {
  const names = Object.keys(FACETS);
  const more = make(
    "div",
    { class: "fields", id: "fields" },
    names.map((name) => select(name, changed)),
    textField("target", "Target", { placeholder: "any" }, changed),
    timeField("from", "From (UTC)", changed),
    timeField("to", "To (UTC)", changed),
  );
  const toggle = button(
    "Filters",
    () => {
      const open = form.classList.toggle("open");
      toggle.setAttribute("aria-expanded", String(open));
    },
    { class: "more", "aria-expanded": "false", "aria-controls": "fields" },
  );
  const clear = button(
    "Clear",
    () => {
      forget();
      changed({});
    },
    { id: "clear" },
  );
  const form = make(
    "form",
    { class: "filters", "aria-label": "Filters", onsubmit: (event) => event.preventDefault() },
    make(
      "div",
      { class: "head" },
      textField("text", "Search", { type: "search", placeholder: "Search everything  ( / )" }, changed),
      toggle,
      clear,
    ),
    more,
  );
  return form;
}

// Has the form say what is asked for, however that came about.
function showAsked() {
  for (const name of [...Object.keys(FACETS), "text", "target"]) {
    const field = byId(`by-${name}`);
    if (field && field.value !== (asked[name] || "")) field.value = asked[name] || "";
    if (field) field.classList.toggle("set", Boolean(asked[name]));
  }
  const [from, to] = span();
  for (const [end, time] of [
    ["from", from],
    ["to", to],
  ]) {
    byId(`by-${end}`).value = asked.span ? toField(time) : "";
    byId(`by-${end}`).classList.toggle("set", Boolean(asked.span));
  }
  byId("clear").disabled = !isAsked();
}
