/* The page: what is chosen, what the store knows, and one drawing of both per screen refresh. */

import { nowSeconds } from './api.js';
import { readAddress, writeAddress } from './address.js';
import { listenToControls, showControls } from './controls.js';
import { find } from './dom.js';
import { Drawer } from './drawer.js';
import { count, moment, zoneName } from './format.js';
import { FrameDialog } from './framedialog.js';
import { describe, frameAt, FrameList, showPopup } from './framelist.js';
import { listenToKeys, listenToPanels } from './gestures.js';
import { showHeader, showTrials } from './header.js';
import { showLegend } from './legend.js';
import { showLights } from './lights.js';
import { Panels } from './panels.js';
import { Selection, trialCuts } from './selection.js';
import { sentenceOf, showSentence } from './sentence.js';
import { isPreliminary, silenceOf, stateOf } from './state.js';
import { placeStatBars, showStatBars } from './statbars.js';
import { listenToTheme } from './theme.js';

const TICK_MS = 1000;

export class Page {
  constructor(store, feed) {
    this.store = store;
    this.feed = feed;
    const address = readAddress();
    this.selection = new Selection(address);
    this.zoomTimes = address.times; // a zoom from the address waits for its data
    store.cutsOf = (id) => this.cutsOf(id);
    this.#makeParts();
    this.drawnRevision = 0;
    setInterval(() => this.schedule(), TICK_MS);
  }

  cutsOf(id) {
    return this.selection.cutsOf(this.store.jobs.find((job) => job.id === id));
  }

  get newest() {
    return this.selection.newest(this.store.jobs);
  }

  get cuts() {
    return this.selection.cutsOf(this.newest);
  }

  schedule() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.draw();
    });
  }

  /** Fetches what the selection shows; draws again as answers come. */
  async choose() {
    const { selection, store } = this;
    const ids = selection.shown(store.jobs).map((job) => job.id);
    if (this.newest && !ids.includes(this.newest.id)) ids.push(this.newest.id);
    this.schedule();
    await store.want(ids);
  }

  draw() {
    const { store, selection, newest } = this;
    const revision = store.revision;
    const known = newest && this.#runOf(newest);
    const state = stateOf({
      job: newest,
      columns: known?.columns,
      tally: known?.tally,
      contact: this.#contact(),
      now: nowSeconds(),
      arrivedMs: newest ? store.arrivedMs(newest.id) : 0,
    });
    document.documentElement.dataset.state = state.kind;
    showTrials(store.jobs, selection.trialOf(store.jobs));
    showControls(selection, store.jobs, () => this.#reselect());
    this.drawer.show(trialCuts(newest), selection.overrides);
    this.#drawState(state, newest, known);
    this.#drawPanels(state);
    this.list.show(known, this.cuts);
    queueMicrotask(() => { this.drawnRevision = revision; }); // after uPlot's own microtask
  }

  #makeParts() {
    const boxes = Object.fromEntries(
      ['a', 'b', 'c'].map((name) => [name, find(`[data-panel=${name}]`)]),
    );
    this.dialog = new FrameDialog((job, frame, step) => this.#neighbour(job, frame, step));
    const open = (job, frame) => this.dialog.open(job, frame);
    this.list = new FrameList(open);
    this.panels = new Panels(boxes, { onZoom: () => this.#zoomed() });
    listenToPanels(this.panels, {
      onFrames: (found, event) => showPopup(found, event, this.cuts, open),
      onCursor: (x, found, u) => this.#hover(x, found, u),
    });
    listenToKeys(this.panels, find('#panels'));
    listenToControls(this.selection, () => this.#reselect());
    listenToTheme(() => this.panels.restyle());
    this.drawer = new Drawer((overrides) => this.#recut(overrides));
    new ResizeObserver(() => this.#resized()).observe(find('#plots'));
    addEventListener('keydown', (e) => { if (e.key === 'Escape') this.#escape(); });
    addEventListener('pointerdown', (e) => {
      if (!e.target.closest('#popup')) find('#popup').hidden = true;
    });
  }

  #contact() {
    const { isConnected, lostAtMs } = this.feed;
    return { isConnected, lostAtMs, isLoaded: this.store.isKnown };
  }

  #runOf(job) {
    const { store } = this;
    const columns = store.columns(job.id);
    const tally = store.tally(job.id);
    if (!tally) return null;
    const { nUnreadable } = columns;
    return { job, columns, tally, nUnreadable, isPreliminary: isPreliminary(job, columns) };
  }

  #drawState(state, job, known) {
    const { store } = this;
    const rates = job && store.rates.get(job.job);
    const advice = job && store.advice.get(job.job);
    const endedWith = job && store.endedWith.get(job.job);
    const { tally } = known ?? {};
    const measured = tally?.n ? tally.sums.selected[tally.n] / tally.n : 1;
    const indexFraction = rates?.index_fraction ?? measured;
    const { agreement } = rates ?? {};
    showHeader({ state, job, experiment: store.experiment, indexFraction, agreement });
    const trial = job && store.trialTally(job.id, trialCuts(job));
    const past = (job && store.pastAdvice.get(job.job)) ?? [];
    const now = nowSeconds();
    const facts = { state, job, tally: trial, advice, endedWith, past, now, cells: rates?.cells };
    showSentence(sentenceOf(facts), state);
    const { isPreliminary } = known ?? {};
    showLights({ state, tally, cuts: this.cuts, isPreliminary, advice });
  }

  #drawPanels(state) {
    const { store, selection, panels } = this;
    const shown = selection.shown(store.jobs);
    const runs = shown.map((job) => this.#runOf(job)).filter((run) => run?.tally.n);
    const isNewestShown = runs.at(-1)?.job === this.newest;
    panels.update({
      runs,
      cuts: this.cuts,
      silenceSeconds: isNewestShown ? silenceOf(state) : 0,
      advices: this.#advices(shown),
    });
    if (this.zoomTimes && runs.length && shown.every((job) => store.isLoaded(job.id))) {
      const window = this.zoomTimes.map((time) => panels.timeline.positionOf(time));
      this.zoomTimes = null;
      if (window[1] > window[0]) panels.zoom(...window);
    }
    find('#void').hidden = runs.length > 0 || state.kind === 'connecting';
    showStatBars(panels.timeline.spans, (id) => this.cutsOf(id));
    placeStatBars(panels);
    this.#legend();
  }

  #advices(jobs) {
    const { advice, endedWith, pastAdvice } = this.store;
    return jobs.flatMap((job) => {
      const told = advice.get(job.job) ?? endedWith.get(job.job);
      const past = pastAdvice.get(job.job) ?? [];
      const isOther = (one) => one.cause !== told?.cause || one.since_us !== told.since_us;
      return [...past.filter(isOther), ...(told ? [told] : [])].map((one) => ({
        id: job.id,
        since: one.since_us / 1e6,
        until: one.cleared_us ? one.cleared_us / 1e6 : null,
        level: one.level,
        text: one.cause.replaceAll('_', ' '),
      }));
    });
  }

  #legend(x = null) {
    const { timeline, isRange } = this.panels;
    const { spans } = timeline;
    const hasScreened = spans.some(({ tally }) => tally.sums.selected[tally.n] < tally.n);
    showLegend({ spans, cuts: this.cuts, isRange, hasScreened }, x);
  }

  #hover(x, found, u) {
    this.#legend(x);
    u.over.style.cursor = found.length ? 'pointer' : '';
    const time = x === null ? null : this.panels.timeline.timeOf(x);
    let text = time === null ? '' : `${moment(time)} ${zoneName()}`;
    if (found.length) {
      const [{ span, i }] = found;
      const { frame, time: at } = frameAt(span, i);
      text = `Frame ${count(frame)}: ${describe(span, i, this.cuts).join(', ')}, ${moment(at)}`;
    }
    find('#cursor').textContent = text;
  }

  #neighbour(job, frame, step) {
    const columns = this.store.columns(job.id);
    const row = columns.rowOf(frame) + step;
    return columns.rowOf(frame) >= 0 && row >= 0 && row < columns.n ? columns.frame[row] : null;
  }

  #reselect() {
    this.panels.isZoomed = false;
    this.#zoomed();
    this.choose().catch((error) => this.feed.failed(error));
  }

  #recut(overrides) {
    this.selection.overrides = overrides;
    this.recutFrame ??= requestAnimationFrame(() => {
      this.recutFrame = null;
      this.store.recount((id) => this.cutsOf(id)).catch((error) => this.feed.failed(error));
      this.#writeAddress();
    });
  }

  #zoomed() {
    find('#zoom-all').disabled = !this.panels.isZoomed;
    placeStatBars(this.panels);
    this.#writeAddress();
  }

  #writeAddress() {
    const { isZoomed, timeline, window } = this.panels;
    const times = isZoomed ? window.map((x) => timeline.timeOf(x)) : this.zoomTimes;
    writeAddress({ ...this.selection, times });
  }

  #resized() {
    this.panels.resize();
    queueMicrotask(() => placeStatBars(this.panels));
  }

  #escape() {
    const popup = find('#popup');
    if (!popup.hidden) popup.hidden = true;
    else if (!find('#cutoffs').hidden) this.drawer.toggle(false);
  }
}
