/* Starts the page, and gives tests `window.stillstream` to look at its numbers. */

import { Feed } from './feed.js';
import { Page } from './page.js';
import { made } from './plot.js';
import { summaryOf } from './rates.js';
import { Store } from './store.js';
import { liveWindows, seriesOf } from './windows.js';
import { COLUMNS } from './api.js';

let page = null;
const store = new Store(() => {
  if (!page) return;
  page.schedule();
  page.choose().then(settle, (error) => feed.failed(error));
});
const feed = new Feed(store, () => page?.schedule());

let isReady;
const ready = new Promise((resolve) => { isReady = resolve; });

/** Ready: the shown runs are loaded and drawn. */
function settle() {
  if (!store.isKnown) return;
  requestAnimationFrame(() => requestAnimationFrame(() => isReady(true)));
}

const plain = (id) => {
  const columns = store.columns(id);
  return Object.fromEntries(
    COLUMNS.map(([name]) => [name, Array.from(columns[name].subarray(0, columns.n))]),
  );
};

/** What `of` says of a job whose frames are loaded; null for the others. */
const ofLoaded = (id, of) => (store.isLoaded(id) ? of(store.tally(id), store.columns(id)) : null);

window.stillstream = {
  ready,
  get jobs() { return store.jobs; },
  get revision() { return page.drawnRevision; },
  get cuts() { return page.cuts; },
  get state() { return document.documentElement.dataset.state; },
  get window() { return page.panels.window.map((x) => page.panels.timeline.timeOf(x)); },
  get plotsMade() { return made.count; },
  columns: plain,
  summary: (id) => ofLoaded(id, (tally, columns) => summaryOf(tally, columns.nUnreadable)),
  series: (id) => ofLoaded(id, seriesOf),
  live: (id) => ofLoaded(id, liveWindows),
  dots: (panel) => page.panels.dots[panel],
  get advices() { return page.panels.advices; },
};

page = new Page(store, feed);
feed.start();
