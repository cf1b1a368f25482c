import { FUNCTION_SIGNATURES } from '../../query/index.ts';
import type { ApiDependencies } from '../dependencies.ts';

const OPERATORS =
  '+ - * / % ^ == != < > <= >= =~ !~ and or unless atan2 sum avg count min max group ' +
  'stddev stdvar topk bottomk count_values quantile';
const EXPERIMENTAL_OPERATORS = '</ >/ limitk limit_ratio';

const LANGUAGE =
  'offset by without on ignoring group_left group_right bool at_modifier negative_offset ' +
  'subqueries delayed_name_removal per_query_lookback_delta';
const EXPERIMENTAL_LANGUAGE = 'anchored smoothed fill fill_left fill_right duration_expr';

/** What `/api/v1/features` tells, in the categories and names of Prometheus 3. */
export function featureTable(deps: ApiDependencies): Record<string, unknown> {
  const { options, queryOptions } = deps;
  const isExperimental = queryOptions.experimental_functions;
  return {
    api: {
      admin: options.enable_admin_api,
      label_values_match: true,
      lifecycle: options.enable_lifecycle,
      query_stats: true,
      query_warnings: true,
      remote_read: true,
      remote_write_receiver: true,
    },
    promql: {
      ...allOf(LANGUAGE.split(' ')),
      ...allOf(EXPERIMENTAL_LANGUAGE.split(' '), isExperimental),
      per_step_stats: queryOptions.per_step_stats,
    },
    promql_functions: Object.fromEntries(
      [...FUNCTION_SIGNATURES.values()].map(({ name, experimental }) => [
        name,
        !experimental || isExperimental,
      ]),
    ),
    promql_operators: {
      ...allOf(OPERATORS.split(' ')),
      ...allOf(EXPERIMENTAL_OPERATORS.split(' '), isExperimental),
    },
    scrape: { extra_scrape_metrics: true },
    service_discovery_providers: allOf(['file', 'static']),
    tsdb: { exemplar_storage: true, native_histograms: true },
  };
}

function allOf(names: readonly string[], value = true): Record<string, boolean> {
  return Object.fromEntries(names.map((name) => [name, value]));
}
