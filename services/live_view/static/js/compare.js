/* The comparison page: which run and which two results, their comparison, a frame of either. */

import { getJobs, getJson } from './api.js';
import { confusion, differences, frameList, verdictOf } from './comparison.js';
import { el, find } from './dom.js';
import { runName } from './format.js';
import { FrameDialog } from './framedialog.js';
import { isOpen } from './state.js';
import { listenToTheme } from './theme.js';

const AGAIN_MS = 5000;
const PARTS = ['matrix', 'differences', 'by-first', 'by-second'];
const state = { jobs: [], sides: [], shown: [] };
const dialog = new FrameDialog((side, frame, step) => {
  const k = state.shown.indexOf(frame);
  return k < 0 ? null : (state.shown[k + step] ?? null);
});

const nameOf = (side) => `${side.id}@${side.lane}`;
const label = (job, lane) => `Trial ${job.trial}, d_min ${job.d_min} Å, ${lane}`;

/** All results of a run: each job in each lane that has some. */
async function sidesOf(run) {
  const jobs = state.jobs.filter((job) => job.run === run);
  const answers = await Promise.all(jobs.map((job) => getJson(`/api/jobs/${job.id}/lanes`)));
  return jobs.flatMap((job, k) =>
    answers[k].lanes.map((lane) => ({ ...job, lane, label: label(job, lane) })));
}

/** A side by what the address says: number or name, with or without a lane. */
function sideOf(asked) {
  if (!asked) return null;
  const [job, lane] = asked.includes('@') ? asked.split(/@(?=[^@]*$)/) : [asked, null];
  return state.sides.find((one) => [String(one.id), one.job].includes(job) && (!lane || lane === one.lane));
}

/** Another trial's result before another lane's. */
const otherThan = (side) =>
  state.sides.find((one) => one.id !== side?.id) ?? state.sides.find((one) => one !== side);

function runAsked(query) {
  const asked = (query.get('first') ?? query.get('second') ?? '').split('@')[0];
  const job = state.jobs.find((one) => String(one.id) === asked || one.job === asked);
  return (job ?? twice() ?? state.jobs.at(-1))?.run;
}

/** The newest job whose run has another one. */
const twice = () =>
  state.jobs.findLast((job) => state.jobs.some((one) => one.run === job.run && one.id !== job.id));

function options(select, choices, chosen) {
  select.replaceChildren(...choices.map(([value, text]) => el('option', { value }, text)));
  select.value = chosen;
}

function say(head, why = []) {
  find('#verdict h2').textContent = head;
  find('#verdict p').replaceChildren(...why.map((text) => el('span', {}, text)));
}

async function chooseRun(run, query = new URLSearchParams()) {
  state.sides = await sidesOf(run);
  const runs = [...new Map(state.jobs.map((job) => [job.run, job])).values()].reverse();
  options(find('#run'), runs.map((job) => [job.run, runName(job)]), run);
  const first = sideOf(query.get('first')) ?? state.sides[0];
  const second = sideOf(query.get('second')) ?? otherThan(first);
  const choices = state.sides.map((side) => [nameOf(side), side.label]);
  options(find('#first'), choices, first && nameOf(first));
  options(find('#second'), choices, second && nameOf(second));
  await compare();
}

function hideParts() {
  for (const part of PARTS) find(`#${part}`).hidden = true;
}

async function compare() {
  const [first, second] = ['first', 'second'].map((name) => sideOf(find(`#${name}`).value));
  if (!first || !second) {
    hideParts();
    say('This run has one result only', ['Process it under another trial, or in another lane, to compare']);
    return;
  }
  if (first === second) {
    hideParts();
    say('Choose two different results');
    return;
  }
  const query = new URLSearchParams({ first: nameOf(first), second: nameOf(second) });
  history.replaceState(null, '', `?${query}`);
  try {
    show(await getJson(`/api/compare?${query}`), first, second);
  } catch (error) {
    hideParts();
    say(`The comparison could not be fetched: ${error.message}`);
  }
}

function show(found, first, second) {
  const { head, why } = verdictOf(found);
  say(head, why);
  document.title = `${runName(first)}: ${head}`;
  for (const [name, make] of [['matrix', confusion], ['differences', differences]]) {
    find(`#${name}`).hidden = !found.n_compared;
    if (found.n_compared) find(`#${name} > div`).replaceChildren(make(found));
  }
  for (const [name, side, title] of [['first', first, 'Only the first indexes'], ['second', second, 'Only the second indexes']]) {
    const frames = found[`indexed_by_${name}`];
    frameList(find(`#by-${name}`), title, frames, found[`n_indexed_by_${name}`], (frame) => {
      state.shown = frames;
      dialog.open(side, frame);
    });
  }
  find('#frame-other').onclick = () =>
    dialog.open(dialog.job === first ? second : first, dialog.frame);
}

async function start() {
  const { jobs } = await getJobs();
  state.jobs = jobs;
  const query = new URLSearchParams(location.search);
  if (!jobs.length) say('Waiting for the first run');
  else await chooseRun(runAsked(query), query);
}

find('#run').onchange = (e) => chooseRun(e.target.value);
find('#first').onchange = find('#second').onchange = () => compare();
find('#swap').onclick = () => {
  const [first, second] = [find('#first'), find('#second')];
  [first.value, second.value] = [second.value, first.value];
  compare();
};
find('#choice').onsubmit = (e) => e.preventDefault();
listenToTheme(() => {});
setInterval(() => {
  const job = state.sides[0];
  if (job && isOpen(job) && !document.hidden && !dialog.dialog.open) compare();
}, AGAIN_MS);
start().catch((error) => say(`The server does not answer: ${error.message}`));
