/* Panel D: the statistics bar of each run, as text on the shared time axis. */

import { colours } from './colours.js';
import { el, find } from './dom.js';
import { count, percent, plural, runName } from './format.js';
import { summaryOf } from './rates.js';

const NARROWEST = 13; // plot font sizes that a block of numbers needs
const drawn = new Map(); // job id -> { key, element }

export function showStatBars(spans, cutsOf) {
  const box = find('[data-panel=d]');
  if (!spans.length) {
    drawn.clear();
    box.replaceChildren(el('p', { class: 'nothing' }, 'One block of numbers per run appears here.'));
    return;
  }
  const elements = spans.map((span) => blockOf(span, cutsOf(span.job.id)));
  const isSame = elements.length === box.children.length
    && elements.every((element, k) => box.children[k] === element);
  if (!isSame) box.replaceChildren(...elements);
}

/** The block of a run; the element stays while its numbers do. */
function blockOf(span, cuts) {
  const { job, tally, isPreliminary, nUnreadable } = span;
  const summary = summaryOf(tally, nUnreadable);
  const key = JSON.stringify([summary, job.tags, isPreliminary, cuts.d_min_quality, job.job]);
  const old = drawn.get(job.id);
  if (old?.key === key) return old.element;
  const element = el(
    'section',
    { class: isPreliminary ? 'run open' : 'run', 'data-job': job.id },
    heading(job, summary, isPreliminary),
    el('dl', {}, rowsOf(summary, cuts).map(rowOf)),
  );
  drawn.set(job.id, { key, element });
  return element;
}

function heading(job, summary, isPreliminary) {
  const notes = [plural(summary.n_processed, 'frame')];
  if (summary.n_unreadable) notes.push(`${count(summary.n_unreadable)} unreadable`);
  notes.push(isPreliminary ? 'preliminary' : 'done');
  return el(
    'h3',
    {},
    runName(job),
    el('span', {}, notes.join(', ')),
    job.tags.map((tag) => el('span', { class: 'tag' }, tag)),
  );
}

function rowsOf(summary, cuts) {
  const { n_processed: processed, n_selected: selected, n_indexed: indexed } = summary;
  const best = `≤ ${cuts.d_min_quality.toFixed(1)} Å`;
  return [
    ['solvent', summary.n_solvent, processed, 'solvent', 'processed frames'],
    ['hits', summary.n_hits, processed, 'not-indexed', 'processed frames'],
    ['indexed', indexed, selected, 'indexed', 'frames selected for indexing'],
    [best, summary.n_high_quality, selected, 'quality-dot', 'frames selected for indexing'],
    ['of indexed', summary.n_high_quality, indexed, 'quality-dot', 'indexed frames'],
  ];
}

function rowOf([name, part, whole, colour, of]) {
  const share = whole ? part / whole : null;
  const bar = el('i', { style: `width: ${share === null ? 0 : share * 100}%` });
  return el(
    'div',
    { title: `${count(part)} of ${count(whole)} ${of}` },
    el('dt', {}, name),
    el('dd', { class: 'bar', style: `--c: var(--${colour})`, 'aria-hidden': 'true' }, bar),
    el('dd', { class: 'count' }, count(part)),
    el('dd', { class: 'share' }, share === null ? '–' : `${percent(share, 1)} %`),
  );
}

/** Puts each block under its run; one too narrow for its numbers borrows room from the one before. */
export function placeStatBars(panels) {
  const { bbox } = panels.plots.c;
  const left = bbox.left / devicePixelRatio;
  const width = bbox.width / devicePixelRatio;
  const [low, high] = panels.window;
  const across = (x) => left + Math.min(1, Math.max(0, (x - low) / (high - low))) * width;
  const needed = colours.fontSize * NARROWEST;
  let room = left + width + 2;
  for (const { job, x0, x1 } of [...panels.timeline.spans].reverse()) {
    const element = drawn.get(job.id)?.element;
    if (!element) continue;
    const [from, to] = [across(x0), Math.min(across(x1), room)];
    const right = Math.min(room, Math.max(to, left + needed));
    const start = Math.max(left, Math.min(from, right - needed));
    const isShown = x1 >= low && x0 <= high && right - start >= needed * 0.98;
    element.classList.toggle('off', !isShown);
    if (!isShown) continue;
    element.style.setProperty('--l', `${start}px`);
    element.style.setProperty('--w', `${right - start}px`);
    room = start - 8;
  }
}
