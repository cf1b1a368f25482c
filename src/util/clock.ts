/**
 * Time as a dependency. Everything that waits or reads the time takes a `Clock`, so that tests
 * run on a fake one and never sleep.
 */
export interface Clock {
  /** Wall time, integer milliseconds since the epoch. May step when the system clock is set. */
  now(): number;
  /** Monotonic time in milliseconds with fraction; only differences mean anything. */
  monotonic(): number;
  /** Calls `callback` once after `delayMs`; the returned function cancels it. */
  setTimer(delayMs: number, callback: () => void): CancelTimer;
}

export type CancelTimer = () => void;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (delayMs, callback) => setLongTimer(delayMs, callback, () => {}),
};

/** What a timer of the system takes; it calls at once for anything longer. */
const SYSTEM_TIMER_MS_MAX = 2_147_483_647;

/**
 * A timer of the system that may be as long as anybody likes. Each that this takes is given to
 * `made`, so that it can be made to keep no process alive.
 */
export function setLongTimer(
  delayMs: number,
  callback: () => void,
  made: (timer: NodeJS.Timeout) => void,
): CancelTimer {
  let timer: NodeJS.Timeout;
  const wait = (leftMs: number): void => {
    const nowMs = Math.min(leftMs, SYSTEM_TIMER_MS_MAX);
    timer = setTimeout(() => (nowMs < leftMs ? wait(leftMs - nowMs) : callback()), nowMs);
    made(timer);
  };
  wait(delayMs);
  return () => clearTimeout(timer);
}

/** Resolves after `delayMs` on `clock`, or at once when `signal` aborts (it never rejects). */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const finish = (): void => {
      cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.setTimer(delayMs, finish);
    signal?.addEventListener('abort', finish, { once: true });
  });
}
