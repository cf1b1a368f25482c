import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Examples } from '../components/examples.tsx';
import { PlanTree } from '../components/plan-tree.tsx';
import { QueryControls } from '../components/query-controls.tsx';
import { QueryEditor } from '../components/query-editor.tsx';
import { QueryProblems } from '../components/query-problems.tsx';
import { ResultTable } from '../components/result-table.tsx';
import { Graph } from '../graph/graph.tsx';
import { formatCount, formatSeconds } from '../format/value.ts';
import { useApp } from '../state/app.ts';
import { every } from '../state/clock.ts';
import type { QueryOutcome } from '../state/query-runner.ts';
import { QUERY_TABS, type QueryRoute } from '../state/route.ts';

/** Ask, and see the answer as a graph or a table. The address holds everything that is shown. */
export function QueryPage({ route }: { route: QueryRoute }) {
  const { router, query, history } = useApp();
  const draft = useSignal(route.expression);
  const change = (part: Partial<QueryRoute>) => router.go({ ...route, ...part });

  useEffect(() => {
    draft.value = route.expression;
  }, [route.expression]);
  useEffect(() => {
    void query.run(route);
  }, [
    route.expression,
    route.tab,
    route.rangeSeconds,
    route.endMs,
    route.stepSeconds,
    route.limit,
    route.lookbackSeconds,
  ]);
  useEffect(() => {
    if (route.refreshSeconds === 0) return undefined;
    return every(route.refreshSeconds * 1000, () => void query.run(route));
  }, [route]);
  useEffect(() => query.clear, []);

  const run = () => {
    const expression = draft.value.trim();
    history.add(expression);
    if (expression === route.expression) void query.run(route);
    else router.go({ ...route, expression });
  };
  return (
    <main class="page" aria-busy={query.running.value}>
      <h1 class="off-screen">Query</h1>
      <section class="card query-card" aria-label="Expression">
        <QueryEditor draft={draft} onRun={run} />
        <div class="query-bar">
          <Tabs tab={route.tab} onTab={(tab) => change({ tab })} />
          <QueryControls route={route} onChange={change} />
        </div>
      </section>
      {route.expression === '' ? (
        <Examples onPick={(expression, tab) => change({ expression, tab })} />
      ) : (
        <Answer route={route} onChange={change} />
      )}
    </main>
  );
}

const TABS = [
  { tab: 'graph', title: 'Graph' },
  { tab: 'table', title: 'Table' },
  { tab: 'plan', title: 'Plan' },
] as const;

function Tabs(props: { tab: QueryRoute['tab']; onTab: (tab: QueryRoute['tab']) => void }) {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    event.preventDefault();
    const step = event.key === 'ArrowLeft' ? QUERY_TABS.length - 1 : 1;
    const other = QUERY_TABS[(QUERY_TABS.indexOf(props.tab) + step) % QUERY_TABS.length];
    if (other === undefined) return;
    props.onTab(other);
    document.getElementById(`tab-${other}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Show the result as" onKeyDown={onKeyDown}>
      {TABS.map(({ tab, title }) => (
        <button
          type="button"
          key={tab}
          id={`tab-${tab}`}
          role="tab"
          aria-selected={tab === props.tab}
          aria-controls="result"
          tabIndex={tab === props.tab ? 0 : -1}
          onClick={() => props.onTab(tab)}
        >
          {title}
        </button>
      ))}
    </div>
  );
}

interface AnswerProps {
  route: QueryRoute;
  onChange: (change: Partial<QueryRoute>) => void;
}

function Answer({ route, onChange }: AnswerProps) {
  const { query } = useApp();
  const outcome = query.outcome.value;
  const running = query.running.value;
  // Switching the tab keeps the other tab's result in memory until the new one is here.
  const fitting = outcome !== null && outcome.tab === route.tab ? outcome : null;
  return (
    <section
      class={running ? 'card result running' : 'card result'}
      id="result"
      role="tabpanel"
      aria-labelledby={`tab-${route.tab}`}
    >
      <div class="progress" hidden={!running} role="progressbar" aria-label="Query is running" />
      <QueryProblems />
      {fitting !== null && <Shown outcome={fitting} route={route} onChange={onChange} />}
      {fitting === null && running && <div class="waiting" aria-hidden="true" />}
      {fitting !== null && <Figures outcome={fitting} />}
    </section>
  );
}

function Shown({ outcome, route, onChange }: AnswerProps & { outcome: QueryOutcome }) {
  if (outcome.tab === 'plan') {
    return <PlanTree analysis={outcome.data} expression={outcome.expression} />;
  }
  const { data, expression, range } = outcome;
  if (range !== null && data.resultType === 'matrix') {
    return (
      <Graph
        series={data.result}
        expression={expression}
        range={range}
        stacked={route.stacked}
        onChange={onChange}
      />
    );
  }
  return <ResultTable data={data} expression={expression} />;
}

function Figures({ outcome }: { outcome: QueryOutcome }) {
  const { durationMs, range } = outcome;
  return (
    <p class="figures" role="status">
      {outcome.tab === 'plan' ? (
        <Reading
          samplesRead={outcome.data.stats['samplesRead']}
          peak={outcome.data.stats['peakSamples']}
        />
      ) : (
        <>
          <span>{plural(outcome.seriesCount, 'series', 'series')}</span>
          <span>{plural(outcome.sampleCount, 'sample', 'samples')}</span>
          <Reading samplesRead={outcome.data.stats?.samples.totalQueryableSamples} />
        </>
      )}
      {range !== null && <span>every {formatSeconds(range.step)}</span>}
      <span>{formatSeconds(durationMs / 1000, 3)}</span>
    </p>
  );
}

/** What the evaluation read, and the most it held at once; what is not known is left out. */
function Reading(props: { samplesRead: number | undefined; peak?: number | undefined }) {
  const { samplesRead, peak } = props;
  return (
    <>
      {samplesRead !== undefined && <span>{plural(samplesRead, 'sample', 'samples')} read</span>}
      {peak !== undefined && <span>{formatCount(peak)} held at most</span>}
    </>
  );
}

function plural(count: number, one: string, many: string): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
