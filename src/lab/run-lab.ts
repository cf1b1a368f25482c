import { messageOf } from '../model/index.ts';
import type { LabOptions, StrategyName } from './lab-options.ts';
import { type CalmResult, measureCalm } from './phases/calm.ts';
import { measureDisturbed } from './phases/disturbed.ts';
import { type FlexibilityResult, measureFlexibility } from './phases/flexibility.ts';
import type { LabResult, StrategyResult, Unavailable } from './results.ts';
import { Rig } from './rig.ts';
import { STRATEGIES } from './strategies.ts';

/** Is told what is under way: of which strategy, and what. */
export type Say = (strategy: StrategyName, what: string) => void;

type Alone = Pick<StrategyResult, 'calm' | 'flexibility'>;

/**
 * Runs the same load under each strategy. What depends on the machine's speed is measured of one
 * strategy at a time; what depends on time alone, faults, of all at once, each with collector,
 * agents and network of its own.
 */
export async function runLab(options: LabOptions, say: Say): Promise<LabResult> {
  const startedAt = new Date().toISOString();
  const begin = performance.now();
  const alone = new Map<StrategyName, Alone>();
  for (const name of options.strategies) alone.set(name, await measureAlone(name, options, say));
  const strategies = await Promise.all(
    options.strategies.map(async (name): Promise<StrategyResult> => {
      const { calm, flexibility } = alone.get(name) ?? NOTHING;
      // What does not work without faults has nothing to show with them.
      const disturbed =
        'notAvailable' in calm
          ? calm
          : await attempt(() =>
              withRig(name, options, (rig) =>
                measureDisturbed(rig, calm.bytesPerSecond, (what) => say(name, what)),
              ),
            );
      return { name, calm, flexibility, disturbed };
    }),
  );
  const { command: _, ...shown } = options;
  return { options: shown, startedAt, elapsedMs: performance.now() - begin, strategies };
}

const NOTHING: Alone = {
  calm: { notAvailable: 'not run' },
  flexibility: { notAvailable: 'not run' },
};

async function measureAlone(name: StrategyName, options: LabOptions, say: Say): Promise<Alone> {
  return withRig(name, options, async (rig) => {
    const calm = await attempt<CalmResult>(() => measureCalm(rig, (what) => say(name, what)));
    if ('notAvailable' in calm) return { calm, flexibility: calm };
    say(name, 'flexibility');
    const flexibility = await attempt<FlexibilityResult>(() => measureFlexibility(rig));
    return { calm, flexibility };
  }).catch((error: unknown) => {
    const part = { notAvailable: messageOf(error) };
    return { calm: part, flexibility: part };
  });
}

async function withRig<T>(
  name: StrategyName,
  options: LabOptions,
  use: (rig: Rig) => Promise<T>,
): Promise<T> {
  const rig = await Rig.start(STRATEGIES[name], options);
  try {
    return await use(rig);
  } finally {
    await rig.close();
  }
}

async function attempt<T extends object>(measure: () => Promise<T>): Promise<T | Unavailable> {
  try {
    return await measure();
  } catch (error) {
    return { notAvailable: messageOf(error) };
  }
}
