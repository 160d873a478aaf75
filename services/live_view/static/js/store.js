/* Everything the page knows: jobs, their frames and tallies, the newest rates. Fetches frames of
   the jobs that are shown, one request a job at a time. Draws nothing. */

import { getFrames, getJobs, getRates } from './api.js';
import { Columns } from './columns.js';
import { Tally } from './tally.js';

const NO_COLUMNS = new Columns();

export class Store {
  constructor(onChange) {
    this.jobs = [];
    this.experiment = null;
    this.rates = new Map(); // job name -> newest RatesUpdated
    this.advice = new Map(); // job name -> AdviceRaised in force
    this.pastAdvice = new Map(); // job name -> [{ cause, level, since_us, cleared_us }]
    this.endedWith = new Map(); // job name -> AdviceRaised that held when the run ended
    this.revision = 0;
    this.isKnown = false; // the list of jobs was answered at least once
    this.onChange = onChange;
    this.known = new Map(); // id -> { job, columns, tally, cuts, isLoaded, loading, … }
    this.wanted = new Set();
  }

  columns = (id) => this.known.get(id)?.columns ?? NO_COLUMNS;
  tally = (id) => this.known.get(id)?.tally;
  isLoaded = (id) => this.known.get(id)?.isLoaded ?? false;

  async loadJobs() {
    const { experiment, jobs } = await getJobs();
    this.experiment = experiment;
    this.jobs = jobs;
    this.isKnown = true;
    for (const job of jobs) {
      const entry = this.known.get(job.id);
      if (entry && entry.job !== job.job) this.known.delete(job.id); // the id was given anew
    }
    this.#changed();
  }

  async loadRates() {
    const answer = await getRates();
    const list = Array.isArray(answer) ? answer : (answer.rates ?? Object.values(answer));
    for (const rates of list) if (rates?.job) this.#takeRates(rates);
    for (const advice of answer.advice ?? []) this.advice.set(advice.job, advice);
    this.#changed();
  }

  takeRates(rates) {
    this.#takeRates(rates);
    this.#changed();
  }

  /** Keeps the frames of these jobs loaded and current under the cut-offs given per job. */
  async want(ids) {
    this.wanted = new Set(ids);
    await Promise.all(ids.filter((id) => !this.isLoaded(id)).map((id) => this.refresh(id)));
  }

  /** Fetches what is new of a job; a call during a request leads to one more request after it. */
  async refresh(id) {
    if (!this.wanted.has(id)) return;
    const entry = this.#entry(id);
    if (entry.loading) {
      entry.isStale = true;
      await entry.loading;
      return;
    }
    entry.loading = this.#fetchUntilCurrent(id, entry);
    try {
      await entry.loading;
    } finally {
      entry.loading = null;
    }
  }

  /** After a lost connection: the server may be another one, so everything is asked anew. */
  async refreshAll() {
    for (const entry of this.known.values()) entry.columns.revision = 0;
    for (const [id, entry] of this.known) if (!this.wanted.has(id)) entry.isLoaded = false;
    await Promise.all([...this.wanted].map((id) => this.refresh(id)));
  }

  async refreshWanted() {
    await Promise.all([...this.wanted].map((id) => this.refresh(id)));
  }

  /** The tally under the trial's own cut-offs, whatever this viewer's sliders say. */
  trialTally(id, trialCuts) {
    const entry = this.known.get(id);
    if (!entry?.cuts) return undefined; // not answered yet
    if (sameCuts(entry.cuts, trialCuts)) return entry.tally;
    entry.trial ??= { tally: new Tally(), firstChanged: 0 };
    entry.trial.tally.update(entry.columns, trialCuts, entry.trial.firstChanged);
    entry.trial.firstChanged = entry.columns.n;
    return entry.trial.tally;
  }

  arrivedMs = (id) => this.known.get(id)?.arrivedMs ?? 0;

  /** Recounts everything under other cut-offs. */
  recount(cutsOf) {
    for (const [id, entry] of this.known) {
      entry.cuts = cutsOf(id);
      entry.tally.update(entry.columns, entry.cuts, 0);
    }
    this.cutsOf = cutsOf;
    this.#changed();
    return this.#refreshOther();
  }

  /** Resolutions at another I/σ cut-off are the server's to say; all else is counted here. */
  async #refreshOther() {
    const others = [...this.known].filter(
      ([, entry]) => entry.iSigi !== undefined && entry.iSigi !== entry.cuts.i_sigi,
    );
    for (const [id, entry] of others) if (!this.wanted.has(id)) entry.isLoaded = false;
    await Promise.all(others.map(([id]) => this.refresh(id)));
  }

  async #fetchUntilCurrent(id, entry) {
    do {
      entry.isStale = false;
      const { i_sigi: iSigi } = this.cutsOf(id);
      const since = entry.iSigi === iSigi ? entry.columns.revision : 0;
      const answer = await getFrames(id, since, iSigi);
      entry.iSigi = iSigi;
      const first = entry.columns.apply(answer);
      entry.cuts ??= this.cutsOf(id);
      entry.tally.update(entry.columns, entry.cuts, first);
      if (entry.trial) entry.trial.firstChanged = Math.min(entry.trial.firstChanged, first);
      if (!answer.full && answer.n) entry.arrivedMs = Date.now();
      entry.isLoaded = true;
      this.#changed();
    } while (entry.isStale);
  }

  #entry(id) {
    if (!this.known.has(id)) {
      const job = this.jobs.find((one) => one.id === id)?.job;
      this.known.set(id, { job, columns: new Columns(), tally: new Tally(), isLoaded: false });
    }
    return this.known.get(id);
  }

  #takeRates(rates) {
    const old = this.rates.get(rates.job);
    if (old && old.attempt === rates.attempt && old.revision > rates.revision) return;
    this.rates.set(rates.job, rates);
    const advice = Array.isArray(rates.advice) ? rates.advice.at(-1) : rates.advice;
    if (advice) this.advice.set(rates.job, advice);
    else if ('advice' in rates) this.advice.delete(rates.job);
    if (rates.ended_with) this.endedWith.set(rates.job, rates.ended_with);
    else this.endedWith.delete(rates.job);
    if (rates.past_advice) this.pastAdvice.set(rates.job, rates.past_advice);
  }

  #changed() {
    this.revision += 1;
    this.onChange();
  }
}

const sameCuts = (a, b) => Object.keys(b).every((name) => a[name] === b[name]);
