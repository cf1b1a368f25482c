import type { Queryable } from '../../storage/api.ts';
import type { QueryOptions } from '../options.ts';
import type { QueryAnswer } from './protocol.ts';

/** What a task works with. */
export interface TaskContext {
  readonly queryable: Queryable;
  /** Those of the pool. */
  readonly options: QueryOptions;
  /** Aborts with the error to fail with: deadline or cancellation. */
  readonly signal: AbortSignal;
  /**
   * Hands a piece of the answer over, ahead of what the task resolves with. The bytes are given
   * away. Resolves when the receiver wants more, rejects with the signal's reason.
   */
  readonly send: (part: Uint8Array<ArrayBuffer>) => Promise<void>;
}

/**
 * Work that a layer above has query workers do, by the name in `TaskRequest.task`. The input is
 * what the request carried. Errors come back as those of queries do.
 */
export type QueryTask = (input: unknown, context: TaskContext) => Promise<QueryAnswer>;

export type QueryTasks = Readonly<Record<string, QueryTask>>;
