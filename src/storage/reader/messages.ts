import type { KernelHandle } from '../../kernel/index.ts';
import { BadRegexError, messageOf, TidegaugeError } from '../../model/index.ts';
import {
  ReadFailedError,
  SelectLimitError,
  StorageClosedError,
  StorageFullError,
} from '../errors.ts';
import type { MessagePortLike } from '../api.ts';
import type { BlockRef } from '../block/block-set.ts';
import type { HistogramRequest } from './head-source.ts';
import type { HistogramColumns } from './histogram-columns.ts';

/** What a worker needs to read the store: `WorkerHandle.message`. */
export interface ConnectMessage {
  readonly port: MessagePortLike;
  /** By shard. */
  readonly head: readonly KernelHandle[];
  /** The buffer of the head's `RemovalCount`. */
  readonly removals: SharedArrayBuffer;
  readonly state: SharedArrayBuffer;
  readonly blockVersion: number;
  readonly blocks: readonly BlockRef[];
  /** Whether the worker can get at the files of blocks by itself. */
  readonly isOnDisk: boolean;
}

/** What a worker asks for because it is not in the shared memory. */
export type StoreRequest =
  | ({ readonly op: 'histograms' } & HistogramRequest)
  /** Files of blocks, where only the store can get at them. */
  | { readonly op: 'readFile'; readonly path: string }
  | { readonly op: 'fileSize'; readonly path: string }
  | {
      readonly op: 'readBytes';
      readonly path: string;
      readonly position: number;
      readonly length: number;
    };

/** What the store answers, by what it is asked. */
export interface StoreAnswers {
  readonly histograms: HistogramColumns;
  readonly readFile: Uint8Array;
  readonly fileSize: number;
  readonly readBytes: Uint8Array<ArrayBuffer>;
}

export type StoreAnswer = StoreAnswers[keyof StoreAnswers];

/** What a worker sends. */
export type ReaderMessage =
  | { readonly id: number; readonly request: StoreRequest }
  /** A list of blocks is not used here any more. */
  | { readonly letGo: number };

/** What the store sends. */
export type StoreMessage =
  | { readonly id: number; readonly answer: StoreAnswer }
  | { readonly id: number; readonly error: PlainError }
  /** The list of blocks as it is now. */
  | { readonly blockVersion: number; readonly blocks: readonly BlockRef[] };

export interface PlainError {
  readonly code: string;
  readonly message: string;
  readonly kind?: SelectLimitError['kind'];
  readonly limit?: number;
}

export function plainError(thrown: unknown): PlainError {
  if (thrown instanceof SelectLimitError) {
    const { code, message, kind, limit } = thrown;
    return { code, message, kind, limit };
  }
  const code = thrown instanceof TidegaugeError ? thrown.code : 'storage_failed';
  return { code, message: messageOf(thrown) };
}

/** The error again, of its own class where callers may look at it, and always with its code. */
export function reviveError({ code, message, kind, limit }: PlainError): TidegaugeError {
  if (code === 'select_limit' && kind !== undefined && limit !== undefined) {
    return new SelectLimitError(kind, limit);
  }
  if (code === 'bad_regex') return new BadRegexError(message);
  if (code === 'storage_closed') return new StorageClosedError(message);
  if (code === 'storage_full') return new StorageFullError(message);
  return new ReadFailedError(code, message);
}
