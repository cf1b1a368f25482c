import type { ValueType } from '../ast.ts';

/** What a PromQL function takes and gives (language level Prometheus 3). */
export interface FunctionSignature {
  readonly name: string;
  /** Types by position; further arguments of a variadic function have the last one's. */
  readonly argumentTypes: readonly ValueType[];
  readonly minArguments: number;
  /** Infinity where any number may follow. */
  readonly maxArguments: number;
  readonly returnType: ValueType;
  /** Behind a feature flag in Prometheus; a configuration may forbid these. */
  readonly experimental: boolean;
}

interface Variation {
  /** How many of the named arguments, from the last back, may be left out. */
  readonly optional?: number;
  /** How many arguments may follow the named ones, each of the last one's type. */
  readonly extra?: number;
  readonly experimental?: boolean;
  readonly returns?: ValueType;
}

const table = new Map<string, FunctionSignature>();

function define(
  names: string,
  argumentTypes: readonly ValueType[],
  { optional = 0, extra = 0, experimental = false, returns = 'vector' }: Variation = {},
): void {
  for (const name of names.trim().split(/\s+/)) {
    table.set(name, {
      name,
      argumentTypes,
      minArguments: argumentTypes.length - optional,
      maxArguments: argumentTypes.length + extra,
      returnType: returns,
      experimental,
    });
  }
}

const EXPERIMENTAL = { experimental: true };

// Of each element's value.
define(
  `abs ceil exp floor ln log10 log2 sgn sqrt deg rad
   acos acosh asin asinh atan atanh cos cosh sin sinh tan tanh`,
  ['vector'],
);
define('round', ['vector', 'scalar'], { optional: 1 });
define('clamp', ['vector', 'scalar', 'scalar']);
define('clamp_max clamp_min', ['vector', 'scalar']);

// Of time: without an argument they take `vector(time())`.
define('days_in_month day_of_month day_of_week day_of_year hour minute month year', ['vector'], {
  optional: 1,
});
define('timestamp', ['vector']);
define('start_timestamp', ['vector'], EXPERIMENTAL);

// Scalars and conversions.
define('pi time', [], { returns: 'scalar' });
define('start end step range', [], { returns: 'scalar', experimental: true });
define('max_of min_of', ['scalar', 'scalar'], { returns: 'scalar', experimental: true });
define('scalar', ['vector'], { returns: 'scalar' });
define('vector', ['scalar']);

// Of whole vectors and of labels.
define('absent sort sort_desc', ['vector']);
define('sort_by_label sort_by_label_desc', ['vector', 'string'], {
  optional: 1,
  extra: Infinity,
  experimental: true,
});
define('label_replace', ['vector', 'string', 'string', 'string', 'string']);
define('label_join', ['vector', 'string', 'string', 'string'], { optional: 1, extra: Infinity });
define('info', ['vector', 'vector'], { optional: 1, experimental: true });

// Of ranges.
define('rate increase delta irate idelta deriv changes resets', ['matrix']);
define('predict_linear', ['matrix', 'scalar']);
define('double_exponential_smoothing', ['matrix', 'scalar', 'scalar'], EXPERIMENTAL);
define(
  `absent_over_time avg_over_time count_over_time last_over_time max_over_time min_over_time
   present_over_time stddev_over_time stdvar_over_time sum_over_time`,
  ['matrix'],
);
define(
  `first_over_time mad_over_time ts_of_first_over_time ts_of_last_over_time
   ts_of_max_over_time ts_of_min_over_time`,
  ['matrix'],
  EXPERIMENTAL,
);
define('quantile_over_time', ['scalar', 'matrix']);

// Of histograms.
define('histogram_avg histogram_count histogram_stddev histogram_stdvar histogram_sum', ['vector']);
define('histogram_fraction', ['scalar', 'scalar', 'vector']);
define('histogram_quantile', ['scalar', 'vector']);
define('histogram_quantiles', ['vector', 'string', 'scalar'], {
  extra: 9,
  experimental: true,
});

/** Every function by name. Names are case-sensitive. */
export const FUNCTION_SIGNATURES: ReadonlyMap<string, FunctionSignature> = table;
