import { Worker } from 'node:worker_threads';
import type { WorkerHandle } from '../../storage/api.ts';
import { pauseEarlyOptimizing } from '../../util/index.ts';
import type { QueryOptions } from '../options.ts';
import type { PoolMessage, WorkerMessage } from './protocol.ts';
import type { QueryWorkerData } from './serve-queries.ts';

/** What a pool wants to know of a thread. */
export interface ThreadEvents {
  message(message: WorkerMessage): void;
  /** The thread is gone, for whatever reason; called once. */
  gone(cause: unknown): void;
}

/** A thread that answers requests. */
export interface QueryThread {
  post(message: PoolMessage): void;
  /** Ends it at once; `gone` follows. */
  terminate(): Promise<void>;
}

/** Starts a thread; tests pass their own. */
export type StartThread = (events: ThreadEvents) => QueryThread;

/** Threads of `entry` that read the store by a handle each. */
export function threadStarter(
  entry: URL,
  workerHandle: () => WorkerHandle,
  options: QueryOptions,
): StartThread {
  return (events) => {
    const { message: store, transfer } = workerHandle();
    const workerData: QueryWorkerData = { store, options };
    const hasStarted = pauseEarlyOptimizing();
    const worker = new Worker(entry, { workerData, transferList: [...transfer], name: 'query' });
    let cause: unknown;
    worker.on('message', (message: WorkerMessage) => {
      if (message.kind === 'ready') hasStarted();
      else worker.unref();
      events.message(message);
    });
    worker.on('messageerror', (error) => {
      cause = error;
      void worker.terminate();
    });
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('exit', (code) => {
      hasStarted();
      events.gone(cause ?? new Error(`exit code ${code}`));
    });
    // The pool ends its threads; only a query under way keeps the process alive.
    worker.unref();
    return {
      post(message) {
        if (message.kind === 'run') worker.ref();
        worker.postMessage(message);
      },
      terminate: async () => {
        await worker.terminate();
      },
    };
  };
}
