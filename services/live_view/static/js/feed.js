/* Keeps the store current: server-sent events, polling when there are none, and an honest word
   about whether the server can be reached. Knows nothing of pictures. */

import { isReachable } from './api.js';

const POLL_MS = 2000;
const HEARTBEAT_MS = 3000;
const RETRY_MS = 2000;

export class Feed {
  constructor(store, onContact) {
    this.store = store;
    this.onContact = onContact;
    this.isConnected = false;
    this.wasLost = false;
    this.lostAtMs = null;
    this.hasBegun = false; // something was asked for
    this.hasStarted = false; // and answered
  }

  start() {
    this.wasLost = true; // nothing is loaded yet: the first contact asks for everything
    this.#beat();
    this.#listen();
    setInterval(() => this.#beat(), HEARTBEAT_MS);
    setInterval(() => this.#poll(), POLL_MS);
    addEventListener('online', () => this.#beat());
    addEventListener('offline', () => this.lost());
  }

  lost() {
    this.isConnected = false;
    this.wasLost = true;
    this.lostAtMs ??= Date.now();
    this.onContact();
  }

  reached() {
    this.isConnected = true;
    this.lostAtMs = null;
    this.onContact();
    if (!this.wasLost) return;
    this.wasLost = false;
    this.#try(() => this.#everything());
  }

  /** Something could not be fetched: with the next heartbeat everything is asked anew. */
  failed(error) {
    console.info(`live data: ${error.message}`);
    this.wasLost = true;
  }

  async #try(request) {
    try {
      await request();
    } catch (error) {
      this.failed(error);
    }
  }

  async #everything() {
    this.hasBegun = true;
    await this.store.loadJobs();
    await this.store.loadRates();
    if (this.hasStarted) await this.store.refreshAll();
    this.hasStarted = true;
  }

  #listen() {
    const events = new EventSource('/api/events');
    this.events = events;
    let isFirst = true;
    events.onopen = () => {
      if (!isFirst) this.wasLost = true; // events may have been missed
      else if (this.hasBegun) this.#try(() => this.#sinceLoading()); // here too, but a few
      isFirst = false;
      this.reached();
    };
    events.onerror = () => {
      this.wasLost = true;
      this.#beat();
      if (events.readyState === EventSource.CLOSED) setTimeout(() => this.#listen(), RETRY_MS);
    };
    const on = (name, act) => events.addEventListener(name, (e) => this.#try(() => act(e.data)));
    on('frames', async (data) => this.store.refresh(JSON.parse(data).id));
    on('jobs', async () => this.store.loadJobs());
    on('rates', async (data) => this.store.takeRates(JSON.parse(data)));
  }

  /** What was told after the first answers and before the stream of events was open. */
  async #sinceLoading() {
    await this.store.loadJobs();
    await this.store.loadRates();
    await this.store.refreshWanted();
  }

  async #beat() {
    if (await isReachable()) this.reached();
    else this.lost();
  }

  /** Without events the same answers are fetched by the clock. */
  #poll() {
    if (this.events.readyState === EventSource.OPEN || !this.isConnected) return;
    this.#try(async () => {
      await this.store.loadJobs();
      await this.store.refreshWanted();
    });
  }
}
