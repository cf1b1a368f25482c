import type { Source, SourceState } from '../api/contract.ts';
import { formatCount } from '../format/value.ts';
import type { SourcesRoute } from '../state/route.ts';
import { countStates, countTroubled, TROUBLED } from '../state/source-list.ts';
import { SourceStateBadge, TroubledBadge } from './source-state.tsx';

/** Order of the counts: the life of a source. */
const LIFE: readonly SourceState[] = ['expected', 'live', 'late', 'silent', 'ended'];

const KINDS = [
  { kind: '', title: 'Both' },
  { kind: 'pull', title: 'Pull' },
  { kind: 'push', title: 'Push' },
] as const;

interface SourceFilterProps {
  sources: readonly Source[];
  route: SourcesRoute;
  onChange: (change: Partial<SourcesRoute>) => void;
}

/** Counts per state, each a switch of the filter, with the text and the kind beside them. */
export function SourceFilter({ sources, route, onChange }: SourceFilterProps) {
  const counts = countStates(sources);
  const troubled = countTroubled(sources);
  const toggle = (state: SourceState | typeof TROUBLED) => {
    const rest = route.states.filter((other) => other !== state);
    onChange({ states: rest.length < route.states.length ? rest : [...rest, state] });
  };
  return (
    <div class="source-filter">
      <div class="state-counts" role="group" aria-label="Filter by state">
        {LIFE.map((state) => (
          <button
            type="button"
            key={state}
            class={counts[state] === 0 ? 'state-count none' : 'state-count'}
            aria-pressed={route.states.includes(state)}
            onClick={() => toggle(state)}
          >
            <b>{formatCount(counts[state])}</b>
            <SourceStateBadge state={state} />
          </button>
        ))}
        {(troubled > 0 || route.states.includes(TROUBLED)) && (
          <button
            type="button"
            class="state-count"
            aria-pressed={route.states.includes(TROUBLED)}
            onClick={() => toggle(TROUBLED)}
          >
            <b>{formatCount(troubled)}</b>
            <TroubledBadge />
          </button>
        )}
      </div>
      <div class="source-search">
        <input
          type="search"
          class="search"
          placeholder="Filter by name, endpoint, label or error"
          aria-label="Filter sources"
          value={route.text}
          onInput={(event) => onChange({ text: event.currentTarget.value })}
        />
        <div class="joined" role="group" aria-label="Filter by kind">
          {KINDS.map(({ kind, title }) => (
            <button
              type="button"
              key={kind}
              class="preset"
              aria-pressed={route.kind === kind}
              onClick={() => onChange({ kind })}
            >
              {title}
            </button>
          ))}
        </div>
      </div>
    </div>
  );
}
