import { FUNCTION_SIGNATURES } from '../../query/index.ts';
import type { ApiDependencies } from '../dependencies.ts';

const OPERATORS =
  '+ - * / % ^ == != < > <= >= =~ !~ and or unless atan2 </ >/ sum avg count min max group ' +
  'stddev stdvar topk bottomk count_values quantile limitk limit_ratio';

const LANGUAGE =
  'offset by without on ignoring group_left group_right bool anchored smoothed fill fill_left ' +
  'fill_right at_modifier negative_offset subqueries duration_expr delayed_name_removal ' +
  'per_query_lookback_delta per_step_stats';

/** What `/api/v1/features` tells, in the categories and names of Prometheus 3. */
export function featureTable({ options }: ApiDependencies): Record<string, unknown> {
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
    promql: allOf(LANGUAGE.split(' ')),
    promql_functions: allOf(FUNCTION_SIGNATURES.keys()),
    promql_operators: allOf(OPERATORS.split(' ')),
    scrape: { extra_scrape_metrics: true },
    service_discovery_providers: allOf(['file', 'static']),
    tsdb: { exemplar_storage: true, native_histograms: true },
  };
}

function allOf(names: Iterable<string>): Record<string, boolean> {
  return Object.fromEntries([...names].sort().map((name) => [name, true]));
}
