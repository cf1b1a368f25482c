import type { ByteReader, ByteWriter } from '../../util/index.ts';

/** Ticks from one to another, both included. */
export interface TickRange {
  readonly from: number;
  readonly to: number;
}

/** Ticks that no stored batch covers, and the sequence numbers that could have brought them. */
export interface TickHole extends TickRange {
  /** Empty range (`seqTo` below `seqFrom`) when the batches at both sides follow each other. */
  readonly seqFrom: number;
  readonly seqTo: number;
}

interface Covered {
  from: number;
  to: number;
  /** The batch that covers `from`, and the one that covers `to`. */
  seqFrom: number;
  seqTo: number;
}

/**
 * The ticks of one group that stored batches cover: runs of ticks, each with the sequence numbers
 * at its two ends. As a group's ticks ascend with the sequence numbers of its lane, a hole between
 * two runs was in the batches between those numbers and in no others. That is how ticks come to
 * the end state of batches nobody has seen, at a cost that goes with the number of holes.
 */
export class TickCoverage {
  #runs: Covered[] = [];

  get lastTick(): number | undefined {
    return this.#runs.at(-1)?.to;
  }

  get firstTick(): number | undefined {
    return this.#runs[0]?.from;
  }

  get lastSeq(): number {
    return this.#runs.at(-1)?.seqTo ?? 0;
  }

  get runCount(): number {
    return this.#runs.length;
  }

  /** Where the run begins that has `count` runs behind it. */
  runStart(count: number): number | undefined {
    return this.#runs[this.#runs.length - 1 - count]?.from;
  }

  /** Forgets all before `tick`, which is covered or behind a hole. */
  dropBefore(tick: number): void {
    this.#runs.splice(0, this.#index(tick));
    const first = this.#runs[0];
    if (first !== undefined) first.from = Math.max(first.from, tick);
  }

  has(tick: number): boolean {
    const run = this.#runs[this.#index(tick)];
    return run !== undefined && run.from <= tick;
  }

  /** Whether any of `from` to `to` is covered. */
  overlaps(from: number, to: number): boolean {
    const run = this.#runs[this.#index(from)];
    return run !== undefined && run.from <= to;
  }

  /** Whether ticks `from` to `to` in batch `seq` keep ticks and numbers in the same order. */
  fits(from: number, to: number, seq: number): boolean {
    if (this.overlaps(from, to)) return false;
    const index = this.#index(from);
    const before = this.#runs[index - 1];
    const after = this.#runs[index];
    return (before?.seqTo ?? 0) <= seq && (after?.seqFrom ?? Infinity) >= seq;
  }

  /** Batch `seq`, which is stored, covers `from` to `to`; `fits` must have said so. */
  cover(from: number, to: number, seq: number): void {
    const index = this.#index(from);
    const before = this.#runs[index - 1];
    const after = this.#runs[index];
    const run =
      before !== undefined && before.to === from - 1
        ? before
        : { from, to, seqFrom: seq, seqTo: seq };
    run.to = to;
    run.seqTo = seq;
    if (run !== before) this.#runs.splice(index, 0, run);
    if (after === undefined || after.from !== to + 1) return;
    run.to = after.to;
    run.seqTo = after.seqTo;
    this.#runs.splice(this.#runs.indexOf(after), 1);
  }

  /** Holes from `first` up to the last covered tick, ascending. */
  holes(first: number): TickHole[] {
    const found: TickHole[] = [];
    let from = first;
    let seqFrom = 1;
    for (const run of this.#runs) {
      if (run.from > from) {
        found.push({ from, to: run.from - 1, seqFrom, seqTo: run.seqFrom - 1 });
      }
      from = run.to + 1;
      seqFrom = run.seqTo + 1;
    }
    return found;
  }

  clone(): TickCoverage {
    const copy = new TickCoverage();
    copy.#runs = this.#runs.map((run) => ({ ...run }));
    return copy;
  }

  encode(writer: ByteWriter): void {
    writer.uint(this.#runs.length);
    let tick = 0;
    let seq = 0;
    for (const run of this.#runs) {
      writer.uint(run.from - tick);
      writer.uint(run.to - run.from);
      writer.uint(run.seqFrom - seq);
      writer.uint(run.seqTo - run.seqFrom);
      tick = run.to;
      seq = run.seqTo;
    }
  }

  static decode(reader: ByteReader): TickCoverage {
    const coverage = new TickCoverage();
    const length = reader.uint();
    let tick = 0;
    let seq = 0;
    for (let index = 0; index < length; index++) {
      const from = tick + reader.uint();
      tick = from + reader.uint();
      const seqFrom = seq + reader.uint();
      seq = seqFrom + reader.uint();
      coverage.#runs.push({ from, to: tick, seqFrom, seqTo: seq });
    }
    return coverage;
  }

  /** Index of the first run that ends at or after `tick`. */
  #index(tick: number): number {
    const runs = this.#runs;
    let low = 0;
    let high = runs.length;
    if (high === 0 || (runs[high - 1] as Covered).to < tick) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((runs[middle] as Covered).to < tick) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
