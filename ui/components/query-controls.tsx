import { formatDuration, parseDuration } from '../format/duration.ts';
import { formatLocalInput, shiftedEnd } from '../state/end-time.ts';
import type { QueryRoute } from '../state/route.ts';
import { chooseStep } from '../state/time-range.ts';
import { QueryLimits } from './query-limits.tsx';

const RANGES = [300, 900, 3600, 21_600, 86_400, 604_800];
const STEPS = [1, 5, 15, 30, 60, 300, 900, 3600];
const REFRESHES = [5, 15, 60];

interface ControlProps {
  route: QueryRoute;
  /** Shows the route with these fields changed. */
  onChange: (change: Partial<QueryRoute>) => void;
}

/** Range, end, resolution, refresh and stacking; what the table does not use is not shown. */
export function QueryControls({ route, onChange }: ControlProps) {
  const isOverTime = route.tab !== 'table';
  return (
    <div class="controls">
      {isOverTime && <RangePicker route={route} onChange={onChange} />}
      <EndPicker route={route} onChange={onChange} />
      {isOverTime && <StepPicker route={route} onChange={onChange} />}
      <label class="field">
        <span>Refresh</span>
        <select
          value={String(route.refreshSeconds)}
          onChange={(event) => onChange({ refreshSeconds: Number(event.currentTarget.value) })}
        >
          <option value="0">Off</option>
          {withCurrent(REFRESHES, route.refreshSeconds || null).map((seconds) => (
            <option key={seconds} value={String(seconds)}>
              {formatDuration(seconds)}
            </option>
          ))}
        </select>
      </label>
      {route.tab === 'graph' && (
        <label class="check">
          <input
            type="checkbox"
            checked={route.stacked}
            onChange={(event) => onChange({ stacked: event.currentTarget.checked })}
          />
          <span>Stacked</span>
        </label>
      )}
      <QueryLimits route={route} onChange={onChange} />
    </div>
  );
}

function RangePicker({ route, onChange }: ControlProps) {
  const commit = (input: HTMLInputElement) => {
    const seconds = parseDuration(input.value);
    if (seconds === null) input.value = formatDuration(route.rangeSeconds);
    else if (seconds !== route.rangeSeconds) onChange({ rangeSeconds: seconds });
  };
  const scale = (factor: number) =>
    onChange({ rangeSeconds: Math.max(1, Math.round(route.rangeSeconds * factor)) });
  return (
    <div class="field" role="group" aria-label="Range">
      <span>Range</span>
      <div class="joined">
        {RANGES.map((seconds) => (
          <button
            type="button"
            key={seconds}
            class="preset"
            aria-pressed={seconds === route.rangeSeconds}
            onClick={() => onChange({ rangeSeconds: seconds })}
          >
            {formatDuration(seconds)}
          </button>
        ))}
      </div>
      <div class="joined">
        <button type="button" onClick={() => scale(0.5)} aria-label="Halve the range">
          −
        </button>
        <input
          class="range-input"
          key={route.rangeSeconds}
          defaultValue={formatDuration(route.rangeSeconds)}
          aria-label="Custom range, such as 90m"
          onBlur={(event) => commit(event.currentTarget)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') commit(event.currentTarget);
          }}
        />
        <button type="button" onClick={() => scale(2)} aria-label="Double the range">
          +
        </button>
      </div>
    </div>
  );
}

function EndPicker({ route, onChange }: ControlProps) {
  const shift = (direction: 1 | -1) =>
    onChange({ endMs: shiftedEnd(route, direction, Date.now()) });
  const title = route.tab === 'table' ? 'Time' : 'End';
  return (
    <div class="field" role="group" aria-label={title}>
      <span>{title}</span>
      <div class="joined">
        <button type="button" onClick={() => shift(-1)} aria-label="Earlier by half a range">
          ‹
        </button>
        <button
          type="button"
          class="preset"
          aria-pressed={route.endMs === null}
          onClick={() => onChange({ endMs: null })}
        >
          Now
        </button>
        {route.endMs === null ? (
          <button type="button" onClick={() => onChange({ endMs: wholeSecond(Date.now()) })}>
            Fixed…
          </button>
        ) : (
          <input
            type="datetime-local"
            step="1"
            class="time-input"
            value={formatLocalInput(route.endMs)}
            aria-label="Fixed time, local"
            onChange={(event) => {
              const ms = Date.parse(event.currentTarget.value);
              onChange({ endMs: Number.isFinite(ms) ? ms : null });
            }}
          />
        )}
        <button
          type="button"
          onClick={() => shift(1)}
          disabled={route.endMs === null}
          aria-label="Later by half a range"
        >
          ›
        </button>
      </div>
    </div>
  );
}

function StepPicker({ route, onChange }: ControlProps) {
  const automatic = formatDuration(chooseStep(route.rangeSeconds));
  return (
    <label class="field">
      <span>Resolution</span>
      <select
        value={route.stepSeconds === null ? '' : String(route.stepSeconds)}
        onChange={(event) => {
          const { value } = event.currentTarget;
          onChange({ stepSeconds: value === '' ? null : Number(value) });
        }}
      >
        <option value="">Auto ({automatic})</option>
        {withCurrent(STEPS, route.stepSeconds).map((seconds) => (
          <option key={seconds} value={String(seconds)}>
            {formatDuration(seconds)}
          </option>
        ))}
      </select>
    </label>
  );
}

function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

/** The choices with the current one among them, which an address may have set to anything. */
function withCurrent(choices: readonly number[], current: number | null): number[] {
  if (current === null || choices.includes(current)) return [...choices];
  return [...choices, current].sort((a, b) => a - b);
}
