import { useSignal } from '@preact/signals';
import { SortButton, sortState } from '../components/sort-button.tsx';
import { SourceFilter } from '../components/source-filter.tsx';
import { SourceRow } from '../components/source-row.tsx';
import { formatCount } from '../format/value.ts';
import { useApp } from '../state/app.ts';
import { DEFAULT_SOURCES, type SourceColumn, type SourcesRoute } from '../state/route.ts';
import { selectSources } from '../state/source-list.ts';

/** Rows drawn at once: thousands are read again every five seconds. */
const MAX_ROWS = 500;

const COLUMNS: readonly { column: SourceColumn; title: string; number?: boolean }[] = [
  { column: 'state', title: 'State' },
  { column: 'name', title: 'Name' },
  { column: 'kind', title: 'Kind' },
  { column: 'endpoint', title: 'Endpoint' },
  { column: 'contact', title: 'Last contact' },
  { column: 'interval', title: 'Interval', number: true },
  { column: 'samples', title: 'Samples', number: true },
  { column: 'rejected', title: 'Refused', number: true },
];

/** Everything that samples come from, scraped or pushing, in one list. */
export function SourcesPage({ route }: { route: SourcesRoute }) {
  const { router, sources } = useApp();
  const list = sources.sources.value;
  const change = (part: Partial<SourcesRoute>) =>
    router.go({ ...route, ...part }, { replace: 'text' in part });
  return (
    <main class="page">
      <div class="page-head">
        <h1>Sources</h1>
        <p class="soft">Everything that samples come from, scraped or pushing.</p>
      </div>
      {sources.error.value !== null && (
        <div class="notice error" role="alert">
          <div class="notice-title">The list of sources could not be read</div>
          <p class="notice-text">{sources.error.value.message}</p>
        </div>
      )}
      {list === null ? (
        sources.error.value === null && <div class="card waiting" aria-busy="true" />
      ) : (
        <section class="card" aria-label="Sources">
          <SourceFilter sources={list} route={route} onChange={change} />
          <SourceTable route={route} onChange={change} />
        </section>
      )}
    </main>
  );
}

interface SourceTableProps {
  route: SourcesRoute;
  onChange: (change: Partial<SourcesRoute>) => void;
}

function SourceTable({ route, onChange }: SourceTableProps) {
  const { sources, router } = useApp();
  const showAll = useSignal(false);
  const all = sources.sources.value ?? [];
  const found = selectSources(all, route);
  const shown = showAll.value ? found : found.slice(0, MAX_ROWS);
  const sort = { by: route.sort, descending: route.descending };
  const sortBy = (column: SourceColumn) => () =>
    onChange({ sort: column, descending: column === route.sort && !route.descending });
  if (all.length === 0) {
    return (
      <div class="empty">
        <p>No source yet.</p>
        <p class="soft">
          A scrape target from the configuration, or whoever pushes first, will show.
        </p>
      </div>
    );
  }
  return (
    <>
      <table class="table sources">
        <thead>
          <tr>
            <th scope="col" class="cell-open">
              <span class="off-screen">Details</span>
            </th>
            {COLUMNS.map(({ column, title, number }) => (
              <th
                key={column}
                scope="col"
                class={number === true ? `cell-${column} number` : `cell-${column}`}
                aria-sort={sortState(sort, column)}
              >
                <SortButton sort={sort} column={column} onSort={sortBy(column)}>
                  {title}
                </SortButton>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((source) => (
            <SourceRow key={source.id} source={source} />
          ))}
        </tbody>
      </table>
      {found.length > shown.length && (
        <NotAllShown count={found.length} onShowAll={() => (showAll.value = true)} />
      )}
      {found.length === 0 && (
        <div class="empty">
          <p>No source matches the filter.</p>
          <button type="button" class="button" onClick={() => router.go(DEFAULT_SOURCES)}>
            Show all {formatCount(all.length)}
          </button>
        </div>
      )}
      <p class="figures" role="status">
        {found.length === all.length
          ? `${formatCount(all.length)} sources`
          : `${formatCount(found.length)} of ${formatCount(all.length)} sources`}
        <span>read every 5 s</span>
      </p>
    </>
  );
}

function NotAllShown({ count, onShowAll }: { count: number; onShowAll: () => void }) {
  return (
    <p class="notice info with-action">
      <span>
        {MAX_ROWS} of {formatCount(count)} rows are shown.
      </span>
      <button type="button" class="button" onClick={onShowAll}>
        Show all
      </button>
    </p>
  );
}
