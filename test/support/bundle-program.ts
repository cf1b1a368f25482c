import { fileURLToPath } from 'node:url';
import { build, type BuildOptions } from 'esbuild';

/** Bundled packages that are CommonJS ask for `require`. */
const DEFINE_REQUIRE =
  "import { createRequire } from 'node:module';\n" +
  'const require = createRequire(import.meta.url);';

/** Makes one file that Node runs, `program`, of a source in TypeScript and all that it imports. */
export async function bundleProgram(
  source: URL,
  program: string,
  options: Pick<BuildOptions, 'define'> = {},
): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(source)],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
    banner: { js: DEFINE_REQUIRE },
    ...options,
  });
}
