import type { Hono } from 'hono';
import { ParseError, parseMetricSelector } from '../../query/index.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { ApiError, badParameter } from '../errors.ts';
import type { Params } from '../params.ts';
import type { ApiEnv } from '../routing.ts';
import { runQuery } from '../run-query.ts';

/** Times beyond which no sample lies: what `start` and `end` mean where they are missing. */
const MIN_TIME_MS = -9_000_000_000_000_000;
const MAX_TIME_MS = 9_000_000_000_000_000;

/** `/api/v1/series`, `/api/v1/labels`, `/api/v1/label/NAME/values`. */
export function labelRoutes(app: Hono<ApiEnv>, deps: ApiDependencies): void {
  app.on(['GET', 'POST'], '/series', (context) => {
    const { params } = context.var;
    if (params.all('match[]').length === 0) {
      throw new ApiError('bad_data', 'no match[] parameter provided');
    }
    return runQuery(context, deps, { kind: 'series', ...selection(params, asParameter) });
  });
  app.on(['GET', 'POST'], '/labels', (context) =>
    runQuery(context, deps, { kind: 'label_names', ...selection(context.var.params, asItIs) }),
  );
  app.get('/label/:name/values', (context) => {
    const name = unescapeName(context.req.param('name'));
    return runQuery(context, deps, {
      kind: 'label_values',
      name,
      ...selection(context.var.params, asItIs),
    });
  });
}

// `series` names the parameter in its errors, the others do not: so does Prometheus.
const asParameter = (problem: string): ApiError => badParameter('match[]', problem);
const asItIs = (problem: string): ApiError => new ApiError('bad_data', problem);

function selection(params: Params, refusal: (problem: string) => ApiError) {
  const matchers = params.all('match[]');
  for (const text of matchers) {
    const problem = matcherProblem(text);
    if (problem !== undefined) throw refusal(problem);
  }
  return {
    matchers,
    minTime: params.time('start', MIN_TIME_MS),
    maxTime: params.time('end', MAX_TIME_MS),
    limit: params.limit(),
  };
}

function matcherProblem(text: string): string | undefined {
  try {
    const matchers = parseMetricSelector(text);
    if (matchers.some((matcher) => !matcher.matches(''))) return undefined;
    return 'match[] must contain at least one non-empty matcher';
  } catch (error) {
    if (error instanceof ParseError) return error.message;
    throw error;
  }
}

const ESCAPED = /_(?:_|([0-9A-Fa-f]{1,6})_)/g;

/** `U__…` writes a name of any characters in a path: `__` is `_`, `_2e_` is `.`. */
function unescapeName(name: string): string {
  if (name === '') throw new ApiError('bad_data', `invalid label name: ${JSON.stringify(name)}`);
  if (!name.startsWith('U__')) return name;
  return name
    .slice(3)
    .replace(ESCAPED, (_, hex: string | undefined) =>
      hex === undefined ? '_' : String.fromCodePoint(Number.parseInt(hex, 16)),
    );
}
