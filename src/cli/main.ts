import { Command, InvalidArgumentError, Option } from 'commander';
import { messageOf, TidegaugeError } from '../model/index.ts';
import { LOG_LEVELS } from '../telemetry/index.ts';
import { addAgentCommand } from './agent.ts';
import { addAgentsCommand } from './agents.ts';
import { checkConfigCommand } from './check-config.ts';
import { checkMetricsCommand } from './check-metrics.ts';
import { checkStoreCommand } from './check-store.ts';
import { addExchangeCommands } from './export.ts';
import { addPushCommand } from './push.ts';
import { addLabCommand } from './lab.ts';
import { addQueryCommand } from './query.ts';
import { addRunCommand } from './run.ts';
import { addTokenCommand } from './token.ts';
import type { ServeFlags } from './serve.ts';
import { serve } from './serve.ts';
import { readBuildInfo } from './version.ts';

/** Exit statuses: 0, 1 (failed), 2 (bad usage). */
const FAILED = 1;
const BAD_USAGE = 2;

const LISTEN = /^(\[[0-9a-fA-F:]+\]|[^:[\]]*):\d{1,5}$/;

function parseListen(text: string): string {
  if (LISTEN.test(text) && Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535) return text;
  throw new InvalidArgumentError('want HOST:PORT, such as 127.0.0.1:9095 or :9095.');
}

function createProgram(): Command {
  const program = new Command('tidegauge')
    .description('Collects metrics by push and by pull, stores them, answers PromQL.')
    .version(readBuildInfo().version)
    .showHelpAfterError('Try `tidegauge --help`, or `tidegauge COMMAND --help`.')
    .enablePositionalOptions()
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : BAD_USAGE));
  addServe(program);
  addAgentCommand(program);
  addTokenCommand(program);
  addAgentsCommand(program);
  addRunCommand(program);
  addPushCommand(program);
  addCheck(program);
  addQueryCommand(program);
  addExchangeCommands(program);
  addLabCommand(program);
  return program;
}

function addServe(program: Command): void {
  program
    .command('serve')
    .summary('run the collector')
    .description(
      'Runs the collector: pulls, takes pushes, stores, answers queries, draws. Without a\n' +
        'configuration it scrapes itself and reads its own host.',
    )
    .option('--config <file>', 'configuration file, as for Prometheus')
    .option('--data <dir>', 'folder for everything stored (default: ./data)')
    .option('--listen <host:port>', 'address to listen on (default: 127.0.0.1:9095)', parseListen)
    .option('--tls-listen <host:port>', 'address of a second listener, with TLS', parseListen)
    .addOption(
      new Option('--log-level <level>', 'least severe log lines shown')
        .choices(LOG_LEVELS)
        .default('info'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  tidegauge serve\n' +
        '  tidegauge serve --config prometheus.yml --data /var/lib/tidegauge --listen :9095\n' +
        '  tidegauge serve --tls-listen :9443     # for agents; then: tidegauge token create\n' +
        '\nSIGHUP or POST /-/reload reads the configuration again; a bad one changes nothing.\n' +
        'SIGTERM finishes what is under way and exits.',
    )
    .action(async (flags: ServeFlags) => {
      await serve(flags);
    });
}

function addCheck(program: Command): void {
  const check = program.command('check').summary('verify files').description('Verifies files.');
  check
    .command('config')
    .argument('<files...>', 'configuration files')
    .summary('verify configuration files')
    .description(
      'Verifies configuration files and says everything that is wrong, each with line and column.\n' +
        'Exit status 1 if anything is.',
    )
    .action((files: string[]) => {
      process.exitCode = checkConfigCommand(files, console) ? 0 : FAILED;
    });
  check
    .command('store')
    .argument('<dir>', 'data folder of a collector that is stopped')
    .option('--repair', 'put aside or rewrite what is damaged; nothing readable is deleted')
    .summary('verify a data folder')
    .description(
      'Verifies checksums and indexes of the log and the blocks, and says what is wrong and where.\n' +
        'Changes nothing without --repair. Exit status 1 if anything is left wrong.',
    )
    .action(async (dataDir: string, flags: { repair?: boolean }) => {
      const right = await checkStoreCommand(dataDir, flags.repair === true, console);
      process.exitCode = right ? 0 : FAILED;
    });
  check
    .command('metrics')
    .argument('[file]', 'exposition body; standard input without one')
    .option('--openmetrics', 'the body is OpenMetrics (default: text 0.0.4)')
    .summary('verify an exposition body')
    .description('Verifies an exposition body by the rules of its format.')
    .action(async (file: string | undefined, flags: { openmetrics?: boolean }) => {
      const right = await checkMetricsCommand(file, flags.openmetrics === true, console);
      process.exitCode = right ? 0 : FAILED;
    });
}

async function main(): Promise<void> {
  try {
    await createProgram().parseAsync(process.argv);
  } catch (error) {
    // What went wrong in operation is said in one line; a bug shows where it is.
    const known = error instanceof TidegaugeError;
    console.error(
      `tidegauge: ${known || !(error instanceof Error) ? messageOf(error) : error.stack}`,
    );
    process.exitCode = FAILED;
  }
}

void main();
