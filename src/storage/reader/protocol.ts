import type { Matcher } from '../../model/index.ts';
import { BadRegexError, messageOf, reviveMatcher, TidegaugeError } from '../../model/index.ts';
import type { SelectHints, TimeRange } from '../api.ts';
import {
  ReadFailedError,
  SelectLimitError,
  StorageClosedError,
  StorageFullError,
} from '../errors.ts';
import type { BlockRef } from '../block/block-set.ts';
import type { LabelTableData } from './label-table.ts';
import type { MatcherLists, SelectAnswer } from './reader.ts';
import type { TextTableData } from './text-table.ts';

/** A matcher as it crosses the port; the other side compiles it. */
export type PlainMatcher = Pick<Matcher, 'type' | 'name' | 'value'>;

export type ReadRequest =
  | {
      readonly op: 'select';
      readonly matchers: readonly PlainMatcher[];
      readonly hints: SelectHints;
    }
  | {
      readonly op: 'series' | 'labelNames';
      readonly lists: readonly (readonly PlainMatcher[])[];
      readonly range: TimeRange;
    }
  | {
      readonly op: 'labelValues';
      readonly name: string;
      readonly lists: readonly (readonly PlainMatcher[])[];
      readonly range: TimeRange;
    };

export type ReadAnswer = SelectAnswer | LabelTableData | TextTableData;

/** What a reader sends. */
export type ReaderMessage =
  | { readonly id: number; readonly request: ReadRequest }
  | { readonly id: number; readonly cancel: true }
  /** The blocks of the answer have been read. */
  | { readonly id: number; readonly release: true };

/** What the store answers. */
export type StoreMessage =
  | {
      readonly id: number;
      readonly answer: ReadAnswer;
      /** Kept until the reader releases them, which it does where there are any. */
      readonly blocks: readonly BlockRef[];
    }
  | { readonly id: number; readonly error: PlainError };

export interface PlainError {
  readonly code: string;
  readonly message: string;
  readonly kind?: 'samples' | 'series';
  readonly limit?: number;
}

export function plainMatchers(matchers: readonly Matcher[]): PlainMatcher[] {
  return matchers.map(({ type, name, value }) => ({ type, name, value }));
}

export function reviveLists(lists: readonly (readonly PlainMatcher[])[]): MatcherLists {
  return lists.map((matchers) => matchers.map(reviveMatcher));
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

/** Buffers of an answer, which move to the reader's thread instead of being copied. */
export function transferList(answer: ReadAnswer): ArrayBuffer[] {
  if ('bytes' in answer) return textBuffers(answer);
  if ('textIds' in answer) return labelBuffers(answer);
  const { labels, sampleOffsets, timestamps, values, histograms } = answer;
  const buffers = [sampleOffsets.buffer, timestamps.buffer, values.buffer];
  if (histograms !== undefined) buffers.push(histograms.offsets.buffer, histograms.bytes.buffer);
  return [...labelBuffers(labels), ...buffers];
}

function labelBuffers({ texts, offsets, textIds }: LabelTableData): ArrayBuffer[] {
  return [...textBuffers(texts), offsets.buffer, textIds.buffer];
}

function textBuffers({ bytes, lengths }: TextTableData): ArrayBuffer[] {
  return [bytes.buffer, lengths.buffer];
}
