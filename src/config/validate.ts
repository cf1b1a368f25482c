import type { core, z } from 'zod';
import type { ConfigProblem } from './errors.ts';
import { ConfigError } from './errors.ts';
import { excerpt } from '../model/index.ts';
import { nearestName } from './nearest-name.ts';
import { keysAt } from './schema-walk.ts';
import type { Path, YamlSource } from './yaml-source.ts';

/**
 * Keys that Prometheus knows and this version does not have, by the path of the section that holds
 * them: its keys joined by dots, `*` for any index (`scrape_configs.*.tls_config`), '' for the top.
 */
export type UnsupportedKeys = ReadonlyMap<string, readonly string[]>;

/**
 * Holds a file against a schema. What a plain scalar means is decided by what the schema wants, as
 * Go's decoder has it: `1.10` is "1.10" where text is wanted, `yes` is true where a boolean is.
 *
 * @throws ConfigError with every problem, each at its place.
 */
export function validate<Schema extends z.ZodType>(
  source: YamlSource,
  schema: Schema,
  unsupported: UnsupportedKeys,
): z.output<Schema> {
  const value = source.value ?? {};
  let result = schema.safeParse(value, { reportInput: true });
  if (!result.success && coerceScalars(source, value, result.error.issues)) {
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
    const wanted = readAs(issue.expected, text);
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

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['y', 'yes', 'on', 'true'].map((word) => [word, true] as const),
  ...['n', 'no', 'off', 'false'].map((word) => [word, false] as const),
]);

function readAs(expected: string, text: string): unknown {
  switch (expected) {
    case 'string':
      return text;
    case 'boolean':
      return BOOLEANS.get(text.toLowerCase());
    case 'number':
    case 'int':
      return text.trim() === '' || Number.isNaN(Number(text)) ? undefined : Number(text);
    default:
      return undefined;
  }
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
  const kind = params?.['unsupported'] === true ? 'unsupported' : 'invalid';
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
  const known = context.unsupported.get(patternOf(path)) ?? [];
  if (known.includes(key)) {
    return { ...place, message: `"${key}" is not supported yet`, kind: 'unsupported' };
  }
  const names = [...keysAt(context.schema, path), ...known];
  const near = nearestName(key, names);
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  return { ...place, message: `unknown field "${key}"${hint}`, kind: 'invalid' };
}

function messageOfIssue(issue: core.$ZodIssue): string {
  // A schema that has words of its own is right; the library's own are for programmers.
  if (!issue.message.startsWith('Invalid input')) return issue.message;
  if (issue.code === 'invalid_type') return wrongType(issue.expected, issue.input);
  if (issue.code !== 'invalid_union') return issue.message;
  // Of several alternatives, the one that came furthest says best what is wrong.
  const inner = leafIssues(issue).toSorted((a, b) => b.path.length - a.path.length)[0];
  return inner === undefined ? issue.message : messageOfIssue(inner);
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  string: 'a text',
  boolean: 'true or false',
  number: 'a number',
  int: 'a whole number',
};

function wrongType(expected: string, input: unknown): string {
  const wanted = TYPE_NAMES[expected] ?? expected;
  if (input === undefined) return `missing, want ${wanted}`;
  if (input === null) return `empty where ${wanted} is wanted`;
  if (Array.isArray(input)) return `this is a list, want ${wanted}`;
  if (typeof input === 'object') return `this is a mapping, want ${wanted}`;
  const shown = excerpt(typeof input === 'string' ? input : JSON.stringify(input), 40);
  return `this is ${TYPE_NAMES[typeof input] ?? typeof input} ${shown}, want ${wanted}`;
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
  return path.map((step) => (typeof step === 'number' ? '*' : step)).join('.');
}
