import { pad } from '../format/value.ts';

/** Milliseconds as the local `YYYY-MM-DDTHH:MM:SS` that a datetime-local input holds. */
export function formatLocalInput(ms: number): string {
  const date = new Date(ms);
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day}T${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

/** The end moved by half a range; null, following the clock, when it would pass now. */
export function shiftedEnd(
  view: { endMs: number | null; rangeSeconds: number },
  direction: 1 | -1,
  nowMs: number,
): number | null {
  const movedMs = (view.endMs ?? nowMs) + direction * view.rangeSeconds * 500;
  return movedMs >= nowMs ? null : Math.round(movedMs / 1000) * 1000;
}

/** Whole-second range and end of a stretch picked on the graph, at least two seconds long. */
export function zoomedRange(startSeconds: number, endSeconds: number) {
  const start = Math.floor(Math.min(startSeconds, endSeconds));
  const end = Math.max(Math.ceil(Math.max(startSeconds, endSeconds)), start + 2);
  return { rangeSeconds: end - start, endMs: end * 1000 };
}
