import type { SourceState } from '../api/contract.ts';

/** A shape per state, so that colour is never the only sign. */
const SHAPES: Record<SourceState, string> = {
  // Ring, disc, triangle, cross, bar.
  expected: 'M8 3.2a4.8 4.8 0 1 1 0 9.6a4.8 4.8 0 1 1 0-9.6z',
  live: 'M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 1 1 0-11z',
  late: 'M8 2 14.5 13.5h-13z',
  silent: 'm3.5 3.5 9 9m0-9-9 9',
  ended: 'M3 8h10',
};

/** A sign that something is wrong, whatever the state: a triangle with a mark in it. */
export function TroubledSign() {
  return (
    <svg class="trouble-sign" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
      <path d="M8 2 14.5 13.5h-13z" />
      <path class="trouble-mark" d="M8 6.5v3M8 11.5v.1" />
    </svg>
  );
}

/** The same with its word. */
export function TroubledBadge() {
  return (
    <span class="state state-troubled">
      <TroubledSign />
      <span>with problems</span>
    </span>
  );
}

/** A state as shape, colour and word. */
export function SourceStateBadge({ state }: { state: SourceState }) {
  return (
    <span class={`state state-${state}`}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path d={SHAPES[state]} />
      </svg>
      <span>{state}</span>
    </span>
  );
}
