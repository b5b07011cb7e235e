// A click whose answer takes over a second shows that something is happening. The page itself cannot
// come earlier: its status and its cookies are known when the provider has answered.
const PATIENCE_MS = 1000;

const status = document.createElement('p');
status.className = 'waiting';
status.setAttribute('role', 'status'); // is there, empty, before it speaks: screen readers want that
document.body.append(status);

let timer;

function wait() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    status.textContent = 'Waiting for an answer…';
  }, PATIENCE_MS);
}

function stop() {
  clearTimeout(timer);
  status.textContent = '';
}

function leadsAway(link) {
  const { origin, pathname, search, hash, target } = link;
  const isHere = pathname === location.pathname && search === location.search && hash !== '';
  return origin === location.origin && target === '' && !link.download && !isHere;
}

addEventListener('click', (event) => {
  const link = event.target.closest('a[href]');
  const isForAnotherTab = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  if (link && leadsAway(link) && !isForAnotherTab && !event.defaultPrevented) wait();
});
addEventListener('submit', (event) => {
  if (!event.defaultPrevented) wait();
});
addEventListener('pageshow', stop); // also when the person comes back to it
addEventListener('keydown', ({ key }) => {
  if (key === 'Escape') stop(); // which ends the loading, too
});
