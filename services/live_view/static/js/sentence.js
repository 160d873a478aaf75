/* The sentence: advice when the statistics service gives some, else what is known, as a fact. */

import { el, find, glyph, setText } from './dom.js';
import { clockTime, dateTime, duration, percent, plural, runName } from './format.js';
import { crystalsPerShot, summaryOf } from './rates.js';
import { stateWords } from './header.js';
import { liveRates, since } from './windows.js';

const GLYPHS = { live: 'live', none: 'none', ended: 'ended', watch: 'watch', act: 'act' };
const SAY_AGAIN_MS = 30_000;
const MOST_PAST = 2;

/** { level, head, why, since } from the state, the trial's tally and advice in force. */
export function sentenceOf({ cells, past, ...facts }) {
  const sentence = causeOrFacts(facts);
  const found = facts.job && cells?.length ? [cellsFound(facts.job, cells[0])] : [];
  return { ...sentence, why: [...sentence.why, ...found], past: past.slice(-MOST_PAST).reverse() };
}

function causeOrFacts({ state, job, tally, advice, endedWith, now }) {
  if (state.kind === 'disconnected') return disconnected(state, job, tally);
  if (state.kind === 'silent') return silent(state, job, tally);
  if (advice && job) return advised(advice, now);
  if (!job || !tally?.n) return waiting(state, job);
  return state.kind === 'finished' || state.kind === 'closing'
    ? ended(state, job, tally, endedWith)
    : running(state, job, tally, now);
}

const wholeSeconds = (s) => (s < 10 ? `${Math.round(s)} s` : duration(s));
const newestTime = (job, tally) => (job.started_us + tally.newestUs) / 1e6;

function disconnected(state, job, tally) {
  const known = tally?.n ? `Values below are from ${dateTime(newestTime(job, tally))}, not from now` : '';
  return {
    level: 'watch',
    head: `No connection to the server for ${wholeSeconds(state.lostFor)}`,
    why: [known, 'The page tries again by itself'].filter(Boolean),
  };
}

function silent(state, job, tally) {
  return {
    level: 'watch',
    head: `No new frames for ${wholeSeconds(state.age)}`,
    why: [
      `Values below are from ${dateTime(newestTime(job, tally))}, not from now`,
      `${runName(job)} is still open`,
      state.waiting ? `${plural(state.waiting, 'frame')} announced and not processed` : 'No frame waits',
    ],
    since: { time: newestTime(job, tally), seconds: state.age },
  };
}

const causeOf = (advice) => advice.cause.replaceAll('_', ' ');

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** The first thing to try stands in the head, the others behind the evidence. */
function advised(advice, now) {
  const [first, ...others] = (advice.suggestion ?? '').split('; ');
  const head = capital(causeOf(advice));
  return {
    level: advice.level === 'act' ? 'act' : 'watch',
    head: first ? `${head}: ${first}` : head,
    why: [...(advice.evidence ?? []), ...others].map(capital),
    since: { time: advice.since_us / 1e6, seconds: now - advice.since_us / 1e6 },
  };
}

function waiting(state, job) {
  const why = [];
  if (state.waiting) why.push(`${plural(state.waiting, 'frame')} announced, none processed yet`);
  if (job && state.unreadable) why.push(`${plural(state.unreadable, 'frame')} could not be read`);
  const heads = { connecting: 'Asking the server', empty: 'Waiting for the first run' };
  return { level: 'none', head: heads[state.kind] ?? stateWords(state, job), why };
}

const shares = (rates) =>
  `${percent(rates.hit.value, 1)} % hits, ${percent(rates.indexing.value, 1)} % indexed`;

function running(state, job, tally, now) {
  const rates = liveRates(tally, 60);
  const from = since(tally, tally.newestUs - 60e6);
  const begun = (job.started_us / 1e6) + tally.high[0];
  const word = state.kind === 'behind' ? `Behind by ${duration(state.age)}` : 'Live';
  return {
    level: 'live',
    head: `${word}: ${shares(rates)}`,
    why: [
      `Last 60 s, ${plural(rates.hit.denominator, 'frame')}, preliminary`,
      `Solvent ${percent(rates.solvent.value, 1)} %`,
      crystals(tally, from),
    ].filter(Boolean),
    since: { word: `${runName(job)} began`, time: begun, seconds: now - begun },
  };
}

function ended(state, job, tally, endedWith) {
  const { rates, n_processed: n } = summaryOf(tally, 0);
  const end = newestTime(job, tally);
  const note = state.waiting ? `${plural(state.waiting, 'frame')} waiting: preliminary` : 'Final';
  return {
    level: 'ended',
    head: `${runName(job)} ended: ${shares(rates)}`,
    why: [
      `Whole run, ${plural(n, 'frame')}`,
      `Solvent ${percent(rates.solvent.value, 1)} %`,
      crystals(tally, 0),
      note,
      endedWith && `Ended with ${causeOf(endedWith)} since ${clockTime(endedWith.since_us / 1e6)}`,
      endedWith?.evidence?.[0],
    ].filter(Boolean),
    since: { word: 'last frame', time: end, seconds: end - job.started_us / 1e6 - tally.high[0], of: 'long' },
  };
}

/** Without a known cell: what most lattices say, and how to go on from there. */
function cellsFound(job, { n_lattices: n, n_of: of, edges_angstrom: edges, angles_deg: angles }) {
  const lengths = edges.map((edge) => edge.toFixed(1)).join(' × ');
  const turns = angles ? `, ${angles.map((angle) => Number(angle.toFixed(1))).join(' ')}°` : '';
  return `Cell ${lengths} Å${turns} on ${n} of ${of} lattices; take it over: stillstream cells ${job.job}`;
}

function crystals(tally, from) {
  const lambda = tally.isMonotone ? crystalsPerShot(tally, from, tally.n) : null;
  if (!lambda) return '';
  const [low, high] = [lambda.low, lambda.high].map((x) => (x === Infinity ? '∞' : x.toFixed(2)));
  return `${lambda.value.toFixed(2)} crystals per shot (${low}–${high})`;
}

let lastSaid = { key: '', at: 0 };

export function showSentence(sentence, state) {
  const box = find('#advice');
  box.dataset.level = sentence.level;
  const icon = GLYPHS[sentence.level];
  if (box.dataset.glyph !== icon) {
    box.dataset.glyph = icon;
    box.querySelector('.glyph').replaceWith(glyph(icon));
  }
  setText(box.querySelector('h2'), sentence.head);
  box.querySelector('.why').replaceChildren(...sentence.why.map((text) => el('span', {}, text)));
  box.querySelector('.since').replaceChildren(...sinceParts(sentence.since));
  box.querySelector('.past').replaceChildren(...sentence.past.map(pastItem));
  document.title = `${sentence.head} · Run stats`;
  say(sentence.head, `${state.kind} ${sentence.level}`);
}

/** Advice of this run that is over: when, what, for how long. */
function pastItem({ cause, since_us: since, cleared_us: cleared }) {
  const time = clockTime(since / 1e6).slice(0, 5);
  return el('li', {}, `${time}  ${capital(causeOf({ cause }))}, ${duration((cleared - since) / 1e6)}`);
}

function sinceParts(since) {
  if (!since) return [];
  return [
    el('span', {}, since.word ?? 'since'),
    el('b', {}, clockTime(since.time)),
    el('span', {}, `${duration(since.seconds)}${since.of ? ` ${since.of}` : ''}`),
  ];
}

/** Read aloud when the state changes, and now and then; not with every new number. */
function say(text, key) {
  const isDue = key !== lastSaid.key || Date.now() - lastSaid.at > SAY_AGAIN_MS;
  if (!isDue) return;
  lastSaid = { key, at: Date.now() };
  setText(find('#say'), text);
}

