import { reviveMatcher } from '../../model/index.ts';
import type { BlockLease, BlockRef, BlockSet } from '../block/block-set.ts';
import type { ReadAnswer, ReadRequest } from './protocol.ts';
import { reviveLists } from './protocol.ts';
import type { Reader } from './reader.ts';

/** What the head answered, and the blocks that hold the rest; they stay until `release`. */
export interface LeasedAnswer {
  readonly answer: ReadAnswer;
  readonly blocks: readonly BlockRef[];
  release(): void;
}

/** Answers requests from the head, on this thread or another. */
export interface ReadSource {
  ask(request: ReadRequest, signal: AbortSignal): Promise<LeasedAnswer>;
}

/** The head of this thread with its blocks. */
export class LocalSource implements ReadSource {
  readonly #head: Reader;
  readonly #blocks: BlockSet;

  constructor(head: Reader, blocks: BlockSet) {
    this.#head = head;
    this.#blocks = blocks;
  }

  async ask(request: ReadRequest, signal: AbortSignal): Promise<LeasedAnswer> {
    if (request.op !== 'select') {
      const answer = await readAnswer(this.#head, request, signal);
      // Series that a cut took out of the head meanwhile are in the blocks of now.
      return leased(answer, this.#blocks.lease());
    }
    // The selection captures the head at once, in the same moment as the lease.
    const answering = readAnswer(this.#head, request, signal);
    const lease = this.#blocks.lease();
    try {
      return leased(await answering, lease);
    } catch (error) {
      lease.release();
      throw error;
    }
  }
}

/** A reader that has merged blocks already. */
export class MergedSource implements ReadSource {
  readonly #reader: Reader;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  async ask(request: ReadRequest, signal: AbortSignal): Promise<LeasedAnswer> {
    const answer = await readAnswer(this.#reader, request, signal);
    return { answer, blocks: [], release() {} };
  }
}

function leased(answer: ReadAnswer, lease: BlockLease): LeasedAnswer {
  return { answer, blocks: lease.blocks, release: () => lease.release() };
}

async function readAnswer(
  reader: Reader,
  request: ReadRequest,
  signal: AbortSignal,
): Promise<ReadAnswer> {
  switch (request.op) {
    case 'select':
      return reader.select(request.matchers.map(reviveMatcher), request.hints, signal);
    case 'series':
      return reader.series(reviveLists(request.lists), request.range, signal);
    case 'labelNames':
      return reader.labelNames(reviveLists(request.lists), request.range, signal);
    case 'labelValues': {
      const { name, lists, range } = request;
      return reader.labelValues(name, reviveLists(lists), range, signal);
    }
  }
}
