import { ConfigError, loadConfig } from '../config/index.ts';

export interface Output {
  log(line: string): void;
  error(line: string): void;
}

/** Says of each file whether it is right, and all that is wrong; whether every one is right. */
export function checkConfigCommand(files: readonly string[], output: Output): boolean {
  let right = true;
  for (const file of files) right = checkOne(file, output) && right;
  return right;
}

function checkOne(file: string, output: Output): boolean {
  try {
    const { scrapeConfigs } = loadConfig(file);
    const count = scrapeConfigs.length;
    output.log(`${file}: right, ${count} scrape configuration${count === 1 ? '' : 's'}`);
    return true;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    output.error(error.message);
    const count = error.problems.length;
    output.error(`${file}: ${count} problem${count === 1 ? '' : 's'}`);
    return false;
  }
}
