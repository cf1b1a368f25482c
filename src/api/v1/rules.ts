import type { Answer } from '../answer.ts';
import { alertList, alertmanagerList, notificationList, ruleList } from '../contract/status.ts';
import { badParameter } from '../errors.ts';
import type { Params } from '../params.ts';
import { success } from '../respond.ts';
import type { ApiRequest, ParamSpec, Route } from '../route.ts';
import { MATCH } from '../route.ts';
import { checkMatchers } from './labels.ts';

const NO_RULES = 'Rules are not evaluated yet, so the list is empty.';

function filter(name: string, what: string): ParamSpec {
  const text = `Only rules of these ${what}.`;
  return { name, in: 'query', type: 'string', repeated: true, text };
}

/** Rules and alerts. There is no evaluator yet: parameters are checked and the lists are empty. */
export const ruleRoutes: readonly Route[] = [
  {
    path: '/api/v1/rules',
    methods: ['GET'],
    tag: 'rules',
    summary: 'List rules and their alerts',
    description: NO_RULES,
    params: [
      {
        name: 'type',
        in: 'query',
        type: 'string',
        choices: ['alert', 'record'],
        text: 'Only alerting or only recording rules.',
      },
      filter('rule_name[]', 'names'),
      filter('rule_group[]', 'groups'),
      filter('file[]', 'files'),
      { ...MATCH, text: 'Selector of rules by their labels.' },
      { name: 'exclude_alerts', in: 'query', type: 'boolean', text: 'Leaves active alerts out.' },
      { name: 'group_limit', in: 'query', type: 'integer', text: 'Most groups of an answer.' },
      {
        name: 'group_next_token',
        in: 'query',
        type: 'string',
        text: 'Goes on where the answer with this token ended; needs `group_limit`.',
      },
    ],
    answer: { kind: 'json', data: ruleList },
    example: '/api/v1/rules?type=alert',
    handle: listRules,
  },
  {
    path: '/api/v1/alerts',
    methods: ['GET'],
    tag: 'rules',
    summary: 'List active alerts',
    description: NO_RULES,
    params: [],
    answer: { kind: 'json', data: alertList },
    example: '/api/v1/alerts',
    exampleData: { alerts: [] },
    handle: (request) => success({ alerts: [] }, request),
  },
  {
    path: '/api/v1/alertmanagers',
    methods: ['GET'],
    tag: 'rules',
    summary: 'List Alertmanagers that alerts are sent to',
    description: NO_RULES,
    params: [],
    answer: { kind: 'json', data: alertmanagerList },
    example: '/api/v1/alertmanagers',
    handle: (request) => success({ activeAlertmanagers: [], droppedAlertmanagers: [] }, request),
  },
  {
    path: '/api/v1/notifications',
    methods: ['GET'],
    tag: 'status',
    summary: 'List notices to whoever looks at the page',
    description: 'A configuration that could not be loaded again, for instance.',
    params: [],
    answer: { kind: 'json', data: notificationList },
    example: '/api/v1/notifications',
    handle: listNotifications,
  },
];

function listRules(request: ApiRequest): Answer | Promise<Answer> {
  const { params } = request;
  for (const name of ['rule_name[]', 'rule_group[]', 'file[]']) params.all(name);
  checkMatchers(params.all('match[]'));
  const type = params.text('type').toLowerCase();
  if (type !== '' && type !== 'alert' && type !== 'record') {
    throw badParameter('type', `not supported value ${JSON.stringify(type)}`);
  }
  checkBoolean(params, 'exclude_alerts');
  checkPage(params);
  return success({ groups: [] }, request);
}

const BOOLEAN = /^(?:1|0|t|f|true|false)$/;

function checkBoolean(params: Params, name: string): void {
  const text = params.text(name).toLowerCase();
  if (text === '' || BOOLEAN.test(text)) return;
  throw badParameter(name, `error converting ${name}: ${JSON.stringify(text)} is no boolean`);
}

function checkPage(params: Params): void {
  const limitText = params.text('group_limit');
  const token = params.text('group_next_token');
  if (limitText === '') {
    if (token === '') return;
    const problem = 'group_limit needs to be present in order to paginate over the groups';
    throw badParameter('group_next_token', problem);
  }
  const limit = params.integer('group_limit');
  if (limit === undefined) {
    const seen = JSON.stringify(limitText);
    throw badParameter('group_limit', `group_limit needs to be a valid number: ${seen}`);
  }
  if (limit <= 0) throw badParameter('group_limit', 'group_limit needs to be greater than 0');
  if (token !== '') {
    const problem = `invalid group_next_token '${token}'. were rule groups changed?`;
    throw badParameter('group_next_token', problem);
  }
}

/** The one thing that is told so far: a configuration that was refused. */
function listNotifications(request: ApiRequest): Answer | Promise<Answer> {
  const { success: isLoaded, timeMs } = request.deps.control.lastReload();
  if (isLoaded) return success([], request);
  const date = new Date(timeMs).toISOString();
  const text = 'Configuration reload has failed.';
  return success([{ text, date, active: true }], request);
}
