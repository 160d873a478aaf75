/* The header: experiment, trial, state of the newest run, freshness, what waits. */

import { el, find, setText } from './dom.js';
import { count, duration, percent, runName } from './format.js';

const LIVE_WORDS = {
  connecting: () => 'Connecting',
  disconnected: () => 'Disconnected',
  empty: () => 'No run yet',
  starting: (run) => `${run}: no frames yet`,
  live: (run) => `Live, ${lower(run)}`,
  behind: (run) => `Live but behind, ${lower(run)}`,
  silent: (run) => `${run}: silent`,
  closing: (run) => `${run} ended, frames wait`,
  finished: (run) => `${run} ended`,
};

const lower = (run) => run.charAt(0).toLowerCase() + run.slice(1);

export const stateWords = (state, job) => LIVE_WORDS[state.kind](job ? runName(job) : '');

export function showHeader({ state, job, experiment, indexFraction, agreement }) {
  setText(find('#experiment'), experiment ?? 'no experiment');
  const live = find('#live');
  live.dataset.state = state.kind;
  setText(live.querySelector('span'), stateWords(state, job));
  find('#fresh').replaceChildren(...facts(state, job, indexFraction, agreement));
}

function facts(state, job, indexFraction, agreement) {
  const fact = (isBad, ...children) => el('li', { class: isBad ? 'bad' : null }, ...children);
  const b = (text) => el('b', {}, text);
  const list = [];
  if (!job) return list;
  if (state.age !== null) {
    list.push(fact(state.isStale, 'last frame ', b(duration(state.age)), ' ago'));
  }
  list.push(fact(state.waiting > 300, b(count(state.waiting)), ' waiting'));
  list.push(fact(false, b(count(state.unreadable)), ' unreadable'));
  list.push(
    indexFraction >= 1
      ? el('li', { class: 'usual' }, 'indexing ', b('every'), ' frame')
      : fact(false, 'indexing ', b(`${percent(indexFraction)} %`), ' of frames'),
  );
  if (agreement) {
    const { value, denominator } = agreement.agreement;
    const item = el('li', { class: 'usual' },
      'lanes agree on ', b(`${percent(value, 1)} %`), ` of ${count(denominator)}`);
    item.title = 'Frames that stock DIALS processed as well: both index, or both do not.';
    list.push(item);
  }
  return list;
}

export function showTrials(jobs, chosen) {
  const select = find('#trial');
  const trials = new Map(jobs.map((job) => [job.trial, job.d_min]));
  const key = JSON.stringify([...trials]);
  if (select.dataset.key !== key) {
    select.dataset.key = key;
    select.replaceChildren(
      ...[...trials]
        .sort(([a], [b]) => b - a)
        .map(([trial, dMin]) => el('option', { value: trial }, `Trial ${trial}, d_min ${dMin} Å`)),
    );
  }
  select.value = String(chosen);
  select.hidden = trials.size === 0;
}
