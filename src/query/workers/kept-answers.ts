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
  async of(
    list: readonly unknown[],
    encode: () => Uint8Array<ArrayBuffer>,
    gzipFromBytes = Infinity,
  ): Promise<QueryAnswer> {
    const kept = this.#find(list) ?? this.#make(list, encode);
    const { answer } = kept;
    if (answer.body.length < gzipFromBytes) return answer;
    if (kept.gzipped !== undefined) return kept.gzipped;
    const data = new Uint8Array(await gzipAsync(answer.body, FAST_GZIP));
    const { warnings, infos, stats } = answer;
    const gzipped = { data, isGzipped: true, warnings, infos, stats };
    if (kept.gzipped === undefined && this.#kept.get(list) === kept) {
      kept.gzipped = gzipped;
      this.#add(data.length);
    }
    return gzipped;
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

  #add(bytes: number): void {
    this.#bytes += bytes;
    for (const [oldest, { answer, gzipped }] of this.#kept) {
      if (this.#bytes <= KEPT_BYTES) return;
      this.#kept.delete(oldest);
      this.#bytes -= answer.body.length + (gzipped?.data.length ?? 0);
    }
  }
}
