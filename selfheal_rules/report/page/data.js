// What the page was given, and the few ways through it.

const DATA = JSON.parse(byId("data").textContent);
const RULES = DATA.rules || [];
const EPISODES = DATA.episodes || [];
const DECISIONS = DATA.decisions || [];
const EVIDENCE = DATA.evidence || [];
const CONTROLS = DATA.controls || [];
const SUMMARY = DATA.summary || {};

const NO_TARGET = "(no target)";

for (const episode of EPISODES) episode.decisions = [];
for (const decision of DECISIONS) EPISODES[decision.episode].decisions.push(decision.number);

function ruleOf(one) {
  return RULES[one.rule];
}

function ruleName(rule) {
  return `${rule.ruleset} / ${rule.rule}`;
}

function episodeOf(decision) {
  return EPISODES[decision.episode];
}

function stateOf(episode) {
  return episode.turns[episode.turns.length - 1][0];
}

function targetOf(one) {
  return one.target || NO_TARGET;
}

// When an episode was over; the end of the history where it is not.
function endOf(episode) {
  const [state, time] = episode.turns[episode.turns.length - 1];
  return state === "open" || state === "verifying" ? Math.max(DATA.last, time) : time;
}

function outcomeOf(decision) {
  const found = decision.outcomes;
  return found ? found[found.length - 1].status : "";
}

function mayBeFilled(value) {
  return value !== undefined && value !== null && value !== "";
}

// The text of an item and all it rests on, for searching; each is put together once, when it is first asked for.
const searched = [];

function evidenceText(number) {
  if (searched[number] === undefined) {
    const item = EVIDENCE[number];
    const own = [
      item.kind,
      item.source,
      item.id,
      item.rule,
      item.alias,
      ...(item.key || []),
      ...Object.values(item.fields || {}),
    ];
    searched[number] = [...own.filter(mayBeFilled), ...(item.because || []).map(evidenceText)].join("\n").toLowerCase();
  }
  return searched[number];
}

function decisionText(decision) {
  const rule = ruleOf(decision);
  const own = [
    decision.id,
    episodeOf(decision).id,
    rule.ruleset,
    rule.rule,
    decision.step,
    decision.action,
    decision.target,
    decision.verdict,
    decision.guard,
    decision.reason,
    ...(episodeOf(decision).key || []),
    ...Object.values(decision.params || {}),
    ...(decision.outcomes || []).flatMap((outcome) => [outcome.status, outcome.detail]),
  ];
  return own.filter(mayBeFilled).join("\n").toLowerCase();
}

const texts = [];

function hasWords(decision, words) {
  texts[decision.number] ??= decisionText(decision);
  return words.every(
    (word) =>
      texts[decision.number].includes(word) ||
      (decision.because || []).some((number) => evidenceText(number).includes(word)),
  );
}
