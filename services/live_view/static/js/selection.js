/* Which runs are shown: by trial, by tags, and how many. Pure but for its own choice. */

const DEFAULTS = { hit: 40, solvent: 1, d_min_quality: 2.5, lattices: 2, i_sigi: 1 };

/** The trial's cut-offs of a job; what the server leaves out has FIELD's default. */
export const trialCuts = (job) => {
  const cuts = { ...DEFAULTS, resolution: 'contiguous' };
  for (const name of Object.keys(DEFAULTS)) {
    const value = job?.cutoffs?.[name];
    if (Number.isFinite(value)) cuts[name] = value;
  }
  return cuts;
};

export class Selection {
  constructor({ show, trial, tags, overrides }) {
    Object.assign(this, { show, trial, tags, overrides });
  }

  /** Trial in view: the chosen one where it exists, else the newest job's. */
  trialOf(jobs) {
    if (jobs.some((job) => job.trial === this.trial)) return this.trial;
    return jobs.at(-1)?.trial ?? null;
  }

  ofTrial(jobs) {
    const trial = this.trialOf(jobs);
    return jobs.filter((job) => job.trial === trial);
  }

  /** The run that header, sentence and lights speak of. */
  newest(jobs) {
    return this.ofTrial(jobs).at(-1) ?? null;
  }

  /** Jobs shown in the panels, oldest first. */
  shown(jobs) {
    const tagged = this.ofTrial(jobs).filter(
      (job) => !this.tags.size || job.tags.some((tag) => this.tags.has(tag)),
    );
    return this.show === 'all' ? tagged : tagged.slice(-Number(this.show));
  }

  tagsOf(jobs) {
    return [...new Set(this.ofTrial(jobs).flatMap((job) => job.tags))];
  }

  cutsOf(job) {
    return { ...trialCuts(job), ...this.overrides };
  }
}
