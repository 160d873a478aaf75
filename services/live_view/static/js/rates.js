/* Rates as FIELD defines them: every one names its numerator and its denominator. Pure. */

const Z = 1.959963984540054; // two-sided 95 % of the normal distribution

/** What each rate counts: prefix sums of a tally; a null denominator means processed frames. */
export const RATES = {
  solvent: { numerator: 'solvent', denominator: null },
  hit: { numerator: 'hit', denominator: null },
  indexing: { numerator: 'indexed', denominator: 'selected' },
  indexing_success: { numerator: 'indexed', denominator: 'tried' },
  multi_lattice: { numerator: 'multi', denominator: 'selected' },
  high_quality: { numerator: 'quality', denominator: 'indexed' },
};

/** A fraction with its 95 % Wilson interval; all null without a denominator. */
export function wilson(numerator, denominator) {
  if (!denominator) return { numerator, denominator, value: null, low: null, high: null };
  const [p, n, z2] = [numerator / denominator, denominator, Z * Z];
  const centre = p + z2 / (2 * n);
  const half = Z * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n));
  const scale = 1 + z2 / n;
  return {
    numerator,
    denominator,
    value: p,
    low: numerator === 0 ? 0 : Math.max(0, (centre - half) / scale),
    high: numerator === denominator ? 1 : Math.min(1, (centre + half) / scale),
  };
}

const count = (tally, name, from, to) => tally.sums[name][to] - tally.sums[name][from];

/** One rate over the processed rows [from, to) of a tally. */
export function rateOver(tally, name, from, to) {
  const { numerator, denominator } = RATES[name];
  return wilson(
    count(tally, numerator, from, to),
    denominator ? count(tally, denominator, from, to) : to - from,
  );
}

export function ratesOver(tally, from, to) {
  return Object.fromEntries(
    Object.keys(RATES).map((name) => [name, rateOver(tally, name, from, to)]),
  );
}

/** The statistics bar of a run. */
export function summaryOf(tally, nUnreadable) {
  const all = (name) => tally.sums[name][tally.n];
  return {
    n_processed: tally.n,
    n_selected: all('selected'),
    n_tried: all('tried'),
    n_solvent: all('solvent'),
    n_hits: all('hit'),
    n_indexed: all('indexed'),
    n_multi_lattice: all('multi'),
    n_high_quality: all('quality'),
    n_unreadable: nUnreadable,
    rates: ratesOver(tally, 0, tally.n),
  };
}

/** Crystals per shot among frames with solvent: -ln(1 - h), with the interval of h; or null. */
export function crystalsPerShot(tally, from, to) {
  const h = wilson(
    count(tally, 'solventHit', from, to),
    count(tally, 'solvent', from, to),
  );
  if (!h.value || h.value >= 1) return null;
  const lambda = (x) => -Math.log(1 - x);
  return { value: lambda(h.value), low: lambda(h.low), high: lambda(h.high) };
}
