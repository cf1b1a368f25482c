import type { ComponentChildren } from 'preact';

interface SortButtonProps {
  sort: { by: string | null; descending: boolean };
  column: string;
  onSort: () => void;
  children: ComponentChildren;
}

/** A column's title that sorts by it; the arrow shows the direction in force. */
export function SortButton({ sort, column, onSort, children }: SortButtonProps) {
  const arrow = sort.by !== column ? '' : sort.descending ? '↓' : '↑';
  return (
    <button type="button" class="sort-button" onClick={onSort}>
      {children}
      <span class="sort-arrow" aria-hidden="true">
        {arrow}
      </span>
    </button>
  );
}

/** The column header's `aria-sort`. */
export function sortState(sort: { by: string | null; descending: boolean }, column: string) {
  if (sort.by !== column) return 'none';
  return sort.descending ? 'descending' : 'ascending';
}
