import type { Analysis } from '../api/prometheus.ts';
import { formatCount, formatSeconds } from '../format/value.ts';
import { type PlanRow, planRows } from '../state/plan-rows.ts';

/** The operators of a query, indented below the one they feed, with what each took and gave. */
export function PlanTree({ analysis, expression }: { analysis: Analysis; expression: string }) {
  const rows = planRows(analysis.plan, expression);
  return (
    <div class="table-scroll">
      <table class="table plan">
        <caption class="off-screen">Plan of the query, measured while it was evaluated</caption>
        <thead>
          <tr>
            <th scope="col">Operator</th>
            <th scope="col" class="number" title="Without the operators below it">
              Own time
            </th>
            <th scope="col" class="number">
              With those below
            </th>
            <th scope="col" class="number">
              Series
            </th>
            <th scope="col" class="number">
              Samples
            </th>
            <th scope="col" class="number" title="From storage, the operators below included">
              Samples read
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            // Operators have no identity of their own: the plan is shown whole or not at all.
            <Operator key={index} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Operator({ row }: { row: PlanRow }) {
  const { figures } = row;
  return (
    <tr>
      <th scope="row" style={{ paddingLeft: `${row.depth * 18 - 8}px` }}>
        <span class="off-screen">Level {row.depth}: </span>
        {row.operator} <code>{row.detail}</code>
        {row.isInvariant && (
          <span class="badge" title="The same at every step">
            once
          </span>
        )}
        {row.text !== row.detail && <code class="plan-text">{row.text}</code>}
      </th>
      <td class="number">
        {figures === null ? '–' : formatSeconds(figures.ownMs / 1000, 3)}
        <span class="plan-share" style={{ width: `${row.share * 100}%` }} aria-hidden="true" />
      </td>
      <td class="number">{figures === null ? '–' : formatSeconds(figures.totalMs / 1000, 3)}</td>
      <td class="number">{count(figures?.series)}</td>
      <td class="number">{count(figures?.samples)}</td>
      <td class="number">{count(figures?.samplesRead)}</td>
    </tr>
  );
}

function count(value: number | undefined): string {
  return value === undefined ? '–' : formatCount(value);
}
