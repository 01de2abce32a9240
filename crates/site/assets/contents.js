// Which chapter is being read: its entry in the contents, and its number in the button that opens them on narrow screens.
const links = new Map([...document.querySelectorAll("#contents a")].map((link) => [link.hash.slice(1), link]));
const chapters = [...document.querySelectorAll("main section")];
const where = document.querySelector("#where span");
const contents = document.querySelector("#contents");
const button = document.querySelector("#where");
let current;
let before = scrollY;

function follow() {
  // The last chapter whose heading is above the middle of the window.
  const read = chapters.filter((chapter) => chapter.getBoundingClientRect().top < innerHeight / 2).at(-1);
  if (read === current) return;
  links.get(current?.id)?.removeAttribute("aria-current");
  links.get(read?.id)?.setAttribute("aria-current", "location");
  current = read;
  where.textContent = read ? `${chapters.indexOf(read) + 1}/${chapters.length}` : "";
}

let waiting = false;
addEventListener("scroll", () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    follow();
    // Who reads on has the button out of the text; who turns back, or is at either end, looks for something.
    const end = document.documentElement.scrollHeight - innerHeight - 8;
    if (Math.abs(scrollY - before) > 8) {
      button.toggleAttribute("data-away", scrollY > before && scrollY < end);
      before = scrollY;
    }
  });
}, { passive: true });
contents.addEventListener("click", (event) => {
  if (event.target.closest("a") && contents.matches(":popover-open")) contents.hidePopover();
});
follow();
