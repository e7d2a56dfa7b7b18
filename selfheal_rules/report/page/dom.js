// Building the page: text goes in as text alone, so nothing that a payload says can become mark-up.

const SVG = "http://www.w3.org/2000/svg";

function make(tag, settings = {}, ...children) {
  return fill(document.createElement(tag), settings, children);
}

function draw(tag, settings = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), settings, children);
}

function fill(node, settings, children) {
  for (const [name, value] of Object.entries(settings)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(node.style, value);
    else if (value !== undefined && value !== null && value !== false)
      node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

function replace(node, ...children) {
  node.replaceChildren(...children.flat(Infinity).filter(Boolean));
  return node;
}

function button(label, onclick, settings = {}) {
  return make("button", { type: "button", onclick, ...settings }, ...[label].flat());
}

// Puts a space between nodes, so that they read as words where they are copied or spoken.
function spaced(...nodes) {
  return nodes
    .flat(Infinity)
    .filter(Boolean)
    .flatMap((node, place) => (place ? [" ", node] : [node]));
}

function byId(id) {
  return document.getElementById(id);
}

// A term and what is said of it, for lists of facts.
function fact(term, ...said) {
  return said.flat().some((one) => one !== "" && one !== null && one !== undefined)
    ? [make("dt", {}, term), make("dd", {}, said)]
    : [];
}

function say(text) {
  byId("status").textContent = text;
}
