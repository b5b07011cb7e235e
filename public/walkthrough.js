// Adds to each command a button that copies it. Everything else on the page works without.
for (const command of document.querySelectorAll('pre[data-copy]')) {
  const button = document.createElement('button');
  const words = command.dataset.copy;
  button.type = 'button';
  button.className = 'quiet copy';
  button.textContent = words;
  const status = document.createElement('span');
  status.setAttribute('role', 'status');
  status.className = 'copied';
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(command.textContent);
      status.textContent = 'Copied';
    } catch {
      status.textContent = 'Your browser does not allow it: select the text.';
    }
  });
  command.before(button, status);
}
