/* Binary search in sorted arrays. */

/** First index in `array[0, n)` whose value is at least `value`. */
export function lowerBound(array, n, value) {
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (array[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** First index in `array[0, n)` whose value is above `value`. */
export function upperBound(array, n, value) {
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (array[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
