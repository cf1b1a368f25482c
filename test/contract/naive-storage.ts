import type { Labels, Matcher } from '../../src/model/index.ts';
import { SampleOutcome } from '../../src/storage/index.ts';

/** The bits of a value, as one number that compares. */
export type ValueBits = bigint;

/** What storage must do with float samples, written down in the plainest way. */
export class NaiveStorage {
  /** By key of the label set; samples by time. */
  series = new Map<string, { labels: Labels; samples: Map<number, ValueBits> }>();
  state = new Map<string, string>();
  readonly #windowMs: number;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** A copy that no longer follows this one. */
  clone(): NaiveStorage {
    const copy = new NaiveStorage(this.#windowMs);
    for (const [key, { labels, samples }] of this.series) {
      copy.series.set(key, { labels, samples: new Map(samples) });
    }
    copy.state = new Map(this.state);
    return copy;
  }

  append(labels: Labels, timestamp: number, bits: ValueBits): SampleOutcome {
    let series = this.series.get(labels.key);
    if (series === undefined) {
      series = { labels, samples: new Map() };
      this.series.set(labels.key, series);
    }
    const newest = Math.max(...series.samples.keys());
    if (timestamp < newest - this.#windowMs) return SampleOutcome.OUT_OF_ORDER;
    const there = series.samples.get(timestamp);
    if (there === undefined) {
      series.samples.set(timestamp, bits);
      return SampleOutcome.STORED;
    }
    return there === bits ? SampleOutcome.DUPLICATE : SampleOutcome.CONFLICT;
  }

  delete(matchers: readonly Matcher[], minTime: number, maxTime: number): number {
    let touched = 0;
    for (const { labels, samples } of this.series.values()) {
      if (!matchers.every((matcher) => matcher.matches(labels.get(matcher.name)))) continue;
      const before = samples.size;
      for (const timestamp of samples.keys()) {
        if (timestamp >= minTime && timestamp <= maxTime) samples.delete(timestamp);
      }
      if (samples.size < before) touched++;
    }
    return touched;
  }

  /** Everything stored, as `dumpStorage` gives it. */
  dump(): string[] {
    const lines: string[] = [];
    const all = [...this.series.values()].sort((a, b) => a.labels.compare(b.labels));
    for (const { labels, samples } of all) {
      const sorted = [...samples].sort((a, b) => a[0] - b[0]);
      for (const [timestamp, bits] of sorted) lines.push(dumpLine(labels, timestamp, bits));
    }
    return lines;
  }
}

export function dumpLine(labels: Labels, timestamp: number, bits: ValueBits): string {
  return `${labels.toString()} ${bits.toString(16)} @${timestamp}`;
}
