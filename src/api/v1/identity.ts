import type { Credentials, JoinTokenInfo } from '../../ingest/index.ts';
import { IdentityError } from '../../ingest/index.ts';
import { Labels } from '../../model/index.ts';
import type { Answer } from '../answer.ts';
import { joinTokenList, madeJoinToken, revocationList } from '../contract/identity.ts';
import { ApiError, badParameter } from '../errors.ts';
import { Operators } from '../operators.ts';
import { noContent, success } from '../respond.ts';
import type { ApiRequest, ParamSpec, Route, RouteSpec } from '../route.ts';

const DEFAULT_TTL_MS = 3_600_000;

const param = (name: string, type: ParamSpec['type'], text: string): ParamSpec => ({
  name,
  in: 'query',
  type,
  text,
});
const id = (text: string): ParamSpec => ({
  name: 'id',
  in: 'path',
  type: 'string',
  required: true,
  text,
});

const FAILURES: RouteSpec['failures'] = {
  401: 'An operator token is configured, and none or a wrong one was sent.',
  403: 'No operator token is configured, and the request is not from a program on this host.',
  503: 'This collector takes no agents.',
};
const NOT_FOUND = { ...FAILURES, 404: 'There is none of that id.' };

/** Who may be an agent: join tokens, and agents that may not connect any more. */
export const identityRoutes: readonly Route[] = [
  {
    path: '/api/v1/join_tokens',
    methods: ['GET'],
    tag: 'agents',
    summary: 'List join tokens',
    description: 'Those that were made here; a week after it expired one is forgotten.',
    params: [],
    answer: { kind: 'json', data: joinTokenList },
    failures: FAILURES,
    example: '/api/v1/join_tokens',
    exampleData: { joinTokens: [] },
    handle: (request) => {
      operatorsOf(request).mayAdmit(request);
      const tokens = request.deps.credentials?.joinTokens.list() ?? [];
      return success({ joinTokens: tokens.map(tokenJson) }, request);
    },
  },
  {
    path: '/api/v1/join_tokens',
    methods: ['POST'],
    tag: 'agents',
    summary: 'Make a join token',
    description:
      'An agent changes it once for a certificate (over TLS) or a token (over plain HTTP) of its ' +
      'own.',
    params: [
      param('ttl', 'duration', 'How long it may be used; 1 h where it is missing.'),
      param('uses', 'integer', 'How many agents may use it; 1 where it is missing.'),
      param('agents', 'string', 'Ids that it is for, with `*`; all where it is missing.'),
      {
        ...param('label', 'string', 'NAME=VALUE, which stands on all series of its agents.'),
        repeated: true,
      },
    ],
    answer: { kind: 'json', data: madeJoinToken },
    failures: FAILURES,
    handle: create,
  },
  {
    path: '/api/v1/join_tokens/{id}/revoke',
    methods: ['POST'],
    tag: 'agents',
    summary: 'End a join token',
    description: 'Agents that have used it stay.',
    params: [id('Id of the token.')],
    answer: { kind: 'empty', status: 204 },
    failures: NOT_FOUND,
    handle: (request) =>
      change(request, 'a join token was revoked', (credentials, which) =>
        credentials.joinTokens.revoke(which),
      ),
  },
  {
    path: '/api/v1/agents/revoked',
    methods: ['GET'],
    tag: 'agents',
    summary: 'List agents that are revoked',
    params: [],
    answer: { kind: 'json', data: revocationList },
    failures: FAILURES,
    example: '/api/v1/agents/revoked',
    exampleData: { revoked: [] },
    handle: (request) => {
      operatorsOf(request).mayAdmit(request);
      const revocations = request.deps.credentials?.revocations.list() ?? [];
      const revoked = revocations
        .filter(({ isLifted }) => !isLifted)
        .map(({ agentId, revokedMs }) => ({ id: agentId, since: isoTime(revokedMs) }));
      return success({ revoked }, request);
    },
  },
  {
    path: '/api/v1/agents/{id}/revoke',
    methods: ['POST'],
    tag: 'agents',
    summary: 'Revoke an agent',
    description:
      'Ends its session; its certificates and tokens are refused, and its id may not join again, ' +
      'until it is restored.',
    params: [id('Id of the agent, whether it is known or not.')],
    answer: { kind: 'empty', status: 204 },
    failures: FAILURES,
    handle: (request) =>
      change(request, 'an agent was revoked', async (credentials, which) => {
        const done = credentials.revoke(which);
        request.deps.agents?.revoked(which);
        await done;
      }),
  },
  {
    path: '/api/v1/agents/{id}/restore',
    methods: ['POST'],
    tag: 'agents',
    summary: 'Let a revoked agent join again',
    description: 'What it had stays refused: it needs a new join token.',
    params: [id('Id of the agent.')],
    answer: { kind: 'empty', status: 204 },
    failures: NOT_FOUND,
    handle: (request) =>
      change(request, 'an agent was restored', (credentials, which) =>
        credentials.revocations.lift(which),
      ),
  },
];

/** Who asks may. @throws ApiError */
function admitted(request: ApiRequest): Credentials {
  operatorsOf(request).mayAdmit(request);
  const { credentials } = request.deps;
  if (credentials === undefined) throw new ApiError('unavailable', 'no agents are taken here');
  return credentials;
}

/** Those of the server; without any, nobody has a token. */
export function operatorsOf({ deps }: ApiRequest): Operators {
  return deps.operators ?? NO_OPERATORS;
}

const NO_OPERATORS = new Operators();

async function change(
  request: ApiRequest,
  what: string,
  act: (credentials: Credentials, id: string) => Promise<void>,
): Promise<Answer> {
  const credentials = admitted(request);
  const which = request.params.text('id');
  try {
    await act(credentials, which);
  } catch (error) {
    throw apiErrorOf(error);
  }
  note(request, what, { id: which.split('.')[0] });
  return noContent();
}

async function create(request: ApiRequest): Promise<Answer> {
  const credentials = admitted(request);
  const { params, deps } = request;
  const terms = {
    usesMax: params.integer('uses') ?? 1,
    expiresMs: deps.clock.now() + (params.duration('ttl') ?? DEFAULT_TTL_MS),
    agents: params.text('agents') || '*',
    labels: Labels.fromEntries(params.all('label').map(pairOf)),
  };
  try {
    const { token, info } = await credentials.joinTokens.create(terms);
    note(request, 'a join token was made', { id: info.id, uses: info.usesMax });
    const urls = deps.agentUrls?.() ?? [];
    const made = { ...tokenJson(info), token, collectors: urls, caHash: pinOf(request) };
    return await success(made, request);
  } catch (error) {
    throw apiErrorOf(error);
  }
}

/** Null where a certificate of another authority is shown: the system may know that one. */
function pinOf({ deps }: ApiRequest): string | null {
  return deps.tls?.material.isConfigured === true ? null : (deps.credentials?.pin ?? null);
}

function pairOf(text: string): [string, string] {
  const mark = text.indexOf('=');
  if (mark > 0) return [text.slice(0, mark), text.slice(mark + 1)];
  throw badParameter('label', `${JSON.stringify(text)}, wanted NAME=VALUE`);
}

function apiErrorOf(error: unknown): unknown {
  if (!(error instanceof IdentityError)) return error;
  const type = error.failure === 'unknown' ? 'not_found' : 'bad_data';
  return new ApiError(type, error.message, { cause: error });
}

function note(request: ApiRequest, what: string, fields: Record<string, unknown>): void {
  const operator = operatorsOf(request).mayAdmit(request);
  request.deps.logger.info({ operator, address: request.address, ...fields }, what);
}

function tokenJson({ id: tokenId, createdMs, expiresMs, uses, ...rest }: JoinTokenInfo) {
  return {
    id: tokenId,
    created: isoTime(createdMs),
    expires: expiresMs === Infinity ? null : isoTime(expiresMs),
    ...{ uses, maxUses: rest.usesMax, agents: rest.agents },
    labels: rest.labels.toObject(),
    revoked: rest.isRevoked,
  };
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
