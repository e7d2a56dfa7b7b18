// Time from left to right: how many decisions there were when, the marks below, and choosing a span by dragging.

const BUCKETS = 96;
const STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000,
];

function bucketsOf(decisions, [from, to]) {
  const counts = Array.from({ length: BUCKETS }, () => [0, 0]);
  for (const one of decisions) {
    if (one.time < from || one.time > to) continue;
    const place = Math.min(BUCKETS - 1, Math.floor(((one.time - from) / (to - from)) * BUCKETS));
    counts[place][one.verdict === "allowed" || one.verdict === "shadowed" ? 0 : 1] += 1;
  }
  return counts;
}

// Bars of what was let through, with what was stopped on top.
function bars(decisions, whole) {
  const counts = bucketsOf(decisions, whole);
  const most = Math.max(1, ...counts.map(([passed, stopped]) => passed + stopped));
  return counts.flatMap(([passed, stopped], place) => {
    const low = (passed / most) * 38,
      high = (stopped / most) * 38;
    return [
      passed ? draw("rect", { class: "passed", x: place + 0.1, width: 0.8, y: 40 - low, height: low }) : null,
      stopped ? draw("rect", { class: "stopped", x: place + 0.1, width: 0.8, y: 40 - low - high, height: high }) : null,
    ];
  });
}

function histogram(decisions, whole, label) {
  const picture = draw("svg", {
    viewBox: `0 0 ${BUCKETS} 40`,
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": label,
  });
  return fill(picture, {}, bars(decisions, whole));
}

// When people stopped things, let them go on or changed what holds; what they say of one decision stands with that.
function controlLines(whole) {
  return CONTROLS.filter((one) => one.act !== "approve" && one.act !== "refuse").map((one) => {
    const place = ((one.time - whole[0]) / (whole[1] - whole[0])) * BUCKETS;
    return draw("line", { class: "control", x1: place, x2: place, y1: 0, y2: 40 }, draw("title", {}, controlText(one)));
  });
}

function controlText(one) {
  return `${stamp(one.time)}: ${one.act} ${one.subject || ""} by ${one.who}: ${one.why}`;
}

class Overview {
  constructor(changed) {
    this.changed = changed;
    this.box = make("div", { class: "overview", onpointerdown: (event) => this.start(event) });
  }

  show(decisions) {
    const picture = histogram(
      decisions,
      WHOLE,
      `When ${count(decisions.length, "decision")} were made; drag to choose a span`,
    );
    fill(picture, {}, controlLines(WHOLE));
    this.chosen = draw("rect", { class: "chosen", y: 0, height: 40 });
    picture.append(this.chosen);
    replace(this.box, picture);
    this.mark(asked.span);
  }

  mark(chosen) {
    const [from, to] = chosen || [0, 0];
    const place = (time) => ((time - WHOLE[0]) / (WHOLE[1] - WHOLE[0])) * BUCKETS;
    this.chosen.setAttribute("x", chosen ? place(from) : 0);
    this.chosen.setAttribute("width", chosen ? Math.max(0.4, place(to) - place(from)) : 0);
  }

  timeAt(event) {
    const area = this.box.getBoundingClientRect();
    const part = Math.max(0, Math.min(1, (event.clientX - area.left) / area.width));
    return WHOLE[0] + part * (WHOLE[1] - WHOLE[0]);
  }

  start(event) {
    const begin = this.timeAt(event);
    this.box.setPointerCapture(event.pointerId);
    const between = (end) => [Math.min(begin, end), Math.max(begin, end)];
    this.box.onpointermove = (moved) => this.mark(between(this.timeAt(moved)));
    this.box.onpointerup = (ended) => {
      this.box.onpointermove = this.box.onpointerup = null;
      const chosen = between(this.timeAt(ended));
      this.changed({ span: chosen[1] - chosen[0] > (WHOLE[1] - WHOLE[0]) / 200 ? chosen : null });
    };
  }
}

// Times to write under an axis, about one for each hundred pixels.
function ticks([from, to], width) {
  const wanted = (to - from) / SECOND / Math.max(2, width / 110);
  const step = (STEPS.find((one) => one >= wanted) || STEPS[STEPS.length - 1]) * SECOND;
  const found = [];
  for (let time = Math.ceil(from / step) * step; time <= to; time += step) found.push(time);
  return found.map((time) => [time, step >= DAY || time % DAY === 0 ? day(time) : clock(time)]);
}

// Makes the span narrower or wider around its middle, or moves it by a part of itself.
function zoomed(factor, move = 0) {
  const [from, to] = span();
  const length = Math.max(SECOND / 10, Math.min((to - from) * factor, WHOLE[1] - WHOLE[0]));
  const middle = (from + to) / 2 + move * (to - from);
  const begin = Math.max(WHOLE[0], Math.min(middle - length / 2, WHOLE[1] - length));
  return length >= (WHOLE[1] - WHOLE[0]) * 0.999 ? null : [begin, begin + length];
}
