import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { answerWithBody, FAST_GZIP } from './pack-answer.ts';
import type { QueryAnswer } from './protocol.ts';

const gzipAsync = promisify(gzip);

/** Bytes of all answers that are kept, and of the longest. */
const KEPT_BYTES = 8 << 20;
const LONGEST_BYTES = 1 << 20;

interface Kept {
  readonly answer: QueryAnswer & { readonly body: Uint8Array<ArrayBuffer> };
  gzipped: QueryAnswer | undefined;
}

/**
 * Answers to look-ups, by the list that was found. A store gives the same list again where nothing
 * has changed, and then it need not be written again. Lists that were asked for last are kept.
 */
export class KeptAnswers {
  /** The one that was asked for longest ago first. */
  readonly #kept = new Map<readonly unknown[], Kept>();
  #bytes = 0;

  /** The answer, which is shared; `encode` writes its data. Long ones are compressed elsewhere. */
  of(
    list: readonly unknown[],
    encode: () => Uint8Array<ArrayBuffer>,
    gzipFromBytes = Infinity,
  ): QueryAnswer | Promise<QueryAnswer> {
    const kept = this.#find(list) ?? this.#make(list, encode);
    if (kept.answer.body.length < gzipFromBytes) return kept.answer;
    return kept.gzipped ?? this.#compressed(list, kept);
  }

  #find(list: readonly unknown[]): Kept | undefined {
    const known = this.#kept.get(list);
    if (known === undefined) return undefined;
    this.#kept.delete(list);
    this.#kept.set(list, known);
    return known;
  }

  #make(list: readonly unknown[], encode: () => Uint8Array<ArrayBuffer>): Kept {
    const kept: Kept = { answer: answerWithBody(encode()), gzipped: undefined };
    const { length } = kept.answer.body;
    if (length <= LONGEST_BYTES) {
      this.#kept.set(list, kept);
      this.#add(length);
    }
    return kept;
  }

  async #compressed(list: readonly unknown[], kept: Kept): Promise<QueryAnswer> {
    const { body, warnings, infos, stats } = kept.answer;
    const data = new Uint8Array(await gzipAsync(body, FAST_GZIP));
    const gzipped = { data, isGzipped: true, warnings, infos, stats };
    if (kept.gzipped === undefined && this.#kept.get(list) === kept) {
      kept.gzipped = gzipped;
      this.#add(data.length);
    }
    return gzipped;
  }

  #add(bytes: number): void {
    this.#bytes += bytes;
    for (const [oldest, { answer, gzipped }] of this.#kept) {
      if (this.#bytes <= KEPT_BYTES) return;
      this.#kept.delete(oldest);
      this.#bytes -= answer.body.length + (gzipped?.data.length ?? 0);
    }
  }
}
