/* The drawer with the cut-offs: the viewer's values lie over the trial's, and only here. */

import { el, find } from './dom.js';

const SLIDERS = [
  { name: 'hit', title: 'Hit', unit: 'strong spots', low: 5, high: 200, step: 1, digits: 0 },
  { name: 'solvent', title: 'Solvent', unit: 'ring ratio', low: 0.5, high: 2, step: 0.01, digits: 2 },
  { name: 'd_min_quality', title: 'High quality', unit: 'Å or better', low: 1.2, high: 6, step: 0.1, digits: 1 },
  { name: 'i_sigi', title: 'Resolution', unit: 'I/σ or more', low: 0.5, high: 6, step: 0.1, digits: 1 },
  { name: 'lattices', title: 'Multi-lattice', unit: 'lattices or more', low: 2, high: 5, step: 1, digits: 0 },
];
const DEFINITIONS = { contiguous: 'contiguous shells', cctbx: 'as cctbx.xfel' };

export const CUT_NAMES = [...SLIDERS.map(({ name }) => name), 'resolution'];

/** Overrides from text (the address): unknown or unreadable ones are left out. */
export function readCuts(get) {
  const cuts = {};
  for (const { name, low, high } of SLIDERS) {
    const value = Number(get(name) ?? NaN);
    if (Number.isFinite(value)) cuts[name] = Math.min(high, Math.max(low, value));
  }
  if (Object.hasOwn(DEFINITIONS, get('resolution') ?? '')) cuts.resolution = get('resolution');
  return cuts;
}

export class Drawer {
  constructor(onChange) {
    this.onChange = onChange;
    this.trial = null;
    this.overrides = {};
    this.button = find('#cutoffs-button');
    this.box = find('#cutoffs');
    this.button.onclick = () => this.toggle(this.box.hidden);
    find('#cutoffs-close').onclick = () => this.toggle(false);
    find('#cutoffs-reset').onclick = () => this.#set({});
    find('#copy-link').onclick = (e) => copyLink(e.target);
  }

  toggle(isOpen) {
    this.box.hidden = !isOpen;
    this.button.setAttribute('aria-expanded', String(isOpen));
    (isOpen ? this.box.querySelector('input') : this.button).focus();
  }

  /** Shows the trial's values and what the viewer made of them. */
  show(trial, overrides) {
    this.overrides = overrides;
    const key = JSON.stringify(trial);
    if (this.key !== key) {
      this.key = key;
      this.trial = trial;
      find('#cutoffs-form').replaceChildren(
        ...SLIDERS.map((slider) => this.#slider(slider)),
        this.#definitions(),
      );
    }
    this.#values();
  }

  #values() {
    for (const { name, unit, digits } of SLIDERS) {
      const value = this.overrides[name] ?? this.trial[name];
      this.box.querySelector(`[name=${name}]`).value = value;
      this.box.querySelector(`[for=cut-${name}][data-value]`).textContent =
        `${value.toFixed(digits)} ${unit}`;
    }
    const definition = this.overrides.resolution ?? this.trial.resolution;
    this.box.querySelector(`[name=resolution][value=${definition}]`).checked = true;
    const changed = Object.keys(this.overrides).length;
    this.button.textContent = changed ? `Cut-offs, ${changed} changed` : 'Cut-offs';
  }

  #slider({ name, title, low, high, step, digits }) {
    const trial = this.trial[name];
    const input = el('input', {
      id: `cut-${name}`,
      name,
      type: 'range',
      min: Math.min(low, trial),
      max: Math.max(high, trial),
      step,
      oninput: () => this.#change(name, Number(input.value)),
    });
    return el(
      'div',
      { class: 'cut' },
      el('label', { for: input.id }, title),
      el('output', { for: input.id, 'data-value': true }),
      input,
      el('small', {}, `trial: ${trial.toFixed(digits)}`),
    );
  }

  #definitions() {
    const radios = Object.entries(DEFINITIONS).map(([value, text]) =>
      el(
        'label',
        {},
        el('input', {
          type: 'radio', name: 'resolution', value, onchange: () => this.#change('resolution', value),
        }),
        text,
      ),
    );
    return el('fieldset', { class: 'cut' }, el('legend', {}, 'Shells of the resolution'), ...radios);
  }

  #change(name, value) {
    const { [name]: _, ...others } = this.overrides;
    this.#set(value === this.trial[name] ? others : { ...others, [name]: value });
  }

  #set(overrides) {
    this.overrides = overrides;
    this.#values();
    this.onChange(overrides);
  }
}

async function copyLink(button) {
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = 'Link copied';
  } catch {
    button.textContent = 'Copy it from the address bar';
  }
}
