import type { MessagePort } from 'node:worker_threads';
import type { Queryable } from '../../storage/api.ts';
import { unlessAborted } from '../exec/abortable.ts';
import { QueryCanceledError, QueryTimeoutError } from '../exec/errors.ts';
import type { QueryOptions } from '../options.ts';
import { configuredEngine } from './configured-engine.ts';
import { failureOf } from './failure-of.ts';
import { handleRequest, type RequestContext } from './handle-request.ts';
import type { PoolMessage, WorkerMessage } from './protocol.ts';
import type { QueryTasks } from './tasks.ts';

/** What a query worker is started with, as its `workerData`. */
export interface QueryWorkerData {
  /** The `message` of a storage worker handle. */
  readonly store: unknown;
  readonly options: QueryOptions;
}

/**
 * The life of a query worker: answers the pool's requests on `port`, one at a time, from the
 * store that `connect` makes of the handle's message; `tasks` are what it can do besides queries.
 * Returns at once; the port keeps it alive.
 */
export function runQueryWorker(
  port: MessagePort,
  { store, options }: QueryWorkerData,
  connect: (store: unknown) => Queryable,
  tasks: QueryTasks = {},
): void {
  const queryable = connect(store);
  const engine = configuredEngine(queryable, options);
  const worker = new QueryWorker(port, { queryable, engine, tasks, options });
  port.on('message', (message: PoolMessage) => worker.receive(message));
  port.postMessage({ kind: 'ready' } satisfies WorkerMessage);
}

type RunMessage = Extract<PoolMessage, { kind: 'run' }>;

/** What requests are answered with. */
type WorkerParts = Pick<RequestContext, 'queryable' | 'engine' | 'tasks' | 'options'>;

class QueryWorker {
  readonly #port: MessagePort;
  readonly #parts: WorkerParts;
  readonly #running = new Map<number, AbortController>();
  /** What goes on when the receiver of a part wants more, by request. */
  readonly #waiting = new Map<number, () => void>();

  constructor(port: MessagePort, parts: WorkerParts) {
    this.#port = port;
    this.#parts = parts;
  }

  receive(message: PoolMessage): void {
    if (message.kind === 'cancel') {
      this.#running.get(message.id)?.abort(new QueryCanceledError());
      return;
    }
    if (message.kind === 'more') this.#waiting.get(message.id)?.();
    else void this.#run(message);
  }

  /** Never rejects: every outcome is a message. */
  async #run(message: RunMessage): Promise<void> {
    const { id, request, timeoutMs, queueMs, cancelFlag } = message;
    const abort = new AbortController();
    this.#running.set(id, abort);
    // The evaluation looks at the clock itself; the timer ends a wait for storage.
    const timer = setTimeout(() => abort.abort(new QueryTimeoutError()), timeoutMs);
    try {
      const answer = await handleRequest(request, {
        ...this.#parts,
        signal: abort.signal,
        queueMs,
        send: (part) => this.#send(id, part, abort.signal),
        run: {
          timeoutMs,
          lookbackMs: 'lookbackMs' in request ? request.lookbackMs : undefined,
          perStepStats:
            'stats' in request && request.stats === 'all' && this.#parts.options.per_step_stats,
          cancelFlag: new Int32Array(cancelFlag),
          signal: abort.signal,
        },
      });
      const reply: WorkerMessage = { kind: 'answer', id, answer };
      this.#port.postMessage(reply, [answer.data.buffer]);
    } catch (error) {
      this.#port.postMessage({
        kind: 'failure',
        id,
        failure: failureOf(error),
      } satisfies WorkerMessage);
    } finally {
      clearTimeout(timer);
      this.#running.delete(id);
    }
  }

  /** Posts a part and waits for the receiver, so that a slow one is never more than one behind. */
  async #send(id: number, data: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const taken = new Promise<void>((resolve) => this.#waiting.set(id, resolve));
    try {
      this.#port.postMessage({ kind: 'part', id, data } satisfies WorkerMessage, [data.buffer]);
      await unlessAborted(taken, signal);
    } finally {
      this.#waiting.delete(id);
    }
  }
}
