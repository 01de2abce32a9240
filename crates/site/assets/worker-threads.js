// The engine on several threads, which share its memory. Where a browser refuses that, it works on one.
const MOST_THREADS = 8;
const url = (name) => new URL(name, import.meta.url);
// A worker that nobody holds may be ended.
const threads = [];

// The page hears of errors, but not of those in promises, where the engine works.
self.onunhandledrejection = ({ reason }) => self.reportError(reason);
// What is asked before the engine is ready waits for it.
const early = [];
self.onmessage = (message) => early.push(message);

async function several() {
  const engine = await import("./attnscope_worker_threads.js");
  const module = await WebAssembly.compileStreaming(fetch(url("attnscope_worker_threads_bg.wasm")));
  await engine.default({ module_or_path: module });
  const count = Math.min(navigator.hardwareConcurrency, MOST_THREADS);
  await Promise.all(Array.from({ length: count }, () => start(module, engine.shared_memory())));
  engine.share_work(count);
  return engine;
}

function start(module, memory) {
  const thread = new Worker(url("thread.js"), { type: "module" });
  threads.push(thread);
  // While threads work, this worker waits and hears nothing: the page itself hears of it when one dies.
  const { port1, port2 } = new MessageChannel();
  self.postMessage({ died: port1 }, [port1]);
  thread.postMessage({ module, memory, died: port2 }, [port2]);
  return new Promise((resolve, reject) => {
    thread.onmessage = ({ data: { error } }) => (error ? reject(error) : resolve());
    thread.onerror = reject;
  });
}

async function one() {
  const engine = await import("./attnscope_worker.js");
  await engine.default({ module_or_path: url("attnscope_worker_bg.wasm") });
  return engine;
}

const engine = await several().catch(one);
engine.start();
self.postMessage({ ready: true });
for (const message of early) self.onmessage(message);
