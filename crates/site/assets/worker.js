import init, { start } from "./attnscope_worker.js";

// What is asked before the engine is ready waits for it.
const early = [];
self.onmessage = (message) => early.push(message);
await init({ module_or_path: new URL("attnscope_worker_bg.wasm", import.meta.url) });
start();
for (const message of early) self.onmessage(message);
