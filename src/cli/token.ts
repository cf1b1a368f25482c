import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../model/index.ts';
import { addOperatorFlags, askApi, type OperatorFlags } from './ask-api.ts';
import { textTable } from './text-table.ts';

interface JoinToken {
  readonly id: string;
  readonly expires: string | null;
  readonly uses: number;
  readonly maxUses: number;
  readonly agents: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly revoked: boolean;
}

interface MadeToken extends JoinToken {
  readonly token: string;
  readonly collectors: readonly string[];
  readonly caHash: string | null;
}

interface CreateFlags extends OperatorFlags {
  readonly ttl: string;
  readonly uses: string;
  readonly agents: string;
  readonly label: readonly string[];
}

const HELP = `
Examples:
  tidegauge token create
  tidegauge token create --agents 'edge-*' --uses 50 --ttl 1d --label site=berlin
  tidegauge token list
  tidegauge token revoke k7m2qd

A join token lets an agent in once; the agent changes it for a certificate of its own (for a token of
its own, where the collector has no TLS). It is told once, and the collector keeps its hash. With the
token comes the pin of the collector's authority, so that the agent knows it is talking to this one.

Asked of the collector at --collector: from its own host, or with an operator token.`;

/** Adds `tidegauge token`. */
export function addTokenCommand(program: Command): void {
  const token = program
    .command('token')
    .summary('let agents join')
    .description('Makes, lists and ends join tokens, by which agents get certificates.')
    .addHelpText('after', HELP);
  addOperatorFlags(token.command('create').summary('make a join token'))
    .description('Makes a join token and prints the line to run where the agent is to be.')
    .option('--ttl <duration>', 'how long it may be used', durationText, '1h')
    .option('--uses <n>', 'how many agents may use it', wholeNumber, '1')
    .option('--agents <pattern>', "ids that it is for, such as 'edge-*'", '*')
    .addOption(
      new Option('--label <name=value>', 'label of all series of its agents; may be repeated')
        .argParser(collect)
        .default([], 'none'),
    )
    .action(async (flags: CreateFlags) => {
      const { ttl, uses, agents, label } = flags;
      const form = [
        ...([
          ['ttl', ttl],
          ['uses', uses],
          ['agents', agents],
        ] as const),
        ...label.map((pair) => ['label', pair] as const),
      ];
      const made = (await askApi(flags, 'api/v1/join_tokens', form)) as MadeToken;
      console.log(flags.json === true ? JSON.stringify(made) : madeText(made));
    });
  addOperatorFlags(token.command('list').summary('list join tokens'))
    .description('Lists join tokens that were made here.')
    .action(async (flags: OperatorFlags) => {
      const data = await askApi(flags, 'api/v1/join_tokens');
      const { joinTokens } = data as { joinTokens: readonly JoinToken[] };
      console.log(flags.json === true ? JSON.stringify(data) : listText(joinTokens, Date.now()));
    });
  addOperatorFlags(token.command('revoke').summary('end a join token'))
    .argument('<id>', 'what the token begins with, before the full stop')
    .description('Ends a join token. Agents that have used it stay: see tidegauge agents revoke.')
    .action(async (id: string, flags: OperatorFlags) => {
      const [handle = ''] = id.split('.');
      await askApi(flags, `api/v1/join_tokens/${encodeURIComponent(handle)}/revoke`, []);
      if (flags.json !== true) console.log(`Join token ${handle} is revoked.`);
    });
}

/** What to do with a token, with the line to run. */
export function madeText({ token, collectors, caHash, ...info }: MadeToken): string {
  const [url = 'https://COLLECTOR:9443', ...others] = collectors;
  const id = info.agents === '*' ? [] : [`--id ${info.agents.replaceAll('*', 'NAME')}`];
  const isSecure = url.startsWith('https:');
  const parts = [
    `tidegauge agent --collector ${url}`,
    `--join ${token}`,
    ...(caHash === null || !isSecure ? [] : [`--ca-hash ${caHash}`]),
    ...id,
  ];
  const many = info.maxUses === 1 ? 'one agent' : `${info.maxUses} agents`;
  const only = info.agents === '*' ? '' : ` with ids ${info.agents}`;
  const lines = [
    `Join token ${info.id}: for ${many}${only}, until ${info.expires ?? 'it is revoked'}.`,
    'It is shown this once. Run this where the agent is to be:',
    '',
    `  ${parts.join(' \\\n    ')}`,
  ];
  if (id.length > 0 && info.agents.includes('*')) {
    lines.push('', 'Each agent takes a name of its own, to be put where NAME stands.');
  }
  if (others.length > 0) lines.push('', `The collector is also at ${others.join(', ')}.`);
  if (!isSecure) {
    lines.push(
      '',
      'This collector has no listener with TLS: what agents say can be read on the way. For other',
      'hosts start it with --tls-listen :9443, or with tidegauge.tls.listen in its configuration.',
    );
  }
  return lines.join('\n');
}

export function listText(tokens: readonly JoinToken[], nowMs: number): string {
  if (tokens.length === 0) return 'No join tokens. Make one with: tidegauge token create';
  const rows = tokens.map((token) => [
    token.id,
    stateOf(token, nowMs),
    `${token.uses}/${token.maxUses}`,
    token.expires ?? 'never',
    token.agents,
    Object.entries(token.labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(' '),
  ]);
  return textTable(['id', 'state', 'uses', 'expires', 'agents', 'labels'], rows);
}

function stateOf({ revoked, expires, uses, maxUses }: JoinToken, nowMs: number): string {
  if (revoked) return 'revoked';
  if (expires !== null && Date.parse(expires) < nowMs) return 'expired';
  return uses >= maxUses ? 'used up' : 'good';
}

function collect(text: string, before: readonly string[]): readonly string[] {
  if (/^[^=]+=.*$/s.test(text)) return [...before, text];
  throw new InvalidArgumentError('want NAME=VALUE.');
}

function durationText(text: string): string {
  if ((parseDuration(text) ?? 0) > 0) return text;
  throw new InvalidArgumentError('want a duration such as 10m, 1h or 1d.');
}

function wholeNumber(text: string): string {
  if (/^[1-9]\d*$/.test(text)) return text;
  throw new InvalidArgumentError('want a whole number of 1 or more.');
}
