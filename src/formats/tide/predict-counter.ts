/** The two samples of a counter that were sent last: what both ends know of it. */
export interface SentCounter {
  readonly previousTime: number;
  readonly previousValue: number;
  readonly lastTime: number;
  readonly lastValue: number;
}

/**
 * What a counter is taken to be at `time` (milliseconds, at or after `lastTime`) where nothing was
 * sent of it: the line through the two samples sent last, which never falls. Where they make no
 * line (a reset, a NaN, an infinity) it is the last of them. Both ends reckon the same doubles in
 * the same order, so that they agree to the bit.
 */
export function predictCounter(sent: SentCounter, time: number): number {
  const { previousTime, previousValue, lastTime, lastValue } = sent;
  const slope = (lastValue - previousValue) / (lastTime - previousTime);
  if (!(slope > 0)) return lastValue;
  const predicted = lastValue + slope * (time - lastTime);
  return predicted < Infinity ? predicted : lastValue;
}
