import type { TargetGroupConfig } from '../config/scrape-config.ts';

/** A group of targets; `source` names it uniquely within its discovery. */
export interface TargetGroup extends TargetGroupConfig {
  readonly source: string;
}

/**
 * Finds targets. It reports all its groups every time any of them changed; it is silent while it
 * does not know (a file is unreadable: the former groups stay).
 */
export interface Discovery {
  /** Called once. `update` gets all groups that are known, at once and after each change. */
  start(update: (groups: readonly TargetGroup[]) => void): void;
  /** After this no update comes. */
  stop(): void;
}

/** Groups written in the configuration itself. */
export function staticDiscovery(groups: readonly TargetGroupConfig[]): Discovery {
  return {
    start(update) {
      update(groups.map((group, index) => ({ ...group, source: String(index) })));
    },
    stop() {},
  };
}
