/* Numbers, times and durations as text. */

const pad = (n, width = 2) => String(n).padStart(width, '0');

export const count = (n) => n.toLocaleString('en-US');
export const percent = (fraction, digits = 0) =>
  fraction === null ? '–' : (fraction * 100).toFixed(digits);
export const plural = (n, word, many = `${word}s`) => `${count(n)} ${n === 1 ? word : many}`;

/** Clock time of epoch seconds in the browser's zone: 04:02:13, or with tenths. */
export function clockTime(time, { tenths = false } = {}) {
  const d = new Date(time * 1000);
  const text = `${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}`;
  return tenths ? `${text}.${Math.floor(d.getMilliseconds() / 100)}` : text;
}

/** 23 Nov 04:02:13 */
export function dateTime(time) {
  const d = new Date(time * 1000);
  const month = d.toLocaleString('en-GB', { month: 'short' });
  return `${d.getDate()} ${month} ${d.getFullYear()}, ${clockTime(time)}`;
}

/** With tenths; the date stands before it unless it is today's. */
export function moment(time) {
  const isToday = new Date(time * 1000).toDateString() === new Date().toDateString();
  return isToday ? clockTime(time, { tenths: true }) : dateTime(time);
}

export const zoneName = () =>
  new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' })
    .formatToParts(new Date())
    .find((part) => part.type === 'timeZoneName').value;

/** 0.4 s, 12 s, 3 min 20 s, 5 h 12 min, 12 d */
export function duration(seconds) {
  const s = Math.max(0, seconds);
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 100) return `${Math.round(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${pad(Math.floor(s % 60))} s`;
  if (s < 172_800) return `${Math.floor(s / 3600)} h ${pad(Math.floor((s % 3600) / 60))} min`;
  return `${count(Math.floor(s / 86_400))} d`;
}

/** "exp/source/0013/v1" is shown by its number. */
export const runName = (job) => `Run ${String(job.number).replace(/^0+(?=.)/, '')}`;
