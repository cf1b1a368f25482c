import type { ReadQuery } from '../../formats/remote-read/index.ts';
import type { Matcher } from '../../model/index.ts';
import { createMatcher, Labels } from '../../model/index.ts';

/** What both forms of remote read take; plain data, as it goes to a worker. */
export interface ReadInput {
  readonly queries: readonly ReadQuery[];
  /** name, value, …: labels that all answers carry, except where a series has its own. */
  readonly externalLabels: readonly string[];
  /** Most samples of a query. */
  readonly maxSamples: number;
  /** Size at which a frame of streamed chunks ends. */
  readonly maxFrameBytes: number;
}

/**
 * The matchers of a query as the store takes them: one that asks for the value of an external
 * label is satisfied by series without that label.
 */
export function matchersOf({ matchers }: ReadQuery, external: Labels): Matcher[] {
  return matchers.map(({ type, name, value }) =>
    type === '=' && value !== '' && external.get(name) === value
      ? createMatcher('=', name, '')
      : createMatcher(type, name, value),
  );
}

/** A series' labels with the external ones that it has not itself. */
export function withExternal(labels: Labels, external: Labels): Labels {
  if (external.size === 0) return labels;
  return Labels.fromPairs([...external.pairs, ...labels.pairs]);
}
