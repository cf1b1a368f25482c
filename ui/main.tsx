import { render } from 'preact';
import { Shell } from './pages/shell.tsx';
import { AppContext, createApp } from './state/app.ts';

const root = document.getElementById('app');
if (root === null) throw new Error('index.html has no element with the id "app"');
render(
  <AppContext.Provider value={createApp()}>
    <Shell />
  </AppContext.Provider>,
  root,
);
