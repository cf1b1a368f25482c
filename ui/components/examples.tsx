import type { QueryRoute } from '../state/route.ts';

interface Example {
  expression: string;
  says: string;
  tab: QueryRoute['tab'];
}

/** All of these have data on a fresh install: the collector scrapes itself and reads its host. */
const EXAMPLES: readonly Example[] = [
  { expression: 'up', says: 'Which sources answer', tab: 'table' },
  {
    expression: 'sum by (mode) (rate(node_cpu_seconds_total[1m]))',
    says: 'Processor time of this host by mode',
    tab: 'graph',
  },
  { expression: 'node_load1', says: 'Load of this host', tab: 'graph' },
  {
    expression: 'rate(node_cpu_seconds_total[1m])',
    says: 'Processor time for each processor and mode',
    tab: 'graph',
  },
  {
    expression: 'node_memory_MemAvailable_bytes',
    says: 'Memory that is free to use',
    tab: 'graph',
  },
  { expression: 'scrape_duration_seconds', says: 'How long each scrape takes', tab: 'graph' },
];

interface ExamplesProps {
  onPick: (expression: string, tab: QueryRoute['tab']) => void;
}

/** Shown before the first query; runs nothing by itself. */
export function Examples({ onPick }: ExamplesProps) {
  return (
    <section class="card examples" aria-labelledby="examples-title">
      <h2 id="examples-title">Some questions to begin with</h2>
      <ul>
        {EXAMPLES.map(({ expression, says, tab }) => (
          <li key={expression}>
            <button type="button" onClick={() => onPick(expression, tab)}>
              <span class="example-says">{says}</span>
              <code>{expression}</code>
            </button>
          </li>
        ))}
      </ul>
      <p class="soft">
        <kbd>Enter</kbd> runs, <kbd>Shift</kbd>+<kbd>Enter</kbd> begins a new line, <kbd>↑</kbd> at
        the start of the box shows what you asked before.
      </p>
    </section>
  );
}
