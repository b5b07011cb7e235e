// What comes after the Rally page: the numbers on its other tabs, full lists in its choosers, buttons
// that copy, and how far a download is. The page is whole without it.

const query = location.search;

async function get(path) {
  const response = await fetch(path, { headers: { Accept: 'application/json' } });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.json();
}

async function showCounts() {
  for (const [type, count] of Object.entries(await get(`/rally/counts${query}`))) {
    document.querySelector(`[data-count="${type}"]`).textContent = count;
  }
}

const form = document.querySelector('.filters');
const status = form.querySelector('[role=status]');

/** Puts a list into a chooser behind its first options; what is chosen stays chosen. */
function fill(name, keep, options) {
  const select = form.elements.namedItem(name);
  const [chosen] = select.selectedOptions;
  const added = options.map(([value, label]) => {
    const option = document.createElement('option');
    [option.value, option.textContent] = [value, label];
    return option;
  });
  select.replaceChildren(...[...select.options].slice(0, keep), ...added);
  if (![...select.options].some(({ value }) => value === chosen.value)) select.append(chosen);
  select.value = chosen.value;
  const chip = document.querySelector(`[data-name="${name}"]`);
  if (chip && chosen.value) chip.textContent = select.selectedOptions[0].textContent;
}

async function showChoices(parameters) {
  const { workspaces, projects, iterations } = await get(`/rally/choices?${parameters}`);
  const byId = (list) => list.map(({ id, name }) => [id, name]);
  fill('workspace', 1, byId(workspaces));
  fill('project', 1, byId(projects));
  fill(
    'iteration',
    2,
    iterations.map((name) => [name, name]),
  );
  form.querySelector('.load').hidden = true;
}

/** Projects and iterations belong to a workspace: another one has others. */
async function showOtherChoices() {
  for (const name of ['project', 'iteration']) form.elements.namedItem(name).value = '';
  status.textContent = 'Asking for its projects and iterations…';
  try {
    const workspace = form.elements.namedItem('workspace').value;
    await showChoices(new URLSearchParams(workspace && { workspace }));
    status.textContent = 'Projects and iterations are those of this workspace now.';
  } catch {
    status.textContent = 'Rally did not name the projects of this workspace. Show it all the same.';
  }
}

function addCopyButton(paragraph) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'quiet';
  button.textContent = 'Copy';
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(paragraph.querySelector('code').textContent);
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Select it to copy it';
    }
  });
  button.setAttribute('aria-live', 'polite');
  paragraph.append(button);
}

/** Counts the rows of an export: each ends with a line, but a text in CSV has lines of its own. */
function rowCounter(isCsv) {
  let lines = 0;
  let isQuoted = false;
  return (bytes) => {
    for (const byte of bytes) {
      if (isCsv && byte === 0x22) isQuoted = !isQuoted;
      else if (byte === 0x0a && !isQuoted) lines += 1;
    }
    return Math.max(0, lines - 1);
  };
}

/** What is shown while a download goes on, in place of the browser's own, which knows no total. */
function addProgress(paragraph, cancel) {
  const bar = document.createElement('progress');
  bar.setAttribute('aria-label', 'Rows downloaded');
  const words = document.createElement('span');
  const button = document.createElement('button');
  [button.type, button.className, button.textContent] = ['button', 'quiet', 'Cancel'];
  button.addEventListener('click', cancel);
  const parts = [bar, words, button];
  paragraph.append(...parts);
  return {
    show(rows, total) {
      [bar.max, bar.value] = [Math.max(rows, total), rows];
      words.textContent = `${rows.toLocaleString()} of ${Math.max(rows, total).toLocaleString()}`;
    },
    remove: () => parts.forEach((part) => part.remove()),
  };
}

async function download(href, { signal }, show) {
  const response = await fetch(href, { signal });
  if (!response.ok) return location.assign(href); // where the page says what is wrong
  const total = Number(response.headers.get('X-Total-Count'));
  const [, name] = /filename="?([^";]+)/.exec(response.headers.get('Content-Disposition'));
  const countRows = rowCounter(name.endsWith('.csv'));
  const counted = new TransformStream({
    transform(bytes, next) {
      show(countRows(bytes), total);
      next.enqueue(bytes);
    },
  });
  // The browser keeps it, on disk where it is large: none of it stays in the memory of the page.
  const file = URL.createObjectURL(await new Response(response.body.pipeThrough(counted)).blob());
  const link = document.createElement('a');
  [link.href, link.download] = [file, name];
  link.click();
  setTimeout(() => URL.revokeObjectURL(file), 60_000);
  return name;
}

const downloads = document.querySelector('.downloads');

async function downloadWithProgress(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return; // to another tab
  event.preventDefault();
  if (downloads.querySelector('progress')) return;
  const outcome = downloads.querySelector('[role=status]');
  outcome.textContent = '';
  const leaving = new AbortController();
  const progress = addProgress(downloads, () => leaving.abort());
  try {
    const name = await download(event.currentTarget.href, leaving, progress.show);
    if (name) outcome.textContent = `${name} is complete.`;
  } catch {
    outcome.textContent = leaving.signal.aborted
      ? 'Cancelled.'
      : 'The download broke off, and nothing was saved. Try again.';
  }
  progress.remove();
}

downloads?.querySelectorAll('a').forEach((link) => {
  link.addEventListener('click', downloadWithProgress);
});
document.querySelectorAll('.copy').forEach(addCopyButton);
form.elements.namedItem('workspace').addEventListener('change', showOtherChoices);
// Both may fail: the tabs then have no numbers, and a link leads to the lists.
showCounts().catch(() => {});
showChoices(query.slice(1)).catch(() => {});
