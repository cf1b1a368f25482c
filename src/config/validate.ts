import type { core, z } from 'zod';
import type { ConfigProblem } from './errors.ts';
import { ConfigError } from './errors.ts';
import { nearestName } from './nearest-name.ts';
import type { Path, YamlSource } from './yaml-source.ts';

/**
 * Keys that Prometheus knows and this version does not have, by the path of the map that holds
 * them, indexes written as `[]` (`scrape_configs[]`); each with what to say of it, or ''.
 */
export type UnsupportedKeys = ReadonlyMap<string, ReadonlyMap<string, string>>;

/**
 * Holds a file against a schema. Where the schema wants text and the file has a plain number or
 * boolean, the file's own text is meant (`version: 1.10` is "1.10"), as Go's decoder has it.
 *
 * @throws ConfigError with every problem, each at its place.
 */
export function validate<Schema extends z.ZodType>(
  source: YamlSource,
  schema: Schema,
  unsupported: UnsupportedKeys,
): z.output<Schema> {
  let value = source.value ?? {};
  let result = schema.safeParse(value, { reportInput: true });
  if (!result.success && coerceScalars(source, value, result.error.issues)) {
    value = source.value ?? {};
    result = schema.safeParse(value, { reportInput: true });
  }
  if (result.success) return result.data;
  const context = { source, schema, unsupported };
  const problems = result.error.issues.flatMap((issue) => problemsOf(issue, context));
  problems.sort((a, b) => a.line - b.line || a.column - b.column);
  throw new ConfigError(problems);
}

/** Replaces scalars in `value` by what the schema wants of them; whether it changed anything. */
function coerceScalars(
  source: YamlSource,
  value: unknown,
  issues: readonly core.$ZodIssue[],
): boolean {
  let changed = false;
  for (const issue of issues.flatMap(leafIssues)) {
    if (issue.code !== 'invalid_type') continue;
    const path = issue.path as Path;
    const text = source.textAt(path);
    if (text === undefined) continue;
    const wanted = issue.expected === 'string' ? text : asBoolean(issue.expected, text);
    if (wanted !== undefined) changed = setAt(value, path, wanted) || changed;
  }
  return changed;
}

/** The issues of a union's members stand inside it, with paths relative to it. */
function leafIssues(issue: core.$ZodIssue): core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  return issue.errors
    .flat()
    .map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }))
    .flatMap(leafIssues);
}

const YAML_1_1_BOOLEANS = new Map([
  ['yes', true],
  ['on', true],
  ['no', false],
  ['off', false],
]);

function asBoolean(expected: string, text: string): boolean | undefined {
  return expected === 'boolean' ? YAML_1_1_BOOLEANS.get(text.toLowerCase()) : undefined;
}

function setAt(root: unknown, path: Path, value: unknown): boolean {
  const last = path.at(-1);
  if (last === undefined) return false;
  let parent = root as Record<string | number, unknown> | undefined;
  for (const step of path.slice(0, -1)) {
    parent = parent?.[step] as Record<string | number, unknown> | undefined;
  }
  if (parent === undefined || parent === null || parent[last] === value) return false;
  parent[last] = value;
  return true;
}

interface Context {
  readonly source: YamlSource;
  readonly schema: z.ZodType;
  readonly unsupported: UnsupportedKeys;
}

function problemsOf(issue: core.$ZodIssue, context: Context): ConfigProblem[] {
  const path = issue.path as Path;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => keyProblem(path, key, context));
  }
  const params = issue.code === 'custom' ? issue.params : undefined;
  const kind = params?.['kind'] === 'unsupported' ? 'unsupported' : 'invalid';
  return [
    {
      file: context.source.file,
      ...context.source.placeOf(path),
      path: formatPath(path),
      message: messageOfIssue(issue),
      kind,
    },
  ];
}

function keyProblem(path: Path, key: string, context: Context): ConfigProblem {
  const place = {
    file: context.source.file,
    ...context.source.placeOfKey(path, key),
    path: formatPath([...path, key]),
  };
  const known = context.unsupported.get(patternOf(path));
  const remark = known?.get(key);
  if (remark !== undefined) {
    const message = `"${key}" is not supported yet${remark === '' ? '' : `: ${remark}`}`;
    return { ...place, message, kind: 'unsupported' };
  }
  const names = [...keysAt(context.schema, path), ...(known?.keys() ?? [])];
  const near = nearestName(key, names);
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  return { ...place, message: `unknown field "${key}"${hint}`, kind: 'invalid' };
}

function messageOfIssue(issue: core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.input === null) {
    return `empty where ${issue.expected} is wanted`;
  }
  if (issue.code !== 'invalid_union') return issue.message;
  // Of several alternatives, the one that came furthest says best what is wrong.
  const inner = leafIssues(issue).toSorted((a, b) => b.path.length - a.path.length)[0];
  return inner === undefined ? issue.message : messageOfIssue(inner);
}

/** `scrape_configs[0].params` */
export function formatPath(path: Path): string {
  return path.reduce<string>(
    (text, step) =>
      typeof step === 'number' ? `${text}[${step}]` : `${text}${text === '' ? '' : '.'}${step}`,
    '',
  );
}

function patternOf(path: Path): string {
  return formatPath(path).replace(/\[\d+\]/g, '[]');
}

/** The keys that a schema allows in the map at `path`. */
function keysAt(schema: z.ZodType, path: Path): string[] {
  let current: z.ZodType | undefined = schema;
  for (const step of path) current = descend(current, step);
  const shape = (unwrap(current) as { shape?: Record<string, unknown> } | undefined)?.shape;
  return Object.keys(shape ?? {});
}

interface SchemaParts {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly out?: z.ZodType;
  readonly element?: z.ZodType;
  readonly valueType?: z.ZodType;
}

function partsOf(schema: z.ZodType): SchemaParts {
  return schema.def as unknown as SchemaParts;
}

/** Takes off what wraps a schema: optional, default, nullable, pipes and transforms. */
function unwrap(schema: z.ZodType | undefined): z.ZodType | undefined {
  let current = schema;
  for (let depth = 0; current !== undefined && depth < 10; depth++) {
    const parts: SchemaParts = partsOf(current);
    // A pipe that begins with a transform (`z.preprocess`) has its shape behind it.
    const first = parts.in;
    const piped = first !== undefined && partsOf(first).type === 'transform' ? parts.out : first;
    const inner: z.ZodType | undefined = parts.innerType ?? piped;
    if (inner === undefined) return current;
    current = inner;
  }
  return current;
}

function descend(schema: z.ZodType | undefined, step: string | number): z.ZodType | undefined {
  const open = unwrap(schema);
  if (open === undefined) return undefined;
  const shape = (open as { shape?: Record<string, z.ZodType> }).shape;
  if (shape !== undefined) return shape[String(step)];
  return partsOf(open).element ?? partsOf(open).valueType;
}
