import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  apiOptionsSchema,
  Operators,
  startHttpServer,
  TlsMaterialSource,
  tlsOptionsSchema,
} from '../../src/api/index.ts';
import { agentsOptionsSchema, Authority, createAgentSessions } from '../../src/ingest/index.ts';
import { Labels } from '../../src/model/index.ts';
import { type Logger, silentLogger } from '../../src/telemetry/index.ts';
import { type Clock, systemClock } from '../../src/util/index.ts';
import { createTestApi } from './api-app.ts';
import { MemoryStorage } from './memory-storage.ts';

/** A folder that goes with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidegauge-tls-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A collector's API and sessions behind both listeners, with an authority of its own. */
export async function startTlsCollector(
  given: {
    tls?: Record<string, unknown>;
    clock?: Clock;
    authority?: Authority;
    operatorTokenFile?: string;
    logger?: Logger;
  } = {},
) {
  const clock = given.clock ?? systemClock;
  const storage = new MemoryStorage();
  const api = createTestApi({ storage, clock });
  const authority = given.authority ?? Authority.open(join(temporaryFolder(), 'ca'), clock);
  const agents = createAgentSessions({
    ...{ storage, sources: api.sources, clock, logger: silentLogger, runId: 'run', authority },
    options: agentsOptionsSchema.parse({}),
  });
  const options = tlsOptionsSchema.parse({ listen: '127.0.0.1:0', ...given.tls });
  const server = await startHttpServer({
    ...api.deps,
    options: apiOptionsSchema.parse({ listen: '127.0.0.1:0' }),
    agents: agents.sessions,
    credentials: agents.credentials,
    operators: new Operators(given.operatorTokenFile),
    logger: given.logger ?? silentLogger,
    agentUrls: () => ['https://edge.example:9443'],
    rawHandlers: [agents],
    tls: {
      material: new TlsMaterialSource(options, authority, clock),
      clientAuthorityPem: authority.certificatePem,
      faultOf: (request) => agents.certificateFault(request),
    },
  });
  onTestFinished(async () => {
    await agents.close();
    await server.close();
    await api.close();
  });
  return {
    authority,
    agents,
    server,
    url: server.url,
    tlsUrl: server.tlsUrl ?? '',
    options,
    joinToken: async (): Promise<string> => {
      const terms = { usesMax: 9, expiresMs: Infinity, agents: '*', labels: Labels.EMPTY };
      return (await agents.credentials.joinTokens.create(terms)).token;
    },
  };
}
