import { messageOf } from '../model/index.ts';
import type { Answer } from './answer.ts';
import { plainFailure, textAnswer } from './respond.ts';
import type { ApiRequest, Route } from './route.ts';

const TEXT_BODY = { kind: 'body', types: ['text/plain'] } as const;

/** State, reload and own metrics. */
export const managementRoutes: readonly Route[] = [
  {
    path: '/-/healthy',
    methods: ['GET'],
    tag: 'management',
    summary: 'Whether the program runs',
    params: [],
    answer: { ...TEXT_BODY, text: 'A line that says so.' },
    example: '/-/healthy',
    handle: () => text('Tidegauge is Healthy.'),
  },
  {
    path: '/-/ready',
    methods: ['GET'],
    tag: 'management',
    summary: 'Whether requests are served',
    params: [],
    answer: { ...TEXT_BODY, text: 'A line that says so.' },
    failures: { 503: 'Not yet, or not any more.' },
    example: '/-/ready',
    handle: ({ deps }) =>
      deps.control.isReady() ? text('Tidegauge is Ready.') : textAnswer('Service Unavailable', 503),
  },
  {
    path: '/-/reload',
    methods: ['POST', 'PUT'],
    tag: 'management',
    summary: 'Read the configuration again',
    params: [],
    answer: { ...TEXT_BODY, text: 'Nothing: the new configuration is in force.' },
    failures: {
      403: 'The setting `enable_lifecycle` is off.',
      500: 'The configuration is wrong; the old one stays in force.',
    },
    handle: reload,
  },
  {
    path: '/metrics',
    methods: ['GET'],
    tag: 'management',
    summary: 'Metrics of the program itself',
    params: [],
    answer: { ...TEXT_BODY, text: 'Exposition text.' },
    example: '/metrics',
    handle: async ({ deps: { registry } }) => ({
      status: 200,
      headers: { 'Content-Type': registry.contentType },
      body: await registry.metrics(),
    }),
  },
];

function text(line: string): Answer {
  return textAnswer(`${line}\n`);
}

async function reload({ deps }: ApiRequest): Promise<Answer> {
  const { options, control, logger } = deps;
  if (!options.enable_lifecycle) return plainFailure('Lifecycle API is not enabled.', 403);
  try {
    await control.reload();
    return textAnswer('');
  } catch (error) {
    logger.error({ err: messageOf(error) }, 'reload failed, the old configuration stays');
    return plainFailure(`failed to reload config: ${messageOf(error)}`, 500);
  }
}
