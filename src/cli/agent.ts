import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Agent, startAgent } from '../agent/index.ts';
import { messageOf } from '../model/index.ts';
import type { LogLevel } from '../telemetry/index.ts';
import { createLogger, LOG_LEVELS } from '../telemetry/index.ts';
import { systemClock } from '../util/index.ts';
import { type AgentFlags, loadAgentSettings } from './agent-settings.ts';
import { openPushProtocols } from './push-protocols.ts';
import { readBuildInfo } from './version.ts';

const FAILED = 1;
/** No supervisor should start again what was refused: two of one name would take turns. */
const REFUSED = 3;

const HELP = `
Examples:
  tidegauge agent --collector http://127.0.0.1:9095
  tidegauge agent --collector https://metrics.example.org:9443 --join TOKEN --ca-hash sha256:… \\
      --data /var/lib/tidegauge-agent --scrape node=http://127.0.0.1:9100/metrics
  tidegauge agent --collector https://metrics.example.org --receive 127.0.0.1:9091
  tidegauge agent --config /etc/tidegauge/agent.yml

What it does: reads this host, scrapes the targets it is given, and sends every sample over one
connection that it opens itself. It listens on nothing, unless --receive names a loopback address
where programs on this host may push (text, Pushgateway, remote write). What it sent it keeps in a
ring, in memory and on disk, from which the collector pulls whatever got lost on the way; so a
broken network costs time, not data. The collector may ask for values at once, or for a faster
rhythm for a while; it can only ask for what the agent reads anyway.

Who it is: a name made at the first start and kept in --data, or --id. The collector puts it on
every series as the label agent. Two processes must not have one name.

Who may: a collector on this host asks for no token. Others: --join with a join token, once, which
is changed for a certificate of the agent's own that is kept in --data and renewed in time; --ca-hash
is the pin by which the collector is known. "tidegauge token create", on the collector, prints both
as the line to run here. Or --token-file, with a token that the collector has in its own.

SIGTERM says goodbye, writes the ring and exits. Exit status 1: it could not start; 3: the collector
refuses this agent for good (another process has its name, or it was revoked).`;

/** Adds `tidegauge agent`. */
export function addAgentCommand(program: Command): void {
  program
    .command('agent')
    .summary('collect at the edge, send to a collector')
    .description('Runs the agent: reads this host and local targets, sends all to a collector.')
    .option('--collector <url>', 'where the collector is', urlOf)
    .option('--config <file>', 'configuration file (docs/agent.md); flags win over it')
    .option('--data <dir>', 'folder of the ring and the identity (default: ./agent-data)')
    .option('--memory-only', 'write nothing to disk: what is not sent is gone with the process')
    .option('--id <name>', 'name of this agent (default: made once and kept)')
    .option('--token <token>', 'bearer token; better in a file, or in TIDEGAUGE_TOKEN')
    .option('--token-file <file>', 'file that holds the bearer token')
    .option('--join <token>', 'join token, changed once for a certificate of its own')
    .addOption(new Option('--join-token <token>', 'as --join').hideHelp())
    .option('--ca-hash <pin>', "sha256:… of the collector's authority: no other is trusted")
    .option('--ca-file <file>', "certificate of the collector's authority, as PEM")
    .addOption(
      new Option('--scrape <name=url>', 'local target to scrape; may be repeated')
        .argParser(collect)
        .default([], 'none'),
    )
    .addOption(
      new Option('--label <name=value>', 'label of every series; may be repeated')
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--receive <address:port>', 'loopback address to take pushes of local programs at')
    .option('--interval <duration>', 'between two readings, such as 1s or 15s')
    .option('--no-host', 'do not read the host')
    .option('--on-change', 'send only what changed, and all of it every minute')
    .addOption(
      new Option('--transport <kind>', 'how to connect').choices(['auto', 'websocket', 'poll']),
    )
    .addOption(
      new Option('--log-level <level>', 'least severe log lines shown')
        .choices(LOG_LEVELS)
        .default('info'),
    )
    .addOption(new Option('--synthetic-series <n>').argParser(wholeNumber).hideHelp())
    .addOption(new Option('--synthetic-agents <n>').argParser(wholeNumber).hideHelp())
    .addOption(new Option('--synthetic-first <n>').argParser(wholeNumber).hideHelp())
    .addHelpText('after', HELP)
    .action(async (flags: AgentFlags & { readonly logLevel: LogLevel }) => {
      await runAgent(flags, flags.logLevel);
    });
}

async function runAgent(flags: AgentFlags, logLevel: LogLevel): Promise<void> {
  const settings = loadAgentSettings(flags);
  const logger = createLogger(logLevel);
  const agents: Agent[] = [];
  let stopping: Promise<void> | undefined;
  const stop = (status: number): void => {
    process.exitCode = status;
    stopping ??= Promise.all(agents.map((agent) => agent.stop())).then(
      () => process.exit(),
      (error: unknown) => {
        logger.error({ err: messageOf(error) }, 'the agent did not stop well');
        process.exit(FAILED);
      },
    );
  };
  for (const { options, scrapeConfigs, synthetic } of settings.agents) {
    agents.push(
      await startAgent({
        options,
        scrapeConfigs,
        collector: settings.collector,
        version: readBuildInfo().version,
        clock: systemClock,
        random: Math.random,
        logger,
        ...(synthetic === undefined ? {} : { synthetic }),
        openPushProtocols,
        onFenced: () => stop(REFUSED),
      }),
    );
  }
  for (const problem of agents.flatMap(({ problems }) => problems)) {
    logger.warn({ problem }, 'a target is left out');
  }
  const [first] = agents;
  if (first !== undefined) {
    const name = agents.length === 1 ? first.agentId : `${agents.length} agents`;
    console.log(`Tidegauge agent  ${name}`);
    console.log(`collector        ${settings.collector}`);
    console.log(`reads            ${first.groups.join(', ') || 'nothing'}`);
    if (first.receiverUrl !== undefined) console.log(`takes pushes at  ${first.receiverUrl}`);
  }
  process.on('SIGTERM', () => stop(0));
  process.on('SIGINT', () => stop(0));
}

function collect(text: string, before: readonly string[]): readonly string[] {
  if (/^[^=]+=.+$/s.test(text)) return [...before, text];
  throw new InvalidArgumentError('want NAME=VALUE.');
}

function urlOf(text: string): string {
  if (/^https?:\/\/[^/]/.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError('want a URL such as http://127.0.0.1:9095.');
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('want a whole number.');
}
