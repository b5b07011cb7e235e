import type { Tokens } from '../oauth/tokens.js';
import type { Provider } from '../providers/provider.js';
import { print, say } from './terminal.js';

/** One JSON object, in the words of RFC 6749 §5.1 where it has them. */
export async function printJson(provider: Provider, tokens: Tokens): Promise<void> {
  const { accessToken, refreshToken, expiresInSeconds } = tokens;
  const result = {
    provider: provider.id,
    access_token: accessToken,
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
    ...(expiresInSeconds !== undefined && {
      expires_in: expiresInSeconds,
      expires_at: endOf(expiresInSeconds),
    }),
    // In place of token_type: Rally's says "Bearer", and Rally's API does not take it that way.
    headers: provider.credentialHeaders({ kind: 'oauth', accessToken }),
  };
  await print(`${JSON.stringify(result)}\n`);
}

/**
 * For a person; or for a pipe, which gets the access token and nothing else, so that
 * `TOKEN=$(npm run -s token -- rally)` is all it takes.
 */
export async function printWords(
  provider: Provider,
  { accessToken, refreshToken, expiresInSeconds }: Tokens,
  isRefresh: boolean,
): Promise<void> {
  const { name } = provider;
  if (process.stdout.isTTY) {
    await print(`\nAccess token:  ${accessToken}\n`);
    if (refreshToken !== undefined) await print(`Refresh token: ${refreshToken}\n`);
  } else {
    await print(`${accessToken}\n`);
    // Not to standard error: what is piped is not meant for the screen, or for a build's log.
    if (refreshToken !== undefined) say('A refresh token came with it: --json prints both.');
  }
  if (isRefresh && refreshToken === undefined) {
    say(`${name} sent no new refresh token: keep the one that you have.`);
  }
  say(
    expiresInSeconds === undefined
      ? `${name} does not say when the token ends.`
      : `The token ends at ${endOf(expiresInSeconds)}.`,
    // `read` keeps the token out of the shell's history, where a pasted command would leave it.
    'Use it from a shell variable (read -rs TOKEN takes a paste, and does not show it):',
    curl(provider),
  );
}

function curl(provider: Provider): string {
  const { trialUrl } = provider;
  const headers = Object.entries(
    provider.credentialHeaders({ kind: 'oauth', accessToken: '$TOKEN' }),
  ).map(([header, value]) => `-H "${header}: ${value.replace(/["\\`]/g, '\\$&')}"`);
  const isPlain = /^[\w.:/%~-]+$/.test(trialUrl);
  return `curl ${headers.join(' ')} ${isPlain ? trialUrl : `'${trialUrl.replaceAll("'", '%27')}'`}`;
}

/** Without milliseconds: nobody promises them. */
function endOf(expiresInSeconds: number): string {
  return new Date(Date.now() + expiresInSeconds * 1000).toISOString().replace(/\.\d+/, '');
}
