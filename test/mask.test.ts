import { describe, expect, test } from '@jest/globals';
import { mask, maskText, rememberSecret, withSecretsOfItsOwn } from '../src/mask.js';

const TOKEN = 'Ovp8AQ4pRMADXUmzR44V5IFb8ViYUdxhYJkd123aQs';

describe('mask', () => {
  test('shows enough to tell two secrets apart, and too little to use one', () => {
    expect(mask(TOKEN)).toBe('Ovp8…3aQs');
  });

  test('shows nothing of a short secret', () => {
    expect(mask('short-secret')).toBe('…');
  });
});

describe('maskText', () => {
  test.each([
    ['a URL', `https://app/oauth-redirect?code=${TOKEN}&state=abcdefghijklmnop`],
    ['a form', `grant_type=authorization_code&client_secret=${TOKEN}`],
    ['JSON', `{"access_token":"${TOKEN}"}`],
    ['GoCD’s Ruby hash', `{:access_token => ${TOKEN}}`],
    ['Rally’s header', `zsessionid: ${TOKEN}`],
    ['GoCD’s header', `Authorization: Token token="${TOKEN}"`],
    ['a sentence', `The token ${TOKEN} is unknown`],
  ])('masks a secret in %s', (_place, text) => {
    expect(maskText(text)).not.toContain(TOKEN);
  });

  test('masks a short value that is named like a secret', () => {
    expect(maskText('code=abc&password="hunter2"')).toBe('code=…&password="…"');
  });

  test.each(['unsupported_grant_type', 'redirect-uri-mismatch', 'temporarily_unavailable'])(
    'leaves the word %s alone',
    (word) => {
      expect(maskText(word)).toBe(word);
    },
  );

  test.each([TOKEN, 'short', `$&${TOKEN}`, "$'$`$$"])(
    'masks %s to the letter where it was sent to a provider',
    (secret) => {
      withSecretsOfItsOwn(() => {
        rememberSecret(secret);

        expect(maskText(`is ${secret} ours?`)).toBe(`is ${mask(secret)} ours?`);
      });
    },
  );
});
