import { errorPlace, markedRange } from '../format/error-place.ts';
import { useApp } from '../state/app.ts';
import type { QueryFailure } from '../state/query-runner.ts';

/** What went wrong with the last query, and what the server remarked about its result. */
export function QueryProblems() {
  const { query } = useApp();
  const failure = query.failure.value;
  if (failure !== null) return <Failure failure={failure} />;
  const outcome = query.outcome.value;
  if (outcome === null) return null;
  return (
    <>
      <Remarks kind="warning" title="Warning" texts={outcome.warnings} />
      <Remarks kind="info" title="Note" texts={outcome.infos} />
    </>
  );
}

function Failure({ failure }: { failure: QueryFailure }) {
  const { error, expression } = failure;
  const place = errorPlace(error.message, expression);
  return (
    <div class="notice error" role="alert">
      <div class="notice-title">
        {TITLES[error.code] ?? 'The query failed'}
        {place !== null && (
          <span class="notice-place">
            line {place.line}, column {place.column}
          </span>
        )}
      </div>
      <p class="notice-text">{error.message}</p>
      {place !== null && <MarkedExpression expression={expression} offset={place.offset} />}
    </div>
  );
}

const TITLES: Partial<Record<string, string>> = {
  bad_data: 'The query is not valid',
  timeout: 'The query took too long',
  deadline: 'The query took too long',
  canceled: 'The query was cancelled',
  network: 'No connection',
  unavailable: 'The collector is not available',
};

function MarkedExpression({ expression, offset }: { expression: string; offset: number }) {
  const { from, to } = markedRange(expression, offset);
  return (
    <pre class="marked">
      {expression.slice(0, from)}
      <mark>{expression.slice(from, to)}</mark>
      {expression.slice(to)}
    </pre>
  );
}

function Remarks(props: { kind: 'warning' | 'info'; title: string; texts: readonly string[] }) {
  if (props.texts.length === 0) return null;
  return (
    <div class={`notice ${props.kind}`} role="status">
      <div class="notice-title">{props.title}</div>
      <ul class="notice-list">
        {props.texts.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </div>
  );
}
