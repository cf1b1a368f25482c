import { z } from 'zod';
import { formatDuration, formatSize, parseDuration, parseSize } from '../model/index.ts';

/**
 * How an option of a component looks in the configuration file: `retentionMs` is `retention: 15d`,
 * `walSegmentBytes` is `wal_segment_size: 32MB`, `maxSeries` is `max_series: 0`. Options carry
 * their unit in their name, files carry it in their value, and this is the one place that knows
 * how to get from one to the other.
 */
export interface FileOption {
  /** Name in the component's schema. */
  readonly option: string;
  /** Name in the file. */
  readonly key: string;
  readonly unit: 'duration' | 'size' | undefined;
  /** Milliseconds in one unit of the option, for durations. */
  readonly scale: number;
  readonly schema: z.ZodType;
}

type Suffix = readonly [RegExp, string, FileOption['unit'], number];

const SUFFIXES: readonly Suffix[] = [
  [/(?:_ms|Ms)$/, '', 'duration', 1],
  [/(?:_seconds|Seconds)$/, '', 'duration', 1000],
  [/(?:_bytes|Bytes)$/, '_size', 'size', 1],
];

type Shape = Readonly<Record<string, z.ZodType>>;

/** The options of a component's schema in their file form, in the schema's order. */
export function fileOptions(schema: z.ZodObject): FileOption[] {
  return Object.entries(schema.shape as Shape).map(([option, optionSchema]) => {
    const [, , unit, scale] = suffixOf(option);
    return { option, key: fileKey(option), unit, scale, schema: optionSchema };
  });
}

/** What an option is called in the file. */
export function fileKey(option: string): string {
  const [suffix, replacement] = suffixOf(option);
  return snakeCase(option.replace(suffix, '')) + replacement;
}

function suffixOf(option: string): Suffix {
  return SUFFIXES.find(([suffix]) => suffix.test(option)) ?? [/$/, '', undefined, 1];
}

/** A schema for the file form; its output is that of the component's schema. */
export function fileSchema<Schema extends z.ZodObject>(
  schema: Schema,
): z.ZodType<z.output<Schema>> {
  const options = fileOptions(schema);
  const shape = Object.fromEntries(
    options.map((option) => [option.key, z.preprocess(parserOf(option), option.schema)]),
  );
  const file = z.strictObject(shape).prefault({});
  // The keys are mapped at run time, so the type is stated, not inferred.
  return file.transform(
    (values: Record<string, unknown>) =>
      Object.fromEntries(
        options.map(({ option, key }) => [option, values[key]]),
      ) as z.output<Schema>,
  );
}

/** A default value as one would write it in the file. */
export function formatDefault(option: FileOption, value: unknown): string {
  if (typeof value === 'number' && option.unit === 'duration') {
    return formatDuration(value * option.scale);
  }
  if (typeof value === 'number' && option.unit === 'size') return formatSize(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function parserOf({
  unit,
  scale,
}: FileOption): (value: unknown, context: RefineContext) => unknown {
  if (unit === undefined) return (value) => value;
  const parse = unit === 'duration' ? parseDuration : parseSize;
  const example = unit === 'duration' ? '30s' : '64MB';
  return (value, context) => {
    if (value === undefined) return undefined;
    const parsed = typeof value === 'string' || value === 0 ? parse(String(value)) : undefined;
    if (parsed !== undefined) return parsed / scale;
    context.issues.push({
      code: 'custom',
      input: value,
      message: `${JSON.stringify(value)} is not a ${unit}, want one such as ${example}`,
    });
    return z.NEVER;
  };
}

type RefineContext = z.RefinementCtx;

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
