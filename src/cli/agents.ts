import type { Command } from 'commander';
import type { AgentAnswer, CompletenessAnswer } from '../api/index.ts';
import { agentReport, clockText } from './agent-report.ts';
import { addOperatorFlags, ApiCommandError, askApi, type OperatorFlags } from './ask-api.ts';
import { textTable } from './text-table.ts';

const HOLES_MS = 86_400_000;

type ListedAgent = Pick<
  AgentAnswer,
  'id' | 'state' | 'transport' | 'address' | 'version' | 'lastHeard' | 'clock' | 'problems'
>;

interface RevokedRow {
  readonly id: string;
  readonly since: string;
}

const HELP = `
Examples:
  tidegauge agents list
  tidegauge agents show edge-7
  tidegauge agents revoke edge-7
  tidegauge agents restore edge-7

An agent that is revoked has its session ended; its certificates and tokens are refused, and its id may
not join again. Restored, it may join with a new join token; what it had stays refused.`;

/** Adds `tidegauge agents`. */
export function addAgentsCommand(program: Command): void {
  const agents = program
    .command('agents')
    .summary('list, look at and revoke agents')
    .description(
      'Lists the agents of a collector, tells what is wrong with one, shuts one out, lets it in again.',
    )
    .addHelpText('after', HELP);
  addOperatorFlags(agents.command('list').summary('list agents'))
    .description('Lists agents that are known, and those that are revoked.')
    .action(async (flags: OperatorFlags) => {
      const known = (await askApi(flags, 'api/v1/agents')) as { agents: readonly AgentAnswer[] };
      const out = (await askApi(flags, 'api/v1/agents/revoked')) as {
        revoked: readonly RevokedRow[];
      };
      const answer = { ...known, ...out };
      console.log(
        flags.json === true ? JSON.stringify(answer) : agentsText(answer.agents, answer.revoked),
      );
    });
  addOperatorFlags(agents.command('show').summary('tell all that is known of an agent'))
    .argument('<id>', 'id of the agent')
    .description(
      'Tells what is wrong with an agent and what to do, and what of its samples is here. Holes are ' +
        'those of the last 24 hours.',
    )
    .action(show);
  addOperatorFlags(agents.command('revoke').summary('shut an agent out'))
    .argument('<id>', 'id of the agent')
    .description('Ends the session of an agent, and refuses it from now on.')
    .action(async (id: string, flags: OperatorFlags) => {
      await askApi(flags, `api/v1/agents/${encodeURIComponent(id)}/revoke`, []);
      if (flags.json !== true) console.log(`Agent ${id} is revoked.`);
    });
  addOperatorFlags(agents.command('restore').summary('let a revoked agent join again'))
    .argument('<id>', 'id of the agent')
    .description('Lets a revoked id join again, with a new join token.')
    .action(async (id: string, flags: OperatorFlags) => {
      await askApi(flags, `api/v1/agents/${encodeURIComponent(id)}/restore`, []);
      if (flags.json !== true) {
        console.log(
          `Agent ${id} may join again, with a new token: tidegauge token create --agents ${id}`,
        );
      }
    });
}

async function show(id: string, flags: OperatorFlags): Promise<void> {
  const { agents } = (await askApi(flags, 'api/v1/agents')) as { agents: readonly AgentAnswer[] };
  const agent = agents.find((one) => one.id === id);
  if (agent === undefined) {
    const known = agents.map((one) => one.id).join(', ') || 'none, as no agent has come yet';
    const text = `no agent ${JSON.stringify(id.slice(0, 128))} is known; wanted one of: ${known}`;
    throw new ApiCommandError(text.slice(0, 2000));
  }
  const start = (Date.now() - HOLES_MS) / 1000;
  const { sources } = (await askApi(flags, `api/v1/completeness?start=${start}`)) as {
    sources: readonly CompletenessAnswer[];
  };
  const source = sources.find((one) => one.id === `push/tide/${id}`);
  const answer = { agent, completeness: source ?? null };
  console.log(flags.json === true ? JSON.stringify(answer) : agentReport(agent, source));
}

export function agentsText(agents: readonly ListedAgent[], revoked: readonly RevokedRow[]): string {
  const out = new Map(revoked.map(({ id, since }) => [id, since]));
  const rows = agents.map(({ id, state, transport, address, version, lastHeard, ...rest }) => [
    ...[id, out.has(id) ? 'revoked' : state, transport, address, version, lastHeard],
    ...[clockText(rest.clock), rest.problems.map(({ code }) => code).join(' ')],
  ]);
  const unknown = revoked.filter(({ id }) => !agents.some((agent) => agent.id === id));
  for (const { id } of unknown) rows.push([id, 'revoked']);
  if (rows.length === 0) return 'No agents. Let one join with: tidegauge token create';
  return textTable(
    ['id', 'state', 'transport', 'address', 'version', 'last heard', 'clock', 'problems'],
    rows,
  );
}
