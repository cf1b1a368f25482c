import { z } from 'zod';

export interface OptionField {
  /** Names from the schema's root, as in `scrape.timeout_ms`; `[]` stands for a list's items. */
  readonly path: string;
  readonly description: string | undefined;
}

/**
 * The fields of a schema, with those of the objects within. A description may stand on any wrapper
 * (default, optional, pipe) of the field.
 */
export function optionFields(schema: z.ZodType, prefix = ''): OptionField[] {
  const inner = unwrap(schema).at(-1);
  if (inner instanceof z.ZodArray) return optionFields(inner.element as z.ZodType, `${prefix}[]`);
  if (!(inner instanceof z.ZodObject)) return [];
  return Object.entries(inner.shape as Record<string, z.ZodType>).flatMap(([name, field]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const description = unwrap(field)
      .map((wrapper) => wrapper.description)
      .find((text) => text !== undefined);
    return [{ path, description }, ...optionFields(field, path)];
  });
}

/** The schema and what it wraps, outermost first. */
function unwrap(schema: z.ZodType): z.ZodType[] {
  const inner = innerOf(schema);
  return inner === undefined ? [schema] : [schema, ...unwrap(inner)];
}

function innerOf(schema: z.ZodType): z.ZodType | undefined {
  if (schema instanceof z.ZodPipe) return schema.in as z.ZodType;
  if (
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodReadonly
  ) {
    return schema.unwrap() as z.ZodType;
  }
  return undefined;
}
