import type { QueryStats } from '../result.ts';

interface Packed {
  /** Gzip the answer where its data has that many bytes or more; undefined: never. */
  readonly gzipFromBytes?: number | undefined;
}

interface Limited extends Packed {
  /** Most elements of the answer; 0 or undefined for all. */
  readonly limit?: number | undefined;
}

interface Timed extends Limited {
  readonly query: string;
  /** Waiting for a worker included; the pool's own bound holds too. */
  readonly timeoutMs?: number | undefined;
  readonly lookbackMs?: number | undefined;
  /** Anything but undefined and '': the answer has statistics. */
  readonly stats?: string | undefined;
  /** An instant or range query is to be answered within the envelope, without another copy. */
  readonly isWhole?: boolean | undefined;
}

interface Selecting extends Limited {
  /** Selectors as texts, `up{job="x"}`; none means all series. */
  readonly matchers: readonly string[];
  readonly minTime: number;
  readonly maxTime: number;
}

/** A question that is answered in JSON. */
export type JsonQuery =
  | (Timed & { readonly kind: 'instant'; readonly timeMs: number })
  | (Timed & {
      readonly kind: 'range';
      readonly startMs: number;
      readonly endMs: number;
      readonly stepMs: number;
    })
  /**
   * The plan of a query as a tree, `ExplainedNode` in JSON; `analyze` evaluates it too, and gives
   * `{plan, stats}` with what each operator took. Equal times: of an instant query.
   */
  | (Timed & {
      readonly kind: 'explain' | 'analyze';
      readonly startMs: number;
      readonly endMs: number;
      readonly stepMs: number;
    })
  | (Selecting & { readonly kind: 'series' })
  | (Selecting & { readonly kind: 'label_names' })
  | (Selecting & { readonly kind: 'label_values'; readonly name: string });

/** What a query worker can be asked. */
export type QueryRequest = JsonQuery | TaskRequest;

/** Work of a layer above, done where queries run. */
export interface TaskRequest {
  readonly kind: 'task';
  /** A key of the worker's `QueryTasks`. */
  readonly task: string;
  /** What the task takes; it is cloned on its way. */
  readonly input: unknown;
  readonly timeoutMs?: number | undefined;
}

/** A worker's answer. */
export interface QueryAnswer {
  /**
   * JSON, the `data` of an API answer (of a task: what it makes); not to be changed. Where
   * `isGzipped`, the whole answer instead, `data` within its envelope, compressed.
   */
  readonly data: Uint8Array<ArrayBuffer>;
  /** The whole answer, `data` within its envelope, where it is there already. */
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly isGzipped?: boolean;
  /** `data` is in its envelope, warnings and infos included. */
  readonly isWhole?: boolean;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  /** Of instant and range queries. */
  readonly stats: QueryStats | undefined;
}

/** Why there is no answer: an error as plain data. */
export interface QueryFailure {
  /** The error's code: `bad_query`, `query_timeout`, `query_limit`, `execution`, … */
  readonly failure: string;
  readonly message: string;
  /** Of `query_limit`: what there was too much of. */
  readonly limit?: 'memory' | 'samples' | 'series' | undefined;
}

/** From the pool to a worker. */
export type PoolMessage =
  | {
      readonly kind: 'run';
      readonly id: number;
      readonly request: QueryRequest;
      /** Time left of the query's timeout. */
      readonly timeoutMs: number;
      /** Time the request waited for the worker. */
      readonly queueMs: number;
      /** One Int32: other than 0 once the query is cancelled. */
      readonly cancelFlag: SharedArrayBuffer;
    }
  | { readonly kind: 'cancel'; readonly id: number }
  /** The part that was sent last has been taken: the next may come. */
  | { readonly kind: 'more'; readonly id: number };

/** From a worker to the pool. */
export type WorkerMessage =
  | { readonly kind: 'ready' }
  /** A piece of a task's answer, ahead of the rest; the receiver's own. */
  | { readonly kind: 'part'; readonly id: number; readonly data: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: QueryAnswer }
  | { readonly kind: 'failure'; readonly id: number; readonly failure: QueryFailure };
