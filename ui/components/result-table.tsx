import { type Signal, useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { Labels, QueryData } from '../api/prometheus.ts';
import { formatSelector, labelColumns } from '../format/labels.ts';
import { unitOfExpression } from '../format/unit.ts';
import { formatCount, formatValue } from '../format/value.ts';
import { Empty } from '../graph/graph.tsx';
import { type ResultRow, resultRows, rowsAsText, type RowSort, sortRows } from '../state/rows.ts';
import { CopyButton } from './copy-button.tsx';
import { LabelSet } from './label-set.tsx';
import { SortButton, sortState } from './sort-button.tsx';

/** Rows drawn at once; a screen reader and a browser both suffer from more. */
const MAX_ROWS = 500;
/** With more labels than this, columns do not fit and compact sets read better. */
const MAX_AUTO_COLUMNS = 6;

/** An instant result as a table. */
export function ResultTable({ data, expression }: { data: QueryData; expression: string }) {
  const sort = useSignal<RowSort>({ by: null, descending: false });
  const compactChoice = useSignal<boolean | null>(null);
  const showAll = useSignal(false);
  const rows = useMemo(() => resultRows(data), [data]);
  const columns = useMemo(() => labelColumns(rows.map(({ labels }) => labels)), [rows]);
  const unit = useMemo(() => unitOfExpression(expression), [expression]);

  if (rows.length === 0) return <Empty />;
  const narrow = matchMedia('(max-width: 640px)').matches;
  const compact = compactChoice.value ?? (narrow || columns.length > MAX_AUTO_COLUMNS);
  const sorted = sortRows(rows, sort.value);
  const shown = showAll.value ? sorted : sorted.slice(0, MAX_ROWS);
  return (
    <div class="table-block">
      <div class="table-tools">
        {columns.length > 0 && (
          <button
            type="button"
            class="button"
            aria-pressed={!compact}
            onClick={() => (compactChoice.value = !compact)}
          >
            Labels as columns
          </button>
        )}
        <CopyButton wide label="Copy as text" text={() => rowsAsText(sorted, columns)} />
      </div>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="Result">
        <table class="table">
          <Head columns={compact ? null : columns} sort={sort} />
          <tbody>
            {shown.map((row) => (
              <tr key={row.key}>
                <LabelCells row={row} columns={compact ? null : columns} />
                <td class="number">
                  <Value row={row} unit={unit} />
                </td>
                <td class="action">
                  <CopyButton label="Copy selector" text={() => formatSelector(row.labels)} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {sorted.length > shown.length && (
        <p class="notice info with-action">
          <span>
            {MAX_ROWS} of {formatCount(sorted.length)} rows are shown.
          </span>
          <button type="button" class="button" onClick={() => (showAll.value = true)}>
            Show all
          </button>
        </p>
      )}
    </div>
  );
}

interface HeadProps {
  /** Null for one column with the whole label set. */
  columns: string[] | null;
  sort: Signal<RowSort>;
}

function Head({ columns, sort }: HeadProps) {
  const by = (column: string) => () => {
    const again = sort.value.by === column;
    // Values are looked at from the largest down, labels from A on.
    sort.value = { by: column, descending: again ? !sort.value.descending : column === 'value' };
  };
  const heads = columns === null || columns.length === 0 ? ['labels'] : columns;
  return (
    <thead>
      <tr>
        {[...heads, 'value'].map((head, index) => (
          <th
            key={`${index} ${head}`}
            scope="col"
            class={index === heads.length ? 'number' : ''}
            aria-sort={sortState(sort.value, head)}
          >
            <SortButton sort={sort.value} column={head} onSort={by(head)}>
              {head === '__name__' ? 'metric' : head}
            </SortButton>
          </th>
        ))}
        <th scope="col">
          <span class="off-screen">Copy</span>
        </th>
      </tr>
    </thead>
  );
}

function LabelCells({ row, columns }: { row: ResultRow; columns: string[] | null }) {
  if (columns === null || columns.length === 0) {
    return (
      <td class="labels-cell">
        <LabelSet labels={row.labels} empty={row.title} />
      </td>
    );
  }
  return (
    <>
      {columns.map((column) => (
        <td key={column} class="label-cell">
          {labelOf(row.labels, column)}
        </td>
      ))}
    </>
  );
}

function labelOf(labels: Labels, name: string): string {
  return labels[name] ?? '';
}

function Value({ row, unit }: { row: ResultRow; unit: ReturnType<typeof unitOfExpression> }) {
  const { value } = row;
  const readable =
    unit !== 'number' && value !== null && Number.isFinite(value) ? formatValue(value, unit) : '';
  return (
    <>
      <span class="raw">{row.text}</span>
      {readable !== '' && <span class="readable">{readable}</span>}
      {row.details.length > 0 && (
        <ul class="samples">
          {row.details.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
    </>
  );
}
