/* One frame laid out: what was found, its lattices and shells, how it was processed. Shows what
   the server answers; computes nothing. */

import { getFrame } from './api.js';
import { el, find } from './dom.js';
import { count, dateTime, runName } from './format.js';
import { shellTable } from './shells.js';

const STAGES = ['written', 'announced', 'dispatched', 'taken', 'done'];
const HEAD = new Set([
  'job', 'attempt', 'run', 'frame', 'lattices', 'timings_ms', 'stages_us', 'versions',
  'n_strong', 'outcome', 'reason', 'ts_us', 'ts_source',
]);

const isNumber = (value) => typeof value === 'number';
const digits = (value, n) => (isNumber(value) ? value.toFixed(n) : '–');

function text(value) {
  if (value === null || value === undefined) return '–';
  if (isNumber(value)) return Number.isInteger(value) ? String(value) : String(+value.toPrecision(6));
  if (Array.isArray(value)) return value.map(text).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const pairs = (list) =>
  el('dl', { class: 'pairs' }, list.flatMap(([k, v]) => [el('dt', {}, k), el('dd', {}, text(v))]));

const card = (title, ...children) => el('section', { class: 'card' }, el('h3', {}, title), ...children);

function big(frame) {
  const numbers = [
    [frame.n_strong, 'strong spots'],
    [(frame.lattices ?? []).length, 'lattices'],
    [isNumber(frame.d_min_contiguous) ? `${frame.d_min_contiguous.toFixed(2)} Å` : '–', 'resolution'],
    [digits(frame.solvent_ratio, 2), 'solvent ratio'],
  ];
  return el(
    'div',
    { class: 'big' },
    numbers.map(([value, name]) => el('p', {}, el('b', {}, text(value)), el('span', {}, name))),
  );
}

function outcome(frame) {
  const words = [['outcome', frame.outcome]];
  if (frame.reason) words.push(['reason', frame.reason]);
  if (isNumber(frame.ts_us)) {
    words.push(['event time', `${dateTime(frame.ts_us / 1e6)} (${text(frame.ts_source)})`]);
  }
  words.push(['attempt', frame.attempt]);
  return card('Outcome', pairs(words));
}

const withUnit = (values, unit) =>
  values.some(isNumber) ? `${values.map((v) => digits(v, 2)).join(', ')} ${unit}` : '–';

function lattice(one, k) {
  const cell = one.unit_cell ?? [];
  const lengths = cell.slice(0, 3).map((v) => digits(v, 2)).join(', ');
  const angles = cell.slice(3).map((v) => digits(v, 2)).join(', ');
  return card(
    `Lattice ${k + 1}`,
    pairs([
      ['space group', one.space_group],
      ['a, b, c', `${lengths} Å`],
      ['α, β, γ', `${angles}°`],
      ['indexed, integrated', `${text(one.n_indexed)}, ${text(one.n_integrated)}`],
      ['rmsd', withUnit([one.rmsd_px], 'px')],
      ['observed − predicted', withUnit(one.offset_px ?? [], 'px')],
      ['resolution', withUnit([one.d_min_contiguous], 'Å')],
      ['resolution, as cctbx', withUnit([one.d_min_cctbx], 'Å')],
    ]),
    shellTable(one.shells, one.d_min_contiguous),
  );
}

function timings(frame) {
  const steps = Object.entries(frame.timings_ms ?? {}).filter(([, ms]) => isNumber(ms));
  if (!steps.length) return null;
  return card('Time taken', pairs(steps.map(([name, ms]) => [name, `${ms.toFixed(1)} ms`])));
}

/** The frame's way: seconds from each stage to the next. */
function stages(frame) {
  const known = STAGES.filter((name) => isNumber(frame.stages_us?.[name]));
  if (!known.length) return null;
  const rows = known.map((name, k) => {
    const at = frame.stages_us[name];
    const step = k ? ` (+${((at - frame.stages_us[known[k - 1]]) / 1e6).toFixed(3)} s)` : '';
    return [name, `${dateTime(at / 1e6)}${step}`];
  });
  return card('Its way', pairs(rows));
}

function rest(frame) {
  const others = Object.entries(frame).filter(([name]) => !HEAD.has(name));
  const versions = Object.entries(frame.versions ?? {});
  return card('How it was processed', pairs([...others, ...versions].map(([k, v]) => [k.replaceAll('_', ' '), v])));
}

export class FrameDialog {
  /** `neighbour(job, frame, step)` gives the frame before or after, or null. A job may carry the
      lane that is looked at, and a label of it. */
  constructor(neighbour) {
    this.neighbour = neighbour;
    this.dialog = find('#frame');
    find('#frame-close').onclick = () => this.dialog.close();
    find('#frame-previous').onclick = () => this.#step(-1);
    find('#frame-next').onclick = () => this.#step(1);
    this.dialog.addEventListener('keydown', (e) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
      if (step) this.#step(step);
    });
  }

  async open(job, frame) {
    this.job = job;
    this.frame = frame;
    const which = job.label ? `: ${job.label}` : '';
    find('#frame-title').textContent = `${runName(job)}, frame ${count(frame)}${which}`;
    this.#fill(el('p', { class: 'nothing' }, 'Asking the server'));
    if (!this.dialog.open) this.dialog.showModal();
    try {
      const answer = await getFrame(job.id, frame, job.lane);
      if (this.frame === frame && this.job === job) this.#show(answer);
    } catch (error) {
      this.#fill(el('p', { class: 'nothing' }, `This frame could not be fetched: ${error.message}`));
    }
  }

  #show(frame) {
    const raw = el(
      'details',
      {},
      el('summary', {}, 'As JSON'),
      el('pre', {}, JSON.stringify(frame, null, 2)),
    );
    this.#fill(
      big(frame), outcome(frame), (frame.lattices ?? []).map(lattice),
      timings(frame), stages(frame), rest(frame), raw,
    );
  }

  #fill(...children) {
    const body = find('#frame-body');
    body.replaceChildren(...children.flat().filter(Boolean));
    body.scrollTop = 0;
    find('#frame-previous').disabled = this.neighbour(this.job, this.frame, -1) === null;
    find('#frame-next').disabled = this.neighbour(this.job, this.frame, 1) === null;
  }

  #step(step) {
    const frame = this.neighbour(this.job, this.frame, step);
    if (frame !== null) this.open(this.job, frame);
  }
}
