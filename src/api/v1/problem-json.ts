import type { AgentProblem } from '../../ingest/index.ts';

/** What is wrong with a source, as the API shows it. */
export function problemJson({ code, sinceMs, text, advice }: AgentProblem) {
  return { code, since: isoTimeOrNull(sinceMs), text, advice };
}

/** Of a time that a sender made up, too: held within what can be written. */
export function isoTime(ms: number): string {
  return new Date(Math.min(Math.max(0, ms), 8.64e15)).toISOString();
}

export function isoTimeOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : isoTime(ms);
}
