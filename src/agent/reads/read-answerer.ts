import type {
  Read,
  ReadChunk,
  ReadContent,
  ReadEnd,
  ReadStatus,
} from '../../formats/tide/index.ts';
import {
  BatchColumns,
  BatchEncoder,
  READ_CHUNK_BYTES_MAX,
  TideFormatError,
} from '../../formats/tide/index.ts';
import { messageOf, TidegaugeError } from '../../model/index.ts';
import type { CancelTimer, Clock } from '../../util/index.ts';
import { orderByTime, sliceColumns, withoutHistograms } from './columns.ts';
import type { RetainedSamples } from './retained-samples.ts';
import { parseSelector, seriesSelection } from './selector.ts';
import type { SeriesTable } from '../sampling/series-table.ts';

/** Reads that may be under way at once. */
const READS_MAX = 2;
/** What a sample may cost in an answer, for the budget. */
const SAMPLE_BYTES = 16;
const CHUNK_SAMPLES = 16_384;

/** A local target's own words. */
export interface RawExposition {
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** What the agent lets itself be asked. Nothing else can be reached. */
export interface AllowedReads {
  /** The raw exposition of a local target, by each of its names. */
  exposition(
    name: string,
  ): ((accept: string, signal: AbortSignal) => Promise<RawExposition>) | undefined;
  /** Functions that answer with something for JSON. */
  readonly functions: ReadonlyMap<string, () => unknown>;
}

export interface ReadAnswererOptions {
  readonly clock: Clock;
  readonly table: SeriesTable;
  readonly retained: RetainedSamples;
  readonly allowed: AllowedReads;
  /** Reads the sources of the wanted series now; their samples come back, by series. */
  readonly sampleNow: (wanted: (id: number) => boolean) => Promise<BatchColumns>;
  /** Whether the collector takes native histograms; else they are left out. */
  readonly takesHistograms: () => boolean;
  readonly send: (message: ReadChunk | ReadEnd) => void;
}

interface Running {
  readonly abort: AbortController;
  status: ReadStatus | undefined;
}

/** The answer stops here, and READ_END says so. */
class ReadStopped extends TidegaugeError {
  readonly code = 'agent_read_stopped';
  readonly status: ReadStatus;

  constructor(status: ReadStatus, message: string) {
    super(message);
    this.status = status;
  }
}

const encoder = new BatchEncoder();

/** Answers READ: within its time and its bytes, two at once, and never more than was allowed. */
export class ReadAnswerer {
  readonly #options: ReadAnswererOptions;
  readonly #running = new Map<number, Running>();
  #answered = 0;

  constructor(options: ReadAnswererOptions) {
    this.#options = options;
  }

  /** Reads that came to an end, well or not. */
  get answeredCount(): number {
    return this.#answered;
  }

  /** Takes a request; the answer goes out through `send`. */
  take(request: Read): void {
    const running = this.#running.get(request.requestId);
    if (request.cancel) {
      this.#stop(running, 'CANCELED');
      return;
    }
    if (running !== undefined) return;
    if (this.#running.size >= READS_MAX) {
      const message = `${READS_MAX} reads are under way`;
      this.#end(request, { status: 'BUSY', message, chunkCount: 0, contentType: '' });
      return;
    }
    void this.#answer(request);
  }

  /** The session is gone, and with it whoever asked. */
  cancelAll(): void {
    for (const running of this.#running.values()) this.#stop(running, 'CANCELED');
  }

  async #answer(request: Read): Promise<void> {
    const { clock } = this.#options;
    const running: Running = { abort: new AbortController(), status: undefined };
    this.#running.set(request.requestId, running);
    const cancel: CancelTimer = clock.setTimer(request.timeoutMs, () => {
      this.#stop(running, 'TIMEOUT');
    });
    const answer = new Answer(request, this.#options.send);
    let status: ReadStatus = 'OK';
    let message = '';
    try {
      await Promise.race([this.#work(request, answer, running.abort.signal), stopped(running)]);
    } catch (error) {
      status = running.status ?? statusOf(error);
      message = messageOf(error);
    } finally {
      cancel();
      answer.close();
      this.#running.delete(request.requestId);
    }
    const { chunkCount, contentType } = answer;
    this.#end(request, { status, message, chunkCount, contentType });
  }

  #end(
    { requestId }: Read,
    end: Pick<ReadEnd, 'status' | 'message' | 'chunkCount' | 'contentType'>,
  ): void {
    this.#answered++;
    const clockMs = this.#options.clock.now();
    this.#options.send({ type: 'READ_END', requestId, ...end, clockMs });
  }

  #stop(running: Running | undefined, status: ReadStatus): void {
    if (running === undefined || running.status !== undefined) return;
    running.status = status;
    running.abort.abort();
  }

  async #work(request: Read, answer: Answer, signal: AbortSignal): Promise<void> {
    switch (request.kind) {
      case 'INSTANT':
        await this.#instant(request, answer, signal);
        break;
      case 'RANGE':
        await this.#range(request, answer, signal);
        break;
      case 'FUNCTION':
        this.#function(request, answer);
        break;
      case 'EXPOSITION':
        await this.#exposition(request, answer, signal);
    }
  }

  async #instant(request: Read, answer: Answer, signal: AbortSignal): Promise<void> {
    const { table, sampleNow } = this.#options;
    const wanted = seriesSelection(parseSelector(request.selector), (id) => table.get(id));
    const columns = await sampleNow(wanted);
    signal.throwIfAborted();
    this.#sendColumns(columns, answer);
  }

  async #range(request: Read, answer: Answer, signal: AbortSignal): Promise<void> {
    const { table, retained } = this.#options;
    const { minTime, maxTime, resolutionMs, budgetBytes } = request;
    const wanted = seriesSelection(parseSelector(request.selector), (id) => table.get(id));
    const found = new BatchColumns(1024);
    for await (const { columns: batch } of retained.batches(minTime, maxTime)) {
      signal.throwIfAborted();
      for (let index = 0; index < batch.length; index++) {
        const time = batch.timestamps[index]!;
        if (time < minTime || time > maxTime || !wanted(batch.seriesIds[index]!)) continue;
        sliceColumns(batch, index, index + 1, found);
      }
      if (found.length * SAMPLE_BYTES > budgetBytes && resolutionMs === 0) break;
    }
    const ordered = orderByTime(found, resolutionMs);
    this.#sendColumns(ordered, answer);
    if (ordered.length * SAMPLE_BYTES > budgetBytes) {
      throw new ReadStopped('BUDGET', `more than ${budgetBytes} bytes: the rest is not answered`);
    }
  }

  #sendColumns(found: BatchColumns, answer: Answer): void {
    const columns = this.#options.takesHistograms() ? found : withoutHistograms(found);
    for (let from = 0; from < columns.length; from += CHUNK_SAMPLES) {
      this.#sendSlice(columns, from, Math.min(columns.length, from + CHUNK_SAMPLES), answer);
    }
  }

  #sendSlice(columns: BatchColumns, from: number, to: number, answer: Answer): void {
    const slice = sliceColumns(columns, from, to, new BatchColumns(to - from));
    const { version } = this.#options.table;
    try {
      const head = { schemaVersion: version, policyVersion: 0, coverage: [] };
      const body = encoder.encodeBody(head, slice);
      if (body.length <= READ_CHUNK_BYTES_MAX) {
        answer.chunk('BATCH', body.slice());
        return;
      }
    } catch (error) {
      const isTooLarge = error instanceof TideFormatError && error.code === 'tide_too_large';
      if (!isTooLarge) throw error;
    }
    if (to - from === 1) throw new ReadStopped('FAILED', 'a histogram is too large to be answered');
    const half = from + ((to - from) >>> 1);
    this.#sendSlice(columns, from, half, answer);
    this.#sendSlice(columns, half, to, answer);
  }

  #function({ selector }: Read, answer: Answer): void {
    const { functions } = this.#options.allowed;
    const run = functions.get(selector);
    if (run === undefined) {
      const names = [...functions.keys()].join(', ');
      throw new ReadStopped('NOT_FOUND', `no function ${JSON.stringify(selector)}, only ${names}`);
    }
    answer.text('JSON', new TextEncoder().encode(JSON.stringify(run())));
  }

  async #exposition(request: Read, answer: Answer, signal: AbortSignal): Promise<void> {
    const read = this.#options.allowed.exposition(request.selector);
    if (read === undefined) {
      const name = JSON.stringify(request.selector);
      throw new ReadStopped('DENIED', `${name} is not among the targets that this agent allows`);
    }
    const { contentType, body } = await read(request.accept, signal);
    signal.throwIfAborted();
    answer.contentType = contentType;
    answer.text('TEXT', body);
  }
}

/** The chunks of one answer, counted against its budget. */
class Answer {
  readonly #request: Read;
  readonly #send: (message: ReadChunk) => void;
  #bytesLeft: number;
  #closed = false;
  chunkCount = 0;
  contentType = '';

  constructor(request: Read, send: (message: ReadChunk) => void) {
    this.#request = request;
    this.#send = send;
    this.#bytesLeft = request.budgetBytes;
  }

  /** @throws ReadStopped when the budget is used up: this chunk is not sent. */
  chunk(content: ReadContent, data: Uint8Array): void {
    if (this.#closed) return;
    const { requestId, budgetBytes } = this.#request;
    if (data.length > this.#bytesLeft) {
      throw new ReadStopped('BUDGET', `more than ${budgetBytes} bytes: the rest is not answered`);
    }
    this.#bytesLeft -= data.length;
    this.#send({ type: 'READ_CHUNK', requestId, index: this.chunkCount++, content, data });
  }

  /** A text in as many chunks as it takes: half of it would be no use. */
  text(content: 'TEXT' | 'JSON', bytes: Uint8Array): void {
    if (bytes.length > this.#bytesLeft) {
      const problem = `${bytes.length} bytes, ${this.#request.budgetBytes} being wanted at most`;
      throw new ReadStopped('BUDGET', problem);
    }
    for (let from = 0; from < bytes.length; from += READ_CHUNK_BYTES_MAX) {
      this.chunk(content, bytes.subarray(from, from + READ_CHUNK_BYTES_MAX));
    }
  }

  /** Nothing more goes out, whoever still works on it. */
  close(): void {
    this.#closed = true;
  }
}

/** Rejects when the read is cancelled or out of time, even if what it waits for does not. */
function stopped({ abort }: Running): Promise<never> {
  return new Promise((_, reject) => {
    abort.signal.addEventListener('abort', () => {
      reject(new ReadStopped('CANCELED', 'stopped before the answer was complete'));
    });
  });
}

function statusOf(error: unknown): ReadStatus {
  return error instanceof ReadStopped ? error.status : 'FAILED';
}
