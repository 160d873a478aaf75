/* Five lights: each rate over 10 s and 60 s with its interval, denominator, course and trend. */

import { el, find, glyph } from './dom.js';
import { percent } from './format.js';
import { FEW } from './lines.js';
import { sparkline } from './spark.js';
import { liveRates } from './windows.js';

const LIGHTS = [
  { rate: 'solvent', title: 'Solvent', of: () => 'solvent of processed', colour: 'solvent' },
  { rate: 'hit', title: 'Hits', of: () => 'hits of processed', colour: 'ink2' },
  { rate: 'indexing', title: 'Indexing', of: () => 'indexed of selected', colour: 'indexed' },
  {
    rate: 'multi_lattice',
    title: 'Multi-lattice',
    of: (cuts) => `≥ ${cuts.lattices} lattices of selected`,
    colour: 'multi',
  },
  {
    rate: 'high_quality',
    title: 'Quality',
    of: (cuts) => `≤ ${cuts.d_min_quality.toFixed(1)} Å of indexed`,
    colour: 'quality',
  },
];

const WORDS = {
  live: ['live', 'Live'],
  behind: ['preliminary', 'Preliminary'],
  closing: ['preliminary', 'Preliminary'],
  finished: ['ended', 'Ended'],
  silent: ['none', 'Stale'],
  disconnected: ['none', 'Stale'],
};
const GLYPHS = { live: 'live', preliminary: 'preliminary', ended: 'ended', none: 'none' };
/** The light that a cause is about; what follows from it stays quiet. */
const ABOUT = {
  no_beam: 'solvent',
  no_jet: 'solvent',
  no_crystals: 'hit',
  spotfinder_too_strict: 'hit',
  spotfinder_picks_up_noise: 'hit',
  too_dilute: 'hit',
  too_dense: 'multi_lattice',
  indexing_or_geometry_wrong: 'indexing',
  geometry_drifted: 'indexing',
  crystals_degrade: 'high_quality',
};
/** What all lights behind that one need first. */
const NEEDS = { no_beam: 'Needs beam', no_jet: 'Needs jet', no_crystals: 'Needs crystals' };
const LEVEL_WORDS = { act: 'Act', watch: 'Watch' };
const NO_DATA = ['none', 'No data'];
const MINUTE_US = 60e6;

export function showLights({ state, tally, cuts, isPreliminary, advice }) {
  const windows = tally?.n
    ? {
        ten: liveRates(tally, 10),
        sixty: liveRates(tally, 60),
        before: liveRates(tally, 60, tally.newestUs - MINUTE_US),
      }
    : null;
  const context = { state, tally, cuts, windows, isPreliminary, advice };
  find('#lights').replaceChildren(...LIGHTS.map((light) => lightOf(light, context)));
}

/** The level of advice in force about a light; old values alarm nobody. */
function levelOf(rate, { advice, state }) {
  if (!advice || state.isStale || ABOUT[advice.cause] !== rate) return null;
  return advice.level === 'act' ? 'act' : 'watch';
}

/** What a light waits for, when another one's cause explains it. */
function needOf(rate, { advice, state }) {
  if (!advice || state.isStale || !NEEDS[advice.cause]) return null;
  const place = (name) => LIGHTS.findIndex((light) => light.rate === name);
  return place(rate) > place(ABOUT[advice.cause]) ? NEEDS[advice.cause] : null;
}

function lightOf({ rate, title, of, colour }, context) {
  const { state, tally, cuts, windows, isPreliminary } = context;
  const level = levelOf(rate, context);
  const [ten, sixty] = windows ? [windows.ten[rate], windows.sixty[rate]] : [null, null];
  const need = needOf(rate, context);
  const known = sixty?.denominator ? (WORDS[state.kind] ?? NO_DATA) : NO_DATA;
  const [kind, word] = need ? ['none', need] : known;
  const footer = of(cuts) + (windows && isPreliminary ? ', prelim.' : '');
  return el(
    'article',
    { class: 'light', 'data-state': kind, 'data-rate': rate, 'data-level': level },
    el(
      'header',
      {},
      glyph(level ?? GLYPHS[kind]),
      el('h3', {}, title),
      el('span', { class: 'word' }, LEVEL_WORDS[level] ?? word),
    ),
    number(ten, 'ten', '10 s'),
    number(sixty, 'sixty', '60 s'),
    sparkline(tally, rate, colour),
    el('footer', {}, el('span', {}, footer), trend(windows, rate, state)),
  );
}

function number(rate, name, window) {
  const isKnown = rate && rate.value !== null;
  const value = isKnown ? percent(rate.value) : '–';
  const few = isKnown && rate.denominator < FEW ? ' few' : '';
  const counts = isKnown ? `${rate.numerator} of ${rate.denominator}` : 'no frames';
  const interval = isKnown ? `${percent(rate.low)}–${percent(rate.high)} · ${window}` : window;
  return el(
    'div',
    { class: `num ${name}${few}`, title: `${counts}; 95 % interval` },
    el('b', {}, value, isKnown ? el('span', {}, '%') : ''),
    el('small', {}, interval),
  );
}

/** Up or down only when the intervals of this and the previous minute do not touch. */
function trend(windows, rate, state) {
  if (!windows || state.kind !== 'live') return null;
  const [now, before] = [windows.sixty[rate], windows.before[rate]];
  if (!now.denominator || before.denominator < FEW) return null;
  if (now.low <= before.high && now.high >= before.low) return el('span', {}, '→ steady');
  const points = Math.round((now.value - before.value) * 100);
  const text = points > 0 ? `↗ +${points}/min` : `↘ −${-points}/min`;
  return el('span', { title: 'percentage points against the minute before' }, text);
}
