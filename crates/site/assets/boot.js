import init, { start } from "./attnscope_web.js";

const { lang, dataset } = document.documentElement;
// English is in the module; the texts of another language come beside it.
const [table] = await Promise.all([
  dataset.words ? fetch(dataset.words).then((answer) => answer.text()) : "",
  init({ module_or_path: new URL("attnscope_web_bg.wasm", import.meta.url) }),
]);
// Several threads may share memory only where the server's headers keep other sites' pages out.
const threads = self.crossOriginIsolated && navigator.hardwareConcurrency > 1 && "threads" in dataset;
const worker = threads ? "worker-threads.js" : "worker.js";
start(new URL(worker, import.meta.url).href, new URL("lesson.js", import.meta.url).href, lang, table);
