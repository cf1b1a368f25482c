import { expect, test } from 'vitest';
import { silentLogger } from '../telemetry/index.ts';
import { type AgentRun, restartingAgent } from './restarting-agent.ts';

function scriptedRuns(failsAfter = Infinity) {
  const log: string[] = [];
  let again = (): void => {};
  let count = 0;
  const start = (afterEpoch: number, next: () => void): Promise<AgentRun> => {
    if (count >= failsAfter) return Promise.reject(new Error('no room'));
    const epoch = 10 + ++count;
    again = next;
    log.push(`start ${epoch} after ${afterEpoch}`);
    return Promise.resolve({
      ...{ epoch, agentId: 'a', groups: [`run ${epoch}`], problems: [], receiverUrl: undefined },
      status: () => expect.fail(),
      stop: () => {
        log.push(`stop ${epoch}`);
        return Promise.resolve();
      },
    });
  };
  const options = { logger: silentLogger, start, onFailed: (reason: string) => log.push(reason) };
  return { log, options, again: () => again() };
}

test('another run takes over when the one before has stopped, with a later epoch', async () => {
  const { log, options, again } = scriptedRuns();
  const agent = await restartingAgent(options);
  again();
  await expect.poll(() => agent.groups).toEqual(['run 12']);
  again();
  await agent.stop();
  expect(log).toEqual(['start 11 after 0', 'stop 11', 'start 12 after 11', 'stop 12']);
});

test('that no other run can be started is told', async () => {
  const { log, options, again } = scriptedRuns(1);
  const agent = await restartingAgent(options);
  again();
  await expect.poll(() => log.at(-1)).toBe('no room');
  await agent.stop();
});
