import init, { start } from "./attnscope_web.js";

await init({ module_or_path: new URL("attnscope_web_bg.wasm", import.meta.url) });
start(new URL("worker.js", import.meta.url).href, new URL("lesson.js", import.meta.url).href);
