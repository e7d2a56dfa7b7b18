// The timeline: a lane for each target, its episodes as bars, its decisions as marks; only the lanes that are seen exist.

const MARK = 20;
const WORST = ["rejected", "needs_approval", "held", "suppressed", "allowed", "shadowed"];
const ORDERS = {
  needs: ["needs a look first", (one, other) => worstNeed(one) - worstNeed(other) || other.last - one.last],
  latest: ["latest first", (one, other) => other.last - one.last],
  first: ["earliest first", (one, other) => one.first - other.first],
  busy: ["busiest first", (one, other) => other.decisions.length - one.decisions.length],
  name: ["by name", (one, other) => one.target.localeCompare(other.target, "en", { numeric: true })],
};

function worstNeed(lane) {
  const names = Object.keys(NEEDS);
  return Math.min(names.length, ...lane.decisions.map((one) => (one.needs ? names.indexOf(one.needs) : names.length)));
}

function lanesOf(decisions, order) {
  const lanes = new Map();
  for (const one of decisions) {
    const target = targetOf(one);
    if (!lanes.has(target))
      lanes.set(target, { target, decisions: [], episodes: new Set(), first: one.time, last: one.time });
    const lane = lanes.get(target);
    lane.decisions.push(one);
    lane.episodes.add(one.episode);
    lane.last = one.time;
  }
  return [...lanes.values()]
    .filter(isSeen)
    .sort((one, other) => ORDERS[order][1](one, other) || (one.target < other.target ? -1 : 1));
}

function isSeen(lane) {
  const [from, to] = span();
  return (
    lane.decisions.some((one) => one.time >= from && one.time <= to) ||
    [...lane.episodes].some((number) => {
      const episode = EPISODES[number];
      return episode.opened <= to && endOf(episode) >= from;
    })
  );
}

class Lanes {
  constructor(changed, open) {
    this.changed = changed;
    this.open = open;
    this.order = "needs";
    this.inside = make("div", { class: "inside" });
    this.box = make(
      "div",
      {
        class: "lanes",
        role: "group",
        "aria-label": "Timeline, one lane for each target",
        onscroll: () => this.render(),
        onkeydown: (event) => this.key(event),
      },
      this.inside,
    );
    this.axis = make("div", { class: "axis", "aria-hidden": "true" });
    this.node = make("section", { "aria-label": "Timeline" }, this.toolbar(), this.axis, this.box);
    new ResizeObserver(() => this.render()).observe(this.box);
  }

  toolbar() {
    const orders = Object.entries(ORDERS).map(([value, [label]]) => make("option", { value }, label));
    const order = make(
      "select",
      {
        id: "order",
        onchange: () => {
          this.order = order.value;
          this.show(this.decisions);
        },
      },
      orders,
    );
    const zoom = (label, text, factor, move) =>
      button(text, () => this.changed({ span: zoomed(factor, move) }), { "aria-label": label, title: label });
    this.whole = button("All", () => this.changed({ span: null }), { title: "Show the whole time (0)" });
    this.title = make("h2", {}, "Targets");
    return make(
      "div",
      { class: "toolbar" },
      this.title,
      make("label", { for: "order" }, make("span", {}, "Order"), order),
      make(
        "div",
        { class: "buttons", role: "group", "aria-label": "Zoom" },
        zoom("Earlier", "←", 1, -0.25),
        zoom("Later", "→", 1, 0.25),
        zoom("Zoom in (+)", "+", 0.5),
        zoom("Zoom out (-)", "−", 2),
        this.whole,
      ),
    );
  }

  show(decisions) {
    this.decisions = decisions;
    this.lanes = lanesOf(decisions, this.order);
    this.title.textContent = count(this.lanes.length, "target");
    this.whole.disabled = !asked.span;
    this.box.scrollTop = 0;
    this.shown = null;
    this.render();
  }

  get height() {
    return parseFloat(getComputedStyle(this.box).getPropertyValue("--lane")) || 34;
  }

  render() {
    if (!this.lanes) return;
    const first = Math.max(0, Math.floor(this.box.scrollTop / this.height) - 2);
    const last = Math.min(this.lanes.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / this.height) + 2);
    const wanted = `${first} ${last} ${this.box.clientWidth} ${span()}`;
    if (wanted === this.shown || !this.box.clientWidth) return;
    this.shown = wanted;
    const focused = this.inside.contains(document.activeElement) ? document.activeElement.dataset.place : null;
    this.inside.style.height = `${this.lanes.length * this.height}px`;
    replace(
      this.inside,
      this.lanes.slice(first, last).map((lane, place) => this.lane(lane, first + place)),
    );
    this.rove(this.inside.querySelector(`[data-place="${CSS.escape(focused || "")}"]`), focused !== null);
    this.scale();
  }

  get width() {
    return this.inside.querySelector(".track")?.clientWidth || 600;
  }

  scale() {
    const [from, to] = span();
    const name = this.inside.querySelector(".lane-name")?.offsetWidth || 0;
    const track = make("div", { class: "ticks", style: { left: `${name}px`, width: `${this.width}px` } });
    for (const [time, text] of ticks([from, to], this.width)) {
      track.append(make("span", { style: { left: `${((time - from) / (to - from)) * 100}%` } }, text));
    }
    replace(this.axis, track);
  }

  lane(lane, place) {
    const width = this.box.clientWidth - (parseFloat(getComputedStyle(this.box).getPropertyValue("--name")) || 160);
    const name = button(lane.target, () => this.changed({ target: asked.target === lane.target ? "" : lane.target }), {
      class: "lane-name",
      tabindex: -1,
      "data-place": `${place} name`,
      title: lane.target,
      "aria-label": `Show only ${lane.target}, ${count(lane.decisions.length, "decision")}`,
    });
    const track = make(
      "div",
      { class: "track" },
      barsOf(lane, width),
      marksOf(lane, width).map((mark) => this.mark(lane, place, mark)),
    );
    return make(
      "div",
      { class: "lane", role: "group", "aria-label": lane.target, style: { top: `${place * this.height}px` } },
      name,
      track,
    );
  }

  mark(lane, place, mark) {
    const one = mark.worst,
      many = mark.decisions.length > 1;
    const said = many
      ? `${count(mark.decisions.length, "decision")}, ${VERDICTS[one.verdict][1]} among them`
      : `${one.action}, ${VERDICTS[one.verdict][1]} by ${one.guard}`;
    return button(
      many ? String(mark.decisions.length) : VERDICTS[one.verdict][0],
      () => (many ? this.into(lane, mark) : this.open(one.number)),
      {
        class: `mark ${one.verdict}${many ? " many" : ""}`,
        tabindex: -1,
        "data-place": `${place} ${mark.place}`,
        "aria-label": `${lane.target}, ${stamp(mark.decisions[0].time)}: ${said}`,
        title: `${stamp(mark.decisions[0].time)}\n${said}`,
        style: { left: `${mark.left}px` },
      },
    );
  }

  // Looks closer at marks that stand too near to each other; where nothing is closer, opens the first.
  into(lane, mark) {
    const times = mark.decisions.map((one) => one.time);
    const room = Math.max((Math.max(...times) - Math.min(...times)) * 0.1, SECOND / 2);
    const next = [Math.min(...times) - room, Math.max(...times) + room];
    if (next[1] - next[0] > (span()[1] - span()[0]) * 0.8) this.open(mark.worst.number);
    else this.changed({ span: next });
  }

  rove(node, focus) {
    const next = node || this.inside.querySelector(".mark, .lane-name");
    for (const other of this.inside.querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
    if (!next) return;
    next.tabIndex = 0;
    if (focus) next.focus({ preventScroll: true });
  }

  key(event) {
    const here = document.activeElement;
    if (!(here.dataset?.place && event.key.startsWith("Arrow")) || event.altKey || event.ctrlKey || event.metaKey)
      return;
    event.preventDefault();
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      const row = [...here.closest(".lane").querySelectorAll("button")];
      this.rove(row[row.indexOf(here) + (event.key === "ArrowRight" ? 1 : -1)] || here, true);
    } else {
      this.climb(here, event.key === "ArrowDown" ? 1 : -1);
    }
  }

  climb(here, by) {
    const next = parseInt(here.dataset.place, 10) + by;
    if (next < 0 || next >= this.lanes.length) return;
    const left = here.getBoundingClientRect().left;
    const top = next * this.height;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    if (top + this.height > this.box.scrollTop + this.box.clientHeight)
      this.box.scrollTop = top + this.height - this.box.clientHeight;
    this.render();
    const row = [...this.inside.querySelectorAll(`[data-place^="${next} "]`)];
    const away = (node) => Math.abs(node.getBoundingClientRect().left - left);
    this.rove(row.sort((one, other) => away(one) - away(other))[0], true);
  }
}

function across(time, width) {
  const [from, to] = span();
  return ((time - from) / (to - from)) * width;
}

// The episodes of a lane; those that would lie within a few pixels of one like them are left out.
function barsOf(lane, width) {
  const ends = {};
  const seen = [];
  for (const number of lane.episodes) {
    const episode = EPISODES[number],
      state = stateOf(episode);
    const left = Math.max(-4, across(episode.opened, width)),
      right = Math.min(width + 4, across(endOf(episode), width));
    if (right < 0 || left > width || (ends[state] ?? -99) > right - 6) continue;
    ends[state] = Math.max(right, left + 6);
    seen.push(
      make("div", {
        class: `bar ${state}`,
        title: `${ruleName(ruleOf(episode))}: ${state}`,
        style: { left: `${left}px`, width: `${Math.max(6, right - left)}px` },
      }),
    );
  }
  return seen;
}

// The decisions of a lane, gathered where they would lie on top of each other.
function marksOf(lane, width) {
  const found = new Map();
  const [from, to] = span();
  for (const one of lane.decisions) {
    if (one.time < from || one.time > to) continue;
    const place = Math.floor(across(one.time, width) / MARK);
    if (!found.has(place))
      found.set(place, { place, decisions: [], left: Math.max(0, Math.min(place * MARK, width - MARK)) });
    found.get(place).decisions.push(one);
  }
  for (const mark of found.values()) mark.worst = worst(mark.decisions);
  return [...found.values()].sort((one, other) => one.place - other.place);
}

function worst(decisions) {
  return decisions.reduce((one, other) => (WORST.indexOf(other.verdict) < WORST.indexOf(one.verdict) ? other : one));
}
