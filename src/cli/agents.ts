import type { Command } from 'commander';
import { formatDuration } from '../model/index.ts';
import { addOperatorFlags, askApi, type OperatorFlags } from './ask-api.ts';
import { textTable } from './text-table.ts';

interface AgentRow {
  readonly id: string;
  readonly state: string;
  readonly transport: string;
  readonly address: string;
  readonly version: string;
  readonly lastHeard: string;
  readonly clock: { readonly aheadSeconds: number; readonly isApart: boolean } | null;
}

interface RevokedRow {
  readonly id: string;
  readonly since: string;
}

const HELP = `
Examples:
  tidegauge agents list
  tidegauge agents revoke edge-7
  tidegauge agents restore edge-7

An agent that is revoked has its session ended; its certificates and tokens are refused, and its id may
not join again. Restored, it may join with a new join token; what it had stays refused.`;

/** Adds `tidegauge agents`. */
export function addAgentsCommand(program: Command): void {
  const agents = program
    .command('agents')
    .summary('list and revoke agents')
    .description('Lists the agents of a collector, shuts one out, lets it in again.')
    .addHelpText('after', HELP);
  addOperatorFlags(agents.command('list').summary('list agents'))
    .description('Lists agents that are known, and those that are revoked.')
    .action(async (flags: OperatorFlags) => {
      const known = (await askApi(flags, 'api/v1/agents')) as { agents: readonly AgentRow[] };
      const out = (await askApi(flags, 'api/v1/agents/revoked')) as {
        revoked: readonly RevokedRow[];
      };
      const answer = { ...known, ...out };
      console.log(
        flags.json === true ? JSON.stringify(answer) : agentsText(answer.agents, answer.revoked),
      );
    });
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

export function agentsText(agents: readonly AgentRow[], revoked: readonly RevokedRow[]): string {
  const out = new Map(revoked.map(({ id, since }) => [id, since]));
  const rows = agents.map(({ id, state, transport, address, version, lastHeard, clock }) => [
    ...[id, out.has(id) ? 'revoked' : state, transport, address, version, lastHeard],
    clockText(clock),
  ]);
  const unknown = revoked.filter(({ id }) => !agents.some((agent) => agent.id === id));
  for (const { id } of unknown) rows.push([id, 'revoked']);
  if (rows.length === 0) return 'No agents. Let one join with: tidegauge token create';
  return textTable(['id', 'state', 'transport', 'address', 'version', 'last heard', 'clock'], rows);
}

/** Nothing where nothing is known of it. */
function clockText(clock: AgentRow['clock']): string {
  if (clock === null) return '';
  if (!clock.isApart) return 'right';
  const { aheadSeconds } = clock;
  const apart = formatDuration(Math.round(Math.abs(aheadSeconds) * 10) * 100);
  return `${apart} ${aheadSeconds > 0 ? 'ahead' : 'behind'}`;
}
