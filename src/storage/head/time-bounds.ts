import { ANY_COMMIT } from '../../kernel/index.ts';
import { Pacer } from '../pacer.ts';
import type { Head } from './head.ts';

/** Times of the oldest and the newest sample; Infinity and -Infinity where there is none. */
export interface TimeBounds {
  readonly oldest: number;
  readonly newest: number;
}

/** Goes through all series, in slices. */
export async function timeBounds(head: Head): Promise<TimeBounds> {
  const pacer = new Pacer();
  const steps = eachTimeBounds(head);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (pacer.dueNow()) await pacer.pause();
  }
}

/** The same, in as many steps as the caller likes. */
export function* eachTimeBounds(head: Head): Generator<void, TimeBounds> {
  let oldest = Infinity;
  let newest = -Infinity;
  for (const { reader, index } of head.shards) {
    let caps = new Float64Array(0);
    for (const refs of index.refs()) {
      if (caps.length < refs.length) caps = new Float64Array(refs.length);
      reader.capture(refs, refs.length, ANY_COMMIT, -Infinity, caps);
      for (let at = 0; at < refs.length; at++) {
        const ref = refs[at]!;
        if (!(caps[at]! >= -Infinity) || !head.hasSamples(ref)) continue;
        newest = Math.max(newest, caps[at]!);
        oldest = Math.min(oldest, head.oldestTime(ref));
      }
      yield;
    }
  }
  return { oldest, newest };
}
