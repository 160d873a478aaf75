/* The list of frames beside the panels, and the short list at a click. Text only. */

import { lowerBound } from './bisect.js';
import { el, find, findAll } from './dom.js';
import { clockTime, count, plural } from './format.js';
import { INDEXED, SCREENED } from './tally.js';

const MOST = 14;
const REFRESH_MS = 2000;
const NOTES = {
  indexed: 'Most spots among indexed, last 60 s',
  unindexed: 'Most spots among not indexed, last 60 s',
  newest: 'Newest first',
};

export function describe({ tally, columns }, i, cuts) {
  const row = tally.row[i];
  const spots = columns.nStrong[row];
  const parts = [plural(spots, 'spot')];
  if (tally.kind[i] === INDEXED) {
    parts.push(plural(columns.nLattices[row], 'lattice'));
    if (!Number.isNaN(tally.resolution[i])) parts.push(`${tally.resolution[i].toFixed(2)} Å`);
  } else if (tally.kind[i] === SCREENED) parts.push('screened only');
  else parts.push(spots < cuts.hit ? 'not a hit' : 'not indexed');
  return parts;
}

export const frameAt = ({ job, columns, tally }, i) => ({
  job,
  frame: columns.frame[tally.row[i]],
  time: (job.started_us + tally.us[i]) / 1e6,
});

function chosen(run, kind) {
  const { tally } = run;
  const from = kind === 'newest'
    ? Math.max(0, tally.n - MOST)
    : lowerBound(tally.high, tally.n, tally.high[tally.n - 1] - 60);
  const rows = [];
  for (let i = from; i < tally.n; i += 1) {
    if (kind === 'newest' || (kind === 'indexed') === (tally.kind[i] === INDEXED)) rows.push(i);
  }
  rows.sort(kind === 'newest' ? (a, b) => b - a : (a, b) => tally.spots[b] - tally.spots[a]);
  return rows.slice(0, MOST);
}

export class FrameList {
  constructor(onOpen) {
    this.onOpen = onOpen;
    this.kind = 'indexed';
    this.drawnMs = 0;
    this.#listen();
  }

  /** Draws the list, at most every two seconds and never under the reader's hand. */
  show(run, cuts, { isNow = false } = {}) {
    this.last = [run, cuts];
    const list = find('#framelist');
    const isHeld = list.matches(':hover') || list.contains(document.activeElement);
    const isRecent = this.hasRows && Date.now() - this.drawnMs < REFRESH_MS;
    if (!isNow && (isHeld || isRecent)) return;
    this.drawnMs = Date.now();
    find('#framenote').textContent = NOTES[this.kind];
    const rows = run?.tally?.n ? chosen(run, this.kind) : [];
    this.hasRows = rows.length > 0;
    const empty = el('li', { class: 'nothing' }, 'The newest and the strongest frames appear here.');
    list.replaceChildren(...(rows.length ? rows.map((i) => this.#item(run, i, cuts)) : [empty]));
  }

  #item(run, i, cuts) {
    const { job, frame, time } = frameAt(run, i);
    return el(
      'li',
      {},
      el(
        'button',
        { type: 'button', onclick: () => this.onOpen(job, frame) },
        el('b', {}, count(frame)),
        el('time', {}, clockTime(time)),
        el('span', {}, describe(run, i, cuts).join(', ')),
      ),
    );
  }

  #listen() {
    const tabs = findAll('[role=tab]');
    tabs.forEach((tab, k) => {
      tab.onclick = () => {
        for (const each of tabs) {
          each.setAttribute('aria-selected', String(each === tab));
          each.tabIndex = each === tab ? 0 : -1;
        }
        this.kind = tab.dataset.list;
        if (this.last) this.show(...this.last, { isNow: true });
      };
      tab.onkeydown = (e) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
        if (!step) return;
        const next = tabs[(k + step + tabs.length) % tabs.length];
        next.focus();
        next.click();
      };
    });
  }
}

/** Up to six frames at a click, nearest first. */
export function showPopup(found, event, cuts, onOpen) {
  const popup = find('#popup');
  popup.hidden = !found.length;
  if (!found.length) return;
  popup.replaceChildren(
    ...found.map(({ span, i }) => {
      const { job, frame } = frameAt(span, i);
      const open = () => {
        popup.hidden = true;
        onOpen(job, frame);
      };
      return el(
        'button',
        { type: 'button', onclick: open },
        `Frame ${count(frame)}`,
        el('span', {}, describe(span, i, cuts).join(', ')),
      );
    }),
  );
  popup.style.left = `${Math.max(4, Math.min(event.clientX + 8, innerWidth - popup.offsetWidth - 8))}px`;
  popup.style.top = `${Math.max(4, Math.min(event.clientY + 8, innerHeight - popup.offsetHeight - 8))}px`;
  popup.querySelector('button').focus();
}
