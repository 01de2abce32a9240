import init, { start } from "./attnscope_worker.js";

// The page hears of errors, but not of those in promises, where the engine works.
self.onunhandledrejection = ({ reason }) => self.reportError(reason);
// What is asked before the engine is ready waits for it.
const early = [];
self.onmessage = (message) => early.push(message);
await init({ module_or_path: new URL("attnscope_worker_bg.wasm", import.meta.url) });
start();
self.postMessage({ ready: true });
for (const message of early) self.onmessage(message);
