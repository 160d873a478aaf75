/* Panel D: the statistics bar of each run, as text on the shared time axis. */

import { colours } from './colours.js';
import { el, find } from './dom.js';
import { count, dateTime, percent, plural, runName } from './format.js';
import { summaryOf } from './rates.js';

const NARROWEST = 13; // plot font sizes that a block of numbers needs
const BETWEEN_PX = 8;
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
    {
      class: isPreliminary ? 'run open' : 'run',
      'data-job': job.id,
      title: `${job.run}, began ${dateTime(job.started_us / 1e6)}`,
    },
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
  const inView = panels.timeline.spans.filter(({ x0, x1 }) => x1 >= low && x0 <= high);
  // Where every run can have a block, room is kept for those further left.
  const each = inView.length * (needed + BETWEEN_PX) <= width ? needed + BETWEEN_PX : 0;
  for (const { element } of drawn.values()) element.classList.add('off');
  let room = left + width + 2;
  for (let k = inView.length - 1; k >= 0; k -= 1) {
    const first = left + k * each;
    const right = Math.min(room, Math.max(across(inView[k].x1), first + needed));
    const start = Math.max(first, Math.min(across(inView[k].x0), right - needed));
    if (right - start < needed * 0.98) continue;
    place(inView[k].job.id, start, right);
    room = start - BETWEEN_PX;
  }
}

function place(id, start, right) {
  const element = drawn.get(id)?.element;
  if (!element) return;
  element.classList.remove('off');
  element.style.setProperty('--l', `${start}px`);
  element.style.setProperty('--w', `${right - start}px`);
}
