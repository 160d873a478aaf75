/* Runs before the first paint: the theme and view asked for in the address. */
{
  const query = new URLSearchParams(location.search);
  const root = document.documentElement;
  if (['light', 'dark'].includes(query.get('theme'))) root.dataset.theme = query.get('theme');
  if (query.get('view') === 'wall') root.dataset.view = 'wall';
}
