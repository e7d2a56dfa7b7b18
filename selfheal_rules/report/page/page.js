// The page as a whole: its views, its address, its keys, and what changes when something is asked for.

const ROWS_IN_PRINT = 1000;
const KEYS = [
  ["/", "search"],
  ["Tab", "to the next part"],
  ["arrows", "through lanes, marks and rows"],
  ["Enter", "open"],
  ["Escape", "close, or leave the search"],
  ["j k", "the next decision, or the one before"],
  ["+ −", "zoom"],
  ["0", "all of the time"],
  ["?", "these keys"],
];
const go = {
  open,
  step,
  close: closeDrawer,
  rule: (number) => visit({ rule: number }),
  rules: () => visit({ view: "rules" }),
};
const lanes = new Lanes(change, open);
const overview = new Overview(change);
const list = new List("Decisions", (one) => decisionRow(one, open));
const listOfRule = new List("Decisions of this rule", (one) => decisionRow(one, open));
const total = make("h2", { id: "total" });
const turn = button("Latest first", turnAround, { "aria-pressed": "false" });
const board = make(
  "div",
  { id: "board" },
  summaryCards(changeAndShow, open),
  filterForm(change),
  overview.box,
  lanes.node,
  make("section", { "aria-labelledby": "total" }, make("div", { class: "toolbar" }, total, turn), list.box),
);
let opened = null;
let opener = null;

// Asking

function change(what) {
  Object.assign(asked, what);
  refresh();
  remember();
}

function changeAndShow(what) {
  forget();
  change(what);
  total.scrollIntoView({ block: "center" });
}

function refresh() {
  const anywhere = { ...asked }.span;
  asked.span = null;
  const fits = found();
  asked.span = anywhere;
  const shown = anywhere ? fits.filter((one) => one.time >= anywhere[0] && one.time <= anywhere[1]) : fits;
  total.textContent =
    shown.length === DECISIONS.length
      ? count(shown.length, "decision")
      : `${shown.length.toLocaleString("en")} of ${count(DECISIONS.length, "decision")}`;
  showAsked();
  overview.show(fits);
  lanes.show(fits);
  list.show(isTurned() ? [...shown].reverse() : shown);
  say(`${count(shown.length, "decision")} shown`);
}

function isTurned() {
  return turn.getAttribute("aria-pressed") === "true";
}

function turnAround() {
  turn.setAttribute("aria-pressed", String(!isTurned()));
  refresh();
}

// The address: what is asked for and shown, so that a link leads to the same sight

function address() {
  const said = new URLSearchParams();
  for (const name of [...Object.keys(FACETS), "text", "target"]) if (asked[name]) said.set(name, asked[name]);
  if (asked.span) said.set("span", asked.span.map(Math.round).join("-"));
  if (place.rule !== undefined) said.set("page", place.rule);
  else if (place.view) said.set("page", place.view);
  if (opened !== null) said.set("open", opened);
  return `#${said}`;
}

function remember(isNew = false) {
  if (address() === (location.hash || "#")) return;
  history[isNew ? "pushState" : "replaceState"](null, "", address());
}

function recall() {
  const said = new URLSearchParams(location.hash.slice(1));
  forget();
  for (const name of [...Object.keys(FACETS), "text", "target"]) asked[name] = said.get(name) || "";
  const times = (said.get("span") || "").split("-").map(Number);
  asked.span = times.length === 2 && times.every(Number.isFinite) && times[0] < times[1] ? times : null;
  const page = said.get("page");
  place = page === "rules" ? { view: "rules" } : RULES[page] ? { rule: Number(page) } : {};
  show();
  if (DECISIONS[said.get("open")]) open(Number(said.get("open")));
  else closeDrawer();
}

// Views

let place = {};

function visit(next) {
  closeDrawer();
  place = next;
  remember(true);
  show();
  byId("main").focus({ preventScroll: true });
  scrollTo(0, 0);
}

function show() {
  const isBoard = place.view === undefined && place.rule === undefined;
  if (isBoard) replace(byId("main"), board);
  else replace(byId("main"), place.view === "rules" ? rulesPage(go) : rulePage(RULES[place.rule], listOfRule, go));
  for (const [name, node] of Object.entries(tabs))
    node.setAttribute("aria-current", name === (isBoard ? "board" : "rules") ? "page" : "false");
  if (isBoard) refresh();
}

const tabs = {
  board: button("What happened", () => visit({})),
  rules: button(`Rules (${RULES.length})`, () => visit({ view: "rules" })),
};

// The drawer

function open(number) {
  const drawer = byId("drawer");
  if (drawer.hidden) opener = document.activeElement;
  opened = number;
  replace(drawer, decisionPage(DECISIONS[number], go));
  drawer.hidden = false;
  drawer.scrollTop = 0;
  document.body.classList.add("drawn");
  drawer.focus({ preventScroll: true });
  remember();
}

// Opens the next of the decisions that are listed, or the one before.
function step(by) {
  const items = place.rule === undefined ? list.items : listOfRule.items;
  const here = items.findIndex((one) => one.number === opened);
  const next = items[here + by];
  if (opened !== null && here >= 0 && next) open(next.number);
}

function closeDrawer() {
  if (byId("drawer").hidden) return;
  byId("drawer").hidden = true;
  document.body.classList.remove("drawn");
  const row = document.querySelector(`[data-decision="${opened}"]`);
  opened = null;
  (opener?.isConnected && opener !== document.body ? opener : row)?.focus({ preventScroll: true });
  remember();
}

// Keys

function isTyping(node) {
  return node.matches?.("input, select, textarea");
}

function press(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Escape") escape(event);
  else if (!isTyping(event.target)) shortcut(event);
}

function escape(event) {
  if (keys.open) keys.close();
  else if (isTyping(event.target)) leaveField(event.target);
  else closeDrawer();
}

function leaveField(field) {
  if (field.id === "by-text" && field.value) change({ text: "" });
  else field.blur();
}

function shortcut(event) {
  const acts = {
    "/": () => {
      if (!board.isConnected) visit({});
      byId("by-text").focus();
    },
    "+": () => change({ span: zoomed(0.5) }),
    "=": () => change({ span: zoomed(0.5) }),
    "-": () => change({ span: zoomed(2) }),
    0: () => change({ span: null }),
    "?": () => keys.showModal(),
    j: () => step(1),
    k: () => step(-1),
  };
  if (!(event.key in acts) || ("+=-0".includes(event.key) && !board.isConnected)) return;
  event.preventDefault();
  acts[event.key]();
}

const keys = make(
  "dialog",
  { "aria-label": "Keys" },
  make("h2", {}, "Keys"),
  make("dl", { class: "facts" }, KEYS.map(([key, text]) => fact(key, text)).flat()),
  button("Close", () => keys.close()),
);

// Light and dark

function theme() {
  return (
    document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")
  );
}

function changeTheme() {
  document.documentElement.dataset.theme = theme() === "dark" ? "light" : "dark";
  nameTheme();
}

function nameTheme() {
  themes.textContent = theme() === "dark" ? "☀ Light" : "☾ Dark";
}

const themes = button("", changeTheme, { id: "theme" });

// Beginning

function begin() {
  const spanned =
    DATA.first === undefined
      ? "nothing was seen"
      : `${stamp(DATA.first)} to ${stamp(DATA.last)}, ${duration(DATA.last - DATA.first)}`;
  byId("period").textContent =
    `${spanned}; ${count(DATA.inputs || 0, "input")}${DATA.unseen ? `, and not here ${DATA.unseen} before the first snapshot` : ""}${DATA.generated ? `; made ${stamp(DATA.generated)}` : ""}`;
  replace(byId("views"), Object.values(tabs));
  replace(
    byId("tools"),
    themes,
    button("Keys", () => keys.showModal()),
  );
  document.body.append(keys);
  nameTheme();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", nameTheme);
  addEventListener("keydown", press);
  addEventListener("popstate", recall);
  addEventListener("hashchange", recall);
  addEventListener("beforeprint", () => {
    for (const one of [list, listOfRule]) {
      one.shown = null;
      one.render(ROWS_IN_PRINT);
    }
  });
  addEventListener("afterprint", () => {
    for (const one of [list, listOfRule]) {
      one.shown = null;
      one.render();
    }
  });
  recall();
}

begin();
