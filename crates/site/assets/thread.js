import init, { thread } from "./attnscope_worker_threads.js";

// One of the engine's threads: it works from its first message until the worker that started it ends.
self.onmessage = async ({ data: { module, memory, died } }) => {
  try {
    await init({ module_or_path: module, memory });
  } catch (error) {
    return self.postMessage({ error });
  }
  self.postMessage({});
  try {
    thread();
  } catch (error) {
    died.postMessage(String(error));
    throw error;
  }
};
