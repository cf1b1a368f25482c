import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestApi, type TestApi } from '../../test/support/api-app.ts';
import { openExampleStore } from '../../test/support/example-store.ts';
import { type PushServer, startPushServer } from '../../test/support/push-server.ts';
import type { TemporaryStorage } from '../../test/support/temporary-storage.ts';
import { openApiDocument } from './openapi/document.ts';
import { PUSH_SPECS } from './openapi/push-specs.ts';
import { DOCUMENTED, ROUTES } from './routes.ts';

let store: TemporaryStorage;
let api: TestApi;

beforeAll(async () => {
  const opened = await openExampleStore();
  store = opened;
  api = createTestApi({ storage: opened.storage, clock: opened.clock });
});

afterAll(async () => {
  await api.close();
  await store.remove();
});

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, unknown>>;
}

const document = openApiDocument(DOCUMENTED);
const paths = document['paths'] as Readonly<Record<string, Readonly<Record<string, Operation>>>>;

/** `GET /api/v1/query`, sorted. */
function namesOf(operations: Iterable<readonly [string, string]>): string[] {
  return [...operations].map(([method, path]) => `${method.toUpperCase()} ${path}`).sort();
}

describe('the OpenAPI document', () => {
  it('has exactly the routes that the app has, and the pushes', () => {
    // The app finds its routes in this table and nowhere else.
    const routed = ROUTES.flatMap(({ methods, path }) =>
      methods.map((method) => [method, path] as const),
    );
    const pushed = PUSH_SPECS.flatMap(({ methods, path }) =>
      methods.map((method) => [method, path] as const),
    );
    const documented = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => [method, path] as const),
    );
    expect(namesOf(documented)).toEqual(namesOf([...routed, ...pushed]));
  });

  it('names each operation once, and refers to schemas that are there', () => {
    const ids = Object.values(paths).flatMap((item) =>
      Object.values(item).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
    const { schemas } = document['components'] as { schemas: Readonly<Record<string, unknown>> };
    const references = JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g);
    for (const [, name = ''] of references) expect(schemas).toHaveProperty(name);
  });

  it('is served', async () => {
    const { body } = await api.json('/api/v1/openapi.json');
    expect(body).toEqual(JSON.parse(JSON.stringify(document)));
  });
});

describe('examples', () => {
  for (const { path, methods, example, exampleData, answer } of ROUTES) {
    if (example === undefined) {
      // What changes something has no example that anybody may try.
      it(`${path} has one if it is read only`, () => expect(methods).not.toContain('GET'));
      continue;
    }
    it(example, async () => {
      const response = await api.fetch(example);
      expect(response.status).toBe(200);
      if (answer.kind !== 'json') return;
      const { status, data } = (await response.json()) as { status: string; data: unknown };
      expect(status).toBe('success');
      answer.data.parse(data);
      if (exampleData !== undefined) expect(data).toEqual(exampleData);
    });
  }
});

describe('documented pushes', () => {
  let server: PushServer;
  beforeAll(async () => {
    server = await startPushServer({ storage: store.storage });
  });
  afterAll(() => server.close());

  for (const { path, methods } of PUSH_SPECS) {
    for (const method of methods) {
      it(`${method} ${path} is taken`, async () => {
        const answer = await server.send(method, path.replace('{job}', 'example'), 'x');
        expect([404, 405]).not.toContain(answer.status);
      });
    }
  }
});
