/* The address bar holds what the viewer chose: runs, trial, tags, zoom, cut-offs. */

import { CUT_NAMES, readCuts } from './drawer.js';

const SHOWS = ['1', '5', 'all'];

export function readAddress() {
  const query = new URLSearchParams(location.search);
  const window = (query.get('t') ?? '').split(',').map(Number);
  const isWindow = window.length === 2 && window.every(Number.isFinite) && window[1] > window[0];
  const trial = Number(query.get('trial') ?? NaN);
  return {
    show: SHOWS.includes(query.get('show')) ? query.get('show') : '5',
    trial: Number.isFinite(trial) ? trial : null,
    tags: new Set(query.getAll('tag')),
    overrides: readCuts((name) => query.get(name)),
    times: isWindow ? window : null, // epoch seconds
  };
}

export function writeAddress({ show, trial, tags, overrides, times }) {
  const url = new URL(location.href);
  const put = (name, value) => {
    if (value === null || value === undefined) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  };
  put('show', show === '5' ? null : show);
  put('trial', trial);
  put('t', times ? times.map((time) => time.toFixed(2)).join(',') : null);
  url.searchParams.delete('tag');
  for (const tag of tags) url.searchParams.append('tag', tag);
  for (const name of CUT_NAMES) put(name, overrides[name]);
  history.replaceState(null, '', url);
}
