// What a decision rests on, as a tree down to what was posted. A branch comes into being when it is opened.

const SHOWN = 20;

function evidenceTree(numbers, time, showRule) {
  return grow(make("ul", { class: "tree" }), numbers, (number) => evidenceNode(number, time, showRule, true));
}

// Fills a list, the first so many at once and the rest when they are asked for.
function grow(list, items, row) {
  const more = (first) => {
    list.append(...items.slice(first, first + SHOWN).map(row));
    const left = items.length - first - SHOWN;
    if (left <= 0) return;
    const item = make(
      "li",
      {},
      button(`Show ${Math.min(left, SHOWN)} of ${left} more`, () => {
        item.remove();
        more(first + SHOWN);
      }),
    );
    list.append(item);
  };
  more(0);
  return list;
}

function evidenceNode(number, time, showRule, open) {
  const item = EVIDENCE[number];
  const branch = make("details", { open }, make("summary", {}, evidenceHead(item, time)));
  let grown = false;
  const bloom = () => {
    if (grown || !branch.open) return;
    grown = true;
    branch.append(evidenceBody(item, time, showRule));
  };
  branch.addEventListener("toggle", bloom);
  bloom();
  return make("li", {}, branch);
}

function evidenceHead(item, time) {
  const name = item.form === "event" ? item.id : (item.key || []).join(", ");
  return spaced(
    item.alias ? make("span", { class: "alias" }, `${item.alias}:`) : null,
    make("span", { class: `form ${item.form}` }, item.form),
    make("strong", {}, item.kind),
    (name && !item.rule) || item.form !== "event" ? make("span", { class: "key" }, name) : null,
    make("span", { class: "when" }, `${clock(item.time)}${item.time === time ? "" : `, ${ago(item.time, time)}`}`),
  );
}

function ago(time, now) {
  return time < now ? `${duration(now - time)} before` : `${duration(time - now)} after`;
}

function evidenceBody(item, time, showRule) {
  const inner = item.because || [];
  const facts = [
    fact("when", stamp(item.time)),
    fact("from", item.rule ? "" : item.source),
    fact("id", item.form === "event" ? "" : item.id),
    fact("read in", item.place ? `${DATA.unit} ${item.place.toLocaleString("en")}` : ""),
    fact("concluded by", item.rule ? ruleLink(item.rule, showRule) : ""),
    ...Object.entries(item.fields || {}).map(([name, value]) => fact(name, make("code", {}, value))),
  ];
  const body = make("div", { class: "branch" }, make("dl", {}, facts.flat()));
  if (inner.length) {
    body.append(
      make("p", { class: "rests" }, `rests on ${count(inner.length, "item")}`),
      grow(make("ul", { class: "tree" }), inner, (number) =>
        evidenceNode(number, time, showRule, inner.length <= SHOWN),
      ),
    );
  }
  return body;
}

function ruleLink(name, showRule) {
  const rule = RULES.find((one) => one.rule === name);
  return rule ? button(name, () => showRule(rule.number), { class: "link" }) : name;
}
