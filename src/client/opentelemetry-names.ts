/** Units of UCUM as Prometheus spells them out in names; others stand as they are. */
const UNITS: Readonly<Record<string, string>> = {
  ...{ d: 'days', h: 'hours', min: 'minutes', s: 'seconds', ms: 'milliseconds' },
  ...{ us: 'microseconds', ns: 'nanoseconds', By: 'bytes', KiBy: 'kibibytes', MiBy: 'mebibytes' },
  ...{ GiBy: 'gibibytes', TiBy: 'tibibytes', KBy: 'kilobytes', MBy: 'megabytes' },
  ...{ GBy: 'gigabytes', TBy: 'terabytes', m: 'meters', V: 'volts', A: 'amperes', J: 'joules' },
  ...{ W: 'watts', g: 'grams', Cel: 'celsius', Hz: 'hertz', '%': 'percent' },
};
const PER_UNITS: Readonly<Record<string, string>> = {
  ...{ s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week', mo: 'month', y: 'year' },
};

export type OpenTelemetryKind = 'counter' | 'gauge' | 'histogram';

/**
 * The metric's name in Prometheus, as OpenTelemetry's compatibility specification has it: what
 * cannot stand in one becomes `_`, the unit is a suffix, a counter ends in `_total`.
 */
export function metricNameOf(name: string, unit: string, kind: OpenTelemetryKind): string {
  const tokens = tokensOf(name);
  if (/^\d/.test(tokens[0] ?? '')) tokens.unshift('');
  const isCounter = kind === 'counter';
  if (isCounter && tokens.at(-1) === 'total') tokens.pop();
  const isRatio = kind === 'gauge' && unit === '1';
  const suffixes = isRatio ? ['ratio'] : unitSuffixes(unit);
  const withUnit = suffixes.every((suffix) => tokens.includes(suffix))
    ? tokens
    : [...tokens, ...suffixes];
  const all = isCounter ? [...withUnit, 'total'] : withUnit;
  return all.length === 0 ? '_' : all.join('_');
}

/** What cannot stand in a label's name becomes `_`. */
export function labelNameOf(key: string): string {
  const name = key.replaceAll(/[^A-Za-z0-9_]/g, '_');
  return /^\d/.test(name) || name === '' ? `_${name}` : name;
}

function tokensOf(text: string): string[] {
  return text.split(/[^A-Za-z0-9:]+/).filter((token) => token !== '');
}

function unitSuffixes(unit: string): string[] {
  // What stands in braces is a remark.
  const [main = '', per = ''] = unit.replaceAll(/\{[^}]*\}/g, '').split('/', 2);
  const suffixes = main === '1' ? [] : tokensOf(UNITS[main.trim()] ?? main);
  const below = tokensOf(PER_UNITS[per.trim()] ?? per);
  return below.length === 0 ? suffixes : [...suffixes, 'per', ...below];
}
