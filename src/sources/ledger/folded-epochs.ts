import type { ByteReader, ByteWriter } from '../../util/index.ts';
import type { EpochLedger } from './epoch-ledger.ts';
import { addSealed, noSealed, type SealedCounts } from './sealed-counts.ts';
import { addTerms, noTerms, type Terms } from './terms.ts';

const TERM_NAMES = [
  ...(['scheduled', 'stored', 'suppressed', 'shed', 'failed', 'rejected'] as const),
  ...(['degraded', 'lost', 'down'] as const),
];
const SEALED_NAMES = [
  ...(['sealed', 'durable', 'repaired', 'degraded', 'rejected', 'lost'] as const),
];

/** What is left of epochs that nothing can come of any more: their sums. */
export class FoldedEpochs {
  /** All epochs up to here are folded, or never were. */
  through = 0;
  readonly terms: Terms = noTerms();
  readonly sealed: SealedCounts = noSealed();

  /** Adds an epoch, which must be settled and later than those before. */
  add(epoch: EpochLedger, nowMs: number): void {
    addTerms(this.terms, epoch.terms(nowMs));
    for (const lane of epoch.lanes) addSealed(this.sealed, lane.counts());
    this.through = epoch.epoch;
  }

  encode(writer: ByteWriter): void {
    writer.uint(this.through);
    for (const name of TERM_NAMES) writer.uint(this.terms[name]);
    for (const name of SEALED_NAMES) writer.uint(this.sealed[name]);
  }

  /** Takes in what `encode` wrote, in place of what is here. */
  decode(reader: ByteReader): void {
    this.through = reader.uint();
    for (const name of TERM_NAMES) this.terms[name] = reader.uint();
    for (const name of SEALED_NAMES) this.sealed[name] = reader.uint();
  }
}
