// Keeps /gocd up to date in place: every half minute the same page is asked for, and only what has
// changed in it is replaced, so that nobody loses what they read, have opened, or have focused. A
// hidden tab asks for nothing.
const EVERY_MS = 30_000;

let askedAt = Date.now();
let isAsking = false;

async function refresh() {
  if (isAsking) return;
  isAsking = true;
  askedAt = Date.now();
  try {
    const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    if (answer.ok && page.getElementById('refreshed')) update(page);
    else tell(`Not refreshed: ${page.querySelector('h1')?.textContent ?? answer.statusText}.`);
  } catch {
    tell('Not refreshed: this app could not be reached.');
  } finally {
    isAsking = false;
  }
}

function tell(words) {
  const place = document.getElementById('trouble');
  if (place && place.textContent !== words) place.textContent = words;
}

function update(page) {
  const focused = placeOfFocus();
  document.title = page.title;
  replaceIcon(page.querySelector('link[rel=icon]')?.getAttribute('href'));
  for (const id of ['summary', 'refreshed', 'more']) replaceContent(id, page);
  const list = document.getElementById('pipelines');
  const fresh = page.getElementById('pipelines');
  if (list?.localName === 'ol' && fresh?.localName === 'ol') updateLines(list, fresh);
  else if (list && fresh) list.replaceWith(document.adoptNode(fresh));
  giveFocusBack(focused);
}

function replaceIcon(href) {
  const icon = document.querySelector('link[rel=icon]');
  if (icon && href && icon.getAttribute('href') !== href) icon.setAttribute('href', href);
}

function replaceContent(id, page) {
  const [old, fresh] = [document.getElementById(id), page.getElementById(id)];
  if (!old || !fresh || old.innerHTML === fresh.innerHTML) return;
  old.replaceChildren(...[...fresh.childNodes].map((node) => document.adoptNode(node)));
}

function updateLines(list, fresh) {
  const old = new Map([...list.children].map((line) => [line.dataset.key, line]));
  [...fresh.children].forEach((line, index) => {
    const known = old.get(line.dataset.key);
    old.delete(line.dataset.key);
    const shown = known && isSame(known, line) ? known : renewed(known, line);
    if (known && known !== shown) known.replaceWith(shown);
    if (list.children[index] !== shown) list.insertBefore(shown, list.children[index] ?? null);
  });
  for (const gone of old.values()) gone.remove();
}

/** Whether the person has opened its jobs is theirs to say, and no change. */
function isSame(known, line) {
  const copy = known.cloneNode(true);
  copy.querySelector('details')?.removeAttribute('open');
  return copy.outerHTML === line.outerHTML;
}

function renewed(known, line) {
  const fresh = document.adoptNode(line);
  const details = fresh.querySelector('details');
  if (details && known?.querySelector('details')?.open) details.open = true;
  return fresh;
}

/** A line that is replaced, or moved, loses the focus that was in it. */
function placeOfFocus() {
  const element = document.activeElement;
  const line = element?.closest('[data-key]');
  if (line) return { element, key: line.dataset.key, index: focusable(line).indexOf(element) };
  return element?.id ? { element, id: element.id } : undefined;
}

function giveFocusBack(place) {
  if (!place || document.activeElement === place.element) return;
  const line = place.key && document.querySelector(`[data-key="${CSS.escape(place.key)}"]`);
  const element = line ? focusable(line)[place.index] : document.getElementById(place.id ?? '');
  element?.focus({ preventScroll: true });
}

function focusable(line) {
  return [...line.querySelectorAll('a, summary')];
}

function refreshIfDue() {
  if (!document.hidden && Date.now() - askedAt >= EVERY_MS) void refresh();
}

if (document.getElementById('refreshed')) {
  setInterval(refreshIfDue, 1000);
  document.addEventListener('visibilitychange', refreshIfDue);
  document.getElementById('main').addEventListener('click', (event) => {
    if (event.target.id !== 'refresh' || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    void refresh();
  });
}
