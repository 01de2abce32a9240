// A link to another language leads to the same sentence and figures there, and to the chapter that is being read.
for (const link of document.querySelectorAll(".languages a")) {
  const follow = () => {
    link.search = location.search;
    link.hash = location.hash || document.querySelector("#contents [aria-current]")?.hash || "";
  };
  for (const kind of ["pointerenter", "pointerdown", "focus", "click"]) link.addEventListener(kind, follow);
}
