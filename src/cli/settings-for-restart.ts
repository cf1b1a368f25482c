import { fileKey, type LoadedConfig } from '../config/index.ts';

type Components = LoadedConfig['components'];

/** What is taken over at once. */
const RELOADED = new Set([
  ...['cert_file', 'key_file', 'min_version', 'server_names'].map((key) => `tidegauge.tls.${key}`),
  'tidegauge.agents.policies',
]);

/**
 * Names of the settings (`tidegauge.push.max_body_size`) in which a configuration that was loaded
 * again differs from the one the collector was started with. Components are built once, so these
 * take effect when it is started again.
 */
export function settingsForRestart(running: Components, loaded: Components): string[] {
  const names: string[] = [];
  const settingsNow = flatten(loaded);
  for (const [name, value] of flatten(running)) {
    if (!RELOADED.has(name) && settingsNow.get(name) !== value) names.push(name);
  }
  return names;
}

function flatten(components: Components): Map<string, string> {
  const settings = new Map<string, string>();
  for (const [component, options] of Object.entries(components)) {
    for (const [key, value] of Object.entries(options as Record<string, unknown>)) {
      settings.set(`tidegauge.${component}.${fileKey(key)}`, JSON.stringify(value) ?? '');
    }
  }
  return settings;
}
