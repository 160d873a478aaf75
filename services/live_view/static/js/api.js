/* The server's answers: JSON as it is, frames as typed columns. Keeps nothing, draws nothing. */

const MAGIC = 0x53544c53;
const VERSION = 1;
const HEADER_BYTES = 32;

/** Name and type of each column, in the order of the wire; each starts at a multiple of 8 bytes. */
export const COLUMNS = [
  ['frame', Float64Array],
  ['t', Float64Array],
  ['nStrong', Uint32Array],
  ['solventRatio', Float32Array],
  ['dMinContiguous', Float32Array],
  ['dMinCctbx', Float32Array],
  ['nLattices', Uint8Array],
  ['flags', Uint8Array],
];

/** Difference between the server's clock and this browser's, in ms, from the newest answer. */
export const clock = { skewMs: 0 };

export const nowSeconds = () => (Date.now() + clock.skewMs) / 1000;

async function get(path, timeoutMs) {
  const response = await fetch(path, {
    cache: 'no-store',
    signal: AbortSignal.timeout(timeoutMs),
  });
  const date = Date.parse(response.headers.get('Date') || '');
  if (Math.abs(date - Date.now()) > 2000) clock.skewMs = date - Date.now();
  else clock.skewMs = 0;
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response;
}

export const getJson = async (path) => (await get(path, 10_000)).json();

export const getJobs = () => getJson('/api/jobs');
export const getRates = () => getJson('/api/rates');
export const getFrame = (id, frame, lane = null) =>
  getJson(`/api/jobs/${id}/frame/${frame}${lane ? `?lane=${lane}` : ''}`);

/** Reads the body of `/api/jobs/{id}/frames`. Throws when it is not one. */
export function decodeFrames(buffer) {
  if (buffer.byteLength < HEADER_BYTES) throw new Error('frames: answer shorter than its header');
  const [magic, version, n, revision, full, total] = new Uint32Array(buffer, 0, 8);
  if (magic !== MAGIC || version !== VERSION) {
    throw new Error('frames: not version 1 of the frame columns; reload the page');
  }
  const rows = {};
  let offset = HEADER_BYTES;
  for (const [name, Type] of COLUMNS) {
    offset = Math.ceil(offset / 8) * 8;
    rows[name] = new Type(buffer, offset, n);
    offset += n * Type.BYTES_PER_ELEMENT;
  }
  return { n, revision, full: full === 1, total, rows };
}

/** What changed since a revision; resolutions at this I/σ cut-off. */
export async function getFrames(id, since, iSigi) {
  const response = await get(`/api/jobs/${id}/frames?since=${since}&i_sigi=${iSigi}`, 60_000);
  return decodeFrames(await response.arrayBuffer());
}

/** True when the server answers at all; never throws. */
export async function isReachable() {
  try {
    await fetch('/api/health', { cache: 'no-store', signal: AbortSignal.timeout(4000) });
    return true;
  } catch {
    return false;
  }
}
