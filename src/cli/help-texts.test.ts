import { Command } from 'commander';
import { expect, test } from 'vitest';
import { addAgentCommand } from './agent.ts';
import { addAgentsCommand } from './agents.ts';
import { addExchangeCommands } from './export.ts';
import { addLabCommand } from './lab.ts';
import { addPushCommand } from './push.ts';
import { addQueryCommand } from './query.ts';
import { addRunCommand } from './run.ts';
import { addTokenCommand } from './token.ts';

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap((sub) => withSubcommands(sub))];
}

const program = new Command().enablePositionalOptions();
for (const add of [
  ...[addAgentCommand, addAgentsCommand, addExchangeCommands, addLabCommand],
  ...[addPushCommand, addQueryCommand, addRunCommand, addTokenCommand],
]) {
  add(program);
}
const all = program.commands.flatMap((command) => withSubcommands(command));

test.each(all.map((command) => [command.name(), command] as const))(
  'tidegauge %s says each default once, in the unit that is given',
  (_name, command) => {
    const help = command.createHelp();
    for (const option of command.options) {
      const text = help.optionDescription(option);
      expect(text.match(/default:/g)?.length ?? 0, text).toBeLessThanOrEqual(1);
      expect(text, 'as JSON').not.toMatch(/default: [[{]/);
      const isDuration = option.flags.includes('<duration>');
      if (isDuration) expect(text, 'milliseconds').not.toMatch(/default: \d+\)/);
    }
  },
);

test('commands that ask a collector over the network take the certificate of its authority', () => {
  const asking = all.filter(({ options }) => {
    return options.some(({ long }) => long === '--collector' || long === '--url');
  });
  expect(asking.length).toBeGreaterThan(6);
  for (const command of asking) {
    const names = command.options.map(({ long }) => long);
    expect(names, command.name()).toContain('--ca-file');
  }
});
