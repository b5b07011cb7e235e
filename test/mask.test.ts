import { describe, expect, test } from '@jest/globals';
import { mask, maskSent, maskText } from '../src/mask.js';

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

  test('masks what JSON has between quotes as a whole', () => {
    expect(maskText('{"access_token":"one, two & \\" three"}')).not.toMatch(/one|two|three/);
  });

  test('leaves alone what is masked already', () => {
    const once = maskText(`{"access_token":"${TOKEN}"}`);

    expect(once).toContain(mask(TOKEN));
    expect(maskText(once)).toBe(once);
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
});

describe('maskSent', () => {
  const SECRET = 'Qx8_a/b+c&<~';

  test.each([
    ['as it is', SECRET],
    ['escaped for a URL', encodeURIComponent(SECRET)],
    ['escaped for a form', new URLSearchParams({ a: SECRET }).toString().slice(2)],
    ['escaped for HTML', 'Qx8_a/b+c&amp;&lt;~'],
    ['escaped for HTML by number', 'Qx8_a/b+c&#38;&#60;~'],
    ['in JSON', JSON.stringify(SECRET).slice(1, -1)],
  ])('masks a secret that the provider repeats %s', (_form, repeated) => {
    expect(maskSent(`a ${repeated} b`, [SECRET])).toBe('a … b');
  });

  test.each([TOKEN, 'short', `$&${TOKEN}`, "$'$`$$", '50%41 off'])(
    'masks %s exactly, wherever it stands',
    (secret) => {
      expect(maskSent(`is ${secret} ours?`, [secret])).toBe(`is ${mask(secret)} ours?`);
    },
  );

  test('leaves JSON and XML what they are, whatever a token ends with', () => {
    const secret = 'back\\slash & "quoted"';

    expect(JSON.parse(maskSent(JSON.stringify({ said: secret }), [secret]))).toEqual({
      said: mask(secret),
    });
    expect(maskSent('<p a="back\\slash &amp; &quot;quoted&quot;"/>', [secret])).toBe(
      '<p a="back…ted&quot;"/>',
    );
  });

  test('leaves everything else as it was', () => {
    expect(maskSent(`%e4 é &lt; ${TOKEN}`, [SECRET])).toBe(`%e4 é &lt; ${TOKEN}`);
  });
});
