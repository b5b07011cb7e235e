// The two import borders hold: the linter finds whoever crosses them.
import { describe, expect, test } from '@jest/globals';
import { ESLint } from 'eslint';

const eslint = new ESLint({
  overrideConfig: { languageOptions: { parserOptions: { project: null } } },
  ruleFilter: ({ ruleId }) => ruleId === 'no-restricted-imports',
});

async function faults(filePath: string, imported: string): Promise<number> {
  const [result] = await eslint.lintText(`import '${imported}';\n`, { filePath });
  return result?.messages.length ?? 0;
}

describe('no-restricted-imports', () => {
  test.each([
    ['src/oauth/token-request.ts', '../providers/rally.js'],
    ['src/oauth/token-request.ts', 'express'],
    ['src/oauth/token-request.ts', 'axios'],
    ['src/app.ts', './sandbox/sandbox.js'],
    ['src/routes/login.ts', '../sandbox/world.js'],
    ['src/providers/rally.ts', '../sandbox/rally/token.js'],
    ['src/token/listen.ts', '../sandbox/clients.js'],
    ['src/config/environment.ts', '../sandbox/clients.js'],
    ['src/sandbox/sandbox.ts', '../config.js'],
    ['src/sandbox/rally/token.ts', '../../oauth/token-request.js'],
    ['src/sandbox/rally/wsapi/wsapi.ts', '../../../providers/rally.js'],
  ])('refuses in %s to import %s', async (file, imported) => {
    expect(await faults(file, imported)).toBe(1);
  });

  test.each([
    ['src/oauth/token-request.ts', './client.js'],
    ['src/oauth/pkce.ts', 'node:crypto'],
    ['src/server.ts', './sandbox/sandbox.js'],
    ['src/routes/login.ts', '../oauth/pkce.js'],
    ['src/sandbox/rally/token.ts', '../world.js'],
    ['src/sandbox/rally/wsapi/wsapi.ts', '../../world.js'],
    ['src/sandbox/sandbox.ts', './rally/token.js'],
  ])('lets %s import %s', async (file, imported) => {
    expect(await faults(file, imported)).toBe(0);
  });
});
