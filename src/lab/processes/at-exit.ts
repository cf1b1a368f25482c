const tasks = new Set<() => void>();
let isListening = false;

/** Has `task` done, at once, when this process ends before the returned function was called. */
export function atExit(task: () => void): () => void {
  if (!isListening) process.once('exit', () => runAll());
  isListening = true;
  tasks.add(task);
  return () => tasks.delete(task);
}

function runAll(): void {
  for (const task of tasks) task();
}
