export type { ConfigProblem } from './errors.ts';
export { ConfigError, formatProblem } from './errors.ts';
export { fileKey } from './file-form.ts';
export type { LoadedConfig } from './load.ts';
export { loadConfig, loadDefaultConfig, loadText } from './load.ts';
export { formatPath, validate } from './validate.ts';
export { parseYaml } from './yaml-source.ts';
