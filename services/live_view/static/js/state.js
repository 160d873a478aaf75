/* What can be said about the newest run right now: only what is known, no judgement. Pure. */

import { SILENCE_S } from './tally.js';

/** While frames wait, results may come this slowly before the run counts as silent. */
const SLOW_RESULTS_S = 30;

export const isOpen = (job) => job.open && job.state !== 'stopped';

export const waitingOf = (job, columns) => Math.max(0, job.n_announced - columns.n);

/** Rates of a run may still change while it is open or frames wait. */
export const isPreliminary = (job, columns) => isOpen(job) || waitingOf(job, columns) > 0;

/**
 * kind: connecting, disconnected, empty, starting, live, behind, silent, closing, finished.
 * `arrivedMs` is when results last came in while the page was open; times in s otherwise.
 */
export function stateOf({ job, columns, tally, contact, now, arrivedMs }) {
  const newest = tally?.newestUs ?? null;
  const state = {
    kind: 'empty',
    waiting: job ? waitingOf(job, columns) : 0,
    unreadable: job ? columns.nUnreadable : 0,
    age: newest === null ? null : now - (job.started_us + newest) / 1e6,
    lostFor: contact.lostAtMs ? (Date.now() - contact.lostAtMs) / 1000 : 0,
  };
  state.kind = kindOf(state, { job, contact, newest, arrivedMs });
  state.isStale = state.kind === 'silent' || state.kind === 'disconnected';
  return state;
}

function kindOf(state, { job, contact, newest, arrivedMs }) {
  if (!contact.isConnected && contact.lostAtMs) return 'disconnected';
  if (!contact.isLoaded) return 'connecting';
  if (!job) return 'empty';
  if (!isOpen(job)) return state.waiting ? 'closing' : 'finished';
  if (newest === null) return 'starting';
  if (state.age <= SILENCE_S) return 'live';
  const patience = state.waiting ? SLOW_RESULTS_S : SILENCE_S;
  return (Date.now() - arrivedMs) / 1000 <= patience ? 'behind' : 'silent';
}

/** Seconds of silence to hatch at the right end of the axis. */
export const silenceOf = (state) =>
  state.age !== null && (state.kind === 'silent' || state.kind === 'disconnected')
    ? Math.max(0, state.age)
    : 0;
