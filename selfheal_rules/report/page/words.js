// How times, durations and counts are written. Times are microseconds since 1970, and are shown in UTC.

const SECOND = 1e6,
  MINUTE = 60 * SECOND,
  HOUR = 60 * MINUTE,
  DAY = 24 * HOUR;

const VERDICTS = {
  allowed: ["✓", "allowed"],
  shadowed: ["◌", "shadowed"],
  suppressed: ["–", "suppressed"],
  held: ["‖", "held"],
  needs_approval: ["?", "needs approval"],
  rejected: ["✕", "rejected"],
};
const STATES = ["open", "held", "verifying", "healed", "escalated", "stale", "quarantined", "closed"];
const NEEDS = {
  quarantined: "in quarantine",
  escalated: "escalated",
  stale: "too old to act on",
  unconfirmed: "unconfirmed",
  failed: "failed",
  approval: "waiting for approval",
  held: "held",
};

function stamp(time) {
  const whole = new Date(Math.floor(time / 1000)).toISOString();
  const rest = String(Math.floor(time % SECOND)).padStart(6, "0");
  return `${whole.slice(0, 10)} ${whole.slice(11, 19)}${rest === "000000" ? "" : `.${rest.replace(/0+$/, "")}`}Z`;
}

function clock(time) {
  return new Date(Math.floor(time / 1000)).toISOString().slice(11, 19);
}

function day(time) {
  return new Date(Math.floor(time / 1000)).toISOString().slice(0, 10);
}

function duration(span) {
  const seconds = span / SECOND;
  if (seconds < 60) return `${seconds < 10 ? Number(seconds.toFixed(2)) : Math.round(seconds)}\u00a0s`;
  const parts = [
    [DAY, "d"],
    [HOUR, "h"],
    [MINUTE, "m"],
    [SECOND, "s"],
  ];
  const found = [];
  let left = Math.round(seconds) * SECOND;
  for (const [size, unit] of parts) {
    if (left >= size) found.push(`${Math.floor(left / size)}\u00a0${unit}`);
    left %= size;
  }
  return found.slice(0, 2).join("\u00a0");
}

function count(number, noun, many = `${noun}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? noun : many}`;
}

// What a time field of a form holds, and back.
function toField(time) {
  return new Date(Math.floor(time / 1000)).toISOString().slice(0, 19);
}

function fromField(text) {
  const found = Date.parse(`${text}Z`);
  return Number.isNaN(found) ? null : found * 1000;
}
