import { formatDuration, parseDuration } from '../format/duration.ts';
import type { QueryRoute } from '../state/route.ts';

interface QueryLimitsProps {
  route: QueryRoute;
  /** Shows the route with these fields changed. */
  onChange: (change: Partial<QueryRoute>) => void;
}

/** What few queries need: the most series of an answer, and how far back a sample counts. */
export function QueryLimits({ route, onChange }: QueryLimitsProps) {
  const { limit, lookbackSeconds } = route;
  const setLimit = (input: HTMLInputElement) => {
    const wanted = Number(input.value);
    const next = Number.isInteger(wanted) && wanted >= 0 ? wanted : limit;
    input.value = next === 0 ? '' : String(next);
    if (next !== limit) onChange({ limit: next });
  };
  const setLookback = (input: HTMLInputElement) => {
    const text = input.value.trim();
    const next = text === '' ? null : (parseDuration(text) ?? lookbackSeconds);
    input.value = next === null ? '' : formatDuration(next);
    if (next !== lookbackSeconds) onChange({ lookbackSeconds: next });
  };
  return (
    <details class="limits" open={limit > 0 || lookbackSeconds !== null}>
      <summary>More</summary>
      <div class="controls">
        {/* A plan is of the whole query. */}
        {route.tab !== 'plan' && (
          <label class="field">
            <span>At most</span>
            <input
              key={limit}
              class="range-input"
              inputMode="numeric"
              placeholder="all"
              defaultValue={limit === 0 ? '' : String(limit)}
              aria-label="At most so many series"
              onChange={(event) => setLimit(event.currentTarget)}
            />
            <span>series</span>
          </label>
        )}
        <label class="field">
          <span>Look back</span>
          <input
            key={lookbackSeconds}
            class="range-input"
            placeholder="auto"
            defaultValue={lookbackSeconds === null ? '' : formatDuration(lookbackSeconds)}
            aria-label="Look back for a sample, such as 5m"
            onChange={(event) => setLookback(event.currentTarget)}
          />
        </label>
      </div>
    </details>
  );
}
