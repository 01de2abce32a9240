// A talk from the page: one figure at a time, as large as the screen. The right arrow goes on, first through the steps of a
// figure; Escape ends it.
const root = document.documentElement;
const figures = [...document.querySelectorAll("main section figure")];
const place = document.querySelector("#page-of-slides span");
let at = 0;

const slider = () => figures[at].querySelector("[data-control=step]");

function step(to) {
  const input = slider();
  if (!input) return;
  input.value = to;
  for (const kind of ["input", "change"]) input.dispatchEvent(new Event(kind, { bubbles: true }));
}

function show(next, first) {
  document.querySelectorAll(".now, .shown").forEach((one) => one.classList.remove("now", "shown"));
  at = Math.max(0, Math.min(figures.length - 1, next));
  figures[at].classList.add("shown");
  figures[at].closest("section").classList.add("now");
  place.textContent = place.dataset.of.replace("{at}", at + 1).replace("{all}", figures.length);
  scrollTo(0, 0);
  if (slider()) step(first ? slider().min : slider().max);
}

function go(by) {
  const input = slider();
  const to = input ? Number(input.value) + by : NaN;
  if (to >= Number(input?.min) && to <= Number(input.max)) step(to);
  else if (at + by in figures) show(at + by, by > 0);
}

function begin() {
  // From the figure that is being read, or the next one below.
  const read = figures.findIndex((figure) => figure.getBoundingClientRect().bottom > innerHeight / 3);
  root.classList.add("slides");
  show(Math.max(0, read), true);
  if (navigator.userActivation?.isActive) root.requestFullscreen?.().catch(() => {});
}

function end() {
  if (!root.classList.contains("slides")) return;
  root.classList.remove("slides");
  if (document.fullscreenElement) document.exitFullscreen();
  const figure = figures[at];
  document.querySelectorAll(".now, .shown").forEach((one) => one.classList.remove("now", "shown"));
  figure.scrollIntoView({ block: "center" });
}

document.querySelector(".present").addEventListener("click", () => {
  document.querySelector("#contents").hidePopover?.();
  begin();
});
document.querySelector("#page-of-slides").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.value === "end") end();
  else if (button) go(Number(button.value));
});
document.addEventListener("fullscreenchange", () => {
  if (!document.fullscreenElement) end();
});
document.addEventListener("keydown", (event) => {
  if (!root.classList.contains("slides")) return;
  if (event.key === "Escape") return end();
  // Within a figure or a control the arrows have their own meaning.
  if (event.target.closest("input, select, textarea, svg, [contenteditable]")) return;
  const by = { ArrowRight: 1, PageDown: 1, " ": 1, ArrowLeft: -1, PageUp: -1 }[event.key];
  if (!by || (event.key === " " && event.target.closest("button"))) return;
  event.preventDefault();
  go(by);
});
