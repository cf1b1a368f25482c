import {
  decodeHistogram,
  decodeLabels,
  type RemoteWriteVisitor,
  walkWriteRequest,
} from '../../../formats/index.ts';
import { type CommitResult, NO_SERIES } from '../../../storage/api.ts';
import type { Offences } from '../offences.ts';
import { REJECT_REASONS } from '../tally.ts';
import type { WriteDecoder } from './write-decoder.ts';

/**
 * Names the first samples that a commit refused, by walking the message a second time: the first
 * walk, which mostly ends well, then keeps nothing per sample.
 */
export function nameOffenders(
  bytes: Uint8Array,
  decoder: WriteDecoder,
  result: CommitResult,
  offences: Offences,
): void {
  walkWriteRequest(bytes, 0, bytes.length, new OffenderFinder(bytes, decoder, result, offences));
}

class OffenderFinder implements RemoteWriteVisitor {
  readonly #bytes: Uint8Array;
  readonly #decoder: WriteDecoder;
  readonly #result: CommitResult;
  readonly #offences: Offences;
  #sampleNumber = 0;
  #sampleIndex = 0;
  #histogramNumber = 0;
  #histogramIndex = 0;
  #identity: { bytes: Uint8Array; start: number; end: number } | undefined;

  constructor(bytes: Uint8Array, decoder: WriteDecoder, result: CommitResult, offences: Offences) {
    this.#bytes = bytes;
    this.#decoder = decoder;
    this.#result = result;
    this.#offences = offences;
  }

  series(bytes: Uint8Array, start: number, end: number): void {
    this.#identity = { bytes, start, end };
  }

  sample(_valueOffset: number, timestamp: number): void {
    const { sampleRefs } = this.#decoder;
    if (sampleRefs?.[this.#sampleNumber++] === NO_SERIES) return;
    this.#note(this.#result.outcomes?.[this.#sampleIndex++], timestamp);
  }

  histogram(start: number, end: number): void {
    const number = this.#histogramNumber++;
    if (this.#decoder.skippedHistograms.has(number) || !this.#offences.wantsNames) return;
    const { timestamp, problem } = decodeHistogram(this.#bytes, start, end);
    if (this.#decoder.invalidHistograms.has(number)) {
      const reason = 'invalid_histogram';
      const found = { series: this.#seriesText(), timestamp, reason } as const;
      this.#offences.name(problem === undefined ? found : { ...found, detail: problem });
      return;
    }
    const outcome = this.#result.histogramOutcomes?.[this.#histogramIndex++];
    this.#note(outcome, timestamp);
  }

  exemplar(): void {
    // Exemplars are dropped without a fault of the request.
  }

  metadata(): void {
    // Metadata is never refused.
  }

  #note(outcome: number | undefined, timestamp: number): void {
    const reason = outcome === undefined ? undefined : REJECT_REASONS[outcome];
    if (reason === undefined || !this.#offences.wantsNames) return;
    this.#offences.name({ series: this.#seriesText(), timestamp, reason });
  }

  #seriesText(): string {
    const identity = this.#identity;
    if (identity === undefined) return '{}';
    return decodeLabels(identity.bytes, identity.start, identity.end).labels.toString();
  }
}
