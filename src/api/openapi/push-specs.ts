import type { ParamSpec, RouteSpec } from '../route.ts';

const TEXT_BODY = { kind: 'body', types: ['text/plain'] } as const;

const GROUP_PATH = '/metrics/job/{job}';

/** What pushed expositions come as; of protobuf, delimited MetricFamily messages. */
const EXPOSITIONS = [
  'text/plain',
  'application/openmetrics-text',
  'application/vnd.google.protobuf',
];

const JOB: ParamSpec = {
  name: 'job',
  in: 'path',
  type: 'string',
  required: true,
  text:
    'Job of the group; further labels follow as `/NAME/VALUE`, and `NAME@base64` takes a value of ' +
    'any letters.',
};

function oneShotParam(
  name: string,
  type: ParamSpec['type'],
  text: string,
  required = false,
): ParamSpec {
  return { name, in: 'query', type, text, ...(required ? { required } : {}) };
}

const ONE_SHOT_PARAMS: readonly ParamSpec[] = [
  oneShotParam('job', 'string', 'The job, and the label of that name.', true),
  oneShotParam('run_id', 'string', 'What tells this run of the job from others.', true),
  oneShotParam('seq', 'integer', 'Number of the push within its run, from 0 on.', true),
  oneShotParam('final', 'boolean', '`true` for the last push of the run.'),
  oneShotParam('schedule', 'duration', 'How often the job runs; 0 for no more.'),
  oneShotParam('instance', 'string', 'The label of that name.'),
];

const GROUP_FAILURES: RouteSpec['failures'] = {
  400: 'The path or the body is wrong; nothing of it is stored.',
  503: 'The disk is full, or too much is under way.',
};

/** What takes pushes, documented here; it is served on the raw sockets, before the routes. */
export const PUSH_SPECS: readonly RouteSpec[] = [
  {
    path: '/api/v1/write',
    methods: ['POST'],
    tag: 'push',
    summary: 'Remote write 1.0',
    description:
      'The body is a `prometheus.WriteRequest`, compressed with snappy. It is answered after the ' +
      'samples are in the log.',
    params: [],
    takes: ['application/x-protobuf'],
    answer: { kind: 'empty', status: 204 },
    failures: {
      400: 'Some samples were refused, and why; the others are stored.',
      415: 'Another content type or encoding.',
      503: 'The disk is full, or too much is under way: try again.',
    },
  },
  {
    path: '/api/v1/push',
    methods: ['POST', 'PUT'],
    tag: 'push',
    summary: 'Push an exposition body',
    description:
      'Text 0.0.4, OpenMetrics or protobuf (delimited `io.prometheus.client.MetricFamily` ' +
      'messages), by Content-Type; gzip is taken. Parameters of the query, except those that are ' +
      'documented, become labels of every series.',
    params: [],
    takes: EXPOSITIONS,
    answer: { kind: 'empty', status: 204 },
    failures: {
      400: 'What is wrong, with line and column, or byte; nothing is stored.',
      415: 'Another content type, or protobuf in its text form.',
    },
  },
  {
    path: '/tide/v1/oneshot',
    methods: ['POST'],
    tag: 'push',
    summary: 'Push from a short job, once for each job, run and number',
    description:
      'An exposition body as for `/api/v1/push`. A push that is repeated stores nothing and says ' +
      'so. A job with a schedule gets the series `tidegauge_job_overdue`.',
    params: ONE_SHOT_PARAMS,
    takes: EXPOSITIONS,
    answer: {
      kind: 'body',
      types: ['application/json'],
      text: 'Whether it was stored before, samples stored and samples refused.',
    },
    failures: {
      400: 'A parameter or the body is wrong; nothing is stored.',
      401: 'The token is missing or wrong.',
      503: 'The disk is full, or too much is under way: try again.',
    },
  },
  {
    path: GROUP_PATH,
    methods: ['PUT'],
    tag: 'push',
    summary: 'Replace a group, as at the Pushgateway',
    params: [JOB],
    takes: EXPOSITIONS,
    answer: { ...TEXT_BODY, text: 'Nothing.' },
    failures: GROUP_FAILURES,
  },
  {
    path: GROUP_PATH,
    methods: ['POST'],
    tag: 'push',
    summary: 'Replace the metrics of the same names in a group',
    params: [JOB],
    takes: EXPOSITIONS,
    answer: { ...TEXT_BODY, text: 'Nothing.' },
    failures: GROUP_FAILURES,
  },
  {
    path: GROUP_PATH,
    methods: ['DELETE'],
    tag: 'push',
    summary: 'Delete a group',
    params: [JOB],
    answer: { ...TEXT_BODY, text: 'Nothing; the group is gone soon after.' },
    failures: GROUP_FAILURES,
  },
];
