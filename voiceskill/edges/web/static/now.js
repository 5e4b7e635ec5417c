// The page Now: captions word by word, the state, and the circle of a routine, all in time with the voice.
import { buttons, follow, send } from "/static/page.js";

const [state, words, captions, heard, said, lead, ring, pause, aloud] = [
  "state", "words", "captions", "heard", "said", "lead", "ring", "pause", "aloud",
].map((id) => document.getElementById(id));
const arc = ring.querySelector(".arc");
const breath = ring.querySelector(".breath");
const number = ring.querySelector("text");
const ringName = ring.querySelector("title");
const still = matchMedia("(prefers-reduced-motion: reduce)");
const SMALL = 34;
const LARGE = 88;
const PAUSE = 25; // milliseconds: some twenty-five pictures a second
const RING_NAMES = { in: "Breathe in", out: "Breathe out", hold: "Hold", rest: "Rest", answer: "It waits for your answer" };

let spoken = null; // the sentence on the screen: its key, its words as elements, and when each of them begins
let circle = null; // the circle on the screen: its kind, when it began, and how long it takes
let frame = 0; // the drawing that is asked for, or 0

function weight(word) {
  return word.length + 2 + (/[.,;:?!]$/.test(word) ? 4 : 0);
}

function element(className, text) {
  const span = document.createElement("span");
  span.className = className;
  span.textContent = text;
  return span;
}

function showSaid(one, now) {
  said.classList.toggle("urgent", Boolean(one?.urgent));
  if (!one) {
    said.replaceChildren();
    spoken = null;
    return;
  }
  const key = `${one.id} ${one.before.length} ${one.text}`;
  if (spoken?.key !== key) {
    const parts = one.text.split(/\s+/);
    const whole = parts.reduce((sum, word) => sum + weight(word), 0);
    const seconds = one.seconds ?? parts.length * 0.38;
    let before = 0;
    const spans = parts.map((word) => {
      const span = element("later", word);
      const begins = (seconds * before) / whole;
      before += weight(word);
      return { span, begins };
    });
    said.replaceChildren(...(one.before ? [element("before", `${one.before} `)] : []), ...spans.flatMap((word) => [word.span, " "]));
    spoken = { key, spans, seconds };
    if (!/^\w+\.$/.test(one.text)) aloud.textContent = one.text;
  }
  spoken.since = now - one.elapsed * 1000;
  spoken.over = one.over;
}

function showHeard(one) {
  const text = one?.text ?? "";
  if (heard.textContent !== text) captions.scrollTop = 0;
  heard.hidden = !text;
  heard.textContent = text;
  heard.classList.toggle("settled", Boolean(one?.settled));
}

// The first sentence, without what comes after a comma where it is long.
function briefly(text) {
  const sentence = text.match(/^.*?[.?!](?= |$)/)?.[0] ?? text;
  return sentence.length <= 34 ? sentence : (sentence.match(/^(.{12,34}?),/)?.[1] ?? sentence);
}

function showLead(one, now) {
  lead.hidden = !one;
  ring.toggleAttribute("hidden", !one);
  pause.textContent = one?.held ? "Go on" : "Pause";
  pause.dataset.press = one?.held ? "carry_on" : "pause";
  pause.formAction = `/press/${pause.dataset.press}`;
  circle = null;
  if (!one) return;
  const next = one.next ? briefly(one.next) : "the end";
  const line = one.held ? `${one.step}/${one.steps}: ${one.name}, paused` : `${one.step}/${one.steps} Next: ${next}`;
  if (lead.textContent !== line) lead.textContent = line;
  const kind = one.held ? "held" : (one.ring?.kind ?? "tell");
  ring.dataset.kind = kind;
  ringName.textContent = one.held ? "Paused" : (RING_NAMES[kind] ?? one.name);
  number.textContent = one.held ? "II" : one.ring?.number || "";
  if (one.ring) circle = { ...one.ring, since: now - one.ring.elapsed * 1000 };
  if (!one.ring || !one.ring.seconds) arc.style.strokeDasharray = "0 100";
  if (kind === "in") breath.setAttribute("r", SMALL);
  if (kind === "out") breath.setAttribute("r", LARGE);
  if (!one.words || said.textContent) return;
  said.textContent = one.words; // a page opened in the middle of a step
}

// Draws only while something moves: a screen that stands still all night takes nothing from the ears beside it.
function draw(now) {
  let moving = false;
  if (spoken) {
    const elapsed = Math.max(0, now - spoken.since) / 1000;
    moving = !spoken.over && elapsed <= spoken.seconds;
    let last = null;
    for (const { span, begins } of spoken.spans) {
      const begun = spoken.over || elapsed >= begins;
      if (begun) last = span;
      span.className = begun ? "" : "later";
    }
    if (last && !spoken.over && elapsed <= spoken.seconds) last.className = "current";
    if (last) {
      const below = last.getBoundingClientRect().bottom - captions.getBoundingClientRect().bottom;
      if (below > 0) captions.scrollTop += below;
    }
  }
  if (circle?.seconds) {
    const share = Math.min(1, Math.max(0, (now - circle.since) / 1000 / circle.seconds));
    moving ||= share < 1;
    if (circle.kind === "in" || circle.kind === "out") {
      const full = circle.kind === "in" ? share : 1 - share;
      breath.setAttribute("r", still.matches ? (circle.kind === "in" ? LARGE : SMALL) : SMALL + (LARGE - SMALL) * full);
    } else {
      arc.style.strokeDasharray = `${100 * share} 100`;
    }
  }
  frame = moving ? setTimeout(() => requestAnimationFrame(draw), PAUSE) : 0;
}

function drawSoon() {
  frame ||= requestAnimationFrame(draw);
}

function show(scene) {
  const now = performance.now();
  state.dataset.doing = scene.doing;
  if (words.textContent !== scene.words) words.textContent = scene.words;
  showHeard(scene.heard);
  showSaid(scene.said, now);
  showLead(scene.lead, now);
  fit();
  drawSoon();
}

// What comes next has two lines where the words of now leave them.
function fit() {
  lead.classList.remove("short");
  lead.classList.toggle("short", captions.scrollHeight > captions.clientHeight);
}

function lost() {
  state.dataset.doing = "lost";
  words.textContent = "No link";
}

buttons();
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") send("/press/stop");
});
addEventListener("resize", () => {
  fit();
  drawSoon();
});
follow("/live", show, lost);
