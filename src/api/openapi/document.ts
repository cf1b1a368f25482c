import { z } from 'zod';
import type { AnswerSpec, HttpMethod, ParamSpec, RouteSpec } from '../route.ts';
import { ROUTE_TAGS } from '../route.ts';

export type Json = Readonly<Record<string, unknown>>;

/** Of the API; programs of all versions so far have it. */
const API_VERSION = '1';

const FORM = 'application/x-www-form-urlencoded';

const ERROR_SCHEMA = {
  type: 'object',
  properties: {
    status: { const: 'error' },
    errorType: {
      enum: [
        'bad_data',
        'execution',
        'canceled',
        'timeout',
        'internal',
        'unavailable',
        'not_found',
      ],
    },
    error: { type: 'string', description: 'What was wrong.' },
  },
  required: ['status', 'errorType', 'error'],
};

/** The OpenAPI 3.1 document of the routes. */
export function openApiDocument(routes: readonly RouteSpec[]): Json {
  const schemas = new SchemaTable();
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const item = (paths[route.path] ??= {});
    for (const method of route.methods) {
      item[method.toLowerCase()] = operation(route, method, schemas);
    }
  }
  const used = new Set(routes.map(({ tag }) => tag));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tidegauge HTTP API',
      version: API_VERSION,
      description: "The query API is Prometheus's; answers are the same, byte for byte.",
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    tags: Object.entries(ROUTE_TAGS)
      .filter(([tag]) => [...used].some((one) => one === tag))
      .map(([name, description]) => ({ name, description })),
    paths,
    components: { schemas: { Error: ERROR_SCHEMA, ...schemas.components } },
  };
}

function operation(route: RouteSpec, method: HttpMethod, schemas: SchemaTable): Json {
  const { path, tag, summary, description, params, takes, failures = {} } = route;
  const isForm =
    method === 'POST' && takes === undefined && params.some((one) => one.in === 'query');
  const parameters = params.filter((one) => one.in === 'path' || !isForm).map(parameterJson);
  return {
    operationId: `${method.toLowerCase()}${operationName(path)}`,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(isForm ? { requestBody: formJson(params) } : {}),
    ...(takes === undefined ? {} : { requestBody: bodyJson(takes) }),
    responses: {
      ...answerJson(route.answer, schemas),
      ...failureJson(
        path,
        params.length > 0 ? { 400: 'A parameter is wrong.', ...failures } : failures,
      ),
    },
  };
}

/** `/api/v1/label/{name}/values` as `LabelNameValues`. */
function operationName(path: string): string {
  return path
    .replace(/^\/api\/v1\/|^\//, '')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

function parameterJson(param: ParamSpec): Json {
  return {
    name: param.name,
    in: param.in,
    description: param.text,
    ...(param.required === true ? { required: true } : {}),
    schema: paramSchema(param),
    ...(param.repeated === true ? { style: 'form', explode: true } : {}),
  };
}

const PARAM_SCHEMAS: Readonly<Record<ParamSpec['type'], Json>> = {
  string: { type: 'string' },
  time: { type: 'string', description: 'Unix seconds with fraction, or RFC 3339.' },
  duration: { type: 'string', description: 'Seconds with fraction, or as `1h30m`.' },
  integer: { type: 'integer' },
  boolean: { type: 'boolean' },
};

function paramSchema({ type, choices, repeated }: ParamSpec): Json {
  const single = { ...PARAM_SCHEMAS[type], ...(choices === undefined ? {} : { enum: choices }) };
  return repeated === true ? { type: 'array', items: single } : single;
}

function formJson(params: readonly ParamSpec[]): Json {
  const fields = params.filter((param) => param.in === 'query');
  const required = fields.filter((param) => param.required === true).map(({ name }) => name);
  const properties = Object.fromEntries(
    fields.map((param) => [param.name, { ...paramSchema(param), description: param.text }]),
  );
  const schema = {
    type: 'object',
    properties,
    ...(required.length === 0 ? {} : { required }),
  };
  return { description: 'Parameters may be in the URL as well.', content: { [FORM]: { schema } } };
}

function bodyJson(types: readonly string[]): Json {
  return { required: true, content: contentOf(types) };
}

function answerJson(answer: AnswerSpec, schemas: SchemaTable): Json {
  if (answer.kind === 'empty') return { [answer.status]: { description: 'Done.' } };
  if (answer.kind === 'body') {
    return { 200: { description: answer.text, content: contentOf(answer.types) } };
  }
  const texts = { type: 'array', items: { type: 'string' } };
  const schema = {
    type: 'object',
    properties: {
      status: { const: 'success' },
      data: schemas.use(answer.data),
      warnings: texts,
      infos: texts,
    },
    required: ['status', 'data'],
  };
  return { 200: { description: 'The answer.', content: { 'application/json': { schema } } } };
}

function contentOf(types: readonly string[]): Json {
  return Object.fromEntries(types.map((type) => [type, { schema: { type: 'string' } }]));
}

function failureJson(path: string, failures: Readonly<Record<number, string>>): Json {
  const isJson = path.startsWith('/api/v1/') && !/\/(?:read|write|push)$/.test(path);
  const schema = { $ref: '#/components/schemas/Error' };
  const content = isJson ? { 'application/json': { schema } } : contentOf(['text/plain']);
  return Object.fromEntries(
    Object.entries(failures).map(([status, description]) => [status, { description, content }]),
  );
}

/** Collects the schemas that have names, and refers to them. */
class SchemaTable {
  readonly components: Record<string, unknown> = {};

  use(schema: z.ZodType): unknown {
    // Within an object, so that a schema with a name is referred to as well.
    const { properties, $defs = {} } = relocate(
      z.toJSONSchema(z.object({ schema }), { io: 'output' }),
    ) as { properties: { schema: unknown }; $defs?: Json };
    Object.assign(this.components, $defs);
    return properties.schema;
  }
}

function relocate(schema: unknown): unknown {
  const text = JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/');
  return JSON.parse(text);
}
