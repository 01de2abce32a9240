// The first picture plays once by itself; this plays it again.
const moving = document.querySelector("#hero .moving");
const replay = document.querySelector("#replay");
replay.hidden = false;
replay.addEventListener("click", () => moving.setCurrentTime(0));
