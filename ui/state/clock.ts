import { signal } from '@preact/signals';

/** The current time in milliseconds, once a second while the page is visible. */
export function createClock() {
  const nowMs = signal(Date.now());
  const tick = () => {
    if (!document.hidden) nowMs.value = Date.now();
  };
  setInterval(tick, 1000);
  document.addEventListener('visibilitychange', tick);
  return { nowMs };
}

/**
 * Calls `run` every `intervalMs` while the page is visible, and at once when it becomes visible
 * again after a missed turn. Returns what stops it.
 */
export function every(intervalMs: number, run: () => void): () => void {
  let missed = false;
  const timer = setInterval(() => {
    if (document.hidden) missed = true;
    else run();
  }, intervalMs);
  const shown = () => {
    if (document.hidden || !missed) return;
    missed = false;
    run();
  };
  document.addEventListener('visibilitychange', shown);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', shown);
  };
}
