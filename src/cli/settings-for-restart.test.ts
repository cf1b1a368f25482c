import { expect, test } from 'vitest';
import { loadText } from '../config/index.ts';
import { settingsForRestart } from './settings-for-restart.ts';

const componentsOf = (yaml: string) => loadText(yaml, 'test.yml').components;

test('settings of components that differ are named, others and scrapes are not', () => {
  const running = componentsOf('scrape_configs: []');
  expect(settingsForRestart(running, componentsOf('global: {scrape_interval: 5s}'))).toEqual([]);
  const loaded = componentsOf(
    'tidegauge: {push: {max_body_size: 2KB}, web: {listen: "127.0.0.1:1"}}',
  );
  expect(settingsForRestart(running, loaded).toSorted()).toEqual([
    'tidegauge.push.max_body_size',
    'tidegauge.web.listen',
  ]);
  expect(settingsForRestart(loaded, loaded)).toEqual([]);
});
