import { resolve } from 'node:path';
import { apiOptionsSchema } from '../api/index.ts';
import type { LoadedConfig } from '../config/index.ts';
import { loadConfig, loadDefaultConfig } from '../config/index.ts';
import { messageOf } from '../model/index.ts';
import type { Logger, LogLevel } from '../telemetry/index.ts';
import { createLogger } from '../telemetry/index.ts';
import { optimizeEarly } from '../util/index.ts';
import { type Collector, startCollector } from './collector.ts';

export interface ServeFlags {
  readonly config?: string;
  readonly data?: string;
  readonly listen?: string;
  readonly tlsListen?: string;
  readonly logLevel: LogLevel;
}

/** Runs the collector until a signal ends it. */
export async function serve(flags: ServeFlags): Promise<void> {
  const logger = createLogger(flags.logLevel);
  const readConfig = (): LoadedConfig =>
    flags.config === undefined ? loadDefaultConfig(selfAddress(flags)) : loadConfig(flags.config);
  const config = readConfig();
  const { web, storage, tls } = config.components;
  const listen = flags.listen ?? web.listen;
  const tlsListen = flags.tlsListen ?? tls.listen;
  const dataDir = resolve(flags.data ?? storage.data_dir);
  const collector = await startCollector({
    config,
    readConfig,
    listen,
    tlsListen,
    dataDir,
    logger,
    flags: {
      config: flags.config ?? '',
      data: dataDir,
      listen,
      'tls-listen': tlsListen,
      'log-level': flags.logLevel,
    },
  });
  // Not before: starting goes through what was compiled beforehand, or once.
  optimizeEarly();
  console.log(greeting(collector, dataDir, config));
  handleSignals(collector, logger);
}

/** Where the built-in configuration scrapes this collector. */
function selfAddress({ listen }: ServeFlags): string {
  const address = listen ?? apiOptionsSchema.parse({}).listen;
  return address.replace(/^(0\.0\.0\.0|\[::\]|)(?=:\d+$)/, '127.0.0.1');
}

function greeting({ url, tlsUrl, pin }: Collector, dataDir: string, config: LoadedConfig): string {
  const query = config.components.host_metrics.enabled
    ? 'sum by (mode) (rate(node_cpu_seconds_total[1m]))'
    : 'up';
  return [
    `Tidegauge listens on  ${url}`,
    ...(tlsUrl === undefined
      ? []
      : [`with TLS on           ${tlsUrl}`, `authority             ${pin}`]),
    `data                  ${dataDir}`,
    `configuration         ${config.file}`,
    `try                   ${url}/query?expr=${encodeURIComponent(query)}`,
    `                      curl -s ${url}/api/v1/query --data-urlencode 'query=${query}'`,
  ].join('\n');
}

function handleSignals(collector: Collector, logger: Logger): void {
  process.on('SIGHUP', () => {
    collector.reload().catch((error: unknown) => {
      logger.error({ err: messageOf(error) }, 'reload failed, the old configuration stays');
    });
  });
  let closing = false;
  const close = (signal: NodeJS.Signals): void => {
    // A second signal means: now. What was acknowledged is in the log already.
    if (closing) {
      logger.warn({ signal }, 'stopping at once, requests under way are cut off');
      process.exit(1);
    }
    closing = true;
    logger.info({ signal }, 'stopping');
    void collector.close().then(() => process.exit(0));
  };
  process.on('SIGTERM', close);
  process.on('SIGINT', close);
}
