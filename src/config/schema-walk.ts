import type { z } from 'zod';
import type { Path } from './yaml-source.ts';

type Shape = Readonly<Record<string, z.ZodType>>;

/** The parts of a zod definition that walking needs, whatever its kind. */
interface Definition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly out?: z.ZodType;
  readonly element?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly entries?: Readonly<Record<string, string>>;
  readonly defaultValue?: unknown;
}

function definitionOf(schema: z.ZodType): Definition {
  return schema.def;
}

/** One layer below a wrapper (optional, default, pipe, …); undefined for anything else. */
function inner(schema: z.ZodType): z.ZodType | undefined {
  const definition = definitionOf(schema);
  if (definition.innerType !== undefined) return definition.innerType;
  const first = definition.in;
  // A pipe that begins with a transform (`z.preprocess`) has its shape behind it.
  const isPreprocess = first !== undefined && definitionOf(first).type === 'transform';
  return isPreprocess ? definition.out : first;
}

/** Takes off everything that wraps a schema. */
export function unwrap(schema: z.ZodType): z.ZodType {
  let current = schema;
  for (let next = inner(current); next !== undefined; next = inner(current)) current = next;
  return current;
}

/** The keys of a map with their schemas; undefined where the schema is no map of known keys. */
export function shapeOf(schema: z.ZodType): Shape | undefined {
  return (unwrap(schema) as { shape?: Shape }).shape;
}

/** What a list, or a map of free keys, holds. */
export function elementOf(schema: z.ZodType): z.ZodType | undefined {
  const definition = definitionOf(unwrap(schema));
  return definition.element ?? definition.valueType;
}

/** Whether a schema is of a list, as against a map of free keys. */
export function isList(schema: z.ZodType): boolean {
  return definitionOf(unwrap(schema)).element !== undefined;
}

/** The values of an enumeration; undefined for anything else. */
export function choicesOf(schema: z.ZodType): string[] | undefined {
  const { entries } = definitionOf(unwrap(schema));
  return entries === undefined ? undefined : Object.values(entries);
}

/** The sentence that describes an option, wherever in its wrappers it was given; '' without. */
export function descriptionOf(schema: z.ZodType): string {
  let current: z.ZodType | undefined = schema;
  while (current !== undefined) {
    if (current.description !== undefined) return current.description;
    current = inner(current);
  }
  return '';
}

/** The default, wherever in its wrappers it was given. */
export function defaultOf(schema: z.ZodType): unknown {
  let current: z.ZodType | undefined = schema;
  while (current !== undefined) {
    const value = definitionOf(current).defaultValue;
    if (value !== undefined) return value;
    current = inner(current);
  }
  return undefined;
}

/** The keys that a schema allows in the map at `path`. */
export function keysAt(schema: z.ZodType, path: Path): string[] {
  let current: z.ZodType | undefined = schema;
  for (const step of path) {
    if (current === undefined) return [];
    current = shapeOf(current)?.[String(step)] ?? elementOf(current);
  }
  return current === undefined ? [] : Object.keys(shapeOf(current) ?? {});
}
