// What comes after the Rally page: the numbers on its other tabs, full lists in its choosers, and
// buttons that copy. The page is whole without it.

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

document.querySelectorAll('.copy').forEach(addCopyButton);
form.elements.namedItem('workspace').addEventListener('change', showOtherChoices);
// Both may fail: the tabs then have no numbers, and a link leads to the lists.
showCounts().catch(() => {});
showChoices(query.slice(1)).catch(() => {});
